package sim

import (
	"flag"
	"fmt"
	"testing"

	"github.com/aspstate/aspstate/internal/linear"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
)

var (
	oneSeed   = flag.Uint64("seed", 0, "run this seed alone")
	showSteps = flag.Bool("steps", false, "print the trace")
)

// seeds are played.
const seeds = 200

func honest(s session.Store) session.Store { return s }

func TestSimPlain(t *testing.T) {
	for seed := uint64(1); seed <= 50; seed++ {
		if *oneSeed != 0 {
			seed = *oneSeed
		}
		res := play(t, planOf(seed), plain(honest))
		res.show(t)
		if *oneSeed != 0 {
			break
		}
	}
}

// TestReplay: a seed gives the same steps each time. Where the machine
// is busy, Go may interrupt a goroutine among several that something has woken at once: a second replay has to do then.
func TestReplay(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		p := planOf(seed)
		p.wired = seed%2 == 0
		trace := func() string { res := play(t, p, cutOver(openCutover, operate)); return res.trace.sum() }
		first, second := trace(), trace()
		if first == second {
			continue
		}
		if third := trace(); third != first && third != second {
			t.Errorf("seed %d: trace %s, then %s, then %s", seed, first, second, third)
		}
	}
}

// TestSim plays cut-overs, and looks whether all that can happen has happened in them.
func TestSim(t *testing.T) {
	last := uint64(seeds)
	if testing.Short() {
		last = 20
	}
	seen := map[string]int{}
	for seed := uint64(1); seed <= last; seed++ {
		if *oneSeed != 0 {
			seed, last = *oneSeed, *oneSeed
		}
		res := play(t, planOf(seed), cutOver(openCutover, operate))
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
	for _, what := range wanted() {
		if seen[what] == 0 {
			t.Errorf("in %d seeds there was no %q", seeds, what)
		}
	}
}

// wanted is what has to happen in some of the runs.
func wanted() []string {
	all := []string{"crash of a node", "crash of a bridge", "crash of a store", "stall of a bridge", "a call done after its caller gave up"}
	all = append(all, "crash of a copier", "pass of a copier", "a copier has copied", "a copier has updated", "a copier has deleted")
	for _, f := range fates[1:] {
		all = append(all, "fate:"+f)
	}
	for from, to := range map[cutover.Phase][]cutover.Phase{
		cutover.Proxy: {cutover.Prepare}, cutover.Prepare: {cutover.Proxy, cutover.Handoff}, cutover.Mirror: {cutover.Handback, cutover.Done},
		cutover.Handoff: {cutover.Handoff, cutover.Handback, cutover.Mirror}, cutover.Handback: {cutover.Proxy, cutover.Handoff},
	} {
		for _, p := range to {
			all = append(all, fmt.Sprintf("phase %v -> %v", from, p))
		}
	}
	for p := cutover.Proxy; p <= cutover.Done; p++ {
		all = append(all, "ended in "+p.String())
	}
	for over := linear.Directly; over <= linear.SQLServer; over++ {
		for _, v := range []linear.Verb{linear.Get, linear.Acquire, linear.Set, linear.Release, linear.Remove, linear.Create, linear.Reset} {
			all = append(all, fmt.Sprintf("%v %v over %v", v, linear.Done, over), fmt.Sprintf("%v %v over %v", v, linear.Unknown, over))
		}
		all = append(all, fmt.Sprintf("%v %v over %v", linear.Acquire, linear.Locked, over), fmt.Sprintf("%v %v over %v", linear.Acquire, linear.Absent, over))
	}
	return all
}
