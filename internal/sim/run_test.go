package sim

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/internal/linear"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// result is what a run came to.
type result struct {
	plan  plan
	trace trace
	seen  map[string]int
	ops   int
	wrong []string // what must not be
}

// scenario is what happens in a run: it comes back when the world may end.
type scenario func(r *run)

// run is a world with its programs.
type run struct {
	*world
	h     *history
	stop  atomic.Bool // pages begin no more
	wrong []string
	rules linear.Rules
	dir   string // for files

	servers []*server
}

// serve starts a store.
func (r *run) serve(name string, ahead time.Duration) *server {
	s, err := r.newServer(name, ahead)
	if err != nil {
		r.bad("%v", err)
	}
	r.servers = append(r.servers, s)
	return s
}

// bad notes something that must not be.
func (r *run) bad(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// play runs a scenario out of a plan.
func play(t *testing.T, p plan, s scenario) result {
	var res result
	t.Run(fmt.Sprintf("seed%d", p.seed), func(t *testing.T) {
		dir := ramDir(t)
		defer alone()()
		cryptotest.SetGlobalRandom(t, p.seed) // identities and orders of stores come from there
		synctest.Test(t, func(t *testing.T) { res = playWithin(p, dir, s) })
	})
	return res
}

// ramDir is a directory in memory where there is one: what a disk takes to sync says nothing here.
func ramDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "aspstate-sim-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// alone has goroutines that something wakes at once run one after the other, in the same order each time. The collector would
// interrupt them.
func alone() (restore func()) {
	runtime.GC()
	procs, percent := runtime.GOMAXPROCS(1), debug.SetGCPercent(-1)
	return func() {
		debug.SetGCPercent(percent)
		runtime.GOMAXPROCS(procs)
	}
}

func playWithin(p plan, dir string, s scenario) result {
	w := newWorld(p)
	r := &run{world: w, h: newHistory(w.began), dir: dir}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s(r)
	}()
	if err := w.schedule(done); err != nil {
		r.bad("%v", err)
	}
	close(w.over)
	for _, end := range w.ends {
		end()
	}
	for _, s := range r.servers {
		s.close()
	}
	time.Sleep(time.Hour) // who slept comes back
	synctest.Wait()
	res := result{plan: p, trace: w.trace, seen: w.seen, ops: len(r.h.ops), wrong: r.wrong}
	res.wrong = append(res.wrong, r.h.cookiesGivenTwice()...)
	if p.durable && p.sync != memstore.SyncAlways { // what was acknowledged may be forgotten then
		return res
	}
	unexplained, undecided := linear.Check(linear.WithGiveBacks(r.h.ops), r.rules, 20*time.Second)
	for _, k := range unexplained {
		res.wrong = append(res.wrong, fmt.Sprintf("no order explains the answers about %s:\n%s", k.ID, r.h.about(k)))
	}
	for _, k := range undecided {
		res.wrong = append(res.wrong, fmt.Sprintf("no order was found in time that explains the answers about %s", k.ID))
	}
	return res
}

// about lists what was asked about a session.
func (h *history) about(k session.Key) string {
	var b strings.Builder
	for _, o := range h.ops {
		in, out := o.Input.(linear.Asked), o.Output.(linear.Answered)
		if in.Key != k {
			continue
		}
		fmt.Fprintf(&b, "  client %3d %12.6f %-8v", o.ClientId, in.At.Seconds(), in.Verb)
		switch in.Verb {
		case linear.Set, linear.Remove:
			fmt.Fprintf(&b, " %s", condition(in.Cond))
		case linear.Release:
			fmt.Fprintf(&b, " of %d", in.Cookie)
		}
		if in.Value != 0 {
			fmt.Fprintf(&b, ", value %d for %d min", in.Value, in.Timeout)
		}
		fmt.Fprintf(&b, " -> %v", out.Status)
		switch out.Status {
		case linear.Done, linear.Locked:
			fmt.Fprintf(&b, ", value %d, cookie %d, held %v, marked %v", out.Value, out.Cookie, out.Held, out.Marked)
		}
		if out.Status != linear.Unknown {
			fmt.Fprintf(&b, " at %.6f", out.At.Seconds())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// show says what a run came to, and reports.
func (res *result) show(t *testing.T) {
	t.Helper()
	if testing.Verbose() {
		t.Logf("seed %d: %d calls, %d lines, trace %s", res.plan.seed, res.ops, len(res.trace.lines), res.trace.sum())
	}
	res.report(t)
}

// report fails the test with what a run came to.
func (res *result) report(t *testing.T) {
	t.Helper()
	if len(res.wrong) > 0 {
		t.Errorf("seed %d: %s\nlast steps:\n%s", res.plan.seed, strings.Join(res.wrong, "\n"), res.trace.tail(30))
	}
}

// plain has nodes on one store.
func plain(flaw func(session.Store) session.Store) scenario {
	return func(r *run) {
		r.rules = linear.Rules{Slack: 10*time.Millisecond + r.plan.tick}
		r.rules.Jumps = r.plan.durable
		store := r.serve("store", 0)
		front := (*port)(nil)
		if r.plan.wired {
			bridge := r.birth("b1.1")
			front = bridge.stateServer(flaw(&way{life: bridge, kind: toStore, to: store}))
		}
		var nodes []*node
		for i := range r.plan.nodes {
			nodes = append(nodes, &node{h: r.h, stop: &r.stop, free: r.plan.random(fmt.Sprint("node", i)).Float64() < r.plan.freeRules})
		}
		begin := func(i, life int) {
			n := *nodes[i]
			n.life = r.birth(fmt.Sprintf("n%d.%d", i, life))
			direct := &way{life: n.life, kind: toStore, to: store}
			n.route = func() session.Store { return flaw(direct) }
			if r.plan.wired {
				n.free, n.over = true, linear.StateServer
				c := n.life.client(func() *port { return front })
				n.route = func() session.Store { return c }
			}
			nodes[i] = &n
			n.start(i)
		}
		for i := range nodes {
			begin(i, 1)
		}
		g := r.plan.random("gremlin")
		for life := 2; r.now() < r.plan.length; life++ {
			time.Sleep(time.Duration(g.ExpFloat64()*float64(r.plan.mortality)) + 1)
			if store.disk != nil && g.IntN(2) == 0 {
				store.crash()
				time.Sleep(time.Duration(g.IntN(5_000_000_000)))
				if err := store.start(); err != nil {
					r.bad("%v", err)
					return
				}
				continue
			}
			i := g.IntN(len(nodes))
			nodes[i].crash()
			time.Sleep(time.Duration(g.IntN(5_000_000_000)))
			begin(i, life)
		}
		r.stop.Store(true)
		r.settle()
		for _, n := range nodes {
			n.running.Wait()
		}
		time.Sleep(time.Minute) // what is still under way arrives
		r.looks(store)
	}
}
