// Package ui shows what the copier tells: as text for people, with a progress bar on a terminal and a line now and then
// elsewhere, or as JSON lines. It keeps the state of a run and decides nothing.
package ui

import (
	"time"

	"github.com/aspstate/aspstate/copier"
)

// State is how far a run has come. Unknown is not zero: Total is -1 where nobody knows it.
type State struct {
	Phase    copier.Phase
	Rows     int64
	Total    int64
	Counters copier.Counters
	Throttle string // why it goes slower than it could; "": it does not

	began time.Time // of the phase
	first int64     // rows that were done when it began
}

// apply takes an event in.
func (s *State) apply(e copier.Event, now time.Time) {
	switch e := e.(type) {
	case copier.PhaseStarted:
		*s = State{Phase: e.Phase, Rows: e.Done, Total: e.Total, Counters: s.Counters, began: now, first: e.Done}
	case copier.Progress:
		s.Rows, s.Counters, s.Throttle = e.Rows, e.Counters, e.Throttle
		if s.Total >= 0 && s.Rows > s.Total { // rows that came while it ran
			s.Total = s.Rows
		}
	}
}

// Rate is the phase's speed so far, in rows a second.
func (s *State) Rate(now time.Time) float64 {
	d := now.Sub(s.began).Seconds()
	if d <= 0 {
		return 0
	}
	return float64(s.Rows-s.first) / d
}

// ETA is the time that the phase will still take; false while nobody can know.
func (s *State) ETA(now time.Time) (time.Duration, bool) {
	rate := s.Rate(now)
	if s.Total < 0 || rate <= 0 {
		return 0, false
	}
	return time.Duration(float64(s.Total-s.Rows) / rate * float64(time.Second)), true
}
