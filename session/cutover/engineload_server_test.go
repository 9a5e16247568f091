package cutover

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/tdsproxy"
	"github.com/aspstate/aspstate/internal/testengine"
	"github.com/aspstate/aspstate/internal/traffic"
	"github.com/aspstate/aspstate/session"
)

// seed makes sessions in old, by its own verbs, and returns their keys.
func (e *engine) seed(n int) (keys []session.Key) {
	e.t.Helper()
	empty := []byte{60, 0, 0, 0, 0, 0, 0xFF}
	for i := range n {
		k := key(fmt.Sprintf("old%021d", i))
		if err := e.old.SetAndRelease(e.t.Context(), k, session.Value{Payload: empty, Timeout: 60}, session.Insert()); err != nil {
			e.t.Fatal(err)
		}
		keys = append(keys, k)
	}
	return keys
}

// nodes lets pages come through some bridges.
func (e *engine) nodes(keys []session.Key, bridges ...*Store) *traffic.Farm {
	var made atomic.Int64
	o := traffic.Options{
		Keys: keys, NewKey: func() session.Key { return key(fmt.Sprintf("new%021d", made.Add(1))) },
		Rate: 100, Workers: 5, Seed: 7, LockFor: 300 * time.Millisecond, Patience: time.Second, BreakAfter: 8 * time.Second,
	}
	for _, b := range bridges {
		o.Stores = append(o.Stores, b)
	}
	return traffic.Start(e.t.Context(), o)
}

// to asks a bridge for a phase until it is entered: the background may have sessions to move before.
func (e *engine) to(b *Store, r Request) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), 2*time.Minute)
	defer cancel()
	began := time.Now()
	for {
		err := b.Change(ctx, shop, r)
		if err == nil {
			e.t.Logf("%v after %v, longest wait of a call %v", r.Phase, time.Since(began).Round(time.Millisecond), b.Status().Apps[0].LongestWait)
			return
		}
		if refused := (*RefusedError)(nil); !errors.As(err, &refused) || sleep(ctx, 50*time.Millisecond) != nil {
			e.t.Fatalf("changing to %v: %v", r.Phase, err)
		}
	}
}

// leads checks the store that leads against what was acknowledged.
func (e *engine) leads(f *traffic.Farm, p session.Peeker) traffic.Result {
	e.t.Helper()
	f.Stop()
	bad, err := f.Check(context.WithoutCancel(e.t.Context()), p, func(k session.Key) (session.Key, error) { return k, nil })
	if err != nil {
		e.t.Fatal(err)
	}
	if len(bad) > 0 {
		e.t.Errorf("%d complaints: %s", len(bad), strings.Join(bad[:min(len(bad), 10)], "\n"))
	}
	r := f.Result()
	e.t.Logf("%d pages, %d calls failed (%v), p50 %v, p99 %v, longest %v", r.Pages, r.Failures, r.Failure, r.P50, r.P99, r.Most)
	return r
}

// TestPhasesOnSQLServer goes all ways between two tables with three bridges, one of which dies, while pages use the sessions.
func TestPhasesOnSQLServer(t *testing.T) {
	e := onEngine(t, "h_cut_phases")
	keys := e.seed(60)
	b1, b2, b3 := e.bridge(t, Options{}), e.bridge(t, Options{}), e.bridge(t, Options{})
	f := e.nodes(keys, b1, b2, b3)
	rest := func() { time.Sleep(700 * time.Millisecond) }
	rest()
	for i, r := range []Request{{Phase: Prepare}, {Phase: Handoff, Percent: 40}, {Phase: Handoff}, {Phase: Mirror}, {Phase: Handback}, {Phase: Proxy}} {
		e.to([]*Store{b1, b2, b3}[i%3], r)
		rest()
	}
	f.Pause()
	bad, err := f.Check(t.Context(), e.old, func(k session.Key) (session.Key, error) { return k, nil })
	if err != nil || len(bad) > 0 {
		t.Errorf("back in proxy: %v, %v", bad, err)
	}
	if n, err := e.tables[1].Count(t.Context()); n != 0 || err != nil {
		t.Errorf("back in proxy new has %d sessions, %v", n, err)
	}
	f.Resume(b1, b2)
	b3.die()
	for _, r := range []Request{{Phase: Prepare}, {Phase: Handoff}, {Phase: Handback}, {Phase: Handoff}, {Phase: Mirror}, {Phase: Done}} {
		e.to(b2, r)
		rest()
	}
	if r := e.leads(f, e.new); r.Failures > 0 || r.Pages < 300 {
		t.Errorf("%d pages, %d calls failed", r.Pages, r.Failures)
	}
}

// TestFaultsOnSQLServer does the same over connections that are cut, and through deadlocks.
func TestFaultsOnSQLServer(t *testing.T) {
	e := onEngine(t, "h_cut_faults")
	keys := e.seed(60)
	u, err := url.Parse(testengine.DSN(t))
	if err != nil {
		t.Skip("the DSN is no URL")
	}
	p, err := tdsproxy.Listen(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() }) // after the bridges
	u.Host = p.Addr()
	cut, steady := e.again(u.String()), e.bridge(t, Options{})
	b := cut.bridge(t, Options{})
	f := e.nodes(keys, b, steady)
	p.Set(func(q tdsproxy.Packet) tdsproxy.Act {
		switch {
		case q.Type == tdsproxy.TypeLogin || q.Type == tdsproxy.TypeHello || !q.First:
		case q.Direction == tdsproxy.Reply && q.Message%67 == 0:
			return tdsproxy.Act{Drop: true}
		case q.Direction == tdsproxy.Request && q.Message%23 == 0 && q.Type == tdsproxy.TypeRPC:
			return tdsproxy.Act{Number: 1205}
		}
		return tdsproxy.Act{}
	})
	for _, r := range []Request{{Phase: Prepare}, {Phase: Handoff}, {Phase: Mirror}, {Phase: Handback}, {Phase: Proxy}, {Phase: Prepare}, {Phase: Handoff}, {Phase: Handback}, {Phase: Handoff}, {Phase: Mirror}} {
		e.to(steady, r)
		time.Sleep(time.Second)
	}
	p.Set(nil)
	r := e.leads(f, e.new)
	if r.Pages < 300 || r.Failures == 0 {
		t.Errorf("%d pages, %d calls failed: the run tests nothing", r.Pages, r.Failures)
	}
}

// again is the engine by another way.
func (e *engine) again(dsn string) *engine {
	e.t.Helper()
	other := *e
	fresh := testengine.Connect(e.t, dsn+"&database="+e.name+"_new")
	other.old, other.tables[0] = other.respelled(testengine.Connect(e.t, dsn+"&database="+e.name+"_old"), layout.FrameworkCompat, layout.RuleInbox)
	other.new, other.tables[1] = other.respelled(fresh, layout.SQLServer, layout.RuleAsync21)
	var err error
	if other.control, err = fresh.OpenControl(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	return &other
}
