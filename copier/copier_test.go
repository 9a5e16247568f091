package copier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

var shop = layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/3/ROOT/shop"}}
var portal = layout.Application{Name: "portal", AppIDs: []string{"/LM/W3SVC/1/ROOT"}}

// bench is a pair of tables with a clock, and the options of a copy between them.
type bench struct {
	t        *testing.T
	now      time.Time
	from, to *memstore.Store
	o        Options
	events   []Event
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)}
	clock := memstore.Options{Now: func() time.Time { return b.now }, ServesExpired: true}
	b.from, b.to = memstore.New(clock), memstore.New(clock)
	t.Cleanup(func() { b.from.Close(); b.to.Close() })
	b.o = Options{
		Source: b.from, Target: b.to, ToRule: layout.RuleAsync21,
		From:  End{Title: "source", Identity: b.from.Identity(), Layout: byName(t, layout.FrameworkCompat), Spelling: spelling(t, layout.RuleInbox, layout.RuleAsyncX64)},
		To:    End{Title: "target", Identity: b.to.Identity(), Layout: byName(t, layout.InMemory), Spelling: spelling(t, layout.RuleAsync21)},
		State: filepath.Join(t.TempDir(), "checkpoint"),
		Now:   func() time.Time { return b.now },
		Observe: func(e Event) {
			b.events = append(b.events, e)
		},
		PageRows: 7, Workers: 3,
	}
	return b
}

func byName(t *testing.T, name string) *layout.Layout {
	t.Helper()
	l, err := layout.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func spelling(t *testing.T, rules ...layout.IDRule) *layout.Spelling {
	t.Helper()
	r, err := layout.NewRegistry(shop, portal)
	if err != nil {
		t.Fatal(err)
	}
	s, err := layout.NewSpelling(r, rules...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (b *bench) spell(app, raw string, rule layout.IDRule) session.Key {
	b.t.Helper()
	k, err := b.o.From.Spelling.Spell(session.Key{App: app, ID: raw}, rule)
	if err != nil {
		b.t.Fatal(err)
	}
	return k
}

// record makes a live session under a stored key.
func (b *bench) record(k session.Key, payload []byte) session.Record {
	now := session.At(b.now)
	return session.Record{
		Key: k, Payload: payload, Timeout: 20, Created: now - 7*session.Minute - 1, Expires: now.AddMinutes(19) + 2,
		Lock: session.Lock{Cookie: 5, Since: now - session.Minute},
	}
}

// put writes a row as it is, whatever is there.
func (b *bench) put(s *memstore.Store, r session.Record) {
	b.t.Helper()
	c := session.Change{Record: r}
	if old := b.row(s, r.Key); old != nil {
		f := old.Fence()
		c.Expect = &f
	}
	outs, err := s.Apply(b.t.Context(), []session.Change{c})
	if err != nil || outs[0].Result == session.Conflict {
		b.t.Fatalf("writing %v: %v, %+v", r.Key, err, outs)
	}
}

func (b *bench) remove(s *memstore.Store, k session.Key) {
	b.t.Helper()
	f := b.row(s, k).Fence()
	outs, err := s.Apply(b.t.Context(), []session.Change{{Record: session.Record{Key: k}, Delete: true, Expect: &f}})
	if err != nil || outs[0].Result != session.Applied {
		b.t.Fatalf("removing %v: %v, %+v", k, err, outs)
	}
}

func (b *bench) row(s *memstore.Store, k session.Key) *session.Record {
	b.t.Helper()
	rs, err := s.Peek(b.t.Context(), []session.Key{k})
	if err != nil {
		b.t.Fatal(err)
	}
	return rs[0]
}

func raw(i int) string { return fmt.Sprintf("%024d", i) }

// fill puts n live sessions of shop into the source and returns their raw ids.
func (b *bench) fill(n int) {
	for i := range n {
		b.put(b.from, b.record(b.spell("shop", raw(i), layout.RuleInbox), fixtures.Blob(fixtures.Blobs[i%8])))
	}
}

func (b *bench) run() (Report, error) {
	b.t.Helper()
	b.events = nil
	j, err := Prepare(b.t.Context(), b.o)
	if err != nil {
		return Report{}, err
	}
	defer j.Close()
	return j.Run(b.t.Context())
}

func (b *bench) mustRun() Report {
	b.t.Helper()
	r, err := b.run()
	if err != nil {
		b.t.Fatal(err)
	}
	c := r.Counters
	if sum := c.Copied + c.Updated + c.Unchanged + c.SkippedExpired + c.Superseded + c.Refused; c.Scanned != sum && c.TargetOwned == 0 {
		b.t.Errorf("of %d rows scanned %d are accounted for: %+v", c.Scanned, sum, c)
	}
	return r
}

// refusedBy runs and returns the names of the checks that refused.
func (b *bench) refusedBy() []string {
	b.t.Helper()
	_, err := b.run()
	var refused *RefusedError
	if err != nil && !errors.As(err, &refused) {
		b.t.Fatalf("want a refusal, got %v", err)
	}
	var names []string
	if refused != nil {
		for _, c := range refused.Checks {
			names = append(names, c.Name)
			if c.Remedy == "" {
				b.t.Errorf("check %s refuses and names no remedy", c.Name)
			}
		}
	}
	return names
}

func want(t *testing.T, got Report, want Counters) {
	t.Helper()
	want.Bytes = got.Bytes
	if got.Counters != want {
		t.Errorf("got  %+v\nwant %+v", got.Counters, want)
	}
}

// equal checks that the target row of a session says what its source row says.
func (b *bench) equal(app, id string) {
	b.t.Helper()
	src, dst := b.row(b.from, b.spell(app, id, layout.RuleInbox)), b.row(b.to, b.spell(app, id, layout.RuleAsync21))
	if src == nil || dst == nil {
		b.t.Fatalf("session %s: source %v, target %v", id, src, dst)
	}
	w := *src
	w.Key, w.Revision = dst.Key, dst.Revision
	if as := compare(&w, dst, false); as != nil {
		b.t.Errorf("session %s differs in %v:\n%+v\n%+v", id, as, w, *dst)
	}
}

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

func TestOfTwoRowsOfOneSessionTheRuleNamedFirstWins(t *testing.T) {
	b := newBench(t)
	b.fill(30)
	for i := range 5 {
		b.put(b.from, b.record(b.spell("shop", raw(i), layout.RuleAsyncX64), fixtures.Blob("keys-case")))
	}
	// Where the winner is dead, the other row is the session.
	late := *b.row(b.from, b.spell("shop", raw(4), layout.RuleInbox))
	late.Expires = session.At(b.now) - Grace - 1
	b.put(b.from, late)

	want(t, b.mustRun(), Counters{Scanned: 35, Copied: 30, SkippedExpired: 1, Superseded: 4, Verified: 30})
	for i := range 4 {
		b.equal("shop", raw(i))
	}
	if got := b.row(b.to, b.spell("shop", raw(4), layout.RuleAsync21)); !bytes.Equal(got.Payload, fixtures.Blob("keys-case")) {
		t.Error("the living row lost to a dead one")
	}

	b = newBench(t)
	b.o.Learned = true
	b.fill(3)
	b.put(b.from, b.record(b.spell("shop", raw(1), layout.RuleAsyncX64), fixtures.Blob("keys-case")))
	if got := b.refusedBy(); !slices.Equal(got, []string{"colliding-ids"}) {
		t.Errorf("rules that nobody named: refused by %v", got)
	}
}

func TestAliasesOfOneApplicationAreOneSession(t *testing.T) {
	b := newBench(t)
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/3/ROOT/shop", "/LM/W3SVC/7/ROOT/shop"}})
	if err != nil {
		t.Fatal(err)
	}
	if b.o.From.Spelling, err = layout.NewSpelling(reg, layout.RuleInbox); err != nil {
		t.Fatal(err)
	}
	if b.o.To.Spelling, err = layout.NewSpelling(reg, layout.RuleAsync21); err != nil {
		t.Fatal(err)
	}
	all, err := b.o.From.Spelling.SpellAll(session.Key{App: "shop", ID: raw(1)}, layout.RuleInbox)
	if err != nil || len(all) != 2 {
		t.Fatalf("%v %v", all, err)
	}
	b.put(b.from, b.record(all[0], fixtures.Blob("p-all")))
	b.put(b.from, b.record(all[1], fixtures.Blob("empty")))
	only, err := b.o.From.Spelling.SpellAll(session.Key{App: "shop", ID: raw(2)}, layout.RuleInbox)
	if err != nil {
		t.Fatal(err)
	}
	b.put(b.from, b.record(only[1], fixtures.Blob("typical")))
	want(t, b.mustRun(), Counters{Scanned: 3, Copied: 2, Superseded: 1, Verified: 2})
	want(t, b.mustRun(), Counters{Scanned: 3, Unchanged: 2, Superseded: 1, Verified: 2}) // and the sweep keeps both
	k, _ := b.o.To.Spelling.Spell(session.Key{App: "shop", ID: raw(1)}, layout.RuleAsync21)
	if got := b.row(b.to, k); !bytes.Equal(got.Payload, fixtures.Blob("p-all")) {
		t.Error("the row under the application id named first did not win")
	}
}

func TestUnknownSuffixesStopTheRunUnlessTold(t *testing.T) {
	b := newBench(t)
	b.fill(3)
	b.put(b.from, b.record(session.Key{ID: raw(9) + "0badcafe"}, fixtures.Blob("empty")))
	b.put(b.from, b.record(session.Key{ID: "short"}, fixtures.Blob("empty")))
	gone := b.record(session.Key{ID: raw(8) + "0badcafe"}, fixtures.Blob("empty")) // nobody has to know a dead row
	gone.Expires = session.At(b.now) - Grace - 1
	b.put(b.from, gone)
	if got := b.refusedBy(); !slices.Equal(got, []string{"unknown-suffixes"}) {
		t.Fatalf("refused by %v", got)
	}
	if n, _ := b.to.Count(t.Context()); n != 0 {
		t.Errorf("a refused run wrote %d rows", n)
	}
	b.o.SkipUnknown = true
	want(t, b.mustRun(), Counters{Scanned: 6, Copied: 3, SkippedExpired: 1, Refused: 2, Verified: 3})
}

func TestRulesThatWereNotNamedStopTheRun(t *testing.T) {
	b := newBench(t)
	b.o.From.Spelling = spelling(t, layout.RuleInbox)
	b.fill(3)
	b.put(b.from, b.record(b.spell("portal", raw(5), layout.RuleAsyncX86), fixtures.Blob("empty")))
	_, err := b.run()
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Checks[0].Name != "id-rules" {
		t.Fatalf("got %v", err)
	}
	if hint := refused.Checks[0].Remedy; !strings.Contains(hint, "--from-ids inbox,async-x86") {
		t.Errorf("the remedy is %q", hint)
	}
}

func TestASuffixThatNoProviderAsksForIsDoubt(t *testing.T) {
	b := newBench(t)
	b.o.From.Layout = byName(t, layout.InMemory) // tells letter case apart
	b.o.From.Spelling = spelling(t, layout.RuleAsyncX64)
	k := b.spell("shop", raw(1), layout.RuleAsyncX64)
	b.put(b.from, b.record(session.Key{ID: strings.ToLower(k.ID)}, fixtures.Blob("empty")))
	if got := b.refusedBy(); !slices.Equal(got, []string{"unknown-suffixes"}) {
		t.Errorf("refused by %v", got)
	}
}

func TestIDsThatDifferInCaseOnly(t *testing.T) {
	b := newBench(t)
	b.o.From.Layout, b.o.To.Layout = byName(t, layout.InMemory), byName(t, layout.FrameworkCompat)
	b.put(b.from, b.record(b.spell("shop", "CustomId", layout.RuleInbox), fixtures.Blob("empty")))
	b.put(b.from, b.record(b.spell("shop", "customid", layout.RuleInbox), fixtures.Blob("p-all")))
	r := b.mustRun()
	if r.Copied != 1 || r.Refused != 1 {
		t.Errorf("got %+v", r.Counters)
	}
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

func TestRespellingInPlace(t *testing.T) {
	b := newBench(t)
	b.o.Target, b.o.To = b.from, b.o.From
	b.o.To.Spelling = spelling(t, layout.RuleAsync21)
	b.fill(20)
	b.put(b.from, b.record(b.spell("shop", raw(3), layout.RuleAsyncX64), fixtures.Blob("empty"))) // loses
	row := func(i int, rule layout.IDRule) *session.Record { return b.row(b.from, b.spell("shop", raw(i), rule)) }

	want(t, b.mustRun(), Counters{Scanned: 21, Copied: 20, Superseded: 1, Verified: 20})
	if row(1, layout.RuleInbox) == nil || row(1, layout.RuleAsync21) == nil {
		t.Fatal("both spellings should be there")
	}
	want(t, b.mustRun(), Counters{Scanned: 21, Unchanged: 20, Superseded: 1, Verified: 20})

	// One is used under its old id meanwhile: the next run carries that, and only then the old row may go.
	if _, err := b.from.Get(t.Context(), b.spell("shop", raw(4), layout.RuleInbox)); err != nil {
		t.Fatal(err)
	}
	// One is used under its new id already: its old row differs and is kept.
	if _, err := b.from.GetExclusive(t.Context(), b.spell("shop", raw(5), layout.RuleAsync21)); err != nil {
		t.Fatal(err)
	}
	b.o.RemoveOld = true
	r := b.mustRun()
	if r.Updated != 1 || r.RemovedOld != 20 || r.TargetOwned != 1 {
		t.Errorf("updated %d, removed %d, left to the target %d", r.Updated, r.RemovedOld, r.TargetOwned)
	}
	if row(5, layout.RuleInbox) == nil {
		t.Error("an old row that differs from its copy is gone")
	}
	b.o.RemoveOld = false
	r = b.mustRun()
	if r.Deleted != 0 {
		t.Errorf("the next run took %d removed old rows for abandoned sessions", r.Deleted)
	}
	for i := range 20 {
		if row(i, layout.RuleAsync21) == nil {
			t.Errorf("session %d is gone", i)
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

func TestRawTargetsAreForOneApplication(t *testing.T) {
	b := newBench(t)
	b.fill(2)
	b.put(b.from, b.record(b.spell("portal", raw(1), layout.RuleInbox), fixtures.Blob("empty")))
	one, err := layout.NewRegistry(shop)
	if err != nil {
		t.Fatal(err)
	}
	b.o.To.Layout, b.o.ToRule = byName(t, layout.SQLInMemory), layout.RuleRaw
	if b.o.To.Spelling, err = layout.NewSpelling(one, layout.RuleRaw); err != nil {
		t.Fatal(err)
	}
	if got := b.refusedBy(); !slices.Equal(got, []string{"target-ids"}) {
		t.Fatalf("refused by %v", got)
	}
	b.o.Apps = []string{"shop"}
	want(t, b.mustRun(), Counters{Scanned: 2, Copied: 2, Verified: 2})
	if b.row(b.to, session.Key{ID: raw(1)}) == nil {
		t.Error("the session is not there under its raw id")
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
