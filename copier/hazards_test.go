package copier

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// Each test here is a way in which a review of this package lost, resurrected or overwrote a session.

func (b *bench) fillApp(app string, from, n int) {
	for i := range n {
		b.put(b.from, b.record(b.spell(app, raw(from+i), layout.RuleInbox), fixtures.Blob("empty")))
	}
}

// inPlace makes the bench's source its own target, under another rule.
func (b *bench) inPlace() {
	b.o.Target, b.o.To = b.from, b.o.From
	b.o.To.Spelling = spelling(b.t, layout.RuleAsync21)
	b.o.PageRows = 500 // one page: what fails is all there is
}

func TestRowsOfAnApplicationThatIsNoLongerKnownStay(t *testing.T) {
	for _, rule := range []layout.IDRule{layout.RuleAsync21, layout.RuleNative} {
		b := newBench(t)
		b.o.ToRule = rule
		if rule == layout.RuleNative {
			b.o.To.Layout = byName(t, layout.Embedded)
		}
		b.o.To.Spelling = spelling(t, rule)
		b.fill(20)
		b.fillApp("portal", 100, 15)
		b.mustRun()
		one := []layout.Application{shop}
		b.o.From.Spelling, b.o.To.Spelling = spellingOf(t, one, layout.RuleInbox, layout.RuleAsyncX64), spellingOf(t, one, rule)
		b.o.SkipUnknown = true
		if r := b.mustRun(); r.Deleted != 0 || r.Refused != 15 {
			t.Errorf("%s: %+v", rule, r.Counters)
		}
	}
}

func TestWithUnknownRowsNothingIsDeleted(t *testing.T) {
	b := newBench(t)
	b.fill(20)
	b.mustRun()
	b.remove(b.from, b.spell("shop", raw(1), layout.RuleInbox))
	b.put(b.from, b.record(session.Key{ID: raw(1) + "0badcafe"}, fixtures.Blob("empty")))
	b.o.SkipUnknown = true
	if r := b.mustRun(); r.Deleted != 0 || r.TargetOwned != 1 {
		t.Errorf("%+v", r.Counters)
	}
	b.o.AllowDeletions = true
	if r := b.mustRun(); r.Deleted != 1 {
		t.Errorf("%+v", r.Counters)
	}
}

func TestARawTargetIsOfOneApplicationFromRunToRun(t *testing.T) {
	b := newBench(t)
	b.fill(10)
	b.fillApp("portal", 500, 10)
	b.o.To.Layout, b.o.ToRule = byName(t, layout.SQLInMemory), layout.RuleRaw
	b.o.To.Spelling, b.o.Apps = spellingOf(t, []layout.Application{shop}, layout.RuleRaw), []string{"shop"}
	b.mustRun()
	b.o.To.Spelling, b.o.Apps = spellingOf(t, []layout.Application{portal}, layout.RuleRaw), []string{"portal"}
	_, err := b.run()
	var state *StateError
	if !errors.As(err, &state) || state.Kind != StateForeign {
		t.Errorf("got %v", err)
	}
}

func TestRemoveOldComparesWinners(t *testing.T) {
	b := newBench(t)
	b.inPlace()
	b.o.PageRows = 1
	b.fill(40)
	for i := range 40 {
		b.put(b.from, b.record(b.spell("shop", raw(i), layout.RuleAsyncX64), fixtures.Blob("empty")))
	}
	b.o.RemoveOld = true
	b.o.Observe = func(e Event) {
		if p, ok := e.(PhaseStarted); ok && p.Phase == PhaseSweep { // all are written to under their old ids after the copy
			for i := range 40 {
				old := *b.row(b.from, b.spell("shop", raw(i), layout.RuleInbox))
				old.Payload, old.Lock.Cookie = fixtures.Blob("web-forms"), 77
				b.put(b.from, old)
			}
		}
	}
	if r := b.mustRun(); r.RemovedOld != 40 { // the losers
		t.Errorf("removed %d", r.RemovedOld)
	}
	for i := range 40 {
		if b.row(b.from, b.spell("shop", raw(i), layout.RuleInbox)) == nil {
			t.Fatalf("old row %d differed from its copy, and is gone", i)
		}
	}
	b.o.Observe = nil
	if r := b.mustRun(); r.Updated != 40 || r.RemovedOld != 40 {
		t.Errorf("the next run: %+v, removed %d", r.Counters, r.RemovedOld)
	}
}

// onDelete is a table that does something when it is asked to delete, and then fails or goes on.
type onDelete struct {
	*memstore.Store
	do    func()
	fails error
}

func (f *onDelete) Apply(ctx context.Context, c []session.Change) ([]session.Outcome, error) {
	if c[0].Delete && f.do != nil {
		do := f.do
		f.do = nil
		do()
		if f.fails != nil {
			return nil, f.fails
		}
	}
	return f.Store.Apply(ctx, c)
}

var errBoom = errors.New("boom")

func (b *bench) write(k session.Key) {
	old := *b.row(b.from, k)
	old.Payload, old.Lock.Cookie = fixtures.Blob("web-forms"), 77
	b.put(b.from, old)
}

func TestRemoveOldIsInterruptedAndTheOldRowIsUsed(t *testing.T) {
	b := newBench(t)
	b.inPlace()
	b.fill(5)
	k := b.spell("shop", raw(2), layout.RuleInbox)
	b.o.RemoveOld = true
	b.o.Source = &onDelete{Store: b.from, do: func() {}, fails: errBoom}
	if _, err := b.run(); !errors.Is(err, errBoom) {
		t.Fatal(err)
	}
	b.write(k)
	b.o.Source = b.from
	if r := b.mustRun(); r.Updated != 1 || r.RemovedOld != 5 || r.Deleted != 0 {
		t.Errorf("%+v, removed %d", r.Counters, r.RemovedOld)
	}
	if got := b.row(b.from, b.spell("shop", raw(2), layout.RuleAsync21)); got == nil || got.Lock.Cookie != 77 {
		t.Errorf("the write is lost: %+v", got)
	}
}

func TestRemoveOldIsInterruptedAfterTheRemoval(t *testing.T) {
	b := newBench(t)
	b.inPlace()
	b.fill(5)
	b.o.RemoveOld = true
	gone := &onDelete{Store: b.from, fails: errBoom}
	gone.do = func() { // the rows go, the answer does not come
		for i := range 5 {
			b.remove(b.from, b.spell("shop", raw(i), layout.RuleInbox))
		}
	}
	b.o.Source = gone
	if _, err := b.run(); !errors.Is(err, errBoom) {
		t.Fatal(err)
	}
	b.o.Source, b.o.RemoveOld = b.from, false
	if r := b.mustRun(); r.Deleted != 0 {
		t.Errorf("%+v", r.Counters)
	}
	for i := range 5 {
		if b.row(b.from, b.spell("shop", raw(i), layout.RuleAsync21)) == nil {
			t.Errorf("session %d is gone", i)
		}
	}
}

func TestRemoveOldMeetsAWriter(t *testing.T) {
	b := newBench(t)
	b.inPlace()
	b.fill(5)
	k := b.spell("shop", raw(2), layout.RuleInbox)
	b.o.RemoveOld = true
	b.o.Source = &onDelete{Store: b.from, do: func() { b.write(k) }}
	if r := b.mustRun(); r.RemovedOld != 4 {
		t.Errorf("removed %d", r.RemovedOld)
	}
	b.o.Source = b.from
	if r := b.mustRun(); r.Updated != 1 || r.RemovedOld != 1 {
		t.Errorf("the next run: %+v, removed %d", r.Counters, r.RemovedOld)
	}
}

func TestARunInterruptedWhileRemovingBeginsAnew(t *testing.T) {
	b := newBench(t)
	b.inPlace()
	b.fill(5)
	b.o.RemoveOld = true
	b.o.Source = &onDelete{Store: b.from, do: func() {}, fails: errBoom}
	if _, err := b.run(); !errors.Is(err, errBoom) {
		t.Fatal(err)
	}
	b.o.RemoveOld, b.o.Source = false, b.from
	b.fillApp("shop", 70, 1)
	if r := b.mustRun(); r.Resumed || r.Copied != 1 || r.Unchanged != 5 {
		t.Errorf("resumed %v, %+v", r.Resumed, r.Counters)
	}
}

func TestVerifyAfterARespelling(t *testing.T) {
	b := newBench(t)
	b.inPlace()
	b.fill(5)
	b.o.RemoveOld = true
	b.mustRun()
	if c, err := Verify(t.Context(), b.o, b.how); err != nil || c.Differing != 0 {
		t.Errorf("%v, %+v", err, c)
	}
	if r := b.mustRun(); r.TargetOwned != 0 || r.Deleted != 0 {
		t.Errorf("%+v", r.Counters)
	}
}

func TestALogoutInTheTargetIsFinalWithinTheGrace(t *testing.T) {
	b := newBench(t)
	b.fill(3)
	b.mustRun()
	k := b.spell("shop", raw(1), layout.RuleAsync21)
	b.remove(b.to, k)
	b.now = b.now.Add(20 * time.Minute) // Expires was in 19 minutes
	b.mustRun()
	if b.row(b.to, k) != nil {
		t.Error("the session that was logged out in the target is back")
	}
}

func TestTheCheckpointIsLostOrOldAndTheLedgerIsNot(t *testing.T) {
	b := newBench(t)
	b.fill(10)
	b.mustRun()
	old, err := os.ReadFile(b.o.State)
	if err != nil {
		t.Fatal(err)
	}
	b.remove(b.to, b.spell("shop", raw(1), layout.RuleAsync21))
	b.mustRun()
	b.remove(b.from, b.spell("shop", raw(3), layout.RuleInbox))
	b.remove(b.to, b.spell("shop", raw(3), layout.RuleAsync21))
	if err := os.WriteFile(b.o.State, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := b.mustRun(); r.Differences != 0 {
		t.Errorf("an older checkpoint: %+v", r.Counters)
	}
	if err := os.Remove(b.o.State); err != nil {
		t.Fatal(err)
	}
	if r := b.mustRun(); r.Differences != 0 || r.TargetOwned != 1 {
		t.Errorf("no checkpoint: %+v", r.Counters)
	}
}

func TestALoserDoesNotTakeTheWinnersPlace(t *testing.T) {
	b := newBench(t)
	b.fill(5)
	b.put(b.from, b.record(b.spell("shop", raw(1), layout.RuleAsyncX64), fixtures.Blob("keys-case")))
	b.mustRun()
	b.remove(b.from, b.spell("shop", raw(1), layout.RuleInbox)) // logged out
	for range 2 {
		if r := b.mustRun(); r.Refused != 1 {
			t.Errorf("%+v", r.Counters)
		}
		if b.row(b.to, b.spell("shop", raw(1), layout.RuleAsync21)) != nil {
			t.Error("the session that was logged out is in the target")
		}
	}
	b.now = b.now.Add(20 * time.Minute) // it would be dead by now in any case: what is alive is another session
	r := *b.row(b.from, b.spell("shop", raw(1), layout.RuleAsyncX64))
	r.Expires = session.At(b.now).AddMinutes(20)
	b.put(b.from, r)
	if r := b.mustRun(); r.Copied != 1 || r.Refused != 0 {
		t.Errorf("%+v", r.Counters)
	}
}

func TestAnApplicationThatTheTargetCannotSpellStopsTheRun(t *testing.T) {
	b := newBench(t)
	b.o.From.Layout, b.o.From.Spelling = byName(t, layout.Embedded), spelling(t, layout.RuleNative)
	b.put(b.from, b.record(session.Key{App: "shop", ID: raw(1)}, fixtures.Blob("empty")))
	b.put(b.from, b.record(session.Key{App: "nobody", ID: raw(2)}, fixtures.Blob("empty")))
	if got := b.refusedBy(); !slices.Equal(got, []string{"unknown-suffixes"}) {
		t.Errorf("refused by %v", got)
	}
}

func TestStartOverForgetsOnlyWhatIsOurs(t *testing.T) {
	foreign := func(what string, b *bench) {
		t.Helper()
		b.o.StartOver = true
		_, err := b.run()
		var state *StateError
		if !errors.As(err, &state) || state.Kind != StateForeign {
			t.Errorf("%s: %v", what, err)
		}
	}
	b := newBench(t)
	b.fill(1)
	if err := os.WriteFile(b.o.State, []byte("my thesis"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign("a file that is no checkpoint", b)
	if got, _ := os.ReadFile(b.o.State); string(got) != "my thesis" {
		t.Error("it is gone")
	}

	b = newBench(t)
	b.fill(1)
	b.mustRun()
	photo := filepath.Join(b.o.State+".ledger", "photo.jpg")
	if err := os.WriteFile(photo, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign("a ledger's folder with other files", b)
	if _, err := os.Stat(photo); err != nil {
		t.Error(err)
	}

	b = newBench(t)
	b.fill(1)
	b.mustRun()
	other := newBench(t)
	other.o.State = b.o.State
	foreign("the checkpoint of another copy", other)

	held, err := openLedger(b.o.State+".ledger", b.o.fingerprint())
	if err != nil {
		t.Fatal(err)
	}
	b.o.StartOver = true
	if _, err := b.run(); !errors.Is(err, ErrStateInUse) {
		t.Errorf("a ledger in use: %v", err)
	}
	if err := held.close(); err != nil {
		t.Fatal(err)
	}
	if r := b.mustRun(); r.Unchanged != 1 {
		t.Errorf("%+v", r.Counters)
	}
}

func TestVerifyCountsWhatNoCopyCouldHold(t *testing.T) {
	b := newBench(t)
	b.fill(5)
	b.mustRun()
	b.put(b.from, b.record(session.Key{ID: raw(9) + "0badcafe"}, fixtures.Blob("empty")))
	if c, err := Verify(t.Context(), b.o, b.how); err != nil || c.Refused != 1 || c.Equal != 5 {
		t.Errorf("%v, %+v", err, c)
	}
}

// A source that has lost most of what was copied from it is doubt, wherever that shows; nothing is removed before a person
// has said so.
func TestMassDeletionsAreDoubt(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*bench)
		lost    func(*bench)
	}{
		"old rows removed by hand after a re-spelling": {func(b *bench) { b.inPlace() }, func(b *bench) {}},
		"one application of two": {func(b *bench) {
			b.fillApp("portal", 1000, 300)
			b.o.Apps = []string{"shop"}
		}, func(b *bench) {}},
		"most, but not all": {func(b *bench) {}, func(b *bench) { b.fillApp("shop", 2000, 5) }},
	} {
		b := newBench(t)
		b.o.PageRows = 50
		c.prepare(b)
		b.fill(300)
		b.mustRun()
		for i := range 300 {
			b.remove(b.from, b.spell("shop", raw(i), layout.RuleInbox))
		}
		c.lost(b)
		for range 2 { // and doubt it stays
			_, err := b.run()
			var refused *RefusedError
			if !errors.As(err, &refused) {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if b.row(b.o.Target.(*memstore.Store), b.spell("shop", raw(7), layout.RuleAsync21)) == nil {
			t.Errorf("%s: copies were removed", name)
		}
		b.o.AllowDeletions = true
		if r := b.mustRun(); r.Deleted != 300 {
			t.Errorf("%s, allowed: %+v", name, r.Counters)
		}
	}
}

func TestATargetEmptiedButForOneIsDoubt(t *testing.T) {
	b := newBench(t)
	b.fill(300)
	b.mustRun()
	for i := range 300 {
		b.remove(b.to, b.spell("shop", raw(i), layout.RuleAsync21))
	}
	b.put(b.to, b.record(b.spell("shop", raw(999), layout.RuleAsync21), fixtures.Blob("empty")))
	if got := b.refusedBy(); !slices.Equal(got, []string{"target-emptied"}) {
		t.Errorf("refused by %v", got)
	}
}

// A session that is abandoned and begins again under its id between the sweep's two scans is not lost.
func TestWhatComesAgainDuringTheSweepIsNotLost(t *testing.T) {
	b := newBench(t)
	b.fill(20)
	again := *b.row(b.from, b.spell("shop", raw(1), layout.RuleInbox))
	scans := 0
	b.o.Observe = func(e Event) {
		if p, ok := e.(PhaseStarted); !ok || p.Phase != PhaseSweep {
			return
		}
		switch scans++; scans {
		case 1:
			b.remove(b.from, again.Key)
			b.remove(b.from, b.spell("shop", raw(2), layout.RuleInbox))
		case 2:
			b.put(b.from, again)
		}
	}
	if r := b.mustRun(); scans != 2 || r.Differences != 0 || r.Deleted != 1 {
		t.Errorf("%d scans: %+v", scans, r.Counters)
	}
}
