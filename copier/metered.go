package copier

import (
	"context"
	"errors"
	"time"

	"github.com/aspstate/aspstate/session"
)

// meteredSource tells a Steering how long the calls of a source take. It skims as the source can.
type meteredSource struct {
	Source
	steer *Steering
}

func (m meteredSource) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	defer m.steer.called(false, time.Now())
	return m.Source.Peek(ctx, keys)
}

func (m meteredSource) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	defer m.steer.called(false, time.Now())
	return m.Source.Scan(ctx, req)
}

func (m meteredSource) Skim(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	defer m.steer.called(false, time.Now())
	return skim(m.Source).Scan(ctx, req)
}

func (m meteredSource) SkimKeys(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	defer m.steer.called(false, time.Now())
	return skim(m.Source).Peek(ctx, keys)
}

func (m meteredSource) Count(ctx context.Context) (int64, error) { return counted(ctx, m.Source) }

// meteredTarget does the same for a target.
type meteredTarget struct {
	Destination
	steer *Steering
}

func (m meteredTarget) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	defer m.steer.called(true, time.Now())
	return m.Destination.Peek(ctx, keys)
}

func (m meteredTarget) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	defer m.steer.called(true, time.Now())
	return m.Destination.Scan(ctx, req)
}

func (m meteredTarget) Skim(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	defer m.steer.called(true, time.Now())
	return skim(m.Destination).Scan(ctx, req)
}

func (m meteredTarget) SkimKeys(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	defer m.steer.called(true, time.Now())
	return skim(m.Destination).Peek(ctx, keys)
}

func (m meteredTarget) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	defer m.steer.called(true, time.Now())
	return m.Destination.Apply(ctx, changes)
}

func (m meteredTarget) Count(ctx context.Context) (int64, error) { return counted(ctx, m.Destination) }

var errUncounted = errors.New("the store cannot count")

func counted(ctx context.Context, store any) (int64, error) {
	if n := count(ctx, store); n >= 0 {
		return n, nil
	}
	return 0, errUncounted
}

// writable returns a source as a table that can be written, where it is one.
func writable(s Source) (session.Applier, bool) {
	if m, metered := s.(meteredSource); metered {
		s = m.Source
	}
	a, ok := s.(session.Applier)
	return a, ok
}
