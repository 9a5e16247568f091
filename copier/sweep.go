package copier

import (
	"context"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
)

// sweep scans the target: rows of ours whose source row is gone are removed, the target's own rows are counted, and the
// rows of this pass are counted against the ledger.
func (r *run) sweep(ctx context.Context) error {
	err := r.phase(ctx, PhaseSweep, r.o.Target, r.o.To.Title, count(ctx, r.o.Target), func(ctx context.Context, recs []session.Record) (tally, error) {
		p := &pageSweep{Job: r.Job, pass: r.at.Pass, now: session.At(r.o.Now()), horizon: r.total.Horizon}
		err := p.run(ctx, recs)
		return p.n, err
	})
	if err != nil {
		return err
	}
	return r.countBack()
}

// horizon is the moment beyond which a row of this pass must live to be counted by the sweep: late enough that a row
// that expires while the sweep is under way, and is purged, does not look lost.
func (r *run) horizon() session.Instant {
	return session.At(r.o.Now().Add(time.Minute + 2*time.Since(r.began)))
}

// countBack compares the number of rows that the ledger says this pass left in the target with the number that the
// sweep has seen there. It says nothing if the sweep took so long that rows may have been purged meanwhile.
func (r *run) countBack() error {
	if session.At(r.o.Now()) >= r.total.Horizon {
		return nil
	}
	var want int64
	err := r.ledger.each(func(e ledgerEntry) error {
		if e.Pass == r.at.Pass && e.Done && e.After != 0 && e.Expires > r.total.Horizon {
			want++
		}
		return nil
	})
	if err != nil {
		return err
	}
	if lost := want - r.total.Present; lost > 0 {
		r.total.Differences += lost
		r.notice(NoticeDifference, session.Key{}, "%d sessions that were written are no longer in the target", lost)
	}
	return nil
}

// pageSweep looks at one page of target rows.
type pageSweep struct {
	*Job
	pass    uint32
	now     session.Instant
	horizon session.Instant
	n       tally
}

func (p *pageSweep) run(ctx context.Context, recs []session.Record) error {
	ids := make([]idHash, len(recs))
	for i := range recs {
		ids[i] = hashID(recs[i].Key, p.o.To.fold())
	}
	entries, known, err := p.ledger.get(ids)
	if err != nil {
		return err
	}
	inSource, mine, err := p.sources(ctx, recs)
	if err != nil {
		return err
	}
	var deletes []session.Change
	var intents []ledgerEntry
	for i := range recs {
		row, e := &recs[i], entries[i]
		ours := known[i] && e.Pass == p.pass && e.Done && e.After != 0
		if ours && e.Expires > p.horizon {
			p.n.Present++
		}
		if !mine[i] || inSource[i] || dead(row, p.now, p.o.To.Layout) {
			continue
		}
		fence := row.Fence()
		h := hashFence(fence)
		if !known[i] || h != e.After && h != e.Before {
			p.n.TargetOwned++
			continue
		}
		if ours && e.Expires > p.horizon {
			p.n.Present-- // it leaves, and its entry with it
		}
		deletes = append(deletes, session.Change{Record: session.Record{Key: row.Key}, Delete: true, Expect: &fence})
		intents = append(intents, ledgerEntry{ID: ids[i], Before: h, Expires: e.Expires, Pass: p.pass})
	}
	return p.delete(ctx, deletes, intents)
}

// sources says of each target row whether it is part of this run at all (mine), and whether the source still has a row
// of that session, under any of its id rules.
func (p *pageSweep) sources(ctx context.Context, recs []session.Record) (inSource, mine []bool, err error) {
	inSource, mine = make([]bool, len(recs)), make([]bool, len(recs))
	var keys []session.Key
	var owner []int
	for i := range recs {
		parsed, err := p.o.To.Spelling.Parse(recs[i].Key)
		if err != nil {
			// Not spelled by the target rule: a row of the source in the same table, or the target's own.
			mine[i] = !p.o.inPlace()
			continue
		}
		if !p.o.selected(parsed.Key.App) {
			continue
		}
		mine[i] = true
		for _, rule := range p.o.From.Spelling.Rules {
			all, err := p.o.From.Spelling.SpellAll(parsed.Key, rule)
			if err != nil {
				continue // the source's registry does not know the application: it cannot have come from there
			}
			for _, k := range all {
				keys, owner = append(keys, k), append(owner, i)
			}
		}
	}
	if len(keys) == 0 {
		return inSource, mine, nil
	}
	rows, err := p.o.Source.Peek(ctx, keys)
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", p.o.From.Title, err)
	}
	for i, r := range rows {
		if r != nil {
			inSource[owner[i]] = true
		}
	}
	return inSource, mine, nil
}

// delete removes rows of ours from the target, the ledger first.
func (p *pageSweep) delete(ctx context.Context, deletes []session.Change, intents []ledgerEntry) error {
	if len(deletes) == 0 {
		return nil
	}
	if err := p.ledger.put(intents); err != nil {
		return err
	}
	if err := p.ledger.sync(); err != nil {
		return err
	}
	outs, err := p.o.Target.Apply(ctx, deletes)
	if err != nil {
		return fmt.Errorf("deleting from %s: %w", p.o.To.Title, err)
	}
	var confirmed []ledgerEntry
	for i, out := range outs {
		if out.Result == session.Conflict { // the target's application was faster: it is its own now
			p.n.TargetOwned++
			continue
		}
		p.n.Deleted++
		e := intents[i]
		e.Done = true
		confirmed = append(confirmed, e)
	}
	return p.ledger.put(confirmed)
}
