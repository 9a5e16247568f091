package copier

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
)

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
	want(t, b.mustRun(), Counters{Scanned: 6, Copied: 3, SkippedExpired: 1, Refused: 2, Unknown: 2, Verified: 3})
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
