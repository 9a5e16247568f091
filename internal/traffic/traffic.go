// Package traffic plays the web servers of a farm on a store, and knows afterwards what must be in it: what was written and
// acknowledged is there, what was abandoned is not.
//
// Every session it touches gets an Int32 under [Visits], which rises by one with each page. A page reads it under the lock: a
// figure below one that was acknowledged before is a lost write, seen at once. Rehearsals, benchmarks and tests with real
// processes use it.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Visits is the key of the count in each session.
const Visits = "aspstate.visits"

// Options say what the farm does.
type Options struct {
	Stores  []session.Store    // of each web server one: pages are spread over them
	Keys    []session.Key      // sessions that exist
	NewKey  func() session.Key // of a session to be made; nil: none is made
	Rate    int                // pages a second; 0: as fast as it goes
	Workers int                // pages at a time; 0: 16
	Seed    uint64

	// Condition under which a page writes back and removes; nil: session.IfCookie.
	Condition func(cookie int32) session.Condition
	// LockFor is how long one page in a hundred keeps its lock. 0: none keeps it.
	LockFor time.Duration
	// Patience is how long a page asks for a locked session before it goes away. 0: 2 s.
	Patience time.Duration
	// BreakAfter is how long a lock may be seen before it is broken, as ASP.NET does after executionTimeout. 0: never.
	BreakAfter time.Duration
}

// Farm is traffic under way.
type Farm struct {
	o      Options
	stores atomic.Pointer[[]session.Store]
	gate   sync.RWMutex // held for reading by pages, for writing while paused
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex
	known map[session.Key]*fact
	keys  []session.Key
	bad   []string
	last  time.Time // when a store last acknowledged a change
	first time.Time // when one did so first after Resume; zero: not yet

	pages, failures, away atomic.Int64
	failure               atomic.Pointer[error]
	times                 timings
}

// fact is what is known of a session.
type fact struct {
	acked   int32 // the highest count that was acknowledged
	sent    int32 // the highest that was sent
	removal removal
	touched bool

	cookie int32 // of the lock that was seen last, and since when it is seen
	seen   time.Time
}

type removal uint8

const (
	removalNone removal = iota
	removalSent         // its outcome is unknown
	removalAcked
)

// Start lets traffic flow until Stop, or until the context ends.
func Start(ctx context.Context, o Options) *Farm {
	if o.Workers == 0 {
		o.Workers = 16
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Second
	}
	if o.Condition == nil {
		o.Condition = session.IfCookie
	}
	f := &Farm{o: o, known: make(map[session.Key]*fact, len(o.Keys)), keys: append([]session.Key(nil), o.Keys...)}
	f.stores.Store(&o.Stores)
	ctx, f.stop = context.WithCancel(ctx)
	for w := range o.Workers {
		f.done.Go(func() { f.work(ctx, w) })
	}
	return f
}

// work does pages one after the other. With a Rate each has its moment; a page that begins late counts from its moment.
func (f *Farm) work(ctx context.Context, w int) {
	r := rand.New(rand.NewPCG(f.o.Seed, uint64(w)))
	var every time.Duration
	if f.o.Rate > 0 {
		every = time.Duration(f.o.Workers) * time.Second / time.Duration(f.o.Rate)
	}
	due := time.Now().Add(time.Duration(r.Float64() * float64(every)))
	for ctx.Err() == nil {
		if wait := time.Until(due); every > 0 && wait > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
		if every == 0 {
			due = time.Now()
		}
		f.gate.RLock()
		if ctx.Err() == nil {
			f.page(context.WithoutCancel(ctx), r, w, due)
		}
		f.gate.RUnlock()
		due = due.Add(every)
	}
}

// Pause waits for the pages under way and lets none begin. It returns when the last change was acknowledged.
func (f *Farm) Pause() time.Time {
	f.gate.Lock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.first = time.Time{}
	return f.last
}

// Resume lets pages begin again, on other stores if there are any given.
func (f *Farm) Resume(stores ...session.Store) {
	if len(stores) > 0 {
		f.stores.Store(&stores)
	}
	f.gate.Unlock()
}

// FirstChange says when the first change after Resume was acknowledged; zero: none yet.
func (f *Farm) FirstChange() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}

// Stop waits for the pages under way.
func (f *Farm) Stop() {
	f.stop()
	f.done.Wait()
}

// page is what one request does.
func (f *Farm) page(ctx context.Context, r *rand.Rand, w int, due time.Time) {
	stores := *f.stores.Load()
	s := stores[r.IntN(len(stores))]
	f.pages.Add(1)
	switch what := r.IntN(100); {
	case what < 3 && f.o.NewKey != nil:
		f.create(ctx, s, due)
	case what < 15:
		k, ok := f.pick(r)
		if !ok {
			return
		}
		f.read(ctx, s, k, due)
	case what < 17:
		if k, ok := f.pick(r); ok {
			f.exclusive(ctx, s, k, due, f.remove)
		}
	case what == 17 && f.o.LockFor > 0:
		if k, ok := f.pick(r); ok {
			f.exclusive(ctx, s, k, due, func(ctx context.Context, s session.Store, k session.Key, it session.Item) error {
				time.Sleep(f.o.LockFor)
				return f.write(ctx, s, k, it)
			})
		}
	case what < 30:
		if k, ok := f.pick(r); ok {
			f.exclusive(ctx, s, k, due, f.release)
		}
	default:
		if k, ok := f.pick(r); ok {
			f.exclusive(ctx, s, k, due, f.write)
		}
	}
}

func (f *Farm) pick(r *rand.Rand) (session.Key, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.keys) == 0 {
		return session.Key{}, false
	}
	return f.keys[r.IntN(len(f.keys))], true
}

// fact returns what is known of a session; under mu.
func (f *Farm) fact(k session.Key) *fact {
	x := f.known[k]
	if x == nil {
		x = &fact{}
		f.known[k] = x
	}
	return x
}

// took notes a call: how long it took since it was due, and whether it failed otherwise than the contract has it.
func (f *Farm) took(due time.Time, err error) {
	f.times.add(time.Since(due))
	var locked *session.LockedError
	if err == nil || errors.As(err, &locked) || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrStaleCookie) || errors.Is(err, session.ErrExists) {
		return
	}
	f.failures.Add(1)
	f.failure.CompareAndSwap(nil, &err)
}

// changed notes the moment of an acknowledged change; under mu.
func (f *Farm) changed() {
	f.last = time.Now()
	if f.first.IsZero() {
		f.first = f.last
	}
}

func (f *Farm) complain(format string, a ...any) {
	if len(f.bad) < 20 {
		f.bad = append(f.bad, fmt.Sprintf(format, a...))
	}
}
