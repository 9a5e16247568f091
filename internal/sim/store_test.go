package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// way is how a program reaches a store: each call is a step.
type way struct {
	life *life
	kind kind
	to   *server
}

// number is the payload of value n, and the other way round.
func number(payload []byte) uint64 {
	if len(payload) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(payload)
}

func payload(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func condition(c session.Condition) string {
	switch c.Kind() {
	case session.KindInsert:
		return "insert"
	case session.KindIfCookie:
		return fmt.Sprintf("if cookie %d", c.Cookie())
	case session.KindIfFree:
		return fmt.Sprintf("if free or %d", c.Cookie())
	}
	return "no condition"
}

func (s *way) said(format string, args ...any) string {
	return s.to.name + " " + fmt.Sprintf(format, args...)
}

// nothing is what calls return that return an error alone.
type nothing struct{}

func (s *way) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return pass(ctx, s.life, s.kind, s.said("get %s", k.ID), func(ctx context.Context) (session.Item, error) {
		return reach(s.to, func(st *memstore.Store) (session.Item, error) { return st.Get(ctx, k) })
	})
}

func (s *way) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return pass(ctx, s.life, s.kind, s.said("acquire %s", k.ID), func(ctx context.Context) (session.Item, error) {
		return reach(s.to, func(st *memstore.Store) (session.Item, error) { return st.GetExclusive(ctx, k) })
	})
}

func (s *way) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	what := s.said("set %s to %d for %d min %s", k.ID, number(v.Payload), v.Timeout, condition(cond))
	_, err := pass(ctx, s.life, s.kind, what, func(ctx context.Context) (nothing, error) {
		return reach(s.to, func(st *memstore.Store) (nothing, error) { return nothing{}, st.SetAndRelease(ctx, k, v, cond) })
	})
	return err
}

func (s *way) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	_, err := pass(ctx, s.life, s.kind, s.said("release %s of %d", k.ID, cookie), func(ctx context.Context) (nothing, error) {
		return reach(s.to, func(st *memstore.Store) (nothing, error) { return nothing{}, st.ReleaseExclusive(ctx, k, cookie) })
	})
	return err
}

func (s *way) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	_, err := pass(ctx, s.life, s.kind, s.said("remove %s %s", k.ID, condition(cond)), func(ctx context.Context) (nothing, error) {
		return reach(s.to, func(st *memstore.Store) (nothing, error) { return nothing{}, st.Remove(ctx, k, cond) })
	})
	return err
}

func (s *way) ResetTimeout(ctx context.Context, k session.Key) error {
	_, err := pass(ctx, s.life, s.kind, s.said("reset %s", k.ID), func(ctx context.Context) (nothing, error) {
		return reach(s.to, func(st *memstore.Store) (nothing, error) { return nothing{}, st.ResetTimeout(ctx, k) })
	})
	return err
}

func (s *way) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	what := s.said("create %s as %d for %d min", k.ID, number(v.Payload), v.Timeout)
	_, err := pass(ctx, s.life, s.kind, what, func(ctx context.Context) (nothing, error) {
		return reach(s.to, func(st *memstore.Store) (nothing, error) { return nothing{}, st.CreateUninitialized(ctx, k, v) })
	})
	return err
}

func (s *way) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return pass(ctx, s.life, s.kind, s.said("peek %s", ids(keys)), func(ctx context.Context) ([]*session.Record, error) {
		return reach(s.to, func(st *memstore.Store) ([]*session.Record, error) { return st.Peek(ctx, keys) })
	})
}

func (s *way) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	what := s.said("scan %d after %q", req.Limit, req.After)
	return pass(ctx, s.life, s.kind, what, func(ctx context.Context) (session.Page, error) {
		return reach(s.to, func(st *memstore.Store) (session.Page, error) { return st.Scan(ctx, req) })
	})
}

func (s *way) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	return s.apply(ctx, changes, func(*memstore.Store, *session.Change) {})
}

// apply alters the changes in the moment in which they are made.
func (s *way) apply(ctx context.Context, changes []session.Change, alter func(*memstore.Store, *session.Change)) ([]session.Outcome, error) {
	return pass(ctx, s.life, s.kind, s.said("apply %s", changed(changes)), func(ctx context.Context) ([]session.Outcome, error) {
		return reach(s.to, func(st *memstore.Store) ([]session.Outcome, error) {
			altered := slices.Clone(changes)
			for i := range altered {
				alter(st, &altered[i])
			}
			return st.Apply(ctx, altered)
		})
	})
}

func (s *way) After(c session.Change) session.Fence { return c.Record.Fence() }

func (s *way) Sweep(ctx context.Context, limit int) (int, error) {
	return pass(ctx, s.life, s.kind, s.said("sweep %d", limit), func(ctx context.Context) (int, error) {
		return reach(s.to, func(st *memstore.Store) (int, error) { return st.Sweep(ctx, limit) })
	})
}

func (s *way) Count(ctx context.Context) (int64, error) {
	return pass(ctx, s.life, s.kind, s.said("count"), func(ctx context.Context) (int64, error) {
		return reach(s.to, func(st *memstore.Store) (int64, error) { return st.Count(ctx) })
	})
}

func ids(keys []session.Key) string {
	text := ""
	for i, k := range keys {
		if i > 0 {
			text += " "
		}
		text += k.ID
	}
	return text
}

func changed(changes []session.Change) string {
	text := ""
	for i, c := range changes {
		if i > 0 {
			text += "; "
		}
		expect := "no row"
		if c.Expect != nil {
			expect = fmt.Sprintf("revision %d, cookie %d, locked %v", c.Expect.Revision, c.Expect.LockCookie, c.Expect.Locked)
		}
		if c.Delete {
			text += fmt.Sprintf("delete %s expecting %s", c.Record.Key.ID, expect)
		} else {
			text += fmt.Sprintf("put %s as %s expecting %s", c.Record.Key.ID, row(&c.Record), expect)
		}
	}
	return text
}
