package copier

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"

	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// plainSource shows no revisions, as tables of SQL Server have none.
type plainSource struct{ *memstore.Store }

func (s plainSource) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	pg, err := s.Store.Scan(ctx, req)
	for i := range pg.Records {
		pg.Records[i].Revision = 0
	}
	return pg, err
}

func (s plainSource) Peek(ctx context.Context, ks []session.Key) ([]*session.Record, error) {
	rs, err := s.Store.Peek(ctx, ks)
	for _, r := range rs {
		if r != nil {
			r.Revision = 0
		}
	}
	return rs, err
}

// A payload that is written again in the tick in which it was written and read has the fence that was read. The next pass
// reads it all the same: while the copy follows, and in the freeze, where nothing else comes after it.
func TestAPayloadWrittenTwiceInOneTickIsCarried(t *testing.T) {
	for name, inFreeze := range map[string]bool{"while it follows": false, "in the freeze": true} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { writtenTwice(t, inFreeze) }) })
	}
}

func writtenTwice(t *testing.T, inFreeze bool) {
	b := newBench(t)
	b.fill(20)
	row := b.record(b.source(3), fixtures.Blob("empty"))
	row.Expires = session.At(b.now).AddMinutes(20) // touched just now
	b.put(b.from, row)
	b.o.Source = plainSource{b.from}
	s := NewSteering(0)
	again, look := 1, 2 // passes
	if inFreeze {
		s.CutOver()
		again, look = 0, 0
	}
	b.o.Stage = func(_ context.Context, st Stage, _ Facts) error {
		if st == StageFreeze && inFreeze { // the last request
			row.Lock.Cookie++
			b.put(b.from, row)
		}
		return nil
	}
	b.onPass(func(p PassDone) {
		if inFreeze && again == 0 && s.Status().Phase == PhaseFinal { // its second write was under way
			again, look = p.Pass, p.Pass+1
		}
		switch p.Pass {
		case again:
			row.Payload = fixtures.Blob("web-forms")
			b.put(b.from, row)
		case look:
			if got := b.row(b.to, b.target(3)); !bytes.Equal(got.Payload, row.Payload) {
				t.Error("the second payload was not carried")
			}
			s.CutOver()
		}
	})
	if _, err := b.follow(s); err != nil {
		t.Fatal(err)
	}
	b.o.Observe = nil
	b.same()
}

func TestMarks(t *testing.T) {
	b := newBench(t)
	now := session.At(b.now)
	touched := func(ago session.Instant) *session.Record {
		r := b.record(b.source(1), nil)
		r.Expires, r.Created, r.Lock.Since = now.AddMinutes(r.Timeout)-ago, now-ago, now-ago
		return &r
	}
	recent, old := touched(session.Second), touched(longAgo+1)
	withRevision := touched(0)
	withRevision.Revision = 7
	locked := touched(session.Second)
	locked.Lock.Since = now - longAgo - 1
	before := func(pass uint32, r *session.Record) ledgerEntry {
		return ledgerEntry{Before: markOf(markFresh, r), After: 99, Pass: pass, Done: true}
	}
	renews, v10 := byName(t, "frameworkcompat"), byName(t, "v1.0")
	for name, c := range map[string]struct {
		row     *session.Record
		e       ledgerEntry
		settled bool
		silent  bool // writes need not show
		want    uint64
	}{
		"touched just now":                              {row: recent, want: markOf(markFresh, recent)},
		"touched long ago":                              {row: old, want: markOf(markFirm, old)},
		"locked long ago, but touched since":            {row: locked, want: markOf(markFresh, locked)},
		"a store with revisions":                        {row: withRevision, want: markOf(markFirm, withRevision)},
		"seen before, and long enough ago":              {row: recent, e: before(4, recent), settled: true, want: markOf(markFirm, recent)},
		"seen before, but not long enough":              {row: recent, e: before(4, recent), want: markOf(markFresh, recent)},
		"seen before in the same pass":                  {row: recent, e: before(5, recent), settled: true, want: markOf(markFresh, recent)},
		"seen before, but otherwise":                    {row: recent, e: before(4, old), settled: true, want: markOf(markFresh, recent)},
		"a ledger of before: a fence of the target's":   {row: recent, e: ledgerEntry{Before: hashFence(recent.Fence()), After: 99, Pass: 4, Done: true}, settled: true, want: markOf(markFresh, recent)},
		"async 1.0, where a write need not show at all": {row: old, silent: true},
	} {
		p := &pageCopy{Job: &Job{o: b.o}, pass: 5, now: now, settled: c.settled}
		if p.o.From.Layout = renews; c.silent {
			p.o.From.Layout = v10
		}
		if got := p.mark(c.row, c.e); got != c.want {
			t.Errorf("%s: another mark", name)
		}
	}
}

// A ledger of an earlier version has in Before of a done entry what the target's row was. It may be the very fence that the
// source has: that says nothing about the payload, and does not make a target row ours.
func TestEntriesOfBeforeHaveNoMark(t *testing.T) {
	b := newBench(t)
	r := b.record(b.source(1), nil)
	e := ledgerEntry{Before: hashFence(r.Fence()), After: 99, Done: true}
	if unchanged(&r, e) {
		t.Error("a fence of the target is taken for a mark of the source")
	}
	if ours(e, e.Before) {
		t.Error("a row as it was before a write that is done is not ours")
	}
	e.Done = false
	if !ours(e, e.Before) || !ours(e, 99) {
		t.Error("either side of a write that may have taken place is ours")
	}
	e.Before, e.Done = markOf(markFirm, &r), true
	other := r
	other.Key = b.source(2)
	if !unchanged(&r, e) || unchanged(&other, e) {
		t.Error("a mark is of a row, not of a fence")
	}
	e.After = 0
	if unchanged(&r, e) {
		t.Error("what was taken away has no mark")
	}
}

func TestIDsOfAPass(t *testing.T) {
	s, err := newIDSet(t.TempDir() + "/a[b]*checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	s.bite = 100
	for i := 0; i < 1050; i += 7 {
		var some []idHash
		for k := i; k < i+7; k++ {
			some = append(some, testID(2*k%2100))
		}
		if err := s.add(some); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.sorted()
	if err != nil {
		t.Fatal(err)
	}
	sorted := make([]ledgerEntry, 2100)
	number := map[idHash]int{}
	for i := range sorted {
		number[testID(i)] = i
		sorted[i].ID = testID(i)
	}
	for _, e := range sortByID(sorted) {
		if has, err := r.has(e.ID); err != nil || has != (number[e.ID]%2 == 0) {
			t.Fatalf("id %d: %v, %v", number[e.ID], has, err)
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}
