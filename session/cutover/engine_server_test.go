package cutover

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/testengine"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/storetest"
)

// engine is two tables of an engine, of unlike layouts and with ids spelled by unlike rules, and the tables of an agreement
// beside the second.
type engine struct {
	t        testing.TB
	name     string
	old, new *layout.RespelledRows
	tables   [2]*compat.Table
	control  *compat.Control
	db       [2]*sql.DB
}

// onEngine makes the databases name_old and name_new.
func onEngine(t testing.TB, name string) *engine {
	t.Helper()
	e := &engine{t: t, name: name}
	old, fresh := testengine.Database(t, name+"_old"), testengine.Database(t, name+"_new")
	for s, all := range map[*compat.Server][]compat.SchemaOptions{
		old:   {{Layout: layout.FrameworkCompat, Type: "c", Database: name + "_old"}},
		fresh: {{Layout: layout.SQLServer}, {Layout: compat.ControlSchema}},
	} {
		for _, o := range all {
			if _, err := s.Install(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
	}
	e.old, e.tables[0] = e.respelled(old, layout.FrameworkCompat, layout.RuleInbox)
	e.new, e.tables[1] = e.respelled(fresh, layout.SQLServer, layout.RuleAsync21)
	e.db = [2]*sql.DB{testengine.DB(t, name+"_old"), testengine.DB(t, name+"_new")}
	var err error
	if e.control, err = fresh.OpenControl(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *engine) respelled(s *compat.Server, name string, rule layout.IDRule) (*layout.RespelledRows, *compat.Table) {
	e.t.Helper()
	var apps []layout.Application
	for i, app := range []string{shop, "forum", "sho"} {
		apps = append(apps, layout.Application{Name: app, AppIDs: []string{fmt.Sprintf("/LM/W3SVC/%d/ROOT", i+1)}})
	}
	reg, err := layout.NewRegistry(apps...)
	if err != nil {
		e.t.Fatal(err)
	}
	sp, err := layout.NewSpelling(reg, rule)
	if err != nil {
		e.t.Fatal(err)
	}
	table := testengine.Open(e.t, s, name, compat.Options{InsertOnce: true})
	rows, err := layout.RespellRows(table, sp, rule, table.Layout().CaseInsensitiveIDs)
	if err != nil {
		e.t.Fatal(err)
	}
	return rows, table
}

// clear makes everything as it was at first.
func (e *engine) clear(t testing.TB) {
	t.Helper()
	for i, text := range []string{
		"DELETE FROM dbo." + e.tables[0].Layout().Table,
		"DELETE FROM dbo." + e.tables[1].Layout().Table + "; DELETE FROM dbo.aspstate_dirty; DELETE FROM dbo.aspstate_leases; DELETE FROM dbo.aspstate_control WHERE [app] <> 0xFF",
	} {
		if _, err := e.db[i].Exec(text); err != nil {
			t.Fatal(err)
		}
	}
}

// in agrees on a phase, between empty tables.
func (e *engine) in(t testing.TB, p Phase) {
	t.Helper()
	e.clear(t)
	e.agree(t, p)
}

// agree agrees on a phase, as if all that leads to it had been done.
func (e *engine) agree(t testing.TB, p Phase) {
	t.Helper()
	g := agreed{Phase: p, Stage: settled, Percent: 100, Clean: true}
	var began session.Instant
	for _, c := range []session.Clocked{e.old, e.new} {
		now, err := c.Now(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began = max(began, now)
	}
	switch p {
	case Handoff:
		g.Spans = []span{{Store: "old", Below: 100, Began: moment(began)}}
	case Handback:
		g.Spans = []span{{Store: "new", Below: 100, Began: moment(began)}}
	}
	now, err := e.control.Agreement(t.Context())
	if err == nil {
		_, err = e.control.Agree(t.Context(), shop, g.body(), now.Epoch)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// bridge opens a bridge over the tables. Engines of tests may be slow: the first statements of a connection take seconds on a busy one.
func (e *engine) bridge(t testing.TB, o Options) *Store {
	t.Helper()
	o.Old, o.New, o.Control, o.Holder = e.old, e.new, e.control, fmt.Sprint("b", storeNumber.Add(1))
	o.Lease, o.HoldLimit, o.MoveLimit = 30*time.Second, 3*time.Second, 10*time.Second
	if os.Getenv("CUTOVER_LOG") != "" {
		o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestConformanceOnSQLServer runs the suite of all stores over two tables of an engine, in the phases in which both matter.
func TestConformanceOnSQLServer(t *testing.T) {
	e := onEngine(t, "h_cut_suite")
	rules := storetest.Ordinary()
	rules.KeepsRevision, rules.Remote = false, true
	for _, p := range []Phase{Handoff, Mirror, Handback} {
		l := e.tables[1].Layout()
		if p == Handback {
			l = e.tables[0].Layout()
		}
		rules := rules
		rules.ServesExpired, rules.FoldsCase = l.ServesExpired, l.CaseInsensitiveIDs
		t.Run(p.String(), func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				e.in(t, p)
				return storetest.Subject{Store: e.bridge(t, Options{Idle: time.Hour})}
			}, rules)
		})
	}
}
