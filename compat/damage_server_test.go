package compat

import (
	"errors"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// The rows that a trigger counts are not the row that was to be changed: under a false fence nothing is written, and
// nothing said to be.
func TestApplyBesideATrigger(t *testing.T) {
	x := madeTable(t, "h_trigger", SchemaOptions{Layout: layout.SQLServer}, false)
	for _, q := range []string{
		"CREATE TABLE dbo.stat (n int NOT NULL)", "INSERT INTO dbo.stat VALUES (0)",
		"CREATE TRIGGER dbo.counted ON " + x.name() + " AFTER INSERT, UPDATE, DELETE AS BEGIN UPDATE dbo.stat SET n = n + 1 END",
	} {
		if _, err := x.server.db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	now := session.At(time.Now())
	r := session.Record{
		Key: session.Key{ID: "abcdefghijklmnopqrstuvwx12345678"}, Payload: []byte{1}, Timeout: 20, Created: now, Expires: now + session.Minute,
		Lock: session.Lock{Cookie: 3, Since: now},
	}
	apply := func(c session.Change, want session.Result) {
		t.Helper()
		outs, err := x.Apply(t.Context(), []session.Change{c})
		if err != nil || outs[0].Result != want {
			t.Errorf("%+v, %v; want %d", outs, err, want)
		}
	}
	apply(session.Change{Record: r}, session.Applied)
	right, wrong := r.Fence(), r.Fence()
	wrong.LockCookie--
	late := r
	late.Timeout = 90
	apply(session.Change{Record: late, Expect: &wrong}, session.Conflict)
	apply(session.Change{Record: r, Delete: true, Expect: &wrong}, session.Conflict)
	apply(session.Change{Record: late, Expect: &right}, session.Applied)
	var n int
	if err := x.server.db.QueryRowContext(t.Context(), "SELECT n FROM dbo.stat").Scan(&n); err != nil || n == 0 {
		t.Errorf("the trigger ran %d times, %v", n, err)
	}
}

// A row that nobody can read is in nobody's way: it is shown without payload, a scan names it, and a change that expects no
// row there is a conflict.
func TestDamagedRowsStandInNobodysWay(t *testing.T) {
	x := madeTable(t, "h_damaged", SchemaOptions{Layout: layout.FrameworkCompat, Type: "c"}, false)
	now := session.At(time.Now())
	rec := func(id string) session.Record {
		return session.Record{
			Key: session.Key{ID: id + "bcdefghijklmnopqrstuvwx12345678"}, Payload: []byte{1}, Timeout: 20, Created: now, Expires: now + session.Minute,
			Lock: session.Lock{Cookie: 3, Since: now},
		}
	}
	bad, good := rec("a"), rec("b")
	if _, err := x.Apply(t.Context(), []session.Change{{Record: bad}, {Record: good}}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.server.db.ExecContext(t.Context(), "UPDATE "+x.name()+" SET SessionItemShort = NULL WHERE SessionId = @p1", bad.Key.ID); err != nil {
		t.Fatal(err)
	}
	rs, err := x.Peek(t.Context(), []session.Key{bad.Key, good.Key})
	if err != nil || rs[0] == nil || rs[0].Payload != nil || rs[0].Fence() != bad.Fence() || len(rs[1].Payload) != 1 {
		t.Errorf("Peek: %+v, %v", rs, err)
	}
	pg, err := x.Scan(t.Context(), session.ScanRequest{Limit: 10})
	if err != nil || len(pg.Records) != 1 || len(pg.Damaged) != 1 || pg.Damaged[0].Key != bad.Key {
		t.Errorf("Scan: %+v, %v", pg, err)
	}
	outs, err := x.Apply(t.Context(), []session.Change{{Record: bad}, {Record: good}})
	if err != nil || outs[0].Result != session.Conflict || outs[1].Result != session.Already {
		t.Errorf("Apply: %+v, %v", outs, err)
	}
}

// A session of SqlInMemory that lacks a chunk is damaged, and not a shorter one; its lock is given back.
func TestMissingChunks(t *testing.T) {
	x := madeTable(t, "h_chunks", SchemaOptions{Layout: layout.SQLInMemory, StandIn: true}, false)
	k := session.Key{ID: "abcdefghijklmnopqrstuvwx"}
	for _, last := range []string{"3", "1, 2, 3"} {
		if err := x.empty(t.Context()); err != nil {
			t.Fatal(err)
		}
		v := session.Value{Payload: make([]byte, 20000), Timeout: 20}
		if err := x.SetAndRelease(t.Context(), k, v, session.Insert()); err != nil {
			t.Fatal(err)
		}
		if _, err := x.server.db.ExecContext(t.Context(), "DELETE FROM "+x.chunkTable()+" WHERE SessionItemId IN ("+last+")"); err != nil {
			t.Fatal(err)
		}
		for _, read := range []func() (session.Item, error){
			func() (session.Item, error) { return x.Get(t.Context(), k) },
			func() (session.Item, error) { return x.GetExclusive(t.Context(), k) },
		} {
			item, err := read()
			if !isDamaged(err) {
				t.Errorf("without chunks %s a read gives %d bytes, %v", last, len(item.Payload), err)
			}
		}
		if r, err := session.PeekOne(t.Context(), x, k); err != nil || r.Lock.Locked {
			t.Errorf("the lock is held: %+v, %v", r, err)
		}
	}
}

func isDamaged(err error) bool {
	var e *layout.CorruptError
	return errors.As(err, &e)
}
