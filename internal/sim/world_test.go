package sim

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session/cutover"
)

// world is one run: the scheduler and what it knows.
type world struct {
	plan  plan
	rng   *rand.Rand // the scheduler's; programs have their own
	began time.Time
	trace trace
	over  chan struct{} // closed when the run has ended: what is still stuck comes back
	knock chan struct{} // something has arrived

	mu      sync.Mutex
	arrived []*step
	lines   []string  // of this round: what goroutines noted
	calm    bool      // no more faults
	stormy  time.Time // until then
	ends    []func()  // what is done when the world is over

	phaseNow func() (cutover.Phase, string) // as agreed, whoever knows

	queue stepQueue
	steps int
	seen  map[string]int // how often what happened
}

func newWorld(p plan) *world {
	return &world{
		plan: p, rng: p.random("scheduler"), began: time.Now(), over: make(chan struct{}), knock: make(chan struct{}, 1),
		seen: map[string]int{},
	}
}

func (w *world) now() time.Duration { return time.Since(w.began) }

func (w *world) isOver() bool {
	select {
	case <-w.over:
		return true
	default:
		return false
	}
}

// step is something that a program does to another, and that waits for its turn.
type step struct {
	who     string // program and, within it, whose errand it is
	what    string
	life    *life
	ctx     context.Context // of the caller; it may end while the step is under way
	kind    kind
	seq     int
	due     time.Time
	fate    fate
	release chan struct{}
}

// kind is where a step goes: it decides how long that takes and what may go wrong.
type kind uint8

const (
	toBridge  kind = iota // a node's call
	toStore               // a row's
	toControl             // to what is agreed
	toDisk                // a sync
)

// fate is what becomes of a step.
type fate uint8

const (
	goes      fate = iota
	fails          // it never arrives, and the caller is told so
	loses          // it is done, and the answer is lost
	lateReply      // it is done, and the answer takes its time
	doneLate       // the connection breaks, and it is done a while later
	dropped        // its caller had gone, and it never arrived
)

var fates = [...]string{"", " FAILS", " LOSES ITS ANSWER", " ANSWERS LATE", " IS DONE LATE", " DROPPED"}

var (
	errFailed = errors.New("simulated: connection refused")
	errLost   = errors.New("simulated: connection reset")
	errOver   = errors.New("simulated: the program is gone")
)

// zombieSpan is how long after its caller has given up a step may still be done: less than the margin of a lease.
const zombieSpan = 1500 * time.Millisecond

// announce adds a step.
func (w *world) announce(s *step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrived = append(w.arrived, s)
	w.wake()
}

func (w *world) wake() {
	select {
	case w.knock <- struct{}{}:
	default:
	}
}

// note adds a line to the trace. Lines of one round are put in order, so goroutines that time woke at once do not matter.
func (w *world) note(who, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, fmt.Sprintf("    %-14s %s", who, fmt.Sprintf(format, args...)))
}

// atEnd has something done when the world is over.
func (w *world) atEnd(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, do)
}

// count counts something that the runs have to have seen.
func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[what]++
}

// settle ends the faults.
func (w *world) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm = true
}

const (
	maxSteps = 200_000
	maxTime  = 4 * time.Hour
)

// schedule runs the world until done is closed.
func (w *world) schedule(done <-chan struct{}) error {
	for {
		synctest.Wait()
		w.collect()
		select {
		case <-done:
			return nil
		default:
		}
		if w.steps > maxSteps || w.now() > maxTime {
			return fmt.Errorf("the run did not end within %d steps and %v", maxSteps, maxTime)
		}
		var next <-chan time.Time
		if len(w.queue) > 0 {
			wait := time.Until(w.queue[0].due)
			if wait <= 0 {
				w.play(heap.Pop(&w.queue).(*step))
				continue
			}
			t := time.NewTimer(wait)
			defer t.Stop()
			next = t.C
		}
		select {
		case <-w.knock:
		case <-next:
		case <-done:
		}
	}
}

// collect takes in what arrived, in an order that does not depend on goroutines.
func (w *world) collect() {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.lines)
	for _, l := range w.lines {
		w.trace.add(w.now(), l)
	}
	w.lines = w.lines[:0]
	slices.SortStableFunc(w.arrived, func(a, b *step) int {
		return cmp.Or(cmp.Compare(a.who, b.who), cmp.Compare(a.what, b.what))
	})
	sky := changing
	switch {
	case w.calm:
		sky = calm
	case time.Now().Before(w.stormy):
		sky = storm
	}
	for _, s := range w.arrived {
		w.steps++
		s.seq = w.steps
		s.fate = w.plan.fate(w.rng, s, sky)
		s.due = time.Now().Add(w.plan.travel(w.rng, s, sky))
		if stalled := s.life.stalledUntil; stalled.After(s.due) {
			s.due = stalled.Add(time.Duration(w.rng.IntN(1_000_000)))
		}
		heap.Push(&w.queue, s)
	}
	w.arrived = w.arrived[:0]
}

// play lets a step go.
func (w *world) play(s *step) {
	if gone, when := s.callerGone(); gone && (time.Since(when) > zombieSpan || w.rng.IntN(2) == 0) {
		s.fate = dropped
	} else if gone {
		w.count("a call done after its caller gave up")
	}
	if s.fate != goes {
		w.count("fate:" + fates[s.fate])
	}
	w.trace.add(w.now(), fmt.Sprintf("%5d %-14s %s%s", s.seq, s.who, s.what, fates[s.fate]))
	if strings.HasPrefix(s.what, agreeing) && w.plan.storms > 0 {
		w.stormy = time.Now().Add(time.Duration(w.rng.ExpFloat64() * float64(w.plan.storms)))
	}
	close(s.release)
}

// callerGone says whether nobody waits for the step any more, and since when.
func (s *step) callerGone() (bool, time.Time) {
	if s.life.isDead() {
		return true, s.life.died
	}
	if s.ctx.Err() == nil {
		return false, time.Time{}
	}
	if d, has := s.ctx.Deadline(); has && d.Before(time.Now()) {
		return true, d
	}
	return true, time.Now()
}

// stepQueue is a heap by due time.
type stepQueue []*step

func (q stepQueue) Len() int { return len(q) }
func (q stepQueue) Less(i, j int) bool {
	return cmp.Or(q[i].due.Compare(q[j].due), cmp.Compare(q[i].seq, q[j].seq)) < 0
}
func (q stepQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *stepQueue) Push(x any)   { *q = append(*q, x.(*step)) }
func (q *stepQueue) Pop() any {
	last := len(*q) - 1
	s := (*q)[last]
	*q = (*q)[:last]
	return s
}
