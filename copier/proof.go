package copier

import (
	"context"
	"fmt"
	"sync"

	"github.com/aspstate/aspstate/session"
)

// proven refuses a following copy that has no ledger while the target has live sessions: nobody can say whether they are
// older copies or the target's own. With RebuildLedger the first pass takes those into the ledger that equal their source
// row; the others are the target's own.
func (j *Job) proven(ctx context.Context) error {
	if j.ledger != nil || j.o.Follow.RebuildLedger || j.o.inPlace() {
		return nil
	}
	now := session.At(j.o.Now())
	var mu sync.Mutex
	var live int64
	err := j.pager(skim(j.o.Target), j.o.To.Title).run(ctx, "", func(_ context.Context, got session.Page) (tally, error) {
		var n int64
		for i := range got.Records {
			r := &got.Records[i]
			parsed, err := j.o.To.Spelling.Parse(r.Key)
			if !dead(r, now, j.o.To.Layout) && (err != nil || j.o.selected(parsed.Key.App)) {
				n++
			}
		}
		mu.Lock()
		defer mu.Unlock()
		live += n
		return tally{}, nil
	}, func(session.Cursor, int, tally) error { return nil })
	if err != nil || live == 0 {
		return err
	}
	return &RefusedError{Checks: []Check{{
		Name: "ledger", Verdict: Refused,
		Detail: fmt.Sprintf("the target has %d live sessions, and no ledger says which of them are copies", live),
		Remedy: "bring the checkpoint and its ledger here; or take those that equal their source for copies and the others for the target's own: --rebuild-ledger",
	}}}
}
