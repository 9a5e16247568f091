package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/traffic"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

const runsApp = "/LM/W3SVC/3/ROOT/shop"

// freePort is a port that a bridge may have, and have again after it was killed.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// ifFree lets a store that knows conditions of the State Server take pages of the SQL providers.
type ifFree struct{ session.Store }

func (s ifFree) SetAndRelease(ctx context.Context, k session.Key, v session.Value, c session.Condition) error {
	return s.Store.SetAndRelease(ctx, k, v, session.IfFree(c.Cookie()))
}

func (s ifFree) Remove(ctx context.Context, k session.Key, c session.Condition) error {
	return s.Store.Remove(ctx, k, session.IfFree(c.Cookie()))
}

// sqlNode is a web server that reaches the bridge as a SQL Server, and connects anew when it was killed.
type sqlNode struct {
	session.Store
	dsn  string
	mu   sync.Mutex
	open *compat.Table
}

func (n *sqlNode) table(ctx context.Context) (*compat.Table, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open != nil {
		return n.open, nil
	}
	dsn, err := compat.ParseDSN(n.dsn)
	if err != nil {
		return nil, err
	}
	srv, err := compat.Connect(ctx, dsn, compat.ConnectOptions{})
	if err != nil {
		return nil, err
	}
	d, err := srv.Detect(ctx)
	if err != nil {
		return nil, errors.Join(err, srv.Close())
	}
	f, err := d.Choose(layout.FrameworkCompat, "")
	if err != nil {
		return nil, errors.Join(err, srv.Close())
	}
	n.open, err = srv.Open(ctx, f, compat.Options{})
	return n.open, err
}

func (n *sqlNode) with(ctx context.Context, f func(session.Store) error) error {
	x, err := n.table(ctx)
	if err != nil {
		return err
	}
	return f(x)
}

func (n *sqlNode) Get(ctx context.Context, k session.Key) (it session.Item, err error) {
	err = n.with(ctx, func(s session.Store) error { it, err = s.Get(ctx, k); return err })
	return it, err
}

func (n *sqlNode) GetExclusive(ctx context.Context, k session.Key) (it session.Item, err error) {
	err = n.with(ctx, func(s session.Store) error { it, err = s.GetExclusive(ctx, k); return err })
	return it, err
}

func (n *sqlNode) SetAndRelease(ctx context.Context, k session.Key, v session.Value, c session.Condition) error {
	return n.with(ctx, func(s session.Store) error { return s.SetAndRelease(ctx, k, v, c) })
}

func (n *sqlNode) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return n.with(ctx, func(s session.Store) error { return s.ReleaseExclusive(ctx, k, cookie) })
}

func (n *sqlNode) Remove(ctx context.Context, k session.Key, c session.Condition) error {
	return n.with(ctx, func(s session.Store) error { return s.Remove(ctx, k, c) })
}

// killedBridge is a bridge over two stores that is killed and started again.
type killedBridge struct {
	t             *testing.T
	args          []string
	mu            sync.Mutex
	r             *running
	kills         int
	state, sqlDSN string
	rate          int           // pages a second of traffic; 0: 300
	lockFor       time.Duration // how long one page in a hundred keeps its lock
	stateOnly     bool          // pages come by the State Server's protocol alone
	control       string
}

func newKilledBridge(t *testing.T, dir string, more ...string) *killedBridge {
	t.Helper()
	b := &killedBridge{t: t, state: freePort(t), control: filepath.Join(dir, "ctl.sock"), lockFor: 300 * time.Millisecond}
	sql := freePort(t)
	b.sqlDSN = "sqlserver://dba:s3cret@" + sql + "?encrypt=disable&database=Sessions"
	b.args = append([]string{
		"--stateserver", b.state, "--tds", sql, "--tds-login", "dba=s3cret", "--app", "shop=" + runsApp, "--control", b.control, "--sync", "always",
	}, more...)
	b.r = runBridge(t, b.args...)
	return b
}

// kill kills the bridge in the middle of whatever it does, and starts it again.
func (b *killedBridge) kill() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kills++
	b.r.stop(os.Kill)
	b.r = runBridge(b.t, b.args...)
}

// phase asks for a phase until the bridge has entered it.
func (b *killedBridge) phase(name string, more ...string) {
	b.t.Helper()
	for began := time.Now(); ; {
		r := command(b.t, "", append([]string{"ctl", "phase", "shop", name, "--control", b.control, "--json"}, more...)...)
		if r.code == exitDone {
			return
		}
		if time.Since(began) > time.Minute {
			b.t.Fatalf("phase %s is not entered, exit %d: %s %s\n%s", name, r.code, r.out, r.err, b.r.said())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestCutOverIsKilled cuts a farm over from one store to another through a bridge, forwards and back, while pages of both
// protocols use it and it is killed again and again. Afterwards the store that leads has what was acknowledged. Twenty runs,
// a minute to ten, with ASPSTATE_TEST_LONG: a phase waits for the lease of each bridge that was killed.
func TestCutOverIsKilled(t *testing.T) {
	runs := 2
	if os.Getenv("ASPSTATE_TEST_LONG") != "" {
		runs = 20
	}
	if testing.Short() {
		t.Skip("leases of killed bridges have to run out")
	}
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			cutOverRun(t, uint64(seed))
		})
	}
}

func cutOverRun(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 7))
	dir := t.TempDir()
	oldDir, newDir := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	keys := seedRun(t, oldDir, 200)
	b := newKilledBridge(t, dir, "--old", "embedded:"+oldDir, "--store", "embedded:"+newDir)
	f := b.traffic(seed, keys)

	over, killer := make(chan struct{}), sync.WaitGroup{}
	killer.Go(func() {
		for kills := 2 + r.IntN(4); kills > 0; kills-- {
			select {
			case <-over:
				return
			case <-time.After(time.Duration(200+rand.N(1200)) * time.Millisecond):
				b.kill()
			}
		}
	})
	leads := b.operate(rand.New(rand.NewPCG(seed, 8)))
	close(over)
	killer.Wait()
	f.Stop()
	b.r.stop(os.Interrupt)
	res := f.Result()
	if res.Pages < 50 {
		t.Errorf("%d pages: the run tests nothing", res.Pages)
	}
	t.Logf("seed %d: %d kills, %s leads, %d pages, %d calls failed (%v), p99 %v", seed, b.kills, leads, res.Pages, res.Failures, res.Failure, res.P99)
	store, err := memstore.Open(map[string]string{"old": oldDir, "new": newDir}[leads], memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	bad, err := f.Check(t.Context(), store, func(k session.Key) (session.Key, error) { return k, nil })
	if err != nil {
		t.Fatal(err)
	}
	if len(bad) > 0 {
		t.Errorf("%d complaints: %s\n%s", len(bad), strings.Join(bad[:min(len(bad), 10)], "\n"), b.r.said())
	}
}

// seedRun makes the store that is left.
func seedRun(t *testing.T, dir string, n int) (keys []session.Key) {
	t.Helper()
	s, err := memstore.Open(dir, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	empty := []byte{20, 0, 0, 0, 0, 0, 0xFF}
	for i := range n {
		k := session.Key{App: "shop", ID: fmt.Sprintf("old%021d", i)}
		if err := s.SetAndRelease(t.Context(), k, session.Value{Payload: empty, Timeout: 60}, session.Insert()); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return keys
}

// traffic lets pages of both protocols come, to this bridge and to others of its farm.
func (b *killedBridge) traffic(seed uint64, keys []session.Key, others ...*killedBridge) *traffic.Farm {
	b.t.Helper()
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{runsApp}})
	if err != nil {
		b.t.Fatal(err)
	}
	spelled := func(s session.Store, rule layout.IDRule) session.Store {
		sp, err := layout.NewSpelling(reg, rule)
		if err != nil {
			b.t.Fatal(err)
		}
		return &layout.Respelled{Table: s, Spelling: sp, Rule: rule}
	}
	var stores []session.Store
	for _, b := range append(others, b) {
		client := stateserver.NewClient(b.state, stateserver.ClientOptions{Timeout: 5 * time.Second})
		b.t.Cleanup(func() { client.Close() })
		node := &sqlNode{dsn: b.sqlDSN}
		b.t.Cleanup(func() {
			if node.open != nil {
				node.open.Close()
			}
		})
		stores = append(stores, ifFree{spelled(client, layout.RuleStateServer)})
		if !b.stateOnly {
			stores = append(stores, spelled(node, layout.RuleInbox))
		}
	}
	var made atomic.Int64
	return traffic.Start(b.t.Context(), traffic.Options{
		Stores: stores, Keys: keys,
		NewKey: func() session.Key { return session.Key{App: "shop", ID: fmt.Sprintf("new%021d", made.Add(1))} },
		Rate:   cmp.Or(b.rate, 300), Workers: 8, Seed: seed, LockFor: b.lockFor, Patience: time.Second, BreakAfter: 4 * time.Second,
	})
}

// operate takes the application through its phases, now and then back, and says which store leads in the end.
func (b *killedBridge) operate(r *rand.Rand) (leads string) {
	rest := func() { time.Sleep(time.Duration(r.IntN(800)) * time.Millisecond) }
	for turn := 0; ; turn++ {
		last := turn > 0 // at most once back
		rest()
		b.phase("prepare")
		rest()
		if r.IntN(2) == 0 {
			b.phase("handoff", "--percent", fmt.Sprint(10+r.IntN(80)))
			rest()
		}
		b.phase("handoff")
		rest()
		if !last && r.IntN(3) == 0 {
			b.phase("handback")
			rest()
			b.phase("proxy")
			continue
		}
		b.phase("mirror")
		rest()
		if !last && r.IntN(2) == 0 {
			b.phase("handback")
			rest()
			b.phase("proxy")
			rest()
			if r.IntN(2) == 0 {
				return "old"
			}
			continue
		}
		b.phase("done")
		rest()
		return "new"
	}
}
