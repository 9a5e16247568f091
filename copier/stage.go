package copier

import (
	"context"
	"fmt"
)

// Stage names a moment of a copy at which somebody else may have something to do, or to say against it.
type Stage string

// Stages, in the order in which they come. A plain run knows before-copy, done and failed.
const (
	StageBeforeCopy  Stage = "before-copy"  // before anything is written; in a resumed run too
	StageCaughtUp    Stage = "caught-up"    // once: waiting longer makes the rest no smaller
	StageBeforeFinal Stage = "before-final" // all rows have been verified; the freeze comes next
	StageFreeze      Stage = "freeze"       // stop the source's application: once this returns, the source takes no writes
	StageFrozen      Stage = "frozen"       // the last changes are being carried from here on
	StageDone        Stage = "done"         // all is in the target and verified: start the application on the target
	StageFailed      Stage = "failed"       // the run ends with Facts.Err; after a freeze: the target is not complete, start the application on the source. Not told once a cut-over is done
)

// Facts are what a stage is told.
type Facts struct {
	From, To string // titles of the ends
	Status   Status
	Err      error // of StageFailed
}

// stage tells a stage. An error stops the run; that of StageFailed counts beside the one that is told.
func (j *Job) stage(ctx context.Context, s Stage, why error) error {
	if j.o.Stage == nil {
		return nil
	}
	j.steer.enter(s)
	defer j.steer.enter("")
	if err := j.o.Stage(ctx, s, Facts{From: j.o.From.Title, To: j.o.To.Title, Status: j.steer.Status(), Err: why}); err != nil {
		return fmt.Errorf("stage %s: %w", s, err)
	}
	return nil
}
