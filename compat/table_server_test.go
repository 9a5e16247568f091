package compat

import (
	"context"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/storetest"
)

// madeTable installs a layout in a database of its own and opens its table. A memory layout is made as its stand-in on
// disk; with memory set the Table believes that it is in memory all the same, and says so in its statements.
func madeTable(t *testing.T, database string, o SchemaOptions, memory bool) *Table {
	t.Helper()
	s := schemaServer(t, database)
	if _, err := s.Install(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return openMade(t, s, o, memory)
}

func openMade(t *testing.T, s *Server, o SchemaOptions, memory bool) *Table {
	t.Helper()
	l, err := layout.ByName(o.Layout)
	if err != nil {
		t.Fatal(err)
	}
	own := *l
	f := Found{Layout: &own, Database: s.Facts.Database, Schema: "dbo", Collation: s.Facts.Collation, Procs: Procs{Schema: "dbo"}}
	for _, c := range l.Columns {
		if c.Name == "SessionId" && c.Collation != "" {
			f.Collation = c.Collation
		}
	}
	if o.Table != "" {
		own.Table, f.Procs.Prefix = o.Table, o.Table+"_"
	} else {
		f.Procs.Suffix, _ = layout.ProcedureSuffix(l.Table)
	}
	if o.Retry {
		f.Variant = variantRetry
	}
	if !memory {
		own.Engine = layout.EngineDisk
	}
	x, err := s.Open(t.Context(), &f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// empty takes every row out of a table.
func (t *Table) empty(ctx context.Context) error {
	if t.chunked() {
		if _, err := t.server.db.ExecContext(ctx, "DELETE FROM "+t.chunkTable()); err != nil {
			return err
		}
	}
	_, err := t.server.db.ExecContext(ctx, "DELETE FROM "+t.name())
	return err
}

// rulesOf are the conformance suite's rules for a layout over SQL Server.
func rulesOf(l *layout.Layout) storetest.Rules {
	r := storetest.Ordinary()
	r.FirstCookie, r.CookieFrozen, r.ServesExpired = l.FirstCookie, !l.CookieRises, l.ServesExpired
	r.UpdateRenews, r.ReleaseRenews, r.FoldsCase = l.UpdateRenews, l.ReleaseRenews, l.CaseInsensitiveIDs
	r.LockedReadClearsMark = l.Name != layout.V10
	r.KeepsRevision, r.CountsExactly, r.Remote = false, true, true
	if !l.CookieRises {
		r.Conditions = []session.ConditionKind{session.KindInsert, session.KindIfCookie}
	}
	r.Needs = storetest.AllAbilities &^ (storetest.Waits | storetest.Controls)
	return r
}

// Every layout passes the conformance suite on an engine. Memory layouts run their verbs against stand-ins on disk.
func TestStores(t *testing.T) {
	for _, c := range installables {
		t.Run(c.name, func(t *testing.T) {
			conforms(t, madeTable(t, "h_store_"+c.name, c.o, false), c.o, false)
		})
	}
}

// The same with the statements for memory tables: an engine that has none ignores their hints. Locks are those of such
// an engine too, so what several clients do at once shows nothing and is left out.
func TestStoresAsInMemory(t *testing.T) {
	for _, c := range installables {
		if !c.o.StandIn {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			conforms(t, madeTable(t, "h_memory_"+c.name, c.o, true), c.o, true)
		})
	}
}

// Nor does a store whose renewals within a second are not written do anything else that clients can tell.
func TestStoresThatSpareRenewals(t *testing.T) {
	for _, c := range installables {
		switch c.o.Layout {
		case layout.FrameworkCompat, layout.SQLServer, layout.SQLInMemory:
		default:
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			x := madeTable(t, "h_spare_"+c.name, c.o, false)
			x.renewing = renewingOf(time.Second)
			conforms(t, x, c.o, false)
		})
	}
}

func conforms(t *testing.T, x *Table, o SchemaOptions, memory bool) {
	r := rulesOf(x.layout)
	r.Alone = memory
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		if err := x.empty(t.Context()); err != nil {
			t.Fatal(err)
		}
		return storetest.Subject{
			Store: x,
			Key: func(app, id string) session.Key {
				return session.Key{ID: id + layout.Suffix(layout.RuleAsync21, app)}
			},
			Reopen: func() session.Store {
				if err := x.Close(); err != nil {
					t.Fatal(err)
				}
				renewing := x.renewing
				x = openMade(t, x.server, o, memory)
				x.renewing = renewing
				return x
			},
		}
	}, r)
}
