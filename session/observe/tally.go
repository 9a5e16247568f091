package observe

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Tally counts calls as Metrics does, without Prometheus and without times, and knows who took the locks that are held: what the
// page of a bridge shows.
type Tally struct {
	mu     sync.Mutex
	layers []*tallied
	takers takers
}

// NewTally makes one in which nothing has been counted.
func NewTally() *Tally { return &Tally{takers: takers{seed: maphash.MakeSeed()}} }

// Count is how often a verb was called in a layer since the beginning, by outcome.
type Count struct {
	Layer, Verb string
	Calls       uint64 // all of them
	Locked      uint64 // of those: the session was locked by somebody else
	Canceled    uint64 // the caller gave up, or its time was over
	Failed      uint64 // the store could not do its work
}

// The verbs, in the order of their names.
const (
	get = iota
	getExclusive
	waitExclusive
	set
	release
	remove
	reset
	create
	verbs
)

var verbNames = [verbs]string{
	"get", "get_exclusive", "wait_exclusive", "set_and_release", "release_exclusive", "remove", "reset_timeout", "create_uninitialized",
}

// Counts returns what was counted, by layer in the order in which they were made, and by verb. Verbs that nobody has called are
// left out.
func (t *Tally) Counts() (all []Count) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.layers {
		for v := range l.calls {
			c := Count{Layer: l.layer, Verb: verbNames[v]}
			for outcome := range l.calls[v].of {
				n := l.calls[v].of[outcome].Load()
				c.Calls += n
				switch outcome {
				case locked:
					c.Locked = n
				case canceled:
					c.Canceled = n
				case failed:
					c.Failed = n
				}
			}
			if c.Calls > 0 {
				all = append(all, c)
			}
		}
	}
	return all
}

// Store returns s with its calls counted under the name of a layer. It is a session.Waiter if s is one; other abilities
// are s's own, to be used there.
func (t *Tally) Store(layer string, s session.Store) session.Store {
	o := &tallied{s: s, layer: layer, takers: &t.takers}
	t.mu.Lock()
	t.layers = append(t.layers, o)
	t.mu.Unlock()
	if w, can := s.(session.Waiter); can {
		return &talliedWaiter{o, w}
	}
	return o
}

// tallied is a layer.
type tallied struct {
	s      session.Store
	layer  string
	takers *takers
	calls  [verbs]talliedVerb
}

// talliedVerb fills a cache line of its own: verbs are called by different processors.
type talliedVerb struct {
	of [outcomes]atomic.Uint64
	_  [64 - 8*outcomes]byte
}

func (o *tallied) over(verb int, err error) { o.calls[verb].of[outcomeOf(err)].Add(1) }

// Get implements session.Store.
func (o *tallied) Get(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := o.s.Get(ctx, k)
	o.over(get, err)
	return item, err
}

// GetExclusive implements session.Store.
func (o *tallied) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := o.s.GetExclusive(ctx, k)
	o.over(getExclusive, err)
	if err == nil {
		o.takers.took(k, item.Cookie, Taker{o.layer, clientOf(ctx)})
	}
	return item, err
}

// SetAndRelease implements session.Store.
func (o *tallied) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	err := o.s.SetAndRelease(ctx, k, v, cond)
	o.over(set, err)
	o.gaveBack(k, cond.Cookie(), err)
	return err
}

// ReleaseExclusive implements session.Store.
func (o *tallied) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	err := o.s.ReleaseExclusive(ctx, k, cookie)
	o.over(release, err)
	o.gaveBack(k, cookie, err)
	return err
}

// Remove implements session.Store.
func (o *tallied) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	err := o.s.Remove(ctx, k, cond)
	o.over(remove, err)
	o.gaveBack(k, cond.Cookie(), err)
	return err
}

// ResetTimeout implements session.Store.
func (o *tallied) ResetTimeout(ctx context.Context, k session.Key) error {
	err := o.s.ResetTimeout(ctx, k)
	o.over(reset, err)
	return err
}

// CreateUninitialized implements session.Store.
func (o *tallied) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	err := o.s.CreateUninitialized(ctx, k, v)
	o.over(create, err)
	return err
}

func (o *tallied) gaveBack(k session.Key, cookie int32, err error) {
	if err == nil {
		o.takers.gaveBack(k, cookie)
	}
}

// talliedWaiter is a layer that waits for locks.
type talliedWaiter struct {
	*tallied
	w session.Waiter
}

// WaitExclusive implements session.Waiter.
func (o *talliedWaiter) WaitExclusive(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	item, err := o.w.WaitExclusive(ctx, k, wait)
	o.over(waitExclusive, err)
	if err == nil {
		o.takers.took(k, item.Cookie, Taker{o.layer, clientOf(ctx)})
	}
	return item, err
}
