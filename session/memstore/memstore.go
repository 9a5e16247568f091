// Package memstore is the embedded session store: all sessions in memory, volatile or with a journal on disk.
//
// It is an ordinary session.Store in every declared difference (storetest.Rules), with the abilities Peeker, Scanner,
// Applier, Counter, Sweeper, Waiter, Controller and Clocked; Options.Quirks turns it into the likeness of single layouts and of the State
// Server. Sessions lie in 4096 shards, each under a lock of its own that is held for one step; waiters for a session's
// lock queue up at the session and get it handed over. A session needs 185 bytes besides its id and payload, and what the
// allocator rounds the payload up to (BenchmarkMemory); 210 are counted.
//
// # Durable stores
//
// A directory belongs to one process at a time. Memory is the truth, the journal follows: a background writer collects
// the sessions that changed and writes the present state of each, so a session that changed ten times in an interval is
// written once. Locks are journaled like writes. When a change is on disk is up to Options.Sync; Apply and Close write
// everything through. Once a write or a sync has failed, the store refuses all verbs with that error until it is
// opened again, rather than acknowledge what it cannot keep; Peek and Scan still answer.
//
// What programs of a cut-over agree on is in the same database. Agreements and leases are on disk when their calls return,
// whatever the policy. Marks cost no wait: the writer puts those that are waiting into every batch, so that no change is
// there without the marks before it, and takes marks away only behind the changes before that. While there is anything of
// it, programs that know nothing of it refuse the directory (ErrFormat).
//
// # Cookies after a crash
//
// A lock cookie that was handed out may be forgotten in a crash, and must not be handed out again. The store counts its
// unclean stops, and the first lock of a session after one takes a cookie that is higher by jump for each: more than
// could be handed out between two syncs, since the store syncs at the latest after that many changes. This holds for
// sessions that are made anew as well, because their former selves may have been forgotten altogether. Cookies stay
// within 1..2^31-1; behind the last comes 1 again, so a number returns after 2^31-1 locks or some two thousand crashes.
package memstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// What the store is and can do.
var (
	_ session.Store   = (*Store)(nil)
	_ session.Peeker  = (*Store)(nil)
	_ session.Scanner = (*Store)(nil)
	_ session.Applier = (*Store)(nil)
	_ session.Counter = (*Store)(nil)
	_ session.Sweeper = (*Store)(nil)
	_ session.Waiter  = (*Store)(nil)

	_ session.Controller = (*Store)(nil)
	_ session.Clocked    = (*Store)(nil)
)

// Store is an embedded session store. Its methods may be called concurrently.
type Store struct {
	identity string
	seed     [2]uint64                           // of the hash; decides the order of scans
	hash     func([2]uint64, session.Key) uint64 // hashKey, but for tests of colliding keys
	shards   *[shardCount]shard
	now      func() time.Time
	log      *slog.Logger

	firstCookie   int32
	servesExpired bool
	quirks        Quirks
	maxBytes      int64
	renewStep     session.Instant // renewals that gain less are not made
	renewAhead    session.Instant // what is added to Expires to make up for it

	count    atomic.Int64
	bytes    atomic.Int64  // what MaxBytes is compared with
	revision atomic.Uint64 // the last one given
	epoch    uint16        // unclean stops so far, modulo 2^16

	accord accord // what programs of a cut-over agree on

	writer  *writer // nil: volatile
	sweepAt atomic.Uint32

	closing chan struct{}
	close   sync.Once
	closed  error
	workers sync.WaitGroup // goroutines that end when closing is closed
}

// New makes an empty volatile store. Close ends its reaper and refuses further calls.
func New(o Options) *Store {
	var id [32]byte
	rand.Read(id[:])
	s := newStore(o, hex.EncodeToString(id[:16]), [2]uint64{binary.LittleEndian.Uint64(id[16:]), binary.LittleEndian.Uint64(id[24:])})
	s.startReaper(o.SweepEvery)
	return s
}

func newStore(o Options, identity string, seed [2]uint64) *Store {
	s := &Store{
		identity: identity, seed: seed, hash: hashKey, shards: new([shardCount]shard), now: o.Now, log: o.Logger,
		firstCookie: 1, servesExpired: o.ServesExpired, quirks: o.Quirks, maxBytes: o.MaxBytes,
		accord: newAccord(), closing: make(chan struct{}),
	}
	s.renewStep = session.Instant(o.RenewStep.Seconds() * float64(session.Second))
	if o.RenewStep > time.Second {
		s.renewAhead = s.renewStep
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.FirstCookie != nil {
		s.firstCookie = *o.FirstCookie
	}
	return s
}

// Flush waits until everything done so far is on disk, and reports what keeps it from there: what the verbs give too.
// A volatile store has nothing to wait for.
func (s *Store) Flush(ctx context.Context) error {
	if s.writer == nil {
		return nil
	}
	return s.writer.through(ctx)
}

// expiry is the Expires of a session that is touched now.
func (s *Store) expiry(now session.Instant, timeout int32) session.Instant {
	return now.AddMinutes(timeout) + s.renewAhead
}

// Identity tells stores apart: 32 hex digits, made at random with the directory and kept in it; of a volatile store,
// made by New.
func (s *Store) Identity() string { return s.identity }

// Close refuses further calls with ErrClosed, sends waiters away, writes what is not on disk yet and gives the directory
// back. Its error says that not everything could be written.
func (s *Store) Close() error {
	s.close.Do(func() {
		for i := range s.shards {
			sh := &s.shards[i]
			sh.mu.Lock()
			sh.closed = true
			sh.mu.Unlock()
		}
		s.closeAccord()
		close(s.closing)
		s.workers.Wait()
		if s.writer != nil {
			s.closed = s.writer.close()
		}
	})
	return s.closed
}

// startReaper sweeps periodically until Close.
func (s *Store) startReaper(every time.Duration) {
	if every <= 0 {
		return
	}
	s.workers.Go(func() {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-s.closing:
				return
			case <-t.C:
				s.reap()
			}
		}
	})
}

// reap sweeps in bites, so that Close need not wait for a long sweep.
func (s *Store) reap() {
	const bite = 1000
	for {
		n, err := s.Sweep(context.Background(), bite)
		switch {
		case errors.Is(err, ErrClosed):
			return
		case err != nil:
			s.log.Error("sweep failed", keyError, err)
			return
		}
		if n > 0 {
			s.log.Debug("swept expired sessions", keySessions, n)
		}
		if n < bite {
			return
		}
	}
}

// Keys of log attributes.
const (
	keyDir      = "dir"
	keyError    = "error"
	keySessions = "sessions"
	keyBytes    = "bytes"
	keyTook     = "took"
	keyUnclean  = "unclean_stops"
)

// enter begins a call for one session: it locks the session's shard and finds the session. Every enter that gives no
// error is followed by a leave.
func (s *Store) enter(ctx context.Context, k session.Key) (call, error) {
	if err := ctx.Err(); err != nil {
		return call{}, fmt.Errorf("session store: %w", err)
	}
	if s.writer != nil {
		if err := s.writer.refusal(); err != nil {
			return call{}, err
		}
	}
	c := call{s: s, k: k, hash: s.hash(s.seed, k)}
	c.sh = s.shard(c.hash)
	c.sh.mu.Lock()
	if c.sh.closed {
		c.sh.mu.Unlock()
		return call{}, ErrClosed
	}
	c.now = session.At(s.now())
	c.e = c.sh.find(c.hash, k)
	return c, nil
}
