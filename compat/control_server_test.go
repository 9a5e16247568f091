package compat

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/storetest"
)

// controlled is a table with a Control beside it, as a cut-over uses them.
type controlled struct {
	*Table
	*Control
}

// empty takes everything out of the tables of a Control.
func (c *Control) empty(t *testing.T) {
	t.Helper()
	for _, text := range []string{
		"DELETE FROM [dbo].[aspstate_control] WHERE [app] <> 0xFF", "UPDATE [dbo].[aspstate_control] SET [epoch] = 0",
		"DELETE FROM [dbo].[aspstate_leases]", "DELETE FROM [dbo].[aspstate_dirty]",
	} {
		if _, err := c.server.db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
}

// TestControl passes the conformance suite on an engine, sessions beside it.
func TestControl(t *testing.T) {
	s := schemaServer(t, "h_control")
	for _, o := range []SchemaOptions{{Layout: layout.SQLServer}, {Layout: ControlSchema, Grant: "bridges"}} {
		if _, err := s.Install(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	x := openMade(t, s, SchemaOptions{Layout: layout.SQLServer}, false)
	c, err := s.OpenControl(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := rulesOf(x.layout)
	r.Needs |= storetest.Controls
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		if err := x.empty(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.empty(t)
		return storetest.Subject{
			Store: controlled{x, c},
			Key: func(app, id string) session.Key {
				return session.Key{ID: id + layout.Suffix(layout.RuleAsync21, app)}
			},
			Reopen: func() session.Store {
				again, err := s.OpenControl(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return controlled{x, again}
			},
		}
	}, r)
}

// TestControlInstalled: it is missing until it is installed, a second time nothing is made, and what is agreed stays.
func TestControlInstalled(t *testing.T) {
	s := schemaServer(t, "h_control_made")
	_, err := s.OpenControl(t.Context())
	missing, ok := errors.AsType[*ControlMissingError](err)
	if !ok || len(missing.Missing) != 3 || !strings.Contains(missing.Hint(), "schema install control --database h_control_made") {
		t.Fatalf("got %v", err)
	}
	for round, created := range []int{3, 0} {
		rep, err := s.Install(t.Context(), SchemaOptions{Layout: ControlSchema})
		if err != nil || rep.Created() != created || len(rep.Objects) != 3 {
			t.Errorf("round %d: %+v, %v", round, rep, err)
		}
		c, err := s.OpenControl(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next, err := c.Agree(t.Context(), "shop", []byte("{}"), int64(round)); err != nil || next != int64(round)+1 {
			t.Errorf("round %d: epoch %d, %v", round, next, err)
		}
	}
	found, err := s.Detect(t.Context())
	if err != nil || len(found.Found)+len(found.Altered) > 0 {
		t.Errorf("the tables of a cut-over are taken for sessions: %+v, %v", found, err)
	}
}

// BenchmarkControl is what its calls cost.
func BenchmarkControl(b *testing.B) {
	s := schemaServer(b, "h_control_bench")
	if _, err := s.Install(b.Context(), SchemaOptions{Layout: ControlSchema}); err != nil {
		b.Fatal(err)
	}
	c, err := s.OpenControl(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	m := session.Mark{Key: session.Key{App: "shop", ID: "abc"}, ID: "m"}
	for name, call := range map[string]func() error{
		"Agreement": func() error { _, err := c.Agreement(b.Context()); return err },
		"Lease": func() error {
			_, err := c.Lease(b.Context(), session.Lease{Holder: "a"}, time.Minute)
			return err
		},
		"MarkAndUnmark": func() error { return errors.Join(c.Mark(b.Context(), m), c.Unmark(b.Context(), m)) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
