// Package park lets those who want a locked session wait for it in the order in which they came, over any Store: one that
// knows no waiting, and one whose locks others give back behind our back.
//
// ASP.NET's own way is to send a page away and have it ask again every 500 ms: who gets the lock next is then a matter of
// luck, and on the average it lies idle for a quarter of a second. Here the one who has waited longest gets it as soon as a
// release passes through.
package park

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Options set up a Store. The zero value works.
type Options struct {
	// Limit is how many may wait for one session, places that are kept included; more are sent away at once. 0: 8.
	Limit int
	// Keep is how long a client that was sent away keeps its place, if its context names it (see Client): it asks again
	// after 500 ms. 0: 750 ms; negative: not at all.
	Keep time.Duration
	// Look is how often the first of a queue looks whether the lock was given back behind our back. 0: 250 ms.
	Look time.Duration
}

type clientKey struct{}

// Client names who asks, so that a place may be kept for it.
func Client(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, clientKey{}, name)
}

func clientOf(ctx context.Context) string {
	name, _ := ctx.Value(clientKey{}).(string)
	return name
}

// Store is a session.Store and a session.Waiter. GetExclusive does not wait, but does not overtake those who do either.
type Store struct {
	session.Store
	limit  atomic.Int64
	o      Options
	seed   maphash.Seed
	shards [64]shard
}

type shard struct {
	mu       sync.Mutex
	queues   map[session.Key]*queue // of sessions for which somebody waits
	removals uint64                 // how many sessions were removed: what was learned of a lock before is void
}

func (sh *shard) removed() uint64 {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.removals
}

// queue holds the places of one session, first come first. The shard's lock guards it.
type queue struct {
	places []*place
	locked session.LockedError // the latest refusal that is known; cookie 0: none
}

// place is somebody in a queue.
type place struct {
	client string
	since  time.Time
	turn   chan struct{} // has one in it when it is worth while to look again
	kept   time.Time     // nobody stands here; the place is kept until then. Zero: somebody does
}

// New makes a Store of one that need not know waiting. Every release must pass through it to be seen at once.
func New(s session.Store, o Options) *Store {
	if o.Limit == 0 {
		o.Limit = 8
	}
	if o.Keep == 0 {
		o.Keep = 750 * time.Millisecond
	}
	if o.Look == 0 {
		o.Look = 250 * time.Millisecond
	}
	p := &Store{Store: s, o: o, seed: maphash.MakeSeed()}
	p.SetLimit(o.Limit)
	return p
}

// SetLimit replaces Options.Limit. Who waits already may go on.
func (s *Store) SetLimit(n int) { s.limit.Store(int64(n)) }

func (s *Store) shard(k session.Key) *shard {
	return &s.shards[maphash.Comparable(s.seed, k)%uint64(len(s.shards))]
}

// GetExclusive implements session.Store. While others wait, or have their place kept, the session counts as locked.
func (s *Store) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	own, refusal := s.awaited(ctx, k)
	if refusal != nil {
		return session.Item{}, refusal
	}
	item, err := s.Store.GetExclusive(ctx, k)
	var locked *session.LockedError
	if own != nil && !errors.As(err, &locked) {
		s.used(k, own)
	}
	return item, err
}

// used gives a kept place away whose owner has come, unless somebody stands there by now.
func (s *Store) used(k session.Key, p *place) {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !p.kept.IsZero() {
		p.kept = time.Now()
		sh.queue(k).wake()
	}
}

// awaited says whether somebody waits for a session, or has a place there, before the one who asks. own is the place that is
// kept for the one who asks, if that is the first.
func (s *Store) awaited(ctx context.Context, k session.Key) (own *place, refusal error) {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	q := sh.queue(k)
	if q == nil || q.locked.Cookie == 0 { // whoever is first is about to find out
		return nil, nil
	}
	if first := q.places[0]; !first.kept.IsZero() && first.client == clientOf(ctx) {
		return first, nil
	}
	locked := q.locked
	locked.Uninitialized = false
	return nil, &locked
}

// SetAndRelease implements session.Store.
func (s *Store) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	err := s.Store.SetAndRelease(ctx, k, v, cond)
	s.released(k, err)
	return err
}

// ReleaseExclusive implements session.Store.
func (s *Store) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	err := s.Store.ReleaseExclusive(ctx, k, cookie)
	s.released(k, err)
	return err
}

// Remove implements session.Store.
func (s *Store) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	err := s.Store.Remove(ctx, k, cond)
	if err == nil || errors.Is(err, session.ErrNotFound) {
		s.removed(k)
	}
	s.released(k, err)
	return err
}

// removed takes away the places that are kept at a session which is no more, and what is known of its lock.
func (s *Store) removed(k session.Key) {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.removals++
	if q := sh.queues[k]; q != nil {
		q.locked = session.LockedError{}
		for _, p := range q.places {
			if !p.kept.IsZero() {
				p.kept = time.Now()
			}
		}
	}
}

// released gives the first in the queue a sign. An error that is none of the contract's may hide a release that took place.
func (s *Store) released(k session.Key, err error) {
	var locked *session.LockedError
	if errors.As(err, &locked) || errors.Is(err, session.ErrStaleCookie) {
		return
	}
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.queue(k).wake()
}

// queue returns the queue of a session, without places whose time is over; nil where nobody has one.
func (sh *shard) queue(k session.Key) *queue {
	q := sh.queues[k]
	if q == nil {
		return nil
	}
	now := time.Now()
	left := q.places[:0]
	for _, p := range q.places {
		if p.kept.IsZero() || now.Before(p.kept) {
			left = append(left, p)
		}
	}
	clear(q.places[len(left):])
	if q.places = left; len(left) == 0 {
		delete(sh.queues, k)
		return nil
	}
	return q
}

// wake gives a sign to the first one who stands there.
func (q *queue) wake() {
	if q == nil {
		return
	}
	for _, p := range q.places {
		if p.kept.IsZero() {
			select {
			case p.turn <- struct{}{}:
			default: // it has one
			}
			return
		}
	}
}

// WaitExclusive implements session.Waiter. The waiting time is counted on the machine's clock.
func (s *Store) WaitExclusive(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	removals := s.shard(k).removed()
	item, err := s.GetExclusive(ctx, k)
	var locked *session.LockedError
	if !errors.As(err, &locked) || wait <= 0 {
		return item, err
	}
	return s.wait(ctx, k, wait, *locked, removals)
}

// join takes a place at the end of the queue, or the one that was kept; nil: there are too many already. removals is how
// many there were before the refusal.
func (s *Store) join(ctx context.Context, k session.Key, refusal session.LockedError, removals uint64) *place {
	client := clientOf(ctx)
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	q := sh.queue(k)
	if q == nil {
		q = &queue{}
		if sh.queues == nil {
			sh.queues = map[session.Key]*queue{}
		}
		sh.queues[k] = q
	}
	if removals == sh.removals && refusal.Cookie >= q.locked.Cookie {
		q.locked = refusal
	}
	p := &place{client: client, since: time.Now(), turn: make(chan struct{}, 1)}
	p.turn <- struct{}{} // the lock may have been given back since it was refused
	for _, old := range q.places {
		if client != "" && old.client == client && !old.kept.IsZero() {
			old.kept, old.turn = time.Time{}, p.turn
			return old
		}
	}
	if int64(len(q.places)) >= s.limit.Load() {
		return nil
	}
	q.places = append(q.places, p)
	return p
}

// wait stands in the queue until it is the first and the lock is free, or the time is up.
func (s *Store) wait(ctx context.Context, k session.Key, wait time.Duration, refusal session.LockedError, removals uint64) (session.Item, error) {
	began := time.Now()
	marked := refusal.Uninitialized // a refused read may have spent the mark, and told us alone
	refuse := func(now session.LockedError) error {
		if now.Cookie == 0 { // the session was removed meanwhile; what it was when it was refused here is an answer too
			now = refusal
		}
		now.Uninitialized = marked
		return &now
	}
	p := s.join(ctx, k, refusal, removals)
	if p == nil {
		return session.Item{}, refuse(refusal)
	}
	up := time.NewTimer(wait - time.Since(began))
	defer up.Stop()
	look := time.NewTimer(s.o.Look)
	defer look.Stop()
	for {
		select {
		case <-p.turn:
		case <-look.C:
		case <-up.C:
			return session.Item{}, refuse(s.leave(k, p, s.o.Keep))
		case <-ctx.Done():
			return session.Item{}, fmt.Errorf("waiting for a session: %w: %w", ctx.Err(), refuse(s.leave(k, p, 0)))
		}
		look.Reset(s.o.Look)
		if !s.first(k, p) {
			continue
		}
		removals := s.shard(k).removed()
		// Cut off in the middle, nobody would know whether the lock was taken, and under which cookie.
		item, err := s.Store.GetExclusive(context.WithoutCancel(ctx), k)
		var locked *session.LockedError
		if errors.As(err, &locked) {
			marked, refusal = marked || locked.Uninitialized, *locked
			s.learn(k, *locked, removals)
			continue
		}
		if errors.Is(err, session.ErrNotFound) {
			s.removed(k)
		}
		if err == nil {
			s.learn(k, session.LockedError{Cookie: item.Cookie, Since: item.Since}, removals)
			item.Uninitialized = item.Uninitialized || marked
		}
		s.leave(k, p, 0)
		if gone := ctx.Err(); gone != nil && err == nil {
			return session.Item{}, errors.Join(gone, s.ReleaseExclusive(context.WithoutCancel(ctx), k, item.Cookie))
		}
		return item, err
	}
}

// first says whether nobody is before a place, and no place is kept there.
func (s *Store) first(k session.Key, p *place) bool {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.queue(k).places[0] == p
}

// learn notes what the first of a queue was told of the lock, unless the session was removed since.
func (s *Store) learn(k session.Key, refusal session.LockedError, removals uint64) {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if q := sh.queue(k); q != nil && removals == sh.removals {
		q.locked = refusal
	}
}

// leave gives a place away, at once or, if it is a named client's, after a while; whoever is the first then may look. It
// returns what is known of the lock.
func (s *Store) leave(k session.Key, p *place, keep time.Duration) session.LockedError {
	sh := s.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	locked := sh.queues[k].locked // p stands there
	p.kept = time.Now()
	if p.client != "" && keep > 0 {
		p.kept = p.kept.Add(keep)
		time.AfterFunc(keep, func() { s.released(k, nil) })
	}
	sh.queue(k).wake()
	return locked
}
