// Package cutover is the Store made of an old and a new one, through which a farm of bridges moves the sessions of an
// application from one to the other while they are used, and back.
//
// What it does and why is in docs/cutover.md: a session is served from exactly one of the two stores at any time, which one
// is found out by looking at the old one, and by which rules is agreed on by all bridges in the new one. Correctness lies
// in fences and in that agreement, not in anything that one process remembers: any number of bridges may come and go.
//
// It promises what its stores promise, as long as a store does not carry out a call later than the margin of the lease
// after the deadline of that call. It refuses to change a phase where that could lose a session (RefusedError), and to
// serve without a lease (ErrNoLease).
package cutover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Options set up a Store. Old, New, Control and Holder are needed.
type Options struct {
	// Old may be a store of rows (Peeker, Applier, Scanner, Clocked), or one that can do the verbs only: a State Server.
	Old session.Store
	// New has to be a store of rows.
	New session.Store
	// Control is where bridges agree: the new store, usually.
	Control session.Controller
	// Holder names this run of this program among all: at most 40 bytes, without a dot. Bridges of one farm are asked in
	// its order for what one of them has to do.
	Holder string
	// Title is for people: host and process id.
	Title string
	// Apps are applications that are known beforehand, for Status. Others are served all the same.
	Apps []string
	// Initial is the phase of applications on which nothing was agreed. It must be the same for all bridges.
	Initial Phase
	// Ours says whether a row of the new store is a copy that was made beforehand: the copier's ledger. nil: none is.
	Ours func(ctx context.Context, r session.Record) (bool, error)

	Lease     time.Duration // 0: 10 s
	Margin    time.Duration // after which a lease that is over counts as lost, and a lost call as over; 0: 2 s
	Notice    time.Duration // how often it is looked at the agreement while nothing changes; 0: 1 s
	Look      time.Duration // and while a change is announced; 0: 5 ms
	HoldLimit time.Duration // the longest that calls wait for a change of phase; 0: 500 ms
	MoveLimit time.Duration // the longest that a move may take; 0: 3 s
	Stale     time.Duration // after which a change that does not come about is called off; 0: 1 min
	Idle      time.Duration // between two rounds in the background; 0: 1 s
	Rate      int           // rows a second in the background; 0: 1000
	Movers    int           // rows at a time in the background; 0: 4

	// Shadow is the fraction of reads after which the other store is looked at, and differences are counted; 0 to 1.
	Shadow float64

	Logger *slog.Logger // nil: discard
}

func (o *Options) defaults() {
	o.Lease = cmp.Or(o.Lease, 10*time.Second)
	o.Margin = cmp.Or(o.Margin, 2*time.Second)
	o.Notice = cmp.Or(o.Notice, time.Second)
	o.Look = cmp.Or(o.Look, 5*time.Millisecond)
	o.HoldLimit = cmp.Or(o.HoldLimit, 500*time.Millisecond)
	o.MoveLimit = cmp.Or(o.MoveLimit, 3*time.Second)
	o.Stale = cmp.Or(o.Stale, time.Minute)
	o.Idle = cmp.Or(o.Idle, time.Second)
	o.Rate = cmp.Or(o.Rate, 1000)
	o.Movers = cmp.Or(o.Movers, 4)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

func (o *Options) check() error {
	switch {
	case o.Old == nil || o.New == nil || o.Control == nil:
		return errors.New("an old store, a new store and a controller are needed")
	case o.Holder == "" || len(o.Holder) > 40 || strings.Contains(o.Holder, "."):
		return fmt.Errorf("holder %q is not of 1 to 40 bytes without a dot", o.Holder)
	case o.MoveLimit+o.Margin >= o.Lease:
		return fmt.Errorf("a move of %v and a margin of %v do not fit into a lease of %v", o.MoveLimit, o.Margin, o.Lease)
	case o.Shadow < 0 || o.Shadow > 1:
		return fmt.Errorf("a fraction of %v for shadow reads: it must be from 0 to 1", o.Shadow)
	}
	return nil
}

// Store is a session.Store. It has no other abilities: what lies in two stores has no one order and no one row.
type Store struct {
	o       Options
	old     *side
	new     *side
	control session.Controller
	log     *slog.Logger

	apps  atomic.Pointer[map[string]*app] // replaced, never changed
	until atomic.Pointer[time.Time]       // calls end before; what is left of the lease then is for answers on their way

	mu       sync.Mutex // guards what follows, and all replacing of apps and their rules
	seen     session.Agreement
	bodies   map[string][]byte // as adopted
	draining []*rules          // replaced, with calls under way
	epoch    int64             // that the lease says
	heldAt   time.Time         // when the present holding was seen first; zero: none
	heldFor  int64             // and its epoch

	marks   marks
	paces   paces
	shadows chan shadow
	kick    chan struct{} // wakes the keeper
	counts  counts

	ctx    context.Context // of everything in the background; ends with Close
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	closed sync.Once
}

// Open takes a lease and begins to serve. The stores stay the caller's to close, after the Store.
func Open(ctx context.Context, o Options) (*Store, error) {
	o.defaults()
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("opening a cut-over: %w", err)
	}
	s := &Store{o: o, control: o.Control, log: o.Logger, bodies: map[string][]byte{}, kick: make(chan struct{}, 1), shadows: make(chan shadow, shadowQueue)}
	var err error
	if s.old, err = sideOf("old", o.Old); err == nil {
		s.new, err = sideOf("new", o.New)
	}
	if err != nil {
		return nil, fmt.Errorf("opening a cut-over: %w", err)
	}
	s.marks.under = map[string]time.Time{}
	s.apps.Store(&map[string]*app{})
	s.until.Store(&time.Time{})
	if err := s.renew(ctx); err != nil {
		return nil, fmt.Errorf("opening a cut-over: %w", err)
	}
	for _, name := range o.Apps {
		if _, err := s.app(name); err != nil {
			return nil, fmt.Errorf("opening a cut-over: %w", err)
		}
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.tasks.Go(s.keep)
	s.tasks.Go(s.work)
	s.tasks.Go(s.compareShadows)
	return s, nil
}

// Close ends what runs in the background, waits for calls that are under way, and gives the lease back.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() {
		s.cancel()
		s.tasks.Wait()
		end := *s.until.Load()
		s.until.Store(&time.Time{})
		s.retireAll()
		for !s.drained() && time.Now().Before(end) {
			time.Sleep(s.o.Look)
		}
		if !s.drained() { // what may still take place must not be taken for over: the lease runs out by itself
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), s.o.Margin)
		defer cancel()
		err = s.control.Leave(ctx, s.o.Holder)
	})
	return err
}
