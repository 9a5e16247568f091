package sim

import (
	"flag"
	"fmt"
	"testing"

	"github.com/aspstate/aspstate/session"
)

var (
	oneSeed   = flag.Uint64("seed", 0, "run this seed alone")
	showSteps = flag.Bool("steps", false, "print the trace")
)

func honest(s session.Store) session.Store { return s }

func TestSimPlain(t *testing.T) {
	steps := 0
	for seed := uint64(1); seed <= 50; seed++ {
		if *oneSeed != 0 {
			seed = *oneSeed
		}
		res := play(t, planOf(seed), plain(honest))
		if *showSteps {
			for _, l := range res.trace.lines {
				fmt.Println(l)
			}
		}
		res.report(t)
		steps += len(res.trace.lines)
		if testing.Verbose() {
			t.Logf("seed %d: %d calls, %d lines, trace %s", seed, res.ops, len(res.trace.lines), res.trace.sum())
		}
		if *oneSeed != 0 {
			break
		}
	}
}
