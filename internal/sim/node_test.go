package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/internal/linear"
	"github.com/aspstate/aspstate/session"
)

const app = "shop"

// node is a web server: its workers answer pages, each of which locks a session, works, and writes it back.
type node struct {
	*life
	h     *history
	free  bool // by the State Server's rules
	over  linear.Protocol
	route func() session.Store
	stop  *atomic.Bool
}

// start begins the workers.
func (n *node) start(number int) {
	for i := range n.w.plan.workers {
		wk := &worker{node: n, client: number*100 + i, errand: fmt.Sprintf("w%d", i)}
		wk.rng = n.w.plan.random(n.name + wk.errand)
		n.running.Go(func() {
			for !n.stop.Load() && !n.isDead() {
				time.Sleep(wk.span(n.w.plan.pause))
				wk.page(withErrand(n.ctx, wk.errand))
			}
		})
	}
}

// worker answers one page after the other.
type worker struct {
	*node
	client int
	errand string
	rng    *rand.Rand
}

// span is a time of about that length, to the nanosecond, so that no two things happen at once.
func (wk *worker) span(mean time.Duration) time.Duration {
	return min(time.Duration(wk.rng.ExpFloat64()*float64(mean)), 8*mean) + time.Duration(1+wk.rng.IntN(1_000_000))
}

// chance is true once in n times.
func (wk *worker) chance(n int) bool { return wk.rng.IntN(n) == 0 }

// page answers one page.
func (wk *worker) page(ctx context.Context) {
	if wk.chance(8) {
		wk.tidy(ctx)
		return
	}
	k := wk.h.pick(wk.rng, &wk.w.plan)
	switch wk.rng.IntN(10) {
	case 0:
		wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Create, Value: wk.h.next(), Timeout: wk.h.timeout(k)})
	case 1:
		wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Get})
	case 2:
		wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Reset})
	default:
		wk.exclusive(ctx, k)
	}
}

// tidy is a page that breaks the lock of one that has died, and does nothing else.
func (wk *worker) tidy(ctx context.Context) {
	k, there := wk.h.pickPast(wk.rng)
	if !there {
		return
	}
	if out := wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Acquire}); out.Status == linear.Locked || out.Status == linear.Done {
		wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Release, Cookie: out.Cookie})
	}
}

// exclusive is a page that writes its session.
func (wk *worker) exclusive(ctx context.Context, k session.Key) {
	begin, patience := time.Now(), wk.span(10*time.Second)
	for {
		out := wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Acquire})
		switch out.Status {
		case linear.Done:
			wk.work(ctx, k, out.Cookie)
			return
		case linear.Absent:
			cond := session.Insert()
			if wk.free {
				cond = session.IfFree(0)
			}
			wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Set, Cond: cond, Value: wk.h.next(), Timeout: wk.h.timeout(k)})
			return
		case linear.Locked:
		default:
			return
		}
		if wk.isDead() || wk.stop.Load() {
			return
		}
		if time.Since(begin) > patience { // as ASP.NET does when a page has taken too long
			wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Release, Cookie: out.Cookie})
		} else {
			time.Sleep(wk.span(500 * time.Millisecond))
		}
	}
}

// work is what a page does under its lock, and how it gives it back.
func (wk *worker) work(ctx context.Context, k session.Key, cookie int32) {
	think := wk.span(50 * time.Millisecond)
	if wk.chance(20) {
		think = wk.span(15 * time.Second)
	}
	time.Sleep(think)
	cond := session.IfCookie(cookie)
	if wk.free {
		cond = session.IfFree(cookie)
	}
	set := func() linear.Answered {
		return wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Set, Cond: cond, Value: wk.h.next(), Timeout: wk.h.timeout(k)})
	}
	switch d := wk.rng.IntN(20); {
	case d == 0: // the thread was ended; its lock stays
	case d < 4:
		wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Remove, Cond: cond})
	case d < 7:
		wk.ask(ctx, linear.Asked{Key: k, Verb: linear.Release, Cookie: cookie})
	default:
		set()
	}
	if wk.chance(15) { // a second answer of a page that had been given up
		time.Sleep(wk.span(2 * time.Second))
		set()
	}
}

// ask asks one thing and notes the answer.
func (wk *worker) ask(ctx context.Context, in linear.Asked) linear.Answered {
	ctx, cancel := context.WithTimeout(ctx, wk.span(20*time.Second)+time.Second)
	defer cancel()
	in.Over = wk.over
	op := wk.h.begin(wk.client, in)
	item, err := call(ctx, wk.route(), in)
	out := outcome(item, err)
	wk.h.end(op, out)
	wk.w.count(fmt.Sprintf("%v %v over %v", in.Verb, out.Status, in.Over))
	return out
}

// call asks a store.
func call(ctx context.Context, s session.Store, in linear.Asked) (item session.Item, err error) {
	v := session.Value{Payload: payload(in.Value), Timeout: in.Timeout}
	switch in.Verb {
	case linear.Get:
		return s.Get(ctx, in.Key)
	case linear.Acquire:
		return s.GetExclusive(ctx, in.Key)
	case linear.Set:
		err = s.SetAndRelease(ctx, in.Key, v, in.Cond)
	case linear.Release:
		err = s.ReleaseExclusive(ctx, in.Key, in.Cookie)
	case linear.Remove:
		err = s.Remove(ctx, in.Key, in.Cond)
	case linear.Create:
		err = s.CreateUninitialized(ctx, in.Key, v)
	case linear.Reset:
		err = s.ResetTimeout(ctx, in.Key)
	}
	return item, err
}
