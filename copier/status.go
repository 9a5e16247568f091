package copier

import "time"

// Status is how far a copy is, at a moment.
type Status struct {
	Phase    Phase    // "" before the first one
	Rows     int64    // of this phase
	Total    int64    // -1: unknown
	Pass     int      // passes of a following copy that are done
	CaughtUp bool     // what is left to copy does not become less by waiting
	CutOver  bool     // it was asked for
	Stage    Stage    // that is being told, and waited for; "" if none is
	Frozen   bool     // the source's application has been stopped by the freeze hook, and the target is not complete yet
	Rate     int      // limit, in rows a second; 0: none
	Throttle string   // why the copy goes slower than it could; "" if it does not
	PausedBy []string // in alphabetical order; empty: not paused
	Lag      Lag
	Counters Counters
}

// Lag is how far a following copy is behind its source.
type Lag struct {
	Rows    int64   // that the last complete pass has found changed; -1: unknown
	Seconds float64 // since that pass began: whatever was written before is copied; 0 while Rows is unknown

	began time.Time // of the last complete pass
}

func (l Lag) since(now time.Time) float64 {
	if l.Rows < 0 {
		return 0
	}
	return now.Sub(l.began).Seconds()
}

// told takes an event into the status, and fills in what the steering knows of it.
func (s *Steering) told(e Event) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.status
	switch e := e.(type) {
	case PhaseStarted:
		st.Phase, st.Rows, st.Total = e.Phase, e.Done, e.Total
	case Progress:
		st.Rows, st.Counters = e.Rows, e.Counters
		e.Pass, e.Throttle, e.Lag = st.Pass, s.brake.reason, st.Lag
		e.Lag.Seconds = st.Lag.since(time.Now())
		return e
	case PassDone:
		st.Pass, st.Lag, st.Counters = e.Pass, e.Lag, e.Counters
	case CaughtUp:
		st.CaughtUp = true
	case Finished:
		st.Counters = e.Report.Counters
	}
	return e
}
