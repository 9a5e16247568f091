package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/internal/linear"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
)

// farm is a cut-over: nodes, some of which use old directly at first, bridges, and the two stores.
type farm struct {
	*run
	old, new *server
	home     *server // where direct nodes go
	nodes    []*place
	bridges  []*slot
	open     func(f *farm, b *slot) // starts a bridge in its slot
	repairs  sync.WaitGroup         // what the gremlin has broken comes back
	unbroken chan struct{}          // has a place for who does something in which nothing must be broken; a mutex would not let time pass
	copying  copying
	plant    func(*cutover.Options) // plants a bug; nil: none
	wholly   bool                   // handoff is for all sessions
	ending   func()                 // looks at the stores in the end
}

// place is a node's place: one run of the program after the other.
type place struct {
	number int
	runs   int
	direct bool // on a store, without a bridge
	free   bool // by the State Server's rules
	over   linear.Protocol
	node   *node
	leave  *atomic.Bool // its pages begin no more
}

// startNode starts a node in its place.
func (f *farm) startNode(p *place) {
	p.runs++
	p.leave = new(atomic.Bool)
	n := &node{life: f.birth(fmt.Sprintf("n%d.%d", p.number, p.runs)), h: f.h, stop: p.leave, free: p.free}
	p.node = n
	to := make([]session.Store, len(f.bridges))
	for i, b := range f.bridges {
		switch p.over {
		case linear.StateServer:
			to[i] = n.life.client(func() *port { return b.stateServer })
		case linear.SQLServer:
			to[i] = n.life.sqlClient(func() *port { return b.sqlServer })
		default:
			to[i] = overBridge{n.life, b}
		}
	}
	if p.direct {
		to = []session.Store{&way{life: n.life, kind: toStore, to: f.home}}
	} else {
		n.over, n.free = p.over, p.over == linear.StateServer || p.over == linear.Directly && p.free
	}
	n.route = n.balance(to)
	n.start(p.number)
}

// balance spreads a node's calls over the bridges, most to one of them.
func (n *node) balance(to []session.Store) func() session.Store {
	r := n.w.plan.random(n.name + " balance")
	home := r.IntN(len(to))
	return func() session.Store {
		if r.IntN(4) == 0 {
			return to[r.IntN(len(to))]
		}
		return to[home]
	}
}

// endNode ends a node in order: pages end, and nothing of it is under way.
func (f *farm) endNode(p *place) {
	p.leave.Store(true)
	p.node.running.Wait()
	p.node.crash()
	time.Sleep(2 * zombieSpan)
}

// startBridge starts a bridge in its slot.
func (f *farm) startBridge(b *slot) {
	b.runs++
	b.life = f.birth(fmt.Sprintf("%s.%d", b.name, b.runs))
	f.open(f, b)
}

// gremlin breaks things until the nodes stop.
func (f *farm) gremlin() {
	r := f.plan.random("gremlin")
	for {
		time.Sleep(f.between(r, f.plan.mortality))
		f.unbroken <- struct{}{}
		if f.stop.Load() {
			<-f.unbroken
			return
		}
		away := f.between(r, 4*time.Second)
		d := r.IntN(10)
		if len(f.bridges) == 0 && (d < 9 || f.old.disk == nil) {
			d = 0
		}
		switch {
		case d < 3:
			p := f.nodes[r.IntN(len(f.nodes))]
			if p.leave.Load() || p.node.isDead() {
				break
			}
			f.count("crash of a node")
			p.node.crash()
			f.startNode(p)
		case d < 7:
			b := f.bridges[r.IntN(len(f.bridges))]
			if b.store == nil {
				break
			}
			f.count("crash of a bridge")
			f.note(b.life.name, "CRASHES for %v", away)
			b.crash()
			f.later(away, func() { f.startBridge(b) })
		case d < 9 || f.old.disk == nil:
			b := f.bridges[r.IntN(len(f.bridges))]
			if b.store == nil {
				break
			}
			f.count("stall of a bridge")
			away *= 2
			f.note(b.life.name, "STALLS for %v", away)
			b.life.stall(away)
		default:
			s := []*server{f.old, f.new}[r.IntN(2)]
			if s.store == nil {
				break
			}
			f.count("crash of a store")
			f.note(s.life.name, "CRASHES for %v", away)
			s.crash()
			f.later(away, func() {
				if err := s.start(); err != nil {
					f.bad("%v", err)
				}
			})
		}
		<-f.unbroken
	}
}

func (f *farm) later(d time.Duration, do func()) {
	f.repairs.Go(func() {
		time.Sleep(d)
		do()
	})
}

// between is a time of about that length.
func (f *farm) between(r *rand.Rand, mean time.Duration) time.Duration {
	return min(time.Duration(r.ExpFloat64()*float64(mean)), 5*mean) + time.Duration(1+r.IntN(1_000_000))
}

// cutOver plays a farm while an operator changes phases.
func cutOver(open func(*farm, *slot), operate func(*farm)) scenario {
	return func(r *run) {
		f := &farm{run: r, open: open, unbroken: make(chan struct{}, 1)}
		f.rules = linear.Rules{Moves: true, Jumps: r.plan.durable, Slack: 10*time.Millisecond + r.plan.oldAhead.Abs() + r.plan.tick}
		f.phaseNow = f.phase
		var err error
		if f.copying, err = newCopying(r.dir, r.plan.unrevised); err != nil {
			r.bad("%v", err)
			return
		}
		f.old, f.new = r.serve("old", r.plan.oldAhead), r.serve("new", 0)
		f.home = f.old
		for i := range r.plan.bridges {
			b := &slot{name: fmt.Sprintf("b%d", i+1)}
			f.bridges = append(f.bridges, b)
			f.startBridge(b)
		}
		g := r.plan.random("nodes")
		for i := range r.plan.nodes {
			p := &place{number: i + 1, direct: g.IntN(2) == 0 && r.plan.initial == cutover.Proxy, free: g.Float64() < r.plan.freeRules}
			if over := linear.Protocol(g.IntN(3)); r.plan.wired {
				p.over = over
			}
			f.nodes = append(f.nodes, p)
			f.startNode(p)
		}
		go f.gremlin()
		operate(f)
		f.finish()
	}
}

// finish lets pages end, repairs everything and waits until all is quiet.
func (f *farm) finish() {
	f.unbroken <- struct{}{}
	f.stop.Store(true)
	<-f.unbroken
	for _, p := range f.nodes {
		p.leave.Store(true)
	}
	f.settle()
	f.repairs.Wait()
	for _, p := range f.nodes {
		p.node.running.Wait()
	}
	time.Sleep(2 * time.Minute)
	f.ending()
}

// ofApp lists all rows of a store, as they are.
func (s *server) ofApp() (map[session.Key]*session.Record, error) {
	rows := map[session.Key]*session.Record{}
	req := session.ScanRequest{Limit: 1000}
	for {
		page, err := s.store.Scan(context.Background(), req)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", s.name, err)
		}
		for _, r := range page.Records {
			rows[r.Key] = &r
		}
		if page.Next == "" {
			return rows, nil
		}
		req.After = page.Next
	}
}
