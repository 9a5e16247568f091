package copier

import (
	"context"
	"sync"

	"github.com/aspstate/aspstate/session"
)

// mostMissing bounds how many missing ids a pass remembers; if there are more, the target is swept as a whole.
const mostMissing = 1 << 16

// missing are live sessions of the ledger that a complete pass has not seen in the source.
type missing struct {
	entries map[idHash]ledgerEntry // mostMissing of them at most
	keys    []session.Key          // theirs in the target; nil: not known
	n       int64                  // all
	kept    int64                  // live sessions of the ledger that the pass has seen
}

// live says that an entry stands for a session that should be alive in the target.
func (e ledgerEntry) live(now session.Instant, to End) bool {
	return !(e.Done && e.After == 0) && !dead(&session.Record{Expires: e.Expires}, now, to.Layout)
}

// missing compares the ids of a pass with the ledger: two sorted lists, read once.
func (r *run) missing(seen *idSet) (m missing, err error) {
	m.entries = map[idHash]ledgerEntry{}
	ids, err := seen.sorted()
	if err != nil {
		return m, err
	}
	now := session.At(r.o.Now())
	err = r.ledger.each(func(e ledgerEntry) error {
		if !e.live(now, r.o.To) {
			return nil
		}
		there, err := ids.has(e.ID)
		switch {
		case err != nil:
			return err
		case there:
			m.kept++
			return nil
		}
		if m.n++; m.n <= mostMissing {
			m.entries[e.ID] = e
		}
		return nil
	})
	return m, err
}

// carryDeletions removes from the target what the source has removed, and says how much. What a pass has not seen is
// looked at again, by the sweep's rules: its row in the target is known by the scan of the target only, since a ledger
// has no ids, unless the source has told the keys. A session that is gone on both sides, or is not ours, is given up, so that it is not looked for again.
func (r *run) carryDeletions(ctx context.Context, m missing, unknown int64) (int64, error) {
	if m.n == 0 {
		return 0, nil
	}
	keep := unknown > 0 && !r.o.AllowDeletions
	found := sweepTally{kept: m.kept, gone: m.n}
	if err := r.checkDeletions(found); err != nil { // perhaps: look
		if found, err = r.sweepMissing(ctx, m, keep, false); err != nil {
			return 0, err
		}
		found.kept = m.kept
		if found.gone > 0 {
			if err := r.checkDeletions(found); err != nil {
				return 0, err
			}
		}
	}
	found, err := r.sweepMissing(ctx, m, keep, true)
	return found.Deleted, err
}

func (r *run) sweepMissing(ctx context.Context, m missing, keep, remove bool) (sum sweepTally, err error) {
	var mu sync.Mutex
	found := map[idHash]bool{}
	all := m.n > mostMissing && m.keys == nil
	from := session.Scanner(skim(r.o.Target))
	if m.keys != nil {
		from = &keyScan{rows: skim(r.o.Target), keys: m.keys}
	}
	err = r.pager(from, r.o.To.Title).run(ctx, "", func(ctx context.Context, got session.Page) (tally, error) {
		var recs []session.Record
		for i := range got.Records {
			id := hashID(got.Records[i].Key, r.o.To.fold())
			if _, asked := m.entries[id]; asked || all {
				recs = append(recs, got.Records[i])
			}
		}
		if len(recs) == 0 {
			return tally{}, nil
		}
		p := &pageSweep{
			Job: r.Job, pass: r.at.Pass, now: session.At(r.o.Now()), horizon: r.horizon, ranks: r.ranks,
			remove: remove, keep: keep, giveUp: true,
		}
		err := p.run(ctx, recs)
		mu.Lock()
		defer mu.Unlock()
		for i := range recs {
			found[hashID(recs[i].Key, r.o.To.fold())] = true
		}
		sum.add(p.n)
		return tally{}, err
	}, func(session.Cursor, int, tally) error { return nil })
	if err != nil || !remove || keep {
		return sum, err
	}
	var absent []ledgerEntry
	for id, e := range m.entries {
		if !found[id] {
			absent = append(absent, ledgerEntry{ID: id, Expires: e.Expires, Pass: e.Pass, Done: true})
		}
	}
	return sum, r.ledger.put(absent)
}
