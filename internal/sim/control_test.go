package sim

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// table is how a program reaches what is agreed: each call is a step.
type table struct {
	life *life
	to   *server
}

// agreeing is how the steps begin that change what is agreed.
const agreeing = "agreement at "

// agreed has the new store do something about what is agreed.
func agreed[T any](ctx context.Context, t *table, what string, do func(context.Context, session.Controller) (T, error)) (T, error) {
	return pass(ctx, t.life, toControl, "agreement "+what, func(ctx context.Context) (T, error) {
		return reach(t.to, func(st *memstore.Store) (T, error) { return do(ctx, st) })
	})
}

func (t *table) Agreement(ctx context.Context) (session.Agreement, error) {
	return agreed(ctx, t, "read", func(ctx context.Context, c session.Controller) (session.Agreement, error) {
		return c.Agreement(ctx)
	})
}

func (t *table) Agree(ctx context.Context, app string, body []byte, epoch int64) (int64, error) {
	return agreed(ctx, t, fmt.Sprintf("at %d: %s", epoch, body), func(ctx context.Context, c session.Controller) (int64, error) {
		return c.Agree(ctx, app, body, epoch)
	})
}

func (t *table) Lease(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
	what := fmt.Sprintf("lease of %s at %d for %v", l.Holder, l.Epoch, d)
	return agreed(ctx, t, what, func(ctx context.Context, c session.Controller) (session.Agreement, error) {
		return c.Lease(ctx, l, d)
	})
}

func (t *table) Leave(ctx context.Context, holder string) error {
	_, err := agreed(ctx, t, "leave "+holder, func(ctx context.Context, c session.Controller) (nothing, error) {
		return nothing{}, c.Leave(ctx, holder)
	})
	return err
}

func (t *table) Mark(ctx context.Context, marks ...session.Mark) error {
	_, err := agreed(ctx, t, "mark "+marked(marks), func(ctx context.Context, c session.Controller) (nothing, error) {
		return nothing{}, c.Mark(ctx, marks...)
	})
	return err
}

func (t *table) Unmark(ctx context.Context, marks ...session.Mark) error {
	_, err := agreed(ctx, t, "unmark "+marked(marks), func(ctx context.Context, c session.Controller) (nothing, error) {
		return nothing{}, c.Unmark(ctx, marks...)
	})
	return err
}

func (t *table) Marks(ctx context.Context, app string, after *session.Mark, limit int) ([]session.Mark, error) {
	return agreed(ctx, t, fmt.Sprintf("marks, %d", limit), func(ctx context.Context, c session.Controller) ([]session.Mark, error) {
		return c.Marks(ctx, app, after, limit)
	})
}

func marked(marks []session.Mark) string {
	words := make([]string, len(marks))
	for i, m := range marks {
		words[i] = m.Key.ID + " by " + m.ID
	}
	return strings.Join(words, ", ")
}
