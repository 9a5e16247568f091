// Package inventory counts what sessions hold: which keys, of which .NET types, how large, in how many sessions, and what
// of it another program would have trouble with. It is for a team that is about to read its sessions from ASP.NET Core or
// Go, and does not know any more what two hundred pages put into them.
//
// Take reads a store through session.Scanner and nothing else, so that nothing in the store changes, and returns a Report.
// The Report is the JSON form as well; Text, CSharp, TOML and Go write it for people, for the System.Web adapters of
// ASP.NET Core, for the configuration of the bridge, and for Go programs.
//
// It promises to show names and types only, never values: what stands in an item, and the keys of dictionaries inside of one,
// are looked at and forgotten. Memory does not grow with the store: there are limits on applications, keys, types and
// classes (see the constants), what is beyond them is counted together, and the Report says so. Session ids are no part of
// the Report, nor are names of items that look as if they contained one.
//
// What would break was gathered from remote-session-protocol.md 13.3, from the documentation of System.Text.Json, and from
// the fixtures; decision 018 says how it is found out and what cannot be.
package inventory

import (
	"context"
	"fmt"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/session"
)

// Options say what to count. The zero value counts every record, by the application of its key.
type Options struct {
	// App says whose a record is, and whether that is a name that somebody gave; ok is false for records that are left out.
	// nil: the App of the key.
	App func(session.Key) (name string, known, ok bool)

	// Sample is the most sessions that are decoded; 0: all. Where the store is a session.Skimmer and a session.Peeker they
	// are spread evenly over its order, else they are the first. Negative numbers and those over MaxSample are refused.
	Sample int

	Read aspnetser.Options
	Now  session.Instant // sessions that expire before it are counted as expired and not decoded

	// Progress hears how many records have been read; nil: nobody.
	Progress func(rows int64)
}

// MaxSample bounds Options.Sample: of a sample that is spread up to twice as many keys are kept.
const MaxSample = 1_000_000

// A page of a scan, and how many records are looked up at once: their payloads are all in memory.
const (
	pageRows  = 512
	pageBytes = 8 << 20
	skimRows  = 2048
	peekRows  = 64
)

// Take counts. Errors are those of the store.
func Take(ctx context.Context, s session.Scanner, o Options) (*Report, error) {
	if o.Sample < 0 || o.Sample > MaxSample {
		return nil, fmt.Errorf("a sample of %d sessions: it may have from 1 to %d, and 0 means all", o.Sample, MaxSample)
	}
	c := newCounter(o)
	sk, skims := s.(session.Skimmer)
	p, peeks := s.(session.Peeker)
	var err error
	switch {
	case o.Sample == 0:
		c.report.Sample.How = SampleAll
		err = c.scan(ctx, s)
	case skims && peeks:
		c.report.Sample.How = SampleSpread
		err = c.spread(ctx, sk, p)
	default:
		c.report.Sample.How = SampleFirst
		err = c.scan(ctx, s)
	}
	if err != nil {
		return nil, err
	}
	return c.finish(), nil
}

// scan decodes every record, or the first so many.
func (c *counter) scan(ctx context.Context, s session.Scanner) error {
	for after := session.Cursor(""); ; {
		limit := pageRows
		if c.o.Sample > 0 {
			limit = min(limit, max(1, c.o.Sample-int(c.report.Looked)))
		}
		pg, err := s.Scan(ctx, session.ScanRequest{After: after, Limit: limit, Bytes: pageBytes})
		if err != nil {
			return err
		}
		for i := range pg.Records {
			if c.row(&pg.Records[i]) {
				c.look(&pg.Records[i])
			}
		}
		c.damaged(pg.Damaged)
		if after = pg.Next; after == "" {
			return nil
		}
		if c.o.Sample > 0 && c.report.Looked >= int64(c.o.Sample) {
			c.report.Sample.Partial = true
			return nil
		}
	}
}
