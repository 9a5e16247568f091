// Package copier moves live ASP.NET sessions from one store to another, losing none.
//
// A run has phases. The preflight reads only: it takes a census of the source and makes a [Plan] of small named checks,
// each with a remedy; doubt stops here. The copy scans every source row, spells its id as the target's provider will ask
// for it, writes it under a fence, and reads back what was written. The sweep scans every target row: a session that the
// source has removed meanwhile is removed there too, because a copied row of an abandoned session is a resurrected login.
//
// The copier never needs to understand a payload: one that nobody can decode is carried byte for byte and counted.
// Payload bytes change only when the target's compression differs, and then the inflated bytes are compared.
//
// What it writes it remembers: a ledger on disk names each target row of ours with a hash of its fence before and after,
// durable before the row is written. So a run that was killed goes on where it was, a second run copies nothing, and a
// row that the target's own application has created, changed or removed is never touched: it is counted TargetOwned.
//
// A run is not a cut-over: writes that the source takes after a row was copied are caught by another run, which updates
// the rows that changed.
package copier

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Source is what a store must be able to do to be copied from.
type Source interface {
	session.Peeker
	session.Scanner
}

// Destination is what a store must be able to do to be copied to.
type Destination interface {
	session.Peeker
	session.Scanner
	session.Applier
}

// End is one end of a copy: a table or store, and how it spells ids. The store's keys are spelled ones (App empty), but
// in stores of the layout "embedded".
type End struct {
	Title    string // for people, without secrets: "frameworkcompat, sandbox ./aspstate-sandbox"
	Identity string // stays the same from run to run; two tables have the same only if one is a copy of the other's database
	Place    string // tells such copies apart within a run; "" where there can be none
	Layout   *layout.Layout
	Spelling *layout.Spelling
}

func (e End) fold() bool { return e.Layout.CaseInsensitiveIDs }

// Options say what to copy, and how.
type Options struct {
	From      End
	Source    Source
	FromRules string // how the rules of From.Spelling were chosen, for people: "named", "learned"
	Learned   bool   // the rules were learned, not named: two rows of one session then stop the run

	To     End
	Target Destination
	ToRule layout.IDRule // how target ids are spelled

	Checks []Check // what the caller has looked at beside the preflight: its refusals count like the preflight's own

	Apps []string // copy these applications only; empty: all

	FromCompressed aspnetser.Compression
	ToCompressed   Target // "" means same

	State          string // path of the checkpoint; the ledger lies beside it, State + ".ledger"
	StartOver      bool   // forget checkpoint and ledger: what the target holds is its own then
	SkipUnknown    bool   // rows of unknown applications are left behind and counted, instead of stopping the run
	AllowDeletions bool   // carry deletions even where the source has lost most of what was copied
	RemoveOld      bool   // re-spelling in place: remove the old rows once all is verified

	Workers   int           // 0: 4
	PageRows  int           // rows a page; 0: as many as both ends take quickly, fewer where there is a Rate
	PageBytes int           // payload bytes a page; 0: 4 MiB
	Rate      int           // rows a second; 0: no limit. Looked at only without Steering
	Steering  *Steering     // nil: one of its own, that nobody turns
	Limits    Limits        // beyond which the copy goes slower by itself
	SaveEvery time.Duration // how often the checkpoint is saved; 0: 1 s

	// Stage is called at each stage of a run, by one goroutine; an error stops the run. nil: nobody.
	Stage func(context.Context, Stage, Facts) error

	Follow FollowOptions // what a following copy has of its own

	Now     func() time.Time // nil: time.Now
	Observe func(Event)      // nil: nobody; never called by two goroutines at once

	adapt bool // nobody has said how many rows a page has
}

// Grace is how long after its Expires a session still counts as alive where the layout serves rows until they are purged:
// two rounds of the purge job (sql-layouts.md 12 and 16.4).
const Grace = 2 * session.Minute

// Wrong usage that callers tell apart.
var (
	ErrSameTable = errors.New("source and target are the same table with the same id rule")
	ErrRemoveOld = errors.New("old rows can be removed only where a table is re-spelled in place")
)

// RefusedError says that the preflight stopped the run. Nothing was written.
type RefusedError struct {
	Checks []Check // those that refused, in order
}

func (e *RefusedError) Error() string {
	if len(e.Checks) == 1 {
		return fmt.Sprintf("refused: %s", e.Checks[0].Detail)
	}
	return fmt.Sprintf("refused by %d checks, the first: %s", len(e.Checks), e.Checks[0].Detail)
}

func (o *Options) setDefaults() {
	if o.ToCompressed == "" {
		o.ToCompressed = TargetSame
	}
	if o.Workers <= 0 {
		o.Workers = 4
	}
	if o.Rate > 0 { // one at a time, where that is enough
		o.Workers = min(o.Workers, 1+o.Rate/2000)
	}
	if o.PageRows <= 0 {
		o.PageRows, o.adapt = firstRows, true
		if o.Rate > 0 { // a page a second: a page is a moment in which others wait, and has costs of its own
			o.PageRows = min(1000, max(8, o.Rate))
		}
	}
	if o.PageBytes <= 0 {
		o.PageBytes = 4 << 20
	}
	if o.SaveEvery <= 0 {
		o.SaveEvery = time.Second
	}
	o.Follow.setDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
}

// inPlace says that source and target are one table: a re-spelling.
func (o *Options) inPlace() bool {
	return o.From.Identity == o.To.Identity && o.From.Place == o.To.Place
}

// check tells wrong usage: what no state of the stores can make right.
func (o *Options) check() error {
	if !slices.Contains(o.To.Spelling.Rules, o.ToRule) {
		return fmt.Errorf("the target's spelling does not know its own rule %q", o.ToRule)
	}
	if o.inPlace() && slices.Contains(o.From.Spelling.Rules, o.ToRule) {
		return ErrSameTable
	}
	if o.RemoveOld && !o.inPlace() {
		return ErrRemoveOld
	}
	return nil
}

// selected says whether rows of the application are copied.
func (o *Options) selected(app string) bool { return len(o.Apps) == 0 || slices.Contains(o.Apps, app) }

// fingerprint tells the ledgers and checkpoints of different pairs of ends apart.
func (o *Options) fingerprint() [32]byte {
	return sha256.Sum256([]byte(o.fromPrint() + "\n" + o.toPrint()))
}

func (o *Options) fromPrint() string { return o.From.Identity + " " + o.From.Layout.Name }

func (o *Options) toPrint() string {
	print := o.To.Identity + " " + o.To.Layout.Name + " " + string(o.ToRule)
	if o.ToRule == layout.RuleRaw { // the same ids mean other sessions for another application
		print += " " + o.To.Spelling.Registry.Applications()[0].Name
	}
	return print
}

// planPrint covers what must not change between an interrupted run and its resumption.
func (o *Options) planPrint() string {
	h := sha256.New()
	fmt.Fprintln(h, o.From.Spelling.Rules, o.Apps, o.FromCompressed, o.ToCompressed, o.SkipUnknown)
	for _, a := range o.From.Spelling.Registry.Applications() {
		fmt.Fprintf(h, "%q %q %v\n", a.Name, a.AppIDs, a.InboxAppIDs)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}
