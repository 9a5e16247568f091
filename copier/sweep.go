package copier

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// sweep scans the target: the target's own rows are counted, the rows of this pass are counted against the ledger, and
// rows of ours whose source row is gone are removed. Nothing is removed before all is counted: a source that has lost most
// of what was copied from it may have been emptied by mistake, and then a person has to say what to do.
func (r *run) sweep(ctx context.Context) error {
	r.horizon = r.newHorizon()
	found, err := r.sweepOnce(ctx, false)
	if err != nil {
		return err
	}
	if found.gone > 0 {
		if err := r.checkDeletions(found); err != nil {
			return err
		}
		removed, err := r.sweepOnce(ctx, true)
		if err != nil {
			return err
		}
		found.Counters.add(removed.Counters)
		found.present = removed.present // what seemed gone may have come again between the scans
	}
	r.total.Counters.add(found.Counters)
	return r.countBack(found.present)
}

// sweepOnce scans the target once, and removes what is gone or only counts it.
func (r *run) sweepOnce(ctx context.Context, remove bool) (sum sweepTally, err error) {
	r.observe(PhaseStarted{Phase: PhaseSweep, Total: count(ctx, r.o.Target)})
	var rows int64
	var mu sync.Mutex
	err = r.pager(skim(r.o.Target), r.o.To.Title).run(ctx, "", func(ctx context.Context, got session.Page) (tally, error) {
		p := &pageSweep{Job: r.Job, pass: r.at.Pass, now: session.At(r.o.Now()), horizon: r.horizon, ranks: r.ranks, remove: remove, keep: r.keepAll()}
		err := p.run(ctx, got.Records)
		if !remove {
			p.n.TargetOwned += int64(len(got.Damaged))
		}
		mu.Lock()
		defer mu.Unlock()
		sum.add(p.n)
		return tally{}, err
	}, func(_ session.Cursor, n int, _ tally) error {
		rows += int64(n)
		r.observe(Progress{Phase: PhaseSweep, Rows: rows, Counters: r.total.Counters})
		return nil
	})
	return sum, err
}

// sweepTally is what a scan of the target has found.
type sweepTally struct {
	Counters
	present int64 // rows of this pass that live beyond the horizon
	kept    int64 // live rows of ours whose source row is there
	gone    int64 // live rows of ours whose source row is gone
}

func (t *sweepTally) add(d sweepTally) {
	t.Counters.add(d.Counters)
	t.present += d.present
	t.kept += d.kept
	t.gone += d.gone
}

// checkDeletions refuses to carry more deletions than a farm makes in its ordinary life.
func (r *run) checkDeletions(n sweepTally) error {
	if r.o.AllowDeletions || n.kept > 0 && (n.gone <= many || n.gone <= n.kept) {
		return nil
	}
	return &RefusedError{Checks: []Check{{
		Name: "deletions", Verdict: Refused,
		Detail: fmt.Sprintf("the source lacks %d of %d sessions that were copied from it and should be alive: was it emptied or restarted?",
			n.gone, n.gone+n.kept),
		Remedy: "nothing was removed; to carry the deletions into the target, --allow-deletions",
	}}}
}

// countBack compares the number of rows that the ledger says this pass left in the target with the number that the
// sweep has seen there. It says nothing if the sweep took so long that rows may have been purged meanwhile.
func (r *run) countBack(present int64) error {
	if session.At(r.o.Now()) >= r.horizon {
		return nil
	}
	want, err := r.ledger.countOf(func(e ledgerEntry) bool { return written(e, r.at.Pass) && e.Expires > r.horizon })
	if err != nil {
		return err
	}
	if lost := want - present; lost > 0 {
		r.total.Differences += lost
		r.notice(NoticeDifference, session.Key{}, "%d sessions that were written are no longer in the target: lost, or removed there meanwhile", lost)
	}
	return nil
}

// written says that an entry stands for a row that this pass has left in the target.
func written(e ledgerEntry, pass uint32) bool { return passOf(e) == pass && e.Done && e.After != 0 }

// newHorizon is the moment beyond which a row of this pass must live to be counted by the sweep: late enough that a row
// that expires while the sweep is under way, and is purged, does not look lost.
func (r *run) newHorizon() session.Instant {
	return session.At(r.o.Now().Add(time.Minute + 2*time.Since(r.began)))
}

// pageSweep looks at one page of target rows.
type pageSweep struct {
	*Job
	pass    uint32
	now     session.Instant
	horizon session.Instant
	ranks   bool // see pageCopy
	remove  bool // remove what is gone; otherwise count
	keep    bool // but nothing of ours, see keepAll
	giveUp  bool // with remove: what is gone and not ours is given up
	n       sweepTally
}

// origin says what the source has of a target row's session.
type origin uint8

const (
	originOther   origin = iota // not part of this run
	originUnknown               // nobody can say: the application, or one of its ids, is not known
	originThere                 // the source has it
	originGone                  // it has not
)

func (p *pageSweep) run(ctx context.Context, recs []session.Record) error {
	ids := make([]idHash, len(recs))
	for i := range recs {
		ids[i] = hashID(recs[i].Key, p.o.To.fold())
	}
	entries, known, err := p.ledger.get(ids)
	if err != nil {
		return err
	}
	from, err := p.origins(ctx, recs, func(i int) (rank uint32, holds bool) { return rankOf(entries[i]), known[i] && p.ranks })
	if err != nil {
		return err
	}
	var gone []session.Change
	var intents, given []ledgerEntry
	for i := range recs {
		row, e := &recs[i], entries[i]
		live := !dead(row, p.now, p.o.To.Layout)
		fence := row.Fence()
		h := hashFence(fence)
		ours := known[i] && ours(e, h)
		if known[i] && written(e, p.pass) && e.Expires > p.horizon && (from[i] != originGone || !ours) {
			p.n.present++
		}
		switch {
		case from[i] == originOther || !live:
		case from[i] == originThere:
			if ours {
				p.n.kept++
			}
		case known[i] && !e.Done && e.Before == leaving: // its old row has been removed on purpose, before we were killed
			given = append(given, ledgerEntry{ID: ids[i], Expires: e.Expires, Pass: e.Pass, Done: true})
		case known[i] && e.Done && e.After == 0 && e.Before == 0 && p.o.inPlace(): // given up: what a re-spelling leaves
		case from[i] == originUnknown || !ours || p.keep:
			if !p.remove {
				p.n.TargetOwned++
			} else if p.giveUp && known[i] && from[i] == originGone && !p.keep {
				given = append(given, ledgerEntry{ID: ids[i], Expires: e.Expires, Pass: e.Pass, Done: true})
			}
		default:
			p.n.gone++
			gone = append(gone, session.Change{Record: session.Record{Key: row.Key}, Delete: true, Expect: &fence})
			intents = append(intents, ledgerEntry{ID: ids[i], Before: h, Expires: e.Expires, Pass: e.Pass})
		}
	}
	if err := p.ledger.put(given); err != nil || !p.remove {
		return err
	}
	return p.delete(ctx, gone, intents)
}

// keepAll says that nothing is to be removed, because rows of the source belong to nobody we know: one of them may be the
// row that seems to be gone.
func (j *Job) keepAll() bool { return len(j.Plan.Unknown) > 0 && !j.o.AllowDeletions }

// origins says of each target row what the source has of its session. Where the rank holds of the row that was copied,
// only that row and those that win over it count: what had lost to it is not the session.
func (p *pageSweep) origins(ctx context.Context, recs []session.Record, rank func(i int) (uint32, bool)) ([]origin, error) {
	from := make([]origin, len(recs))
	var keys []session.Key
	var owner []int
	for i := range recs {
		parsed, err := p.o.To.Spelling.Parse(recs[i].Key)
		switch {
		case err != nil && p.o.inPlace(): // a row of the source in the same table
			continue
		case err != nil:
			from[i] = originUnknown
			continue
		case !p.o.selected(parsed.Key.App):
			continue
		}
		all, err := p.sourceKeys(parsed)
		if err != nil {
			from[i] = originUnknown
			continue
		}
		from[i] = originGone
		if r, holds := rank(i); holds {
			all = all[:min(len(all), int(r)+1)]
		}
		for _, k := range all {
			keys, owner = append(keys, k), append(owner, i)
		}
	}
	if len(keys) == 0 {
		return from, nil
	}
	rows, err := skim(p.o.Source).Peek(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.o.From.Title, err)
	}
	for i, r := range rows {
		if r != nil {
			from[owner[i]] = originThere
		}
	}
	return from, nil
}

// sourceKeys are the keys under which the source can have a session, the winning one first.
func (p *pageSweep) sourceKeys(parsed layout.Parsed) (keys []session.Key, err error) {
	for _, rule := range p.o.From.Spelling.Rules {
		all, err := p.o.From.Spelling.SpellAll(parsed.Key, rule)
		if err != nil {
			return nil, err
		}
		keys = append(keys, all...)
	}
	return keys, nil
}

// delete removes rows of ours from the target, the ledger first.
func (p *pageSweep) delete(ctx context.Context, gone []session.Change, intents []ledgerEntry) error {
	if len(gone) == 0 {
		return nil
	}
	if err := p.ledger.put(intents); err != nil {
		return err
	}
	if err := p.ledger.sync(); err != nil {
		return err
	}
	outs, err := p.o.Target.Apply(ctx, gone)
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
