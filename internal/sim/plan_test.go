package sim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/aspstate/aspstate/session/cutover"
	"github.com/aspstate/aspstate/session/memstore"
)

// plan is what a seed decides before a run begins.
type plan struct {
	seed    uint64
	nodes   int
	workers int // of a node
	bridges int
	keys    int           // sessions in use at a time
	uses    int           // calls until a session is left alone, so that histories can be checked
	length  time.Duration // until the nodes stop

	pause      time.Duration // between pages of a worker
	meanTravel time.Duration // of a step
	slow       float64       // how many steps take much longer
	faults     float64       // how many steps go wrong
	storms     time.Duration // how long about everything goes wrong more often after bridges have agreed on something; 0: not
	mortality  time.Duration // mean time between crashes
	shortLived float64       // how many sessions live for a minute
	freeRules  float64       // how many nodes go by the State Server's rules, others by SQL Server's
	hangsUp    bool          // a bridge learns that a node has gone
	wired      bool          // nodes speak the State Server's protocol
	durable    bool          // the stores have disks
	sync       memstore.Policy
	tick       time.Duration // of the stores' clocks; 0: as fine as it goes
	initial    cutover.Phase // in which both stores are empty
	look       time.Duration // how often bridges look at what is agreed while it changes
	unrevised  bool          // old shows no revisions to a copier
	oldAhead   time.Duration // how much the clock of old is ahead of that of new
}

// planOf draws the plan of a seed.
func planOf(seed uint64) plan {
	p := plan{seed: seed}
	r := p.random("plan")
	p.nodes, p.workers, p.bridges = 1+r.IntN(3), 1+r.IntN(3), 1+r.IntN(3)
	p.keys, p.uses = 2+r.IntN(6), 15+r.IntN(30)
	p.length = time.Duration(60+r.IntN(240)) * time.Second
	p.pause = time.Duration(100+r.IntN(1500)) * time.Millisecond
	p.meanTravel = time.Duration(float64(200*time.Microsecond) * math.Pow(10, 1.5*r.Float64()))
	p.slow = 0.04 * r.Float64() * r.Float64()
	p.faults = 0.08 * r.Float64() * r.Float64()
	p.mortality = time.Duration(5+r.IntN(80)) * time.Second
	if r.IntN(2) == 0 {
		p.storms = time.Duration(r.IntN(4000)) * time.Millisecond
	}
	p.shortLived = r.Float64() * r.Float64()
	p.freeRules = r.Float64()
	p.durable = r.IntN(4) == 0
	p.hangsUp = r.IntN(2) == 0
	p.wired = r.IntN(3) == 0
	p.initial = []cutover.Phase{cutover.Proxy, cutover.Proxy, cutover.Proxy, cutover.Proxy, cutover.Proxy, cutover.Mirror, cutover.Mirror}[r.IntN(7)]
	p.tick = []time.Duration{0, 0, 15625 * time.Microsecond, 100 * time.Millisecond}[r.IntN(4)]
	p.look = time.Duration(20+r.IntN(60)) * time.Millisecond
	p.unrevised = r.IntN(2) == 0
	switch r.IntN(4) {
	case 0:
		p.oldAhead = time.Duration(r.IntN(4000)-2000) * time.Millisecond
	case 1:
		p.oldAhead = time.Duration(r.IntN(60)-30) * time.Second
	}
	return p
}

// random is a source of random numbers of a program's own, so that one does not depend on when others draw.
func (p *plan) random(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(p.seed, h.Sum64()))
}

// weather is how much goes wrong.
type weather uint8

const (
	changing weather = iota // what the plan says
	calm                    // nothing
	storm                   // much
)

// fate draws what becomes of a step.
func (p *plan) fate(r *rand.Rand, s *step, w weather) fate {
	chance, which := r.Float64(), r.IntN(8)
	faults := p.faults
	if w == storm {
		faults += 0.15
	}
	switch {
	case w == calm, chance >= faults, s.kind == toDisk: // a store whose disk fails stops, and its goroutines never end
		return goes
	case which < 3:
		return fails
	case which < 5:
		return loses
	case which < 6:
		return lateReply
	}
	return doneLate
}

// travel draws how long a step is under way: exponentially distributed, and now and then up to the longest that anybody
// waits for anything.
func (p *plan) travel(r *rand.Rand, s *step, w weather) time.Duration {
	d := time.Duration(r.ExpFloat64() * float64(p.meanTravel))
	chance, long := r.Float64(), r.Float64()
	slow := p.slow
	if w == storm {
		slow += 0.1
	}
	if w != calm && chance < slow {
		d += time.Duration(math.Pow(10, 4*long) * float64(time.Millisecond)) // 1 ms to 10 s
	}
	return min(d+time.Microsecond, 30*time.Second)
}

// late is how long it takes until a late step is done, or a late answer comes: up to the given time.
func (p *plan) late(seq int, most time.Duration) time.Duration {
	r := rand.New(rand.NewPCG(p.seed, uint64(seq)))
	return time.Duration(1 + r.Float64()*float64(most))
}
