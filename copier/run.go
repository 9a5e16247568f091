package copier

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Run copies, sweeps and reports. It returns a *RefusedError if the preflight refused. When the context ends it saves
// what it has done and returns the context's error; the next run goes on from there.
func (j *Job) Run(ctx context.Context) (rep Report, err error) {
	if err := j.Plan.Err(); err != nil {
		return rep, err
	}
	r, err := j.begin(false)
	if err != nil {
		return rep, err
	}
	defer func() {
		if err != nil {
			err = r.failed(ctx, err)
		}
	}()
	rep.Resumed = j.resumes(false)
	if err := j.stage(ctx, StageBeforeCopy, nil); err != nil {
		return rep, err
	}
	if Phase(r.at.Phase) == PhaseCopy {
		if err := r.copyAll(ctx); err != nil {
			return r.report(rep), err
		}
	}
	if err := r.sweep(ctx); err != nil {
		return r.report(rep), err
	}
	if j.o.RemoveOld && r.total.Differences == 0 {
		if err := r.removeOld(ctx); err != nil {
			return r.report(rep), err
		}
	}
	r.at.Complete = true
	if err := r.save(); err != nil {
		return r.report(rep), err
	}
	rep = r.report(rep)
	j.observe(Finished{rep})
	return rep, j.stage(ctx, StageDone, nil)
}

// run is one pass in progress. Only the goroutine that marks pages touches it.
type run struct {
	*Job
	at      checkpoint // as it would be saved now
	total   tally      // of all marked pages
	savedAt time.Time
	began   time.Time
	ranks   bool            // the ledger's ranks are of the same id rules in the same order
	horizon session.Instant // of the sweep, see newHorizon
	shown   Phase           // what observers are told of the complete copy: PhaseCopy, or PhaseVerify when it comes again

	// Of a following copy.
	passes  int           // that are done
	passEnd time.Time     // when the last one had seen all rows
	before  time.Duration // how long it took

	unknown   int64 // rows of nobody we know, of the last pass over all rows and since
	untracked bool  // the source has said that it does not tell which rows have changed
}

// tally is what the checkpoint keeps of a pass besides its place.
type tally struct {
	Counters
	RemovedOld int64 `json:"removed_old"`
}

func (t *tally) add(d tally) {
	t.Counters.add(d.Counters)
	t.RemovedOld += d.RemovedOld
}

// begin opens the ledger and decides where the pass starts.
func (j *Job) begin(follow bool) (*run, error) {
	if j.o.StartOver {
		if err := j.forget(); err != nil {
			return nil, fmt.Errorf("starting over: %w", err)
		}
	}
	if j.ledger == nil {
		l, err := openLedger(j.ledgerDir(), j.o.fingerprint())
		if err != nil {
			return nil, err
		}
		j.ledger = l
	}
	r := &run{Job: j, shown: PhaseCopy, savedAt: time.Now(), began: time.Now(), ranks: j.saved != nil && j.saved.Plan == j.o.planPrint(), unknown: int64(len(j.Plan.Unknown))}
	r.at = checkpoint{
		From: j.o.fromPrint(), To: j.o.toPrint(), Plan: j.o.planPrint(), Phase: string(PhaseCopy), Pass: j.lastPass + 1,
	}
	if j.resumes(follow) {
		if err := r.restore(); err != nil {
			return nil, err
		}
	}
	return r, r.save()
}

// save writes the checkpoint. It may name only what is done: pages before the cursor are in the target, and the ledger
// knows them durably.
func (r *run) save() error {
	if err := r.ledger.sync(); err != nil {
		return err
	}
	c, err := json.Marshal(r.total)
	if err != nil {
		return err
	}
	r.at.Counters, r.at.Saved = c, r.o.Now().UTC()
	r.savedAt = time.Now()
	return saveCheckpoint(r.o.State, r.at)
}

// move enters the next phase, from its beginning.
func (r *run) move(ph Phase) error {
	r.at.Phase, r.at.Cursor = string(ph), ""
	return r.save()
}

func (r *run) report(rep Report) Report {
	rep.Counters, rep.RemovedOld, rep.Took = r.total.Counters, r.total.RemovedOld, time.Since(r.began)
	return rep
}
