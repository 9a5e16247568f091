package memstore

import (
	"context"
	"fmt"

	"github.com/aspstate/aspstate/session"
)

// Sweep implements session.Sweeper. It holds the lock of one shard at a time, for one removal, and does not wait for the
// disk: a removal that is forgotten in a crash is found again. Where its context ends, the sessions swept so far are
// counted beside the error.
func (s *Store) Sweep(ctx context.Context, limit int) (int, error) {
	if limit < 1 {
		return 0, fmt.Errorf("sweeping: limit %d is below 1", limit)
	}
	if s.writer != nil {
		if err := s.writer.refusal(); err != nil {
			return 0, err
		}
	}
	now := session.At(s.now())
	begin := s.sweepAt.Load() // where the last one stopped: no shard has to wait until the others are clean
	swept := 0
	for n := range uint32(shardCount) {
		i := (begin + n) % shardCount
		for {
			if err := ctx.Err(); err != nil {
				return swept, fmt.Errorf("sweeping: %w", err)
			}
			if swept == limit {
				s.sweepAt.Store(i)
				return swept, nil
			}
			done, err := s.sweepOne(&s.shards[i], now)
			if err != nil {
				return swept, err
			}
			if !done {
				break
			}
			swept++
		}
	}
	return swept, nil
}

// sweepOne removes one dead session of the shard, and says whether there was one.
func (s *Store) sweepOne(sh *shard, now session.Instant) (bool, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return false, ErrClosed
	}
	e := sh.due.first(now)
	if e == nil {
		return false, nil
	}
	c := call{s: s, sh: sh, hash: e.hash, e: e, now: now}
	c.drop(0)
	return true, nil
}
