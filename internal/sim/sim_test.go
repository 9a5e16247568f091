package sim

import (
	"flag"
	"testing"

	"github.com/aspstate/aspstate/session"
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

// TestReplay: a seed gives the same steps each time.
func TestReplay(t *testing.T) {
	for seed := uint64(1); seed <= 12; seed++ {
		p := planOf(seed)
		p.wired, p.durable = seed%2 == 0, seed%3 == 0
		first := play(t, p, cutOver(passing, idle))
		second := play(t, p, cutOver(passing, idle))
		if first.trace.sum() != second.trace.sum() {
			t.Errorf("seed %d: trace %s, then %s", seed, first.trace.sum(), second.trace.sum())
		}
	}
}

// TestSim plays cut-overs.
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
	t.Log(tally(seen))
}
