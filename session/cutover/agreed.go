package cutover

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
)

// stages of a change of phase.
const (
	settled   = "settled"   // served by the rules of phase
	announced = "announced" // the same, and everybody looks often
	holding   = "holding"   // nobody serves
)

// agreed is what bridges agree on about an application: the body of session.Agreed, JSON that people can read too.
type agreed struct {
	Phase   Phase  `json:"phase"`
	Percent int    `json:"percent,omitempty"` // of ids that handoff is for
	Next    *goal  `json:"next,omitempty"`    // nil: settled
	Stage   string `json:"stage"`
	Spans   []span `json:"spans,omitempty"`
	// Noted is later than or at every moment of either store's clock at which a phase began before.
	Noted moment `json:"noted,omitzero"`
	// OldTimeout is the largest timeout of sessions in an old store that cannot list them, in minutes.
	OldTimeout int32  `json:"old_timeout_minutes,omitempty"`
	Clean      bool   `json:"clean,omitempty"` // new was swept since prepare settled, and nothing unknown was found
	Since      moment `json:"since,omitzero"`  // of the stage, by the new store's clock
}

// goal is the phase to come.
type goal struct {
	Phase   Phase `json:"phase"`
	Percent int   `json:"percent,omitempty"`
}

// span is a time in which movers lock rows of a store: those of ids from one percentage to below another.
type span struct {
	Store string `json:"store"` // whose rows are locked, and by whose clock: "old" or "new"
	From  int    `json:"from_percent"`
	Below int    `json:"below_percent"`
	Began moment `json:"began"`
	Ended moment `json:"ended,omitzero"` // zero: not over
}

func (s *span) covers(percentile int) bool { return s.From <= percentile && percentile < s.Below }

// moment is an Instant that JSON shows as people write it.
type moment session.Instant

func (m moment) MarshalText() ([]byte, error) { return []byte(session.Instant(m).String()), nil }

func (m *moment) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339Nano, string(b))
	*m = moment(session.At(t))
	return err
}

// readAgreed reads a body; an application that nothing was agreed on is in the initial phase.
func readAgreed(app string, body []byte, initial Phase) (*agreed, error) {
	if len(body) == 0 {
		a := &agreed{Phase: initial, Stage: settled}
		if initial == Handoff || initial == Mirror {
			a.Percent = 100
		}
		return a, nil
	}
	a := &agreed{}
	if err := json.Unmarshal(body, a); err != nil {
		return nil, fmt.Errorf("reading what is agreed on application %q: %w", app, err)
	}
	if a.Stage != settled && a.Stage != announced && a.Stage != holding || (a.Stage == settled) != (a.Next == nil) {
		return nil, fmt.Errorf("reading what is agreed on application %q: stage %q does not fit", app, a.Stage)
	}
	return a, nil
}

func (a *agreed) body() []byte {
	b, err := json.Marshal(a)
	if err != nil {
		panic(err) // nothing in it can fail
	}
	return b
}

// percentile is the place of an id among the hundred parts that a cohort is made of.
func percentile(id string) int {
	h := sha256.Sum256([]byte(id))
	rest := uint64(0)
	for i := 0; i < len(h); i += 4 { // the number of 256 bits modulo 100
		rest = (rest<<32 | uint64(binary.BigEndian.Uint32(h[i:]))) % 100
	}
	return int(rest)
}

// began is when movers began to lock rows of an id, in the span that is not over.
func (a *agreed) began(store, id string) (session.Instant, bool) {
	part := percentile(id)
	for i := range a.Spans {
		if s := &a.Spans[i]; s.Store == store && s.Ended == 0 && s.covers(part) {
			return session.Instant(s.Began), true
		}
	}
	return 0, false
}

// isDeadMovers reports whether the lock of a row was taken by a mover whose time is over.
func (a *agreed) isDeadMovers(store string, r *session.Record) bool {
	if !r.Lock.Locked {
		return false
	}
	part := percentile(r.Key.ID)
	within := func(s *span, at session.Instant) bool {
		return session.Instant(s.Began) < at && at <= session.Instant(s.Ended)
	}
	for i := range a.Spans {
		s := &a.Spans[i]
		if s.Store == store && s.Ended != 0 && s.covers(part) && within(s, r.Lock.Since) && !within(s, r.Created) {
			return true
		}
	}
	return false
}

// hasPast reports whether movers have locked rows of a store, and do not any more.
func (a *agreed) hasPast(store string) bool {
	for i := range a.Spans {
		if a.Spans[i].Store == store && a.Spans[i].Ended != 0 {
			return true
		}
	}
	return false
}
