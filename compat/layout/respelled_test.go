package layout_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/storetest"
)

func respelling(t *testing.T, rules ...layout.IDRule) *layout.Spelling {
	t.Helper()
	reg, err := layout.NewRegistry(
		layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT/shop", "/LM/W3SVC/2/ROOT/shop"}},
		layout.Application{Name: "forum", AppIDs: []string{"/LM/W3SVC/1/ROOT/forum"}},
		layout.Application{Name: "sho", AppIDs: []string{"/LM/W3SVC/1/ROOT/sho"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	sp, err := layout.NewSpelling(reg, rules...)
	if err != nil {
		t.Fatal(err)
	}
	return sp
}

func respell(t *testing.T, table session.Store, sp *layout.Spelling, folds bool) *layout.RespelledRows {
	t.Helper()
	r, err := layout.RespellRows(table, sp, sp.Rules[0], folds)
	if err != nil {
		t.Fatal(err)
	}
	r.Skipped = func(_ session.Key, p layout.Parsed, err error) { t.Errorf("a row of %v was left out: %v", p.Key, err) }
	return r
}

const respelledAbilities = storetest.Peeks | storetest.Scans | storetest.Applies | storetest.Clocks

// TestRespelledRows: by each rule that spells, rows are looked at, listed and written by application and raw id.
func TestRespelledRows(t *testing.T) {
	for _, rule := range []layout.IDRule{layout.RuleInbox, layout.RuleAsyncX64, layout.RuleAsyncX86, layout.RuleAsync21, layout.RuleStateServer} {
		t.Run(string(rule), func(t *testing.T) {
			sp := respelling(t, rule)
			r := storetest.Ordinary()
			r.Needs = respelledAbilities
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock := storetest.NewClock()
				table := memstore.New(memstore.Options{Now: clock.Now})
				t.Cleanup(func() { table.Close() })
				return storetest.Subject{Store: respell(t, table, sp, false), Clock: clock}
			}, r)
		})
	}
}

// TestRespelledRowsOfLayouts: the same over rows that fold letter case, hold chunks, and so on.
func TestRespelledRowsOfLayouts(t *testing.T) {
	for _, name := range []string{layout.FrameworkCompat, layout.InMemory, layout.SampleInMemory} {
		t.Run(name, func(t *testing.T) {
			l, err := layout.ByName(name)
			if err != nil {
				t.Fatal(err)
			}
			sp := respelling(t, layout.RuleInbox)
			r := storetest.Ordinary()
			r.FirstCookie, r.ServesExpired, r.UpdateRenews, r.ReleaseRenews = l.FirstCookie, l.ServesExpired, l.UpdateRenews, l.ReleaseRenews
			r.FoldsCase, r.Needs = l.CaseInsensitiveIDs, respelledAbilities
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock := storetest.NewClock()
				d, err := sandbox.Open(t.TempDir(), false, clock.Now)
				if err != nil {
					t.Fatal(err)
				}
				x, err := d.Table(t.Context(), name, false, 0)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { x.Close() })
				return storetest.Subject{Store: respell(t, x, sp, l.CaseInsensitiveIDs), Clock: clock}
			}, r)
		})
	}
}

// TestRespelledRowsLeaveOut: a scan shows what the verbs find, tells of all else, and goes on over pages with nothing of ours.
func TestRespelledRowsLeaveOut(t *testing.T) {
	ctx := t.Context()
	sp := respelling(t, layout.RuleAsync21, layout.RuleInbox)
	table := memstore.New(memstore.Options{})
	defer table.Close()
	rows := respell(t, table, sp, false)
	put := func(k session.Key) {
		t.Helper()
		if err := table.SetAndRelease(ctx, k, session.Value{Payload: []byte{1}, Timeout: 20}, session.Insert()); err != nil {
			t.Fatal(err)
		}
	}
	var want []session.Key
	others := 0
	for i := range 40 {
		k := session.Key{App: "shop", ID: fmt.Sprintf("session%02d", i)}
		if i%10 == 0 {
			want = append(want, k)
			if err := rows.SetAndRelease(ctx, k, session.Value{Payload: []byte{1}, Timeout: 20}, session.Insert()); err != nil {
				t.Fatal(err)
			}
		}
		inbox, err := sp.Spell(k, layout.RuleInbox)
		if err != nil {
			t.Fatal(err)
		}
		all, err := sp.SpellAll(k, layout.RuleAsync21)
		if err != nil || len(all) != 2 {
			t.Fatal(err)
		}
		put(inbox)
		put(all[1])                                  // another id of the application
		put(session.Key{ID: k.ID + "deadbeef"})      // nobody's
		put(session.Key{ID: k.ID + "-no-suffix-zz"}) // nor this
		others += 4
	}
	known, unknown, empty := 0, 0, 0
	rows.Skipped = func(_ session.Key, p layout.Parsed, err error) {
		switch {
		case err != nil:
			unknown++
		case p.Key.App == "shop":
			known++
		}
	}
	for name, scan := range map[string]func(context.Context, session.ScanRequest) (session.Page, error){"Scan": rows.Scan, "Skim": rows.Skim} {
		known, unknown, empty = 0, 0, 0
		var got []session.Key
		for after := session.Cursor(""); ; {
			page, err := scan(ctx, session.ScanRequest{After: after, Limit: 3})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				got = append(got, r.Key)
				if (r.Payload == nil) != (name == "Skim") {
					t.Errorf("%s gives a payload of %d bytes", name, len(r.Payload))
				}
			}
			if after = page.Next; after == "" {
				break
			}
			if len(page.Records) == 0 {
				empty++
			}
		}
		slices.SortFunc(got, func(a, b session.Key) int { return compare(a, b) })
		if !slices.Equal(got, want) || known != others/2 || unknown != others/2 || empty == 0 {
			t.Errorf("%s shows %v, %d known and %d unknown others, %d empty pages", name, got, known, unknown, empty)
		}
	}
}

func compare(a, b session.Key) int {
	return slices.Compare([]string{a.App, a.ID}, []string{b.App, b.ID})
}

// TestRespelledRowsRefuse: nothing is looked at or written where a key cannot be spelled, or two are spelled alike.
func TestRespelledRowsRefuse(t *testing.T) {
	ctx := t.Context()
	sp := respelling(t, layout.RuleAsync21)
	table := memstore.New(memstore.Options{})
	defer table.Close()
	rows := respell(t, table, sp, false)
	ours := session.Key{App: "shop", ID: "abc"}
	spelled, err := sp.Spell(ours, layout.RuleAsync21)
	if err != nil {
		t.Fatal(err)
	}
	record := func(k session.Key) session.Change {
		return session.Change{Record: session.Record{Key: k, Payload: []byte{1}, Timeout: 20, Revision: 1}}
	}
	stranger := session.Key{App: "stranger", ID: "a"}
	_, peek := rows.Peek(ctx, []session.Key{ours, stranger})
	_, skim := rows.SkimKeys(ctx, []session.Key{stranger})
	_, apply := rows.Apply(ctx, []session.Change{record(ours), record(stranger)})
	for name, err := range map[string]error{"Peek": peek, "SkimKeys": skim, "Apply": apply} {
		if _, unknown := errors.AsType[*layout.UnknownApplicationError](err); !unknown {
			t.Errorf("%s: %v", name, err)
		}
	}
	// By the async rules an id that ends with the suffix is stored as it is.
	if _, err := rows.Apply(ctx, []session.Change{record(ours), record(session.Key{App: "shop", ID: spelled.ID})}); err == nil {
		t.Error("two changes of one row are applied")
	}
	if n, err := table.Count(ctx); n != 0 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	if rs, err := rows.SkimKeys(ctx, []session.Key{ours}); err != nil || rs[0] != nil {
		t.Errorf("%v, %v", rs, err)
	}
	if _, err := layout.RespellRows(struct{ session.Store }{table}, sp, layout.RuleAsync21, false); err == nil {
		t.Error("a store with nothing but verbs has rows")
	}
}
