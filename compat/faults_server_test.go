package compat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/tdsproxy"
	"github.com/aspstate/aspstate/session"
)

// noWait are the retries of a layout without their waits.
func noWait(l *layout.Layout) Retry {
	r := retryOf(l)
	r.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return r
}

// behind puts a proxy before the test engine, and returns a DSN that goes through it.
func behind(t *testing.T, database string) (*tdsproxy.Proxy, DSN) {
	t.Helper()
	d := testDSN(t).WithDatabase(database).with(keyEncrypt, "disable")
	port := d.get().values[keyPort]
	if port == "" {
		port = "1433"
	}
	p, err := tdsproxy.Listen(net.JoinHostPort(d.get().values[keyServer], port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	host, port, err := net.SplitHostPort(p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return p, d.with(keyServer, host).with(keyPort, port)
}

// through opens a table again, over a proxy.
func through(t *testing.T, x *Table) (*Table, *tdsproxy.Proxy) {
	t.Helper()
	p, dsn := behind(t, x.server.Facts.Database)
	return reopened(t, x, dsn, 2), p
}

// reopened opens a table over connections of another kind.
func reopened(t *testing.T, x *Table, d DSN, conns int) *Table {
	t.Helper()
	s, err := Connect(t.Context(), d, ConnectOptions{MaxConns: conns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	f := x.found
	y, err := s.Open(t.Context(), &f, Options{Retry: noWait(x.layout)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.Close() })
	return y
}

// work is a batch of changes on a table, and what the table must hold afterwards.
type work struct {
	before  []session.Record
	changes []session.Change
	after   map[string]*session.Record // by id; nil: gone
}

// aWork has everything in it: enough new rows for a bulk load, updates over the limit of 7000 bytes in both directions,
// deletions, a row that is there already, and one that is not as expected.
func aWork(round int) work {
	now := session.At(time.Now())
	w := work{after: map[string]*session.Record{}}
	rec := func(name string, n int) session.Record {
		r := session.Record{
			Key: session.Key{ID: fmt.Sprintf("%s%04d%s", name, round, strings.Repeat("0", 12))}, Payload: bytes.Repeat([]byte{byte(n), 1}, n/2),
			Timeout: 20, Created: now - 5*session.Minute - 1, Expires: now + 15*session.Minute + 1,
			Lock: session.Lock{Cookie: 7, Since: now - session.Minute},
		}
		return r
	}
	for i := range bulkLeast + 4 {
		r := rec(fmt.Sprintf("new%02d", i), 40+i*900)
		w.changes = append(w.changes, session.Change{Record: r})
		w.after[r.Key.ID] = &r
	}
	there := func(name string, n int) (session.Record, *session.Fence) {
		r := rec(name, n)
		w.before = append(w.before, r)
		f := r.Fence()
		return r, &f
	}
	for i, sizes := range [][2]int{{40, 9000}, {9000, 40}, {100, 200}, {15000, 8000}} {
		r, f := there(fmt.Sprintf("upd%02d", i), sizes[0])
		u := rec(fmt.Sprintf("upd%02d", i), sizes[1])
		u.Lock.Cookie, u.Expires, u.Lock.Locked = r.Lock.Cookie+1, r.Expires+session.Minute, true
		w.changes = append(w.changes, session.Change{Record: u, Expect: f})
		w.after[u.Key.ID] = &u
	}
	r, f := there("del00", 8000)
	w.changes = append(w.changes, session.Change{Record: session.Record{Key: r.Key}, Delete: true, Expect: f})
	w.after[r.Key.ID] = nil
	r, _ = there("same0", 60)
	w.changes = append(w.changes, session.Change{Record: r})
	w.after[r.Key.ID] = &r
	other, f2 := there("other", 60)
	stale := *f2
	stale.LockCookie--
	u := rec("other", 70)
	w.changes = append(w.changes, session.Change{Record: u, Expect: &stale})
	w.after[other.Key.ID] = &other
	return w
}

// begin writes what a work finds.
func (w *work) begin(t *testing.T, x *Table) {
	t.Helper()
	if err := x.empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	var cs []session.Change
	for _, r := range w.before {
		cs = append(cs, session.Change{Record: r})
	}
	if _, err := x.Apply(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
}

// check compares the table with what a work must leave, and counts its rows.
func (w *work) check(t *testing.T, x *Table, what string) {
	t.Helper()
	live := int64(0)
	for id, want := range w.after {
		got, err := session.PeekOne(t.Context(), x, session.Key{ID: id})
		switch {
		case want == nil && errors.Is(err, session.ErrNotFound):
		case want == nil:
			t.Errorf("%s: %s is there: %v", what, id, err)
		case err != nil:
			t.Errorf("%s: %s: %v", what, id, err)
		case got.Fence() != want.Fence() || !bytes.Equal(got.Payload, want.Payload):
			t.Errorf("%s: %s is %+v with %d bytes, want %+v with %d", what, id, got.Fence(), len(got.Payload), want.Fence(), len(want.Payload))
		}
		if want != nil {
			live++
		}
	}
	if n, err := x.Count(t.Context()); err != nil || n != live {
		t.Errorf("%s: %d rows, want %d, %v", what, n, live, err)
	}
	if x.chunked() {
		var orphans int
		q := "SELECT COUNT(*) FROM " + x.chunkTable() + " c WHERE NOT EXISTS (SELECT 1 FROM " + x.name() + " s WHERE s.[SessionId] = c.[SessionId])"
		if err := x.server.db.QueryRowContext(t.Context(), q).Scan(&orphans); err != nil || orphans > 0 {
			t.Errorf("%s: %d chunks of no session, %v", what, orphans, err)
		}
	}
}

// faultTables are the layouts whose writes differ.
var faultTables = []struct {
	name string
	o    SchemaOptions
}{
	{"fx", SchemaOptions{Layout: layout.FrameworkCompat, Type: "c"}},
	{"sqlserver", SchemaOptions{Layout: layout.SQLServer}},
	{"sqlinmemory", SchemaOptions{Layout: layout.SQLInMemory, StandIn: true}},
}

// A connection that is cut at any packet of a batch, in either direction, before or after the packet has passed, loses
// nothing and does nothing twice: Apply does it again by itself.
func TestApplyCutAtEveryPacket(t *testing.T) {
	for _, c := range faultTables {
		t.Run(c.name, func(t *testing.T) {
			x := madeTable(t, "h_cut_"+c.name, c.o, false)
			y, p := through(t, x)
			round := 0
			for _, dir := range []tdsproxy.Direction{tdsproxy.Request, tdsproxy.Reply} {
				for _, after := range []bool{false, true} {
					for n := 1; ; n++ {
						round++
						w := aWork(round)
						w.begin(t, x)
						p.Set(tdsproxy.CutAt(dir, n, after))
						_, err := y.Apply(t.Context(), w.changes)
						passed := p.Packets(dir)
						p.Settle()
						what := fmt.Sprintf("direction %d, packet %d, after %v", dir, n, after)
						if err != nil {
							t.Fatalf("%s: %v", what, err)
						}
						w.check(t, x, what)
						if passed < n {
							break // the work is done before this packet
						}
					}
				}
			}
			if round < 40 {
				t.Errorf("%d rounds only", round)
			}
		})
	}
}

// Deadlocks at every request of a batch end in a retry, whatever the request: bulk load, statement, commit.
func TestApplyUnderDeadlocks(t *testing.T) {
	for _, c := range faultTables {
		t.Run(c.name, func(t *testing.T) {
			x := madeTable(t, "h_deadlock_"+c.name, c.o, false)
			y, p := through(t, x)
			for _, number := range []int32{1205, 1222, 3960, 41302} {
				for n := 1; ; n++ {
					w := aWork(n)
					w.begin(t, x)
					hit := false
					p.Set(func(pk tdsproxy.Packet) (a tdsproxy.Act) {
						if pk.Direction == tdsproxy.Request && pk.First && pk.Message == n && pk.Type != tdsproxy.TypeLogin && pk.Type != tdsproxy.TypeHello {
							hit, a.Number = true, number
						}
						return a
					})
					_, err := y.Apply(t.Context(), w.changes)
					p.Settle()
					what := fmt.Sprintf("error %d at request %d", number, n)
					if err != nil {
						t.Fatalf("%s: %v", what, err)
					}
					w.check(t, x, what)
					if !hit && n > 3 {
						break
					}
				}
			}
		})
	}
}

// A server that fails at every second request for a while, and is gone for a while, is waited for; one that never comes back
// is an error, after which nothing is half done.
func TestApplyWhileTheServerComesAndGoes(t *testing.T) {
	x := madeTable(t, "h_gone", faultTables[0].o, false)
	y, p := through(t, x)
	w := aWork(1)
	w.begin(t, x)
	n := 0
	p.Set(func(pk tdsproxy.Packet) (a tdsproxy.Act) {
		if pk.Direction == tdsproxy.Request && pk.First && pk.Type == tdsproxy.TypeRPC {
			if n++; n < 12 && n%2 == 0 {
				a.Number = 1205
			}
		}
		return a
	})
	if _, err := y.Apply(t.Context(), w.changes); err != nil {
		t.Fatal(err)
	}
	w.check(t, x, "every second request a deadlock")

	w = aWork(2)
	w.begin(t, x)
	p.Set(nil)
	p.CutAll()
	p.Refuse(true)
	_, err := y.Apply(t.Context(), w.changes)
	if err == nil || Classify(err) != Again {
		t.Errorf("a server that is gone: %v (%v)", err, Classify(err))
	}
	p.Refuse(false)
	if _, err := y.Apply(t.Context(), w.changes); err != nil {
		t.Fatal(err)
	}
	w.check(t, x, "after it came back")
}

// Wherever the last token of a bulk load lies in its packets, the rows arrive: sizes sweep every alignment of packets of 512
// bytes. Babelfish loses step at a dozen of them, and at the same ones each time.
func TestLoadsEndAnywhereInAPacket(t *testing.T) {
	x := madeTable(t, "h_align", faultTables[1].o, false)
	y := reopened(t, x, testDSN(t).WithDatabase(x.server.Facts.Database).with("packet size", "512"), 1)
	now := session.At(time.Now())
	for n := range 512 {
		var cs []session.Change
		for i := range bulkLeast {
			cs = append(cs, session.Change{Record: session.Record{
				Key: session.Key{ID: fmt.Sprintf("%03d%02d%s", n, i, strings.Repeat("0", 27))}, Payload: make([]byte, 1+n*(i/(bulkLeast-1))),
				Timeout: 20, Created: now, Expires: now + 20*session.Minute, Lock: session.Lock{Cookie: 1, Since: now},
			}})
		}
		outs, err := y.Apply(t.Context(), cs)
		if err != nil || outs[0].Result != session.Applied {
			t.Fatalf("a last payload of %d bytes: %v, %+v", 1+n, err, outs)
		}
	}
	if n, err := x.Count(t.Context()); err != nil || n != 512*bulkLeast {
		t.Errorf("%d rows, %v", n, err)
	}
}
