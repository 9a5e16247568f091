// Package linear says whether what callers of a session store were answered can be explained by a store that does one thing
// after the other: a model of ASP.NET's verbs for github.com/anishathalye/porcupine. It is for tests.
//
// The model keeps payload, lock, cookie, uninitialized mark and expiry of each session. An answer that never came leaves open
// whether and when the call took place, until the end of the history. What stores may do beyond the contract is a [Rules].
package linear

import (
	"math"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/aspstate/aspstate/session"
)

// Verb is what was asked.
type Verb uint8

// The verbs of a session.Store, and what else happens to a session.
const (
	Get Verb = iota
	Acquire
	Set
	Release
	Remove
	Create
	Reset
	Look     // what lies in the store that leads, seen from outside; takes no time
	GiveBack // by a server: a lock whose answer could not be delivered
)

var verbs = [...]string{"get", "acquire", "set", "release", "remove", "create", "reset", "look", "give back"}

func (v Verb) String() string { return verbs[v] }

// Asked is the input of an operation.
type Asked struct {
	Key     session.Key
	Verb    Verb
	Cond    session.Condition // Set, Remove
	Cookie  int32             // Release
	Value   uint64            // Set, Create: which payload
	Timeout int32             // Set, Create: minutes
	At      time.Duration     // when it was asked, from any fixed moment
	Over    Protocol          // some tell less than others
}

// Protocol is how a call came to the store.
type Protocol uint8

// The protocols.
const (
	Directly    Protocol = iota
	StateServer          // what a read finds free has no cookie, what exists already is not told, a lock that is free can be given back
	SQLServer            // what was refused was not counted, whatever the reason
)

var protocols = [...]string{"none", "State Server", "SQL Server"}

func (p Protocol) String() string { return protocols[p] }

// Status is how a call ended.
type Status uint8

// The outcomes of the contract, and none.
const (
	Unknown Status = iota // no answer, or one that leaves open whether it was done
	Done
	Absent
	Locked
	Stale
	Exists
)

var statuses = [...]string{"unknown", "done", "absent", "locked", "stale", "exists"}

func (s Status) String() string { return statuses[s] }

// Answered is the output of an operation.
type Answered struct {
	Status Status
	Value  uint64        // Get, Acquire, Look
	Cookie int32         // Get, Acquire, Look; and of who holds the lock, if Locked
	Held   bool          // Look: it is locked
	Marked bool          // the call was told that the session is uninitialized
	At     time.Duration // when the answer came
}

// Rules are what a store may do beyond the contract of an embedded store that never stopped.
type Rules struct {
	// Moves: a session that nobody holds may get a higher cookie at any time, since it is moved under a lock; and a Set without an
	// answer may have released the lock and written nothing.
	Moves bool
	// Jumps: the cookie of a lock may be any that is higher than the last.
	Jumps bool
	// Slack is how much a session may die too early or too late.
	Slack time.Duration
}

// Never is the Return of an operation whose answer never came.
const Never = math.MaxInt64

// Check reports whether the histories of all keys can be explained, and names those that cannot, in the order of their
// beginnings. It gives up on a key after the given time, and names it too.
func Check(history []porcupine.Operation, rules Rules, limit time.Duration) (unexplained, undecided []session.Key) {
	m := Model(rules)
	for _, part := range byKey(history) {
		switch porcupine.CheckOperationsTimeout(m, part, limit) {
		case porcupine.Illegal:
			unexplained = append(unexplained, part[0].Input.(Asked).Key)
		case porcupine.Unknown:
			undecided = append(undecided, part[0].Input.(Asked).Key)
		}
	}
	return unexplained, undecided
}

func byKey(history []porcupine.Operation) (parts [][]porcupine.Operation) {
	at := map[session.Key]int{}
	for _, o := range history {
		k := o.Input.(Asked).Key
		if _, known := at[k]; !known {
			at[k] = len(parts)
			parts = append(parts, nil)
		}
		parts[at[k]] = append(parts[at[k]], o)
	}
	return parts
}

// Model returns the model of a store.
func Model(rules Rules) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition: byKey,
		Init:      func() []any { return []any{row{}} },
		Step: func(state, in, out any) (after []any) {
			c := call{rules: rules, in: in.(Asked), out: out.(Answered)}
			for _, s := range c.advance(state.(row)) {
				after = append(after, s)
			}
			return after
		},
		Equal: func(a, b any) bool { return a == b },
	}
	return m.ToModel()
}

// WithGiveBacks adds that a server may have given back each lock that was asked for over a protocol and whose answer never came.
func WithGiveBacks(history []porcupine.Operation) []porcupine.Operation {
	for _, o := range history {
		in, out := o.Input.(Asked), o.Output.(Answered)
		if in.Over != Directly && in.Verb == Acquire && out.Status == Unknown {
			in.Verb = GiveBack
			o.Input = in
			history = append(history, o)
		}
	}
	return history
}
