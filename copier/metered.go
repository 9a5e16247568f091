package copier

import (
	"context"
	"errors"
	"time"

	"github.com/aspstate/aspstate/session"
)

// metered tells a Steering how long the calls of an end take. It skims as that can.
type metered struct {
	Source
	steer  *Steering
	target bool
}

func (m metered) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	defer m.steer.called(m.target, time.Now())
	return m.Source.Peek(ctx, keys)
}

func (m metered) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	defer m.steer.called(m.target, time.Now())
	return m.Source.Scan(ctx, req)
}

func (m metered) Skim(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	defer m.steer.called(m.target, time.Now())
	return skim(m.Source).Scan(ctx, req)
}

func (m metered) SkimKeys(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	defer m.steer.called(m.target, time.Now())
	return skim(m.Source).Peek(ctx, keys)
}

func (m metered) Count(ctx context.Context) (int64, error) { return counted(ctx, m.Source) }

// meteredSource is a metered source.
type meteredSource struct{ metered }

// meteredTarget is a metered target.
type meteredTarget struct {
	metered
	to Destination
}

func (m meteredTarget) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	defer m.steer.called(true, time.Now())
	return m.to.Apply(ctx, changes)
}

func (m meteredTarget) After(c session.Change) session.Fence { return m.to.After(c) }

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
