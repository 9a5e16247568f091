package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
	"github.com/aspstate/aspstate/session/memstore"
)

// planted are bugs that a cut-over could have, by what they do to the stores under a bridge and to what it agrees on.
var planted = map[string]func(*farm, *cutover.Options){
	"an upsert without fence": func(_ *farm, o *cutover.Options) {
		o.Old, o.New = fenceless{o.Old.(*rows)}, fenceless{o.New.(*rows)}
	},
	"a deletion is not carried": func(_ *farm, o *cutover.Options) { o.New = keeping{o.New.(*rows), false} },
	"the id sweep is forgotten": func(_ *farm, o *cutover.Options) { o.New = keeping{o.New.(*rows), true} },
	"a bridge goes on before the barrier": func(_ *farm, o *cutover.Options) {
		o.Control = &hasty{table: o.Control.(*table)}
	},
	"a dirty mark is forgotten": func(_ *farm, o *cutover.Options) { o.Control = &forgetful{o.Control.(*table)} },
}

// TestPlanted: each bug is found by one of the seeds.
func TestPlanted(t *testing.T) {
	if testing.Short() {
		t.Skip("that they are found says nothing new with the race detector")
	}
	for name, bug := range planted {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= seeds; seed++ {
				if *oneSeed != 0 {
					seed = *oneSeed
				}
				open := func(f *farm, b *slot) {
					f.plant = func(o *cutover.Options) { bug(f, o) }
					openCutover(f, b)
				}
				res := play(t, planOf(seed), cutOver(open, operate))
				if len(res.wrong) > 0 {
					t.Logf("found by seed %d: %.200s", seed, res.wrong[0])
					return
				}
				if *oneSeed != 0 {
					break
				}
			}
			t.Error("no seed finds it")
		})
	}
}

// fenceless writes whatever is there.
type fenceless struct{ *rows }

func (s fenceless) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	return s.apply(ctx, changes, func(st *memstore.Store, c *session.Change) {
		if c.Delete {
			return
		}
		c.Expect = nil
		if r, err := session.PeekOne(context.Background(), st, c.Record.Key); err == nil {
			f := r.Fence()
			c.Expect = &f
		}
	})
}

// keeping says that it has deleted a row, and has not: in the sweep, or on behalf of nodes.
type keeping struct {
	*rows
	sweep bool
}

func (s keeping) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	e, _ := ctx.Value(errand{}).(string)
	sweeps := e == "operator"
	if phase, _ := s.life.w.phaseNow(); !changes[0].Delete || sweeps != s.sweep || phase != cutover.Prepare {
		return s.rows.Apply(ctx, changes)
	}
	return make([]session.Outcome, len(changes)), nil
}

// hasty confirms all that it sees, whatever it still has under way.
type hasty struct {
	*table
	lease session.Lease
}

func (h *hasty) Lease(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
	h.lease = l
	g, err := h.table.Lease(ctx, l, d)
	return h.confirm(ctx, g, err)
}

func (h *hasty) Agreement(ctx context.Context) (session.Agreement, error) {
	g, err := h.table.Agreement(ctx)
	return h.confirm(ctx, g, err)
}

func (h *hasty) confirm(ctx context.Context, g session.Agreement, err error) (session.Agreement, error) {
	if err != nil || h.lease.Epoch >= g.Epoch || h.lease.Holder == "" {
		return g, err
	}
	h.lease.Epoch = g.Epoch
	return h.table.Lease(ctx, h.lease, 10*time.Second)
}

// forgetful makes no marks.
type forgetful struct{ *table }

func (f *forgetful) Mark(context.Context, ...session.Mark) error { return nil }

// plantedCopies are bugs that a migration could have, by what it does to its target.
var plantedCopies = map[string]func(copier.Destination) copier.Destination{
	"a deletion is not carried": func(d copier.Destination) copier.Destination {
		return &undeleted{Destination: d, gone: map[session.Key]bool{}}
	},
}

// TestPlantedCopies: each bug is found by one of the seeds.
func TestPlantedCopies(t *testing.T) {
	if testing.Short() {
		t.Skip("that they are found says nothing new with the race detector")
	}
	for name, bug := range plantedCopies {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= seeds; seed++ {
				if res := play(t, planOf(seed), followed(bug)); len(res.wrong) > 0 {
					t.Logf("found by seed %d: %.200s", seed, res.wrong[0])
					return
				}
			}
			t.Error("no seed finds it")
		})
	}
}

// undeleted has rows that the migration takes for deleted.
type undeleted struct {
	copier.Destination
	gone map[session.Key]bool
}

func (u *undeleted) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	page, err := u.Destination.Scan(ctx, req)
	page.Records = slices.DeleteFunc(page.Records, func(r session.Record) bool { return u.gone[r.Key] })
	return page, err
}

func (u *undeleted) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	found, err := u.Destination.Peek(ctx, keys)
	for i, r := range found {
		if r != nil && u.gone[r.Key] {
			found[i] = nil
		}
	}
	return found, err
}

func (u *undeleted) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	if !changes[0].Delete {
		return u.Destination.Apply(ctx, changes)
	}
	for _, c := range changes {
		u.gone[c.Record.Key] = true
	}
	return make([]session.Outcome, len(changes)), nil
}
