package linear_test

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/aspstate/aspstate/internal/linear"
	"github.com/aspstate/aspstate/session"
)

// event is a call that nothing else overlaps, unless it is open: then its answer never came.
type event struct {
	in   linear.Asked
	out  linear.Answered
	at   time.Duration
	open bool
}

func create(value uint64) event {
	return event{in: linear.Asked{Verb: linear.Create, Value: value, Timeout: 20}, out: linear.Answered{Status: linear.Done}}
}

func acquired(value uint64, cookie int32, marked bool) event {
	return event{in: linear.Asked{Verb: linear.Acquire}, out: linear.Answered{Status: linear.Done, Value: value, Cookie: cookie, Marked: marked}}
}

func set(value uint64, cookie int32, how linear.Status) event {
	in := linear.Asked{Verb: linear.Set, Cond: session.IfCookie(cookie), Value: value, Timeout: 20}
	return event{in: in, out: linear.Answered{Status: how}}
}

func looked(value uint64, cookie int32, held bool) event {
	return event{in: linear.Asked{Verb: linear.Look}, out: linear.Answered{Status: linear.Done, Value: value, Cookie: cookie, Held: held}}
}

func (e event) after(d time.Duration) event { e.at = d; return e }

func (e event) lost() event { e.open, e.out = true, linear.Answered{}; return e }

func TestCheck(t *testing.T) {
	removed := event{in: linear.Asked{Verb: linear.Remove, Cond: session.IfCookie(2)}, out: linear.Answered{Status: linear.Done}}
	absent := event{in: linear.Asked{Verb: linear.Acquire}, out: linear.Answered{Status: linear.Absent}}
	for _, c := range []struct {
		name  string
		rules linear.Rules
		says  bool
		tells []event
	}{
		{"a page", linear.Rules{}, true, []event{create(1), acquired(1, 2, true), set(2, 2, linear.Done), looked(2, 2, false)}},
		{"a write is lost", linear.Rules{}, false, []event{create(1), acquired(1, 2, true), set(2, 2, linear.Done), looked(1, 2, false)}},
		{"two owners", linear.Rules{}, false, []event{create(1), acquired(1, 2, true), acquired(1, 3, false)}},
		{"a mark told twice", linear.Rules{}, false, []event{create(1), acquired(1, 2, true), set(2, 2, linear.Done), acquired(2, 3, true)}},
		{"a mark not told", linear.Rules{}, false, []event{create(1), acquired(1, 2, false)}},
		{"a removed session comes back", linear.Rules{}, false, []event{create(1), acquired(1, 2, true), removed, looked(1, 2, false)}},
		{"a removed session is gone", linear.Rules{}, true, []event{create(1), acquired(1, 2, true), removed, absent}},
		{"a session dies of age", linear.Rules{}, true, []event{create(1), absent.after(21 * time.Minute)}},
		{"a session dies too early", linear.Rules{}, false, []event{create(1), absent.after(19 * time.Minute)}},
		{"a dead session is served", linear.Rules{}, false, []event{create(1), acquired(1, 2, true).after(21 * time.Minute)}},
		{"a cookie jumps", linear.Rules{}, false, []event{create(1), acquired(1, 9, true)}},
		{"a cookie may jump", linear.Rules{Jumps: true}, true, []event{create(1), acquired(1, 9, true)}},
		{"a cookie comes again", linear.Rules{Jumps: true, Moves: true}, false,
			[]event{create(1), acquired(1, 9, true), set(2, 9, linear.Done), acquired(2, 9, false)}},
		{"a moved session refuses the last cookie", linear.Rules{}, false,
			[]event{create(1), acquired(1, 2, true), set(2, 2, linear.Done), set(3, 2, linear.Stale)}},
		{"a moved session may refuse the last cookie", linear.Rules{Moves: true}, true,
			[]event{create(1), acquired(1, 2, true), set(2, 2, linear.Done), set(3, 2, linear.Stale), looked(2, 3, false)}},
		{"and takes it no more then", linear.Rules{Moves: true}, false,
			[]event{create(1), acquired(1, 2, true), set(2, 2, linear.Done), set(3, 2, linear.Stale), set(4, 2, linear.Done)}},
		{"a lock is not refused to its owner", linear.Rules{Moves: true}, false,
			[]event{create(1), acquired(1, 2, true), set(2, 2, linear.Stale)}},
		{"an answer is lost, and the write took place", linear.Rules{}, true,
			[]event{create(1), acquired(1, 2, true), set(2, 2, linear.Done).lost(), looked(2, 2, false)}},
		{"an answer is lost, and it did not", linear.Rules{}, true,
			[]event{create(1), acquired(1, 2, true), set(2, 2, linear.Done).lost(), looked(1, 2, true)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var history []porcupine.Operation
			for i, e := range c.tells {
				at := time.Duration(i)*time.Millisecond + e.at
				e.in.Key, e.in.At, e.out.At = session.Key{ID: "s"}, at, at
				o := porcupine.Operation{Input: e.in, Output: e.out, Call: int64(2 * i), Return: int64(2*i + 1)}
				if e.open {
					o.Output, o.Return = linear.Answered{}, linear.Never
				}
				history = append(history, o)
			}
			unexplained, undecided := linear.Check(history, c.rules, time.Minute)
			if len(undecided) > 0 || (len(unexplained) == 0) != c.says {
				t.Errorf("explained: %v, want %v", len(unexplained) == 0, c.says)
			}
		})
	}
}
