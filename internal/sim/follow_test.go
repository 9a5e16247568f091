package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/linear"
)

// follower is the operator of a cut-over without a bridge: the farm is on old, a migration follows it, and is cut over. However often it is
// killed, aborted or fails, the nodes then work on new.
type follower struct {
	f       *farm
	rng     *rand.Rand
	runs    int
	stopped bool // the nodes
	over    bool // new leads
}

// TestSimFollow plays cut-overs without a bridge.
func TestSimFollow(t *testing.T) {
	last := uint64(100)
	if testing.Short() {
		last = 10
	}
	seen := map[string]int{}
	for seed := uint64(1); seed <= last; seed++ {
		if *oneSeed != 0 {
			seed, last = *oneSeed, *oneSeed
		}
		res := play(t, planOf(seed), followed(nil))
		res.show(t)
		for what, n := range res.seen {
			seen[what] += n
		}
	}
	if testing.Verbose() {
		t.Log(tally(seen))
	}
	if *oneSeed != 0 || testing.Short() {
		return
	}
	for _, what := range []string{
		"crash of a copier", "crash of a copier while nodes are stopped", "pass of a copier", "a copier has copied", "a copier has updated",
		"a copier has deleted", "cut over", "learnt afterwards that it was cut over", "nodes back on old",
	} {
		if seen[what] == 0 {
			t.Errorf("in %d seeds there was no %q", last, what)
		}
	}
}

// followed plays a farm that is moved by a migration alone. plant plants a bug in its target; nil: none.
func followed(plant func(copier.Destination) copier.Destination) scenario {
	return func(r *run) {
		f := &farm{run: r, unbroken: make(chan struct{}, 1)}
		f.rules = linear.Rules{Jumps: r.plan.durable, Slack: 10*time.Millisecond + r.plan.oldAhead.Abs() + r.plan.tick}
		var err error
		if f.copying, err = newCopying(r.dir, r.plan.unrevised); err != nil {
			r.bad("%v", err)
			return
		}
		if plant != nil {
			f.copying.plant = plant
		}
		f.old, f.new = r.serve("old", r.plan.oldAhead), r.serve("new", 0)
		f.home = f.old
		o := &follower{f: f, rng: r.plan.random("operator")}
		g := r.plan.random("nodes")
		for i := range r.plan.nodes {
			p := &place{number: i + 1, direct: true, free: g.Float64() < r.plan.freeRules}
			f.nodes = append(f.nodes, p)
			f.startNode(p)
		}
		go f.gremlin()
		for f.now() < r.plan.length {
			if o.over {
				time.Sleep(f.between(o.rng, 10*time.Second))
				continue
			}
			o.try()
		}
		if o.stopped && !o.over { // when time is up nodes are somewhere
			o.settleDown()
		}
		f.ending = func() { f.looks(f.home) }
		f.finish()
	}
}

// try is one run of the migration.
func (o *follower) try() {
	o.runs++
	wasStopped := o.stopped
	var m *migration
	m = o.f.migrate(fmt.Sprintf("copier.%d", o.runs), 0, copier.Options{Stage: func(_ context.Context, s copier.Stage, _ copier.Facts) error {
		if s == copier.StageFrozen && o.rng.IntN(4) == 0 {
			o.f.later(o.f.between(o.rng, 50*time.Millisecond), m.kill)
		}
		o.stage(s)
		return nil
	}})
	after := o.f.between(o.rng, 6*time.Second)
	switch d := o.rng.IntN(6); {
	case wasStopped:
		m.steering.CutOver()
	case d < 2:
		o.f.later(after, m.steering.CutOver)
	case d == 2:
		o.f.later(after, m.stop)
	default: // and whoever starts it again wants it cut over
		m.steering.CutOver()
	}
	if o.rng.IntN(3) == 0 {
		o.f.later(o.f.between(o.rng, 3*time.Second), m.kill)
	}
	m.wait()
	if m.isDead() {
		if o.stopped {
			o.f.count("crash of a copier while nodes are stopped")
		}
		time.Sleep(o.f.between(o.rng, 500*time.Millisecond))
		return
	}
	refused, is := errors.AsType[*copier.RefusedError](m.err)
	if is && slices.ContainsFunc(refused.Checks, func(c copier.Check) bool { return c.Name == "cut-over" }) {
		o.f.count("learnt afterwards that it was cut over")
		o.lead()
	}
}

// stage is what the operator's hooks do.
func (o *follower) stage(s copier.Stage) {
	switch s {
	case copier.StageFreeze:
		o.f.unbroken <- struct{}{} // perhaps the hook of a migration that was killed is still at it
		if !o.stopped {
			for _, p := range o.f.nodes {
				o.f.endNode(p)
			}
			o.stopped = true
		}
		<-o.f.unbroken
	case copier.StageFailed:
		if o.stopped && o.rng.IntN(2) == 0 {
			o.f.count("nodes back on old")
			o.start()
		}
	case copier.StageDone:
		o.f.count("cut over")
		o.lead()
	}
}

// lead starts the nodes on new.
func (o *follower) lead() {
	o.over, o.f.home = true, o.f.new
	o.start()
}

func (o *follower) start() {
	o.f.unbroken <- struct{}{}
	for _, p := range o.f.nodes {
		o.f.startNode(p)
	}
	<-o.f.unbroken
	o.stopped = false
}

// settleDown finds out where nodes belong that are stopped: a migration tells, whatever became of the ones before it.
func (o *follower) settleDown() {
	o.f.settle()
	for n := 0; !o.over; n++ {
		if n == 20 {
			o.f.bad("all is quiet, and nothing is cut over")
			return
		}
		o.try()
	}
}
