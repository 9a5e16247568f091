package sandbox

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
)

// end makes the end of a copy of one application, which every layout can hold.
func end(t *testing.T, x *Table, rules ...layout.IDRule) copier.End {
	t.Helper()
	reg, err := layout.NewRegistry(Applications()...)
	if err != nil {
		t.Fatal(err)
	}
	if rules[0] == layout.RuleRaw {
		if reg, err = layout.NewRegistry(Applications()[0]); err != nil {
			t.Fatal(err)
		}
	}
	s, err := layout.NewSpelling(reg, rules...)
	if err != nil {
		t.Fatal(err)
	}
	return copier.End{Title: x.Layout().Name, Identity: x.Identity(), Layout: x.Layout(), Spelling: s}
}

func options(t *testing.T, from, to *Table, fromRules ...layout.IDRule) copier.Options {
	t.Helper()
	rule := to.Layout().DefaultIDs[0]
	return copier.Options{
		From: end(t, from, fromRules...), Source: from, To: end(t, to, rule), Target: to, ToRule: rule,
		Apps: []string{Applications()[0].Name}, State: filepath.Join(t.TempDir(), "checkpoint"), Now: clock,
	}
}

func migrate(t *testing.T, o copier.Options) copier.Report {
	t.Helper()
	j, err := copier.Prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	r, err := j.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every pair of layouts migrates both ways, and what comes back equals what left, in all that docs/layouts.md does not
// except: the live, winning rows of one application, to the tick and byte.
func TestEveryPairOfLayouts(t *testing.T) {
	const sessions = 250
	all := layout.All()
	for i, a := range all {
		for _, b := range all {
			if a == b || testing.Short() && b != all[(i+1)%len(all)] {
				continue
			}
			t.Run(fmt.Sprintf("%s-%s", a, b), func(t *testing.T) {
				there, back := open(t, t.TempDir()), open(t, t.TempDir())
				from := table(t, there, a.Name, true, sessions)
				middle := table(t, there, b.Name, false, 0)
				home := table(t, back, a.Name, false, 0)

				out := migrate(t, options(t, from, middle, a.DefaultIDs...))
				if out.Copied < 50 || out.Verified != out.Copied || out.Differences != 0 || out.Refused != 0 {
					t.Fatalf("out: %+v", out.Counters)
				}
				ret := migrate(t, options(t, middle, home, b.DefaultIDs[0]))
				if ret.Copied != out.Copied || ret.Differences != 0 || ret.Scanned != out.Copied {
					t.Fatalf("back: %+v", ret.Counters)
				}
				c, err := copier.Verify(t.Context(), options(t, from, home, a.DefaultIDs...), copier.VerifyOptions{Settle: -1})
				if err != nil || c.Differing != 0 || c.Equal != out.Copied {
					t.Errorf("%v: %+v", err, c)
				}
			})
		}
	}
}
