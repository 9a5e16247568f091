package sim

import (
	"context"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
)

// passing opens bridges that serve old as it is.
func passing(f *farm, b *slot) {
	store := &way{life: b.life, kind: toStore, to: f.old}
	b.store = store
	if f.plan.wired {
		p, err := b.life.front(store)
		if err != nil {
			f.bad("%v", err)
		}
		b.port = p
	}
}

// TestSimFarm: direct nodes, nodes on bridges and whatever crashes, without a cut-over.
func TestSimFarm(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		if *oneSeed != 0 {
			seed = *oneSeed
		}
		res := play(t, planOf(seed), cutOver(passing, func(f *farm) {
			time.Sleep(f.plan.length)
			f.ending = func() { f.looks(f.old) }
		}))
		res.show(t)
		if *oneSeed != 0 {
			break
		}
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
