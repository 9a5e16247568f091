package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
)

// passing opens bridges that serve old as it is.
func passing(f *farm, b *slot) {
	store := &way{life: b.life, kind: toStore, to: f.old}
	b.store = store
	b.serve()
}

// idle is an operator who lets all be as it is.
func idle(f *farm) {
	time.Sleep(f.plan.length)
	f.ending = func() { f.looks(f.old) }
}

// TestSimFarm: direct nodes, nodes on bridges and whatever crashes, without a cut-over.
func TestSimFarm(t *testing.T) {
	seen := map[string]int{}
	for seed := uint64(1); seed <= 40; seed++ {
		if *oneSeed != 0 {
			seed = *oneSeed
		}
		res := play(t, planOf(seed), cutOver(passing, idle))
		res.show(t)
		for what, n := range res.seen {
			seen[what] += n
		}
		if *oneSeed != 0 {
			break
		}
	}
	if testing.Verbose() {
		t.Log(tally(seen))
	}
}

// looks compares what is in the store that leads with what nodes were told.
func (r *run) looks(leads *server) {
	for _, k := range r.h.past {
		rs, err := leads.store.Peek(context.Background(), []session.Key{k})
		if err != nil {
			r.bad("looking at %v: %v", k, err)
			return
		}
		r.h.ended(k, rs[0], session.At(leads.now()))
	}
}

// tally is how often what happened.
func tally(seen map[string]int) string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(seen)) {
		fmt.Fprintf(&b, "\n%8d %s", seen[what], what)
	}
	return b.String()
}
