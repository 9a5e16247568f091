package sim

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"time"
)

// life is one run of a program, from its start to its end or crash.
type life struct {
	name string // such as b1.2: the second run of bridge 1
	w    *world
	ctx  context.Context
	end  context.CancelFunc
	dead chan struct{}
	once sync.Once

	died         time.Time
	stalledUntil time.Time // the scheduler's: nothing leaves the program before
	running      sync.WaitGroup
}

func (w *world) birth(name string) *life {
	l := &life{name: name, w: w, dead: make(chan struct{})}
	l.ctx, l.end = context.WithCancel(context.Background())
	return l
}

// crash ends the program at once: what it has sent may still arrive, and nothing else leaves it.
func (l *life) crash() {
	l.once.Do(func() {
		l.died = time.Now()
		close(l.dead)
		l.end()
	})
}

func (l *life) isDead() bool {
	select {
	case <-l.dead:
		return true
	default:
		return false
	}
}

// stall keeps what the program sends from leaving it for a while, what is under way included.
func (l *life) stall(d time.Duration) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.stalledUntil = time.Now().Add(d)
	for _, s := range l.w.queue {
		if s.life == l && s.due.Before(l.stalledUntil) {
			s.due = l.stalledUntil.Add(time.Duration(s.seq%1000) * time.Microsecond)
		}
	}
	heap.Init(&l.w.queue)
}

// freeze is what a goroutine of a program that has crashed does.
func (l *life) freeze() error {
	<-l.w.over
	return errOver
}

// errand says in a context on whose behalf something is done.
type errand struct{}

func withErrand(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, errand{}, name)
}

// who names the program and the errand.
func (l *life) who(ctx context.Context) string {
	if e, ok := ctx.Value(errand{}).(string); ok {
		return l.name + "/" + e
	}
	return l.name
}

// pass has the program do something to another one. While that is under way the caller may give up; it is done all the same then,
// perhaps. What is done has the values of ctx, but does not end with it.
func pass[T any](ctx context.Context, l *life, k kind, what string, do func(context.Context) (T, error)) (T, error) {
	var none T
	if l.isDead() {
		return none, l.freeze()
	}
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("%s: %w", what, err)
	}
	type answer struct {
		v   T
		err error
	}
	s := &step{who: l.who(ctx), what: what, life: l, ctx: ctx, kind: k, release: make(chan struct{})}
	answers := make(chan answer, 1)
	l.w.announce(s)
	go func() {
		select {
		case <-s.release:
		case <-l.w.over:
			return
		}
		switch s.fate {
		case dropped:
			return
		case fails:
			answers <- answer{err: fmt.Errorf("%s: %w", what, errFailed)}
			return
		case doneLate:
			answers <- answer{err: fmt.Errorf("%s: %w", what, errLost)}
			time.Sleep(l.w.plan.late(s.seq, zombieSpan))
			v, err := do(context.WithoutCancel(ctx))
			l.w.note(s.who, "%s, late: %s", what, told(v, err))
			return
		}
		v, err := do(context.WithoutCancel(ctx))
		switch s.fate {
		case loses:
			err = fmt.Errorf("%s: %w", what, errLost)
			v = none
		case lateReply:
			time.Sleep(l.w.plan.late(s.seq, 3*time.Second))
		}
		answers <- answer{v, err}
	}()
	var a answer
	var gaveUp bool
	select {
	case a = <-answers:
	case <-ctx.Done():
		gaveUp = true
	case <-l.dead:
	case <-l.w.over:
		return none, errOver
	}
	if l.isDead() {
		return none, l.freeze()
	}
	if gaveUp {
		l.w.note(s.who, "gives up on %s", what)
		return none, fmt.Errorf("%s: %w", what, ctx.Err())
	}
	l.w.note(s.who, "%s: %s", what, told(a.v, a.err))
	return a.v, a.err
}
