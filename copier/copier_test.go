package copier

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
)

func TestCopyKeepsEverythingAndASecondRunCopiesNothing(t *testing.T) {
	b := newBench(t)
	b.fill(100)
	locked := b.record(b.spell("portal", raw(500), layout.RuleInbox), fixtures.Blob("typical"))
	locked.Lock.Locked = true
	b.put(b.from, locked)
	fresh := b.record(b.spell("portal", raw(501), layout.RuleAsyncX64), fixtures.Blob("empty"))
	fresh.Flags, fresh.Lock.Cookie = session.Uninitialized, 1
	b.put(b.from, fresh)

	r := b.mustRun()
	want(t, r, Counters{Scanned: 102, Copied: 102, Verified: 102})
	for i := range 100 {
		b.equal("shop", raw(i))
	}
	b.equal("portal", raw(500))
	if got := b.row(b.to, b.spell("portal", raw(501), layout.RuleAsync21)); got == nil || got.Flags != session.Uninitialized {
		t.Errorf("the uninitialized session is %+v", got)
	}
	want(t, b.mustRun(), Counters{Scanned: 102, Unchanged: 102, Verified: 102})
}

func TestAnotherRunCarriesWhatChanged(t *testing.T) {
	b := newBench(t)
	b.fill(20)
	b.mustRun()

	written := *b.row(b.from, b.spell("shop", raw(1), layout.RuleInbox))
	written.Payload, written.Lock.Cookie = fixtures.Blob("web-forms"), 9
	written.Expires += session.Minute
	b.put(b.from, written)
	b.remove(b.from, b.spell("shop", raw(2), layout.RuleInbox)) // abandoned
	b.put(b.from, b.record(b.spell("shop", raw(77), layout.RuleInbox), fixtures.Blob("p-all")))

	want(t, b.mustRun(), Counters{Scanned: 20, Copied: 1, Updated: 1, Unchanged: 18, Deleted: 1, Verified: 20})
	b.equal("shop", raw(1))
	b.equal("shop", raw(77))
	if b.row(b.to, b.spell("shop", raw(2), layout.RuleAsync21)) != nil {
		t.Error("the abandoned session lives on in the target")
	}

	// ASP.NET gives an abandoned session's id to the next one of that browser.
	b.put(b.from, b.record(b.spell("shop", raw(2), layout.RuleInbox), fixtures.Blob("empty")))
	want(t, b.mustRun(), Counters{Scanned: 21, Copied: 1, Unchanged: 20, Verified: 21})
	b.equal("shop", raw(2))
}

func TestTheTargetsOwnRowsAreLeftAlone(t *testing.T) {
	b := newBench(t)
	b.fill(10)
	at := func(i int) session.Key { return b.spell("shop", raw(i), layout.RuleAsync21) }
	own := b.record(at(3), fixtures.Blob("keys-case")) // the same id, another session
	own.Created -= session.Minute
	b.put(b.to, own)
	stranger := b.record(at(99), fixtures.Blob("empty")) // an id that the source does not have
	b.put(b.to, stranger)
	deadOwn := b.record(at(4), fixtures.Blob("keys-case")) // dead: counts as absent
	deadOwn.Expires = session.At(b.now) - Grace - 1
	b.put(b.to, deadOwn)

	want(t, b.mustRun(), Counters{Scanned: 10, Copied: 8, Updated: 1, TargetOwned: 2, Verified: 9})
	if got := b.row(b.to, at(3)); !bytes.Equal(got.Payload, own.Payload) {
		t.Error("the target's own session was overwritten")
	}
	b.equal("shop", raw(4))

	// Now the target's application works with copies of ours.
	if _, err := b.to.GetExclusive(t.Context(), at(5)); err != nil {
		t.Fatal(err)
	}
	b.remove(b.to, at(6)) // logged out there
	want(t, b.mustRun(), Counters{Scanned: 10, Unchanged: 7, TargetOwned: 4, Verified: 7})
	if b.row(b.to, at(6)) != nil {
		t.Error("a session that the target's application removed has risen again")
	}

	// What the source removes goes, unless the target has changed it.
	b.remove(b.from, b.spell("shop", raw(5), layout.RuleInbox))
	b.remove(b.from, b.spell("shop", raw(7), layout.RuleInbox))
	r := b.mustRun()
	if r.Deleted != 1 || b.row(b.to, at(5)) == nil || b.row(b.to, at(7)) != nil {
		t.Errorf("deleted %d; in use there: %v, untouched there: %v", r.Deleted, b.row(b.to, at(5)), b.row(b.to, at(7)))
	}
}

func TestPurgedThereAndRenewedHereIsCopiedAgain(t *testing.T) {
	b := newBench(t)
	b.fill(3)
	b.mustRun()
	b.now = b.now.Add(25 * time.Minute) // every copy is dead now
	for i := range 3 {
		r := *b.row(b.from, b.spell("shop", raw(i), layout.RuleInbox))
		r.Expires = session.At(b.now).AddMinutes(20)
		b.put(b.from, r)
	}
	if _, err := b.to.Sweep(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	want(t, b.mustRun(), Counters{Scanned: 3, Copied: 3, Verified: 3})
}

func TestExpiredRowsStayBehind(t *testing.T) {
	b := newBench(t)
	b.fill(2)
	for i, left := range []session.Instant{-Grace - 1, -Grace, -1, 1} {
		r := b.record(b.spell("shop", raw(10+i), layout.RuleInbox), fixtures.Blob("empty"))
		r.Expires = session.At(b.now) + left
		b.put(b.from, r)
	}
	want(t, b.mustRun(), Counters{Scanned: 6, Copied: 5, SkippedExpired: 1, Verified: 5})
}

func TestAMixtureOfFormsStopsTheRunUnlessTold(t *testing.T) {
	packed, err := aspnetser.Deflate(nil, fixtures.Blob("typical"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	b.fill(3)
	b.put(b.from, b.record(b.spell("portal", raw(1), layout.RuleInbox), packed)) // another application: no mixture
	want(t, b.mustRun(), Counters{Scanned: 4, Copied: 4, Verified: 4})

	b = newBench(t)
	b.fill(3)
	b.put(b.from, b.record(b.spell("shop", raw(10), layout.RuleInbox), packed))
	if got := b.refusedBy(); !slices.Equal(got, []string{"compression"}) {
		t.Fatalf("refused by %v", got)
	}
	b.o.FromCompressed = aspnetser.CompressionYes
	want(t, b.mustRun(), Counters{Scanned: 4, Copied: 4, Undecodable: 3, Verified: 4})
	b.equal("shop", raw(0))
}

func TestCompressionIsConvertedAndTheInflatedBytesAreEqual(t *testing.T) {
	b := newBench(t)
	b.fill(8)
	broken := fixtures.Destroyed()
	b.put(b.from, b.record(b.spell("shop", raw(50), layout.RuleInbox), broken))
	b.o.ToCompressed = TargetYes
	want(t, b.mustRun(), Counters{Scanned: 9, Copied: 9, Undecodable: 1, Verified: 9})
	for i := range 8 {
		src, dst := b.row(b.from, b.spell("shop", raw(i), layout.RuleInbox)), b.row(b.to, b.spell("shop", raw(i), layout.RuleAsync21))
		if form, err := aspnetser.Examine(dst.Payload, aspnetser.Options{}); err != nil || form != aspnetser.FormCompressed {
			t.Fatalf("session %d: %v, %v", i, form, err)
		}
		if got, err := aspnetser.Inflate(nil, dst.Payload, aspnetser.Options{}); err != nil || !bytes.Equal(got, src.Payload) {
			t.Errorf("session %d inflates to %d other bytes (%v)", i, len(got), err)
		}
	}
	if got := b.row(b.to, b.spell("shop", raw(50), layout.RuleAsync21)); !bytes.Equal(got.Payload, broken) {
		t.Error("an undecodable payload was changed")
	}
	want(t, b.mustRun(), Counters{Scanned: 9, Unchanged: 9, Undecodable: 1, Verified: 9})

	// One that is larger than what the codec inflates by itself, and shrinks to next to nothing.
	big := append([]byte{20, 0, 0, 0, 1, 0, 1, 0, 0, 0, 255, 255, 255, 255, 1, 'k', 5, 0, 0, 1, 1, 0x80, 0x80, 0x80, 8}, make([]byte, 1<<24)...)
	big = append(big, 0xFF)
	if form, err := aspnetser.Examine(big, aspnetser.Options{}); err != nil || form != aspnetser.FormPlain {
		t.Fatalf("the big payload: %v, %v", form, err)
	}
	b.put(b.from, b.record(b.spell("shop", raw(60), layout.RuleInbox), big))
	want(t, b.mustRun(), Counters{Scanned: 10, Copied: 1, Unchanged: 9, Undecodable: 1, Verified: 10})
	b.remove(b.from, b.spell("shop", raw(60), layout.RuleInbox))
	b.remove(b.to, b.spell("shop", raw(60), layout.RuleAsync21))

	// And back: what was compressed comes out as it was.
	back := newBench(t)
	back.o.Source, back.o.From = b.to, b.o.To
	back.o.From.Spelling, back.o.ToCompressed = spelling(t, layout.RuleAsync21), TargetNo
	back.o.To.Layout, back.o.To.Spelling, back.o.ToRule = byName(t, layout.FrameworkCompat), spelling(t, layout.RuleInbox), layout.RuleInbox
	want(t, back.mustRun(), Counters{Scanned: 9, Copied: 9, Undecodable: 1, Verified: 9})
	for i := range 8 {
		k := b.spell("shop", raw(i), layout.RuleInbox)
		if src, dst := b.row(b.from, k), b.row(back.to, k); !bytes.Equal(src.Payload, dst.Payload) {
			t.Errorf("session %d did not come back", i)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	b := newBench(t)
	b.o.Target, b.o.To = b.from, b.o.From
	b.o.ToRule = layout.RuleInbox
	if _, err := Prepare(t.Context(), b.o); !errors.Is(err, ErrSameTable) {
		t.Errorf("the same table and rule: %v", err)
	}
	b = newBench(t)
	b.o.RemoveOld = true
	if _, err := Prepare(t.Context(), b.o); !errors.Is(err, ErrRemoveOld) {
		t.Errorf("removing old rows between two tables: %v", err)
	}
}

func TestEmptiedEndsAreDoubt(t *testing.T) {
	b := newBench(t)
	b.fill(5)
	b.mustRun()
	for i := range 5 {
		b.remove(b.to, b.spell("shop", raw(i), layout.RuleAsync21))
	}
	if got := b.refusedBy(); !slices.Equal(got, []string{"target-emptied"}) {
		t.Errorf("an emptied target: refused by %v", got)
	}
	b.o.StartOver = true
	want(t, b.mustRun(), Counters{Scanned: 5, Copied: 5, Verified: 5})
	b.o.StartOver = false

	for i := range 5 {
		b.remove(b.from, b.spell("shop", raw(i), layout.RuleInbox))
	}
	if got := b.refusedBy(); !slices.Equal(got, []string{"source-emptied"}) {
		t.Errorf("an emptied source: refused by %v", got)
	}
	b.o.AllowDeletions = true
	want(t, b.mustRun(), Counters{Deleted: 5})
}

func TestAppsThatWereNotChosenAreNotTouched(t *testing.T) {
	b := newBench(t)
	b.fill(4)
	b.put(b.from, b.record(b.spell("portal", raw(1), layout.RuleInbox), fixtures.Blob("empty")))
	b.mustRun()
	b.remove(b.from, b.spell("portal", raw(1), layout.RuleInbox))
	b.o.Apps = []string{"shop"}
	want(t, b.mustRun(), Counters{Scanned: 4, Unchanged: 4, Verified: 4})
	b.o.Apps = nil
	want(t, b.mustRun(), Counters{Scanned: 4, Unchanged: 4, Deleted: 1, Verified: 4})
}

func TestInterruptedByTheContext(t *testing.T) {
	b := newBench(t)
	b.fill(200)
	ctx, cancel := context.WithCancel(t.Context())
	b.o.Observe = func(e Event) {
		if p, ok := e.(Progress); ok && p.Phase == PhaseCopy && p.Rows >= 50 {
			cancel()
		}
	}
	j, err := Prepare(ctx, b.o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = j.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	b.o.Observe = nil
	r := b.mustRun()
	if !r.Resumed || r.Scanned != 200 || r.Copied+r.Unchanged != 200 || r.Differences != 0 {
		t.Errorf("resumed: %v, %+v", r.Resumed, r.Counters)
	}
	for i := range 200 {
		b.equal("shop", raw(i))
	}
}
