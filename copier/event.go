package copier

import "time"

// Event is something the engine tells its observer. The engine never prints: who shows events is up to the caller.
type Event interface{ event() }

// Phase names a part of a run, in the order in which they come.
type Phase string

// Phases.
const (
	PhasePreflight Phase = "preflight"  // reading only: what is there, and what stands in the way
	PhaseCopy      Phase = "copy"       // every source row
	PhaseSweep     Phase = "sweep"      // every target row: carries deletions, counts
	PhaseFollow    Phase = "follow"     // one pass: source rows that have changed
	PhaseFinal     Phase = "final"      // one pass while the source is frozen
	PhaseCutOver   Phase = "cut-over"   // the target has everything: what a checkpoint says afterwards
	PhaseRemoveOld Phase = "remove-old" // the old spellings of a table that was re-spelled in place
	PhaseVerify    Phase = "verify"     // the verify command: every source row against its copy
	PhaseExtra     Phase = "extra"      // the verify command: target rows that the source lacks
)

// PhaseStarted opens a phase. Total is the number of rows ahead, -1 when unknown; Done of them were done by the run that
// this one resumes.
type PhaseStarted struct {
	Phase Phase
	Total int64
	Done  int64
}

// Progress says how far a phase is. It comes after each page, in no promised rhythm.
type Progress struct {
	Phase    Phase
	Rows     int64 // of this phase, those of a resumed run included
	Counters Counters
	Pass     int    // passes of a following copy that are done
	Lag      Lag    // of a following copy
	Throttle string // why the copy goes slower than it could; "" if it does not
}

// PassDone ends a pass of a following copy.
type PassDone struct {
	Pass     int // how many there have been
	Lag      Lag
	Deleted  int64 // sessions that the source has removed since the pass before
	Took     time.Duration
	Tracked  bool // it looked only at what the source says has changed
	Counters Counters
}

// CaughtUp comes once: what is left to copy does not become less by waiting. A cut-over may be asked for.
type CaughtUp struct{ Lag Lag }

// CutOverDone ends a following copy: the target has everything, and the source is frozen.
type CutOverDone struct{ Freeze Freeze }

// Planned carries the plan once the preflight has made it.
type Planned struct{ Plan *Plan }

// NoticeKind names a kind of notice.
type NoticeKind string

// Kinds of notice. A kind is announced for the first few rows only (noticesPerKind); the counters have them all.
const (
	NoticeUndecodable NoticeKind = "undecodable"
	NoticeRefused     NoticeKind = "refused"
	NoticeTargetOwned NoticeKind = "target_owned"
	NoticeDifference  NoticeKind = "difference"
	NoticeKept        NoticeKind = "kept"     // an old spelling that was not removed
	NoticeTracking    NoticeKind = "tracking" // about no row: the source does not tell what has changed, or not any more
)

// Notice is about one row. ID is masked.
type Notice struct {
	Kind NoticeKind
	ID   string
	Text string
}

// Finished is the last event of a run that came to its end.
type Finished struct{ Report Report }

func (PhaseStarted) event() {}
func (Progress) event()     {}
func (Planned) event()      {}
func (Notice) event()       {}
func (Finished) event()     {}
func (PassDone) event()     {}
func (CaughtUp) event()     {}
func (CutOverDone) event()  {}
