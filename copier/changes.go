package copier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Where the source says which rows have changed (session.Tracker), most passes of a following copy look at those only. What
// depends on more than changed rows, such as time and the target's own rows, is left to the passes over all rows that come
// in between, and the cut-over makes none but such.
//
// The position is taken before the rows are looked at: a change that comes during the look is told by the next pass, and
// may be seen twice. A position is kept only while everything before it has been carried: a pass over all rows forgets it
// until it has come to its end.

// position is from where the next pass asks for changes; a part of the checkpoint.
//
// It asks from the position before the last one. So each change is told to two passes: the second finds what was committed
// when the last position was taken and could not be seen yet, and it reads the payload again where one look proves nothing
// (see mark.go).
type position struct {
	Since string    `json:"since"` // the position before the last
	Last  string    `json:"last"`  // the last one
	Full  time.Time `json:"full"`  // when the last pass over all rows began; UTC
}

// track takes a position before a pass over all rows; nil: the source tracks nothing.
func (r *run) track(ctx context.Context) (*position, error) {
	if r.untracked {
		return nil, nil
	}
	began := r.o.Now().UTC()
	ch, err := changesOf(ctx, r.o.Source, "")
	if errors.Is(err, session.ErrUntracked) {
		r.untracked = true
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking %s for its position: %w", r.o.From.Title, err)
	}
	// What was being committed when the position was taken is to be seen by then.
	return &position{Since: ch.Next, Last: ch.Next, Full: began}, sleep(ctx, r.o.Follow.Settle)
}

// catchUp makes a pass: over what the source says has changed, if it does and the last pass over all rows is not long ago;
// else over all rows.
func (r *run) catchUp(ctx context.Context) (delta, error) {
	if at := r.at.Changes; at != nil {
		if age := r.o.Now().Sub(at.Full); age >= 0 && age < r.o.Follow.FullEvery {
			d, err := r.passChanges(ctx, *at)
			if !errors.Is(err, session.ErrTooOld) && !errors.Is(err, session.ErrUntracked) {
				return d, err
			}
			r.untracked = errors.Is(err, session.ErrUntracked)
			r.notice(NoticeTracking, session.Key{}, "this pass looks at all rows: %v", err)
		}
	}
	return r.pass(ctx, PhaseFollow)
}

// passChanges looks at the rows that have changed, copies them, and carries deletions among them.
func (r *run) passChanges(ctx context.Context, at position) (d delta, err error) {
	began := time.Now()
	ch, err := changesOf(ctx, r.o.Source, at.Since)
	if err != nil {
		return d, fmt.Errorf("asking %s what has changed: %w", r.o.From.Title, err)
	}
	if err := r.mayFollow(ctx); err != nil {
		return d, err
	}
	r.at.Pass++
	if err := r.move(PhaseFollow); err != nil {
		return d, err
	}
	d.tracked = true
	r.observe(PhaseStarted{Phase: PhaseFollow, Total: int64(len(ch.Keys))})
	rows := &keyScan{rows: skim(r.o.Source), keys: ch.Keys}
	if err := r.carry(ctx, PhaseFollow, rows, nil, &d); err != nil {
		return d, err
	}
	m, err := r.left(rows.absent)
	if err != nil {
		return d, err
	}
	r.unknown += d.n.Unknown
	if d.deleted, err = r.carryDeletions(ctx, m, r.unknown); err != nil {
		return d, err
	}
	r.at.Changes = &position{Since: at.Last, Last: ch.Next, Full: at.Full}
	r.endPass(began, &d)
	return d, r.save()
}

// left are live sessions of the ledger whose source rows are gone, by the keys of rows that are not there. Keys that belong
// to no session of this copy have never been copied.
func (r *run) left(absent []session.Key) (m missing, err error) {
	m.entries = map[idHash]ledgerEntry{}
	now := session.At(r.o.Now())
	var keys []session.Key
	var ids []idHash
	for _, k := range absent {
		p, err := r.o.From.Spelling.Parse(k)
		if err != nil || !r.o.selected(p.Key.App) {
			continue
		}
		want, err := r.o.To.Spelling.Spell(p.Key, r.o.ToRule)
		if err != nil {
			continue
		}
		keys, ids = append(keys, want), append(ids, hashID(want, r.o.To.fold()))
	}
	entries, known, err := r.ledger.get(ids)
	if err != nil {
		return m, err
	}
	for i, e := range entries {
		if _, again := m.entries[ids[i]]; !known[i] || again || !e.live(now, r.o.To) {
			continue
		}
		m.entries[ids[i]] = e
		m.keys = append(m.keys, keys[i])
	}
	if m.n = int64(len(m.keys)); m.n > 0 {
		m.kept, err = r.others(m, now)
	}
	return m, err
}

// errEnough ends a count.
var errEnough = errors.New("enough")

// others counts live sessions of the ledger that are not missing, no further than checkDeletions wants to know.
func (r *run) others(m missing, now session.Instant) (n int64, err error) {
	err = r.ledger.each(func(e ledgerEntry) error {
		if _, gone := m.entries[e.ID]; gone || !e.live(now, r.o.To) {
			return nil
		}
		if n++; n >= m.n {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return n, err
}

// changesOf asks a source what has changed.
func changesOf(ctx context.Context, s Source, since string) (session.Changes, error) {
	t, tracks := s.(session.Tracker)
	if !tracks {
		return session.Changes{}, session.ErrUntracked
	}
	return t.Changes(ctx, since)
}

// Changes implements session.Tracker.
func (m meteredSource) Changes(ctx context.Context, since string) (session.Changes, error) {
	defer m.steer.called(false, time.Now())
	return changesOf(ctx, m.Source, since)
}

// Changes implements session.Tracker, if all parts do. A position is that of each part, in JSON.
func (ps Partitions) Changes(ctx context.Context, since string) (all session.Changes, err error) {
	from := make([]string, len(ps.Parts))
	if since != "" {
		if err := json.Unmarshal([]byte(since), &from); err != nil || len(from) != len(ps.Parts) {
			return all, fmt.Errorf("%w: it is no position of %d partitions", session.ErrTooOld, len(ps.Parts))
		}
	}
	told := map[session.Key]bool{}
	next := make([]string, len(ps.Parts))
	for i, p := range ps.Parts {
		ch, err := changesOf(ctx, p, from[i])
		if err != nil {
			return session.Changes{}, fmt.Errorf("partition %d: %w", i+1, err)
		}
		next[i] = ch.Next
		for _, k := range ch.Keys {
			if !told[k] {
				told[k] = true
				all.Keys = append(all.Keys, k)
			}
		}
	}
	b, err := json.Marshal(next)
	all.Next = string(b)
	return all, err
}
