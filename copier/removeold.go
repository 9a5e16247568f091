package copier

import (
	"context"
	"fmt"

	"github.com/aspstate/aspstate/session"
)

// removeOld takes the old spellings out of a table that was re-spelled in place. A row goes only if its copy stands
// beside it, equal; one that has changed since it was copied, or whose copy is in use already and differs, is kept and
// announced, for another run or a person.
func (r *run) removeOld(ctx context.Context) error {
	if err := r.move(PhaseRemoveOld); err != nil {
		return err
	}
	table, ok := r.o.Source.(session.Applier)
	if !ok {
		return fmt.Errorf("removing old rows from %s: it cannot be written", r.o.From.Title)
	}
	r.observe(PhaseStarted{Phase: PhaseRemoveOld, Total: count(ctx, r.o.Source)})
	var rows int64
	pages := r.pager(r.o.Source, r.o.From.Title)
	pages.workers = 1 // the table is being scanned and deleted from at once
	return pages.run(ctx, "", func(ctx context.Context, recs []session.Record) (tally, error) {
		p := &pageRemove{Job: r.Job, table: table, pass: r.at.Pass, now: session.At(r.o.Now())}
		n, err := p.run(ctx, recs)
		return tally{RemovedOld: n}, err
	}, func(_ session.Cursor, n int, done tally) error {
		r.total.add(done)
		rows += int64(n)
		r.observe(Progress{Phase: PhaseRemoveOld, Rows: rows, Counters: r.total.Counters})
		return nil
	})
}

type pageRemove struct {
	*Job
	table session.Applier
	pass  uint32
	now   session.Instant
}

func (p *pageRemove) run(ctx context.Context, recs []session.Record) (int64, error) {
	var jobs []*job
	var keys []session.Key
	for i := range recs {
		ids, f, _ := p.o.sortRow(&recs[i], p.now)
		if f != fateCopy {
			continue
		}
		j := &job{src: &recs[i], parsed: ids}
		if err := p.o.desire(j); err != nil {
			continue // refused by the copy, so there is no copy of it
		}
		jobs, keys = append(jobs, j), append(keys, j.want.Key)
	}
	if len(jobs) == 0 {
		return 0, nil
	}
	rows, err := p.o.Target.Peek(ctx, keys)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", p.o.To.Title, err)
	}
	lost, err := p.o.superseded(ctx, jobs, p.now)
	if err != nil {
		return 0, err
	}
	ids := make([]idHash, len(jobs))
	for i, j := range jobs {
		ids[i] = j.id
	}
	entries, known, err := p.ledger.get(ids)
	if err != nil {
		return 0, err
	}
	var deletes []session.Change
	var disown []ledgerEntry
	for i, j := range jobs {
		row, e := rows[i], entries[i]
		disowned := known[i] && e.Pass == p.pass && e.Done && e.After == 0
		switch {
		case row == nil:
			p.notice(NoticeKept, j.src.Key, "it has no copy")
			continue
		case lost[i], disowned: // its winner's copy stands; the winner itself is still to go, or went
		case compare(&j.want, row, p.o.ToCompressed != TargetSame) != nil:
			p.notice(NoticeKept, j.src.Key, "it and its copy differ: one of them has been used since")
			continue
		}
		fence := j.src.Fence()
		deletes = append(deletes, session.Change{Record: session.Record{Key: j.src.Key}, Delete: true, Expect: &fence})
		// From now on the copy is no copy of anything: without this entry the next run would take the missing source row
		// for an abandoned session.
		disown = append(disown, ledgerEntry{ID: j.id, Expires: row.Expires, Pass: p.pass, Done: true})
	}
	if len(deletes) == 0 {
		return 0, nil
	}
	if err := p.ledger.put(disown); err != nil {
		return 0, err
	}
	if err := p.ledger.sync(); err != nil {
		return 0, err
	}
	outs, err := p.table.Apply(ctx, deletes)
	if err != nil {
		return 0, fmt.Errorf("removing old rows from %s: %w", p.o.From.Title, err)
	}
	var n int64
	for i, out := range outs {
		if out.Result == session.Conflict {
			p.notice(NoticeKept, deletes[i].Record.Key, "it was used while it was being removed")
			continue
		}
		n++
	}
	return n, nil
}
