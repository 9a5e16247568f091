package copier

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// verifyKeys compares the sessions of some source rows, which may be gone by now: rows that a pass has touched. Nobody looks
// for other target rows. Frozen, with no pause and all rows at rest, it costs one look at each row, and a second one at
// those that differ.
func (j *Job) verifyKeys(ctx context.Context, keys []session.Key, how VerifyOptions) (Comparison, error) {
	v := newVerification(j, how)
	v.ledger = j.ledger
	for len(keys) > 0 {
		some := keys[:min(len(keys), j.o.PageRows)]
		keys = keys[len(some):]
		p := v.page()
		if err := p.rows(ctx, some); err != nil {
			return v.at.Sum, err
		}
		v.at.Sum.add(&p.n)
	}
	return v.at.Sum, nil
}

// rows compares the sessions of some source keys.
func (p *verifyPage) rows(ctx context.Context, keys []session.Key) error {
	var sights []*sight
	seen := map[session.Key]bool{}
	for _, k := range keys {
		parsed, err := p.o.From.Spelling.Parse(k)
		if err != nil || !p.o.selected(parsed.Key.App) || seen[parsed.Key] {
			continue // no row that is copied, or another row of the same session
		}
		seen[parsed.Key] = true
		at, err := p.o.To.Spelling.Spell(parsed.Key, p.o.ToRule)
		if err != nil {
			continue
		}
		sights = append(sights, &sight{job: &job{parsed: parsed, id: hashID(at, p.o.To.fold())}, at: at, single: true})
	}
	p.n.Scanned += int64(len(sights))
	if err := p.lookAtSource(ctx, sights); err != nil {
		return err
	}
	if err := p.lookAtTarget(ctx, sights); err != nil {
		return err
	}
	return p.judge(ctx, sights)
}

// blame takes those out of some sights that differ, and counts them, which the ledger explains: what a pass has yet to
// carry, and what the target's application has done.
func (p *verifyPage) blame(sights []*sight) ([]*sight, error) {
	if p.ledger == nil || len(sights) == 0 {
		return sights, nil
	}
	ids := make([]idHash, len(sights))
	for i, s := range sights {
		ids[i] = s.id
	}
	entries, known, err := p.ledger.get(ids)
	if err != nil {
		return nil, err
	}
	var left []*sight
	for i, s := range sights {
		e := entries[i]
		if !known[i] {
			e = ledgerEntry{}
		}
		switch p.why(s, e) {
		case whyOwned:
			p.n.TargetOwned++
		case whyPending:
			if p.how.frozen {
				left = append(left, s)
				continue
			}
			p.n.Pending++
		default:
			left = append(left, s)
		}
	}
	return left, nil
}

// cause is why a row differs.
type cause uint8

const (
	whyWrong   cause = iota // it should not
	whyPending              // a pass has yet to carry it
	whyOwned                // the target's application has made, changed or removed it
)

// why looks at what the ledger remembers of a session that differs; the zero entry: nothing.
func (p *verifyPage) why(s *sight, e ledgerEntry) cause {
	if s.dst == nil {
		if e.After == 0 || !e.Done || e.Expires < p.now { // never written, taken away, or purged there and renewed here
			return whyPending
		}
		return whyWrong
	}
	h := hashFence(s.dst.Fence())
	ours := e.After != 0 && h == e.After || e.Before != 0 && h == e.Before
	switch {
	case e.After == 0 && !ours:
		return whyOwned // the target's own from the beginning
	case s.src == nil && ours:
		return whyPending // the source has removed it
	case s.src == nil:
		return whyOwned
	case !ours && usedSince(&s.want, s.dst):
		return whyOwned
	case !ours:
		return whyWrong
	}
	want := s.want
	want.Revision = s.dst.Revision
	if hashFence(p.o.Target.After(session.Change{Record: want})) != h {
		return whyPending // the source has changed since it was written
	}
	return whyWrong
}

// usedSince says whether a target row shows signs of an application at work that its source row does not. Revisions say
// nothing here: each store has its own.
func usedSince(want, row *session.Record) bool {
	return row.Created != want.Created || row.Lock.Cookie > want.Lock.Cookie || row.Lock.Since > want.Lock.Since ||
		row.Expires > want.Expires
}

// blameExtras is blame for rows that the source lacks.
func (p *verifyPage) blameExtras(extras []*extra) ([]*extra, error) {
	if p.ledger == nil || len(extras) == 0 {
		return extras, nil
	}
	ids := make([]idHash, len(extras))
	for i, e := range extras {
		ids[i] = hashID(e.key, p.o.To.fold())
	}
	entries, known, err := p.ledger.get(ids)
	if err != nil {
		return nil, err
	}
	var left []*extra
	for i, x := range extras {
		e, h := entries[i], hashFence(x.row.Fence())
		switch ours := known[i] && (e.After != 0 && h == e.After || e.Before != 0 && h == e.Before); {
		case !ours:
			p.n.TargetOwned++
		case p.how.frozen:
			left = append(left, x)
		default:
			p.n.Pending++
		}
	}
	return left, nil
}
