package copier

import (
	"context"
	"fmt"

	"github.com/aspstate/aspstate/session"
)

// removeOld takes the old spellings out of a table that was re-spelled in place: first the rows that lost to another row
// of their session, as long as that one is there to win over them, then the others. Of these a row goes only if its copy
// stands beside it, equal; one that has changed since it was copied, or whose copy is in use already and differs, is kept
// and announced, for another run or a person.
//
// From the moment an old row is gone, its copy is no copy of anything: the next run must not take the missing source row
// for an abandoned session. So the ledger's entry says "leaving" before the row is removed, and is given up afterwards;
// whoever finds a leaving entry without its source row knows that the removal took place.
func (r *run) removeOld(ctx context.Context) error {
	if err := r.move(PhaseRemoveOld); err != nil {
		return err
	}
	table, ok := writable(r.o.Source)
	if !ok {
		return fmt.Errorf("removing old rows from %s: it cannot be written", r.o.From.Title)
	}
	for _, losers := range []bool{true, false} {
		r.observe(PhaseStarted{Phase: PhaseRemoveOld, Total: count(ctx, r.o.Source)})
		var rows int64
		pages := r.pager(r.o.Source, r.o.From.Title)
		pages.workers = 1 // the table is being scanned and deleted from at once
		err := pages.run(ctx, "", func(ctx context.Context, got session.Page) (tally, error) {
			p := &pageRemove{Job: r.Job, table: table, pass: r.at.Pass, now: session.At(r.o.Now()), losers: losers}
			n, err := p.run(ctx, got.Records)
			return tally{RemovedOld: n}, err
		}, func(_ session.Cursor, n int, done tally) error {
			r.total.add(done)
			rows += int64(n)
			r.observe(Progress{Phase: PhaseRemoveOld, Rows: rows, Counters: r.total.Counters})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

type pageRemove struct {
	*Job
	table  session.Applier
	pass   uint32
	now    session.Instant
	losers bool // remove the rows that lost; otherwise the others
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
	var deletes []session.Change
	var entries []ledgerEntry // of the rows that leave; none for those that lost
	for i, j := range jobs {
		row := rows[i]
		switch {
		case lost[i] != p.losers:
			continue
		case row == nil:
			p.notice(NoticeKept, j.src.Key, "it has no copy")
			continue
		case !p.losers && compare(&j.want, row, p.o.ToCompressed != TargetSame) != nil:
			p.notice(NoticeKept, j.src.Key, "it and its copy differ: one of them has been used since")
			continue
		}
		fence := j.src.Fence()
		deletes = append(deletes, session.Change{Record: session.Record{Key: j.src.Key}, Delete: true, Expect: &fence})
		if !p.losers {
			entries = append(entries, ledgerEntry{
				ID: j.id, Before: leaving, After: hashFence(row.Fence()), Expires: row.Expires, Pass: stamp(p.pass, j.rank),
			})
		}
	}
	return p.remove(ctx, deletes, entries)
}

// remove removes old rows; entries are those of their copies, in the same order, or none.
func (p *pageRemove) remove(ctx context.Context, deletes []session.Change, entries []ledgerEntry) (int64, error) {
	if len(deletes) == 0 {
		return 0, nil
	}
	if err := p.ledger.put(entries); err != nil {
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
		conflict := out.Result == session.Conflict
		if conflict {
			p.notice(NoticeKept, deletes[i].Record.Key, "it was used while it was being removed")
		} else {
			n++
		}
		if p.losers {
			continue
		}
		e := &entries[i]
		e.Done = true
		if conflict {
			e.Before = e.After // a copy of a row that is there, as before
		} else {
			e.Before, e.After = 0, 0
		}
	}
	return n, p.ledger.put(entries)
}
