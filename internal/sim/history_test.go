package sim

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/aspstate/aspstate/internal/linear"
	"github.com/aspstate/aspstate/session"
)

// history is what nodes asked and what they were answered.
type history struct {
	began time.Time
	mu    sync.Mutex
	ops   []porcupine.Operation
	clock int64
	value uint64
	pool  []*known // sessions in use
	past  []session.Key
	all   map[session.Key]*known
}

// known is a session, and how many calls it has seen.
type known struct {
	key     session.Key
	timeout int32
	uses    int
	unknown int // calls whose answers never came
}

func newHistory(began time.Time) *history {
	return &history{began: began, all: map[session.Key]*known{}}
}

// next is a payload that nobody has written yet.
func (h *history) next() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.value++
	return h.value
}

// begin notes that something is asked. Until end is called the answer has not come.
func (h *history) begin(client int, in linear.Asked) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock++
	in.At = time.Since(h.began)
	h.ops = append(h.ops, porcupine.Operation{
		ClientId: client, Input: in, Call: h.clock, Output: linear.Answered{}, Return: math.MaxInt64,
	})
	if k := h.all[in.Key]; k != nil {
		k.uses++
		k.unknown++
	}
	return len(h.ops) - 1
}

// end notes the answer.
func (h *history) end(op int, out linear.Answered) {
	if out.Status == linear.Unknown {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock++
	out.At = time.Since(h.began)
	h.ops[op].Output, h.ops[op].Return = out, h.clock
	if k := h.all[h.ops[op].Input.(linear.Asked).Key]; k != nil {
		k.unknown--
	}
}

// outcome is an answer as the model has it.
func outcome(item session.Item, err error) linear.Answered {
	var locked *session.LockedError
	switch {
	case err == nil:
		return linear.Answered{Status: linear.Done, Value: number(item.Payload), Cookie: item.Cookie, Marked: item.Uninitialized}
	case errors.As(err, &locked):
		return linear.Answered{Status: linear.Locked, Cookie: locked.Cookie, Marked: locked.Uninitialized}
	case errors.Is(err, session.ErrNotFound):
		return linear.Answered{Status: linear.Absent}
	case errors.Is(err, session.ErrStaleCookie):
		return linear.Answered{Status: linear.Stale}
	case errors.Is(err, session.ErrExists):
		return linear.Answered{Status: linear.Exists}
	}
	return linear.Answered{}
}

// pick chooses a session to work on: some are asked for often, some seldom enough to expire.
func (h *history) pick(r *rand.Rand, p *plan) session.Key {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := int(r.Float64() * r.Float64() * float64(p.keys))
	short := r.Float64() < p.shortLived
	for len(h.pool) <= at {
		h.pool = append(h.pool, nil)
	}
	if k := h.pool[at]; k != nil && k.uses < p.uses && k.unknown < maxUnknown {
		return k.key
	}
	k := &known{key: session.Key{App: app, ID: fmt.Sprintf("s%03d", len(h.all)+1)}, timeout: 20}
	if short {
		k.timeout = 1
	}
	h.pool[at], h.all[k.key] = k, k
	h.past = append(h.past, k.key)
	return k.key
}

// pickPast chooses a session that was left alone, whose lock may be held by a page that has died.
func (h *history) pickPast(r *rand.Rand) (session.Key, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.past) == 0 {
		return session.Key{}, false
	}
	k := h.all[h.past[r.IntN(len(h.past))]]
	return k.key, k.unknown <= maxUnknown
}

// maxUnknown is how many calls of a session may be without an answer until it is left alone: each doubles what a check has to try.
const maxUnknown = 5

func (h *history) timeout(k session.Key) int32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[k].timeout
}

// ended says of a session, once all is quiet, what lies in the store that leads.
func (h *history) ended(k session.Key, r *session.Record, now session.Instant) {
	out := linear.Answered{Status: linear.Absent}
	if r != nil && r.Expires >= now {
		out = linear.Answered{Status: linear.Done, Value: number(r.Payload), Cookie: r.Lock.Cookie, Held: r.Lock.Locked}
	}
	h.end(h.begin(0, linear.Asked{Key: k, Verb: linear.Look}), out)
}

// cookiesGivenTwice lists sessions of which two pages got the same cookie, though nobody has removed them and they were not old
// enough to die: one of the pages could write under the lock of the other.
func (h *history) cookiesGivenTwice() (wrong []string) {
	gone := map[session.Key]bool{}
	for _, o := range h.ops {
		if in := o.Input.(linear.Asked); in.Verb == linear.Remove || in.Timeout == 1 {
			gone[in.Key] = true
		}
	}
	given := map[session.Key]map[int32]int{}
	for _, o := range h.ops {
		in, out := o.Input.(linear.Asked), o.Output.(linear.Answered)
		if in.Verb != linear.Acquire || out.Status != linear.Done || gone[in.Key] {
			continue
		}
		if given[in.Key] == nil {
			given[in.Key] = map[int32]int{}
		}
		if given[in.Key][out.Cookie]++; given[in.Key][out.Cookie] == 2 {
			wrong = append(wrong, fmt.Sprintf("cookie %d of %s was given twice", out.Cookie, in.Key.ID))
		}
	}
	return wrong
}
