package cutover

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// silent is a controller that may stop to answer.
type silent struct {
	session.Controller
	silent atomic.Bool
}

func (s *silent) wait(ctx context.Context) error {
	if !s.silent.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s *silent) Agreement(ctx context.Context) (session.Agreement, error) {
	if err := s.wait(ctx); err != nil {
		return session.Agreement{}, err
	}
	return s.Controller.Agreement(ctx)
}

func (s *silent) Lease(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
	if err := s.wait(ctx); err != nil {
		return session.Agreement{}, err
	}
	return s.Controller.Lease(ctx, l, d)
}
