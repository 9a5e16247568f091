package copier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/session"
)

// attempts is how often a page asks again for rows that changed between look and write.
const attempts = 3

// copyAll runs the copy phase and moves on to the sweep.
func (r *run) copyAll(ctx context.Context) error {
	r.observe(PhaseStarted{Phase: r.shown, Total: r.Plan.Rows, Done: r.total.Scanned})
	pages := r.pager(r.o.Source, r.o.From.Title)
	err := pages.run(ctx, session.Cursor(r.at.Cursor), func(ctx context.Context, got session.Page) (tally, error) {
		p := &pageCopy{Job: r.Job, pass: r.at.Pass, now: session.At(r.o.Now()), ranks: r.ranks}
		err := p.run(ctx, got)
		return tally{Counters: p.n}, err
	}, r.mark)
	if err != nil {
		return err
	}
	return r.move(PhaseSweep)
}

// mark takes note that the copy has come to a cursor.
func (r *run) mark(next session.Cursor, _ int, done tally) error {
	r.total.add(done)
	r.observe(Progress{Phase: r.shown, Rows: r.total.Scanned, Counters: r.total.Counters})
	if next == "" {
		return nil // the phase's end; copyAll moves on and saves
	}
	r.at.Cursor = string(next)
	if time.Since(r.savedAt) < r.o.SaveEvery {
		return nil
	}
	return r.save()
}

// pageCopy takes one page of source rows to the target.
type pageCopy struct {
	*Job
	pass  uint32
	now   session.Instant
	n     Counters
	fresh int64 // rows whose mark is no firm one

	ranks   bool // ranks of the ledger are of the same id rules in the same order
	settled bool // the pass before ended settle ago or longer
}

func (p *pageCopy) run(ctx context.Context, got session.Page) error {
	jobs, err := p.jobs(ctx, got)
	if err != nil {
		return err
	}
	var written []*job
	for i := range attempts {
		if len(jobs) == 0 {
			break
		}
		plan, err := p.decide(ctx, jobs, i == 0 && p.Plan.TargetRows == 0)
		if err != nil {
			return err
		}
		var done []*job
		if done, jobs, err = p.write(ctx, plan); err != nil {
			return err
		}
		written = append(written, done...)
	}
	for _, j := range jobs { // somebody keeps changing these rows of the target
		p.owned(j, "the target's application is using it")
	}
	return p.verify(ctx, written)
}

// jobs sorts the rows of a page and leaves those that are to be copied.
func (p *pageCopy) jobs(ctx context.Context, got session.Page) ([]*job, error) {
	var jobs []*job
	recs := got.Records
	for _, d := range got.Damaged {
		if !p.o.mine(d.Key) {
			continue
		}
		p.n.Scanned++
		p.refuse(d.Key, d.Err)
	}
	for i := range recs {
		src := &recs[i]
		ids, f, why := p.o.sortRow(src, p.now)
		if f == fateIgnore || f == fateTarget {
			continue
		}
		p.n.Scanned++
		switch f {
		case fateExpired:
			p.n.SkippedExpired++
		case fateUnknown, fateUnnamed:
			p.n.Unknown++
			p.refuse(src.Key, why)
		default:
			jobs = append(jobs, &job{src: src, parsed: ids})
		}
	}
	lost, err := p.o.superseded(ctx, jobs, p.now)
	if err != nil {
		return nil, err
	}
	taken := map[idHash]bool{}
	kept := jobs[:0]
	for i, j := range jobs {
		if lost[i] {
			p.n.Superseded++
			continue
		}
		err := p.o.desire(j)
		var held *heldError
		switch {
		case errors.As(err, &held):
			p.refuse(j.src.Key, err)
			continue
		case err != nil:
			return nil, fmt.Errorf("session %v: %w", j.src.Key, err)
		}
		if taken[j.id] {
			p.refuse(j.src.Key, errSameButForCase)
			continue
		}
		taken[j.id] = true
		if p.o.ToCompressed == TargetSame && p.census != nil && p.census.suspect(j.src.Key, p.o.From.fold()) {
			_, j.broken = aspnetser.Examine(j.src.Payload, aspnetser.Options{Compressed: p.o.FromCompressed})
		}
		if j.broken != nil {
			p.n.Undecodable++
			p.notice(NoticeUndecodable, j.src.Key, "%v", j.broken)
		}
		kept = append(kept, j)
	}
	return kept, nil
}

var errSameButForCase = errors.New("the target does not tell its id from one that differs in letter case only")

func (p *pageCopy) refuse(k session.Key, why error) {
	p.n.Refused++
	p.notice(NoticeRefused, k, "%v", why)
}

func (p *pageCopy) owned(j *job, why string) {
	p.n.TargetOwned++
	p.notice(NoticeTargetOwned, j.want.Key, "%s", why)
}

// write is one row that has to be written.
type write struct {
	*job
	change session.Change
	entry  ledgerEntry
	mark   uint64 // what stands in the entry's Before once it is done
}

// decide looks at the target and the ledger and says which rows are to be written. Rows that are fine as they are, or
// not ours to touch, are counted here and done with. Into a target that was empty when the run began, rows that the ledger
// does not know are written unseen: one that is there all the same is a conflict, and looked at then.
func (p *pageCopy) decide(ctx context.Context, jobs []*job, unseen bool) ([]write, error) {
	ids := make([]idHash, len(jobs))
	for i, j := range jobs {
		ids[i] = j.id
	}
	entries, known, err := p.ledger.get(ids)
	if err != nil {
		return nil, err
	}
	rows, err := p.targetRows(ctx, jobs, func(i int) bool { return unseen && !known[i] })
	if err != nil {
		return nil, err
	}
	var todo []write
	var adopt []ledgerEntry
	for i, j := range jobs {
		row, e := rows[i], entries[i]
		if !known[i] {
			e = ledgerEntry{}
		}
		switch v := p.judge(j, row, e, known[i]); v {
		case judgeWrite:
			w := p.plan(j, row)
			w.mark = p.mark(j.src, e)
			todo = append(todo, w)
		case judgeUnchanged:
			p.n.Unchanged++
			p.n.Verified++
			adopt = append(adopt, ledgerEntry{
				ID: j.id, Before: p.mark(j.src, e), After: hashFence(row.Fence()), Expires: row.Expires, Pass: stamp(p.pass, j.rank), Done: true,
			})
		case judgeOtherCase:
			p.refuse(j.src.Key, errSameButForCase)
		case judgeLost:
			p.refuse(j.src.Key, errLost)
		case judgeRemovedThere:
			p.owned(j, "the target's application has removed it")
		case judgeOwned:
			p.owned(j, "the target has a session of its own under this id, or has changed it")
		}
	}
	if err := p.ledger.put(adopt); err != nil {
		return nil, err
	}
	return todo, nil
}

// targetRows looks at the target's rows of some jobs, but for those that are skipped: they count as absent.
func (p *pageCopy) targetRows(ctx context.Context, jobs []*job, skipped func(i int) bool) ([]*session.Record, error) {
	rows := make([]*session.Record, len(jobs))
	var keys []session.Key
	var places []int
	for i, j := range jobs {
		if !skipped(i) {
			keys, places = append(keys, j.want.Key), append(places, i)
		}
	}
	if len(keys) == 0 {
		return rows, nil
	}
	found, err := p.o.Target.Peek(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.o.To.Title, err)
	}
	for i, r := range found {
		rows[places[i]] = r
	}
	return rows, nil
}

type judgement uint8

const (
	judgeWrite judgement = iota + 1
	judgeUnchanged
	judgeOwned
	judgeRemovedThere
	judgeOtherCase
	judgeLost
)

// errLost: the session that was copied is gone, and this row, which it had won over, is what is left of it. To copy it
// could bring a session back that somebody has logged out of.
var errLost = errors.New("it had lost to a row of the same session, which has been removed from the source since")

// judge says what is to be done about one row, given what the target holds (nil: nothing) and what the ledger remembers.
func (p *pageCopy) judge(j *job, row *session.Record, e ledgerEntry, known bool) judgement {
	if known && p.ranks && j.rank > rankOf(e) && e.Expires >= p.now {
		return judgeLost
	}
	if row == nil {
		switch {
		case !known, e.After == 0: // never written, or carried away by us when the source had removed it
			return judgeWrite
		case !e.Done && e.Before == 0: // the run that meant to write it was interrupted
			return judgeWrite
		case e.Expires < p.now && j.want.Expires > e.Expires: // purged there, and renewed in the source
			return judgeWrite
		}
		return judgeRemovedThere
	}
	anyForm := p.o.ToCompressed != TargetSame
	if as := compare(&j.want, row, anyForm); as == nil {
		return judgeUnchanged
	} else if as[0] == AspectID {
		return judgeOtherCase
	}
	h := hashFence(row.Fence())
	switch {
	case known && ours(e, h):
		return judgeWrite
	case dead(row, p.now, p.o.To.Layout): // nobody is owed a dead session
		return judgeWrite
	}
	return judgeOwned
}

// plan prepares the write of one row over what the target holds now.
func (p *pageCopy) plan(j *job, row *session.Record) write {
	w := write{job: j}
	j.want.Revision = max(1, j.src.Revision)
	if row != nil {
		j.want.Revision = max(j.src.Revision, row.Revision+1)
		f := row.Fence()
		w.change.Expect = &f
		w.entry.Before = hashFence(f)
	}
	w.change.Record = j.want
	after := p.o.Target.After(w.change)
	w.entry.ID, w.entry.After, w.entry.Expires, w.entry.Pass = j.id, hashFence(after), after.Expires, stamp(p.pass, j.rank)
	return w
}

// write makes the intents durable in the ledger and then writes the rows. Rows that were no longer as seen come back as
// conflicts.
func (p *pageCopy) write(ctx context.Context, todo []write) (done, conflicts []*job, err error) {
	if len(todo) == 0 {
		return nil, nil, nil
	}
	intents := make([]ledgerEntry, len(todo))
	changes := make([]session.Change, len(todo))
	for i, w := range todo {
		intents[i], changes[i] = w.entry, w.change
	}
	if err := p.ledger.put(intents); err != nil {
		return nil, nil, err
	}
	if err := p.ledger.sync(); err != nil {
		return nil, nil, err
	}
	outs, err := p.o.Target.Apply(ctx, changes)
	if err != nil {
		return nil, nil, fmt.Errorf("writing to %s: %w", p.o.To.Title, err)
	}
	var confirmed []ledgerEntry
	for i, out := range outs {
		w := todo[i]
		if out.Result == session.Conflict {
			conflicts = append(conflicts, w.job)
			continue
		}
		if w.change.Expect == nil {
			p.n.Copied++
		} else {
			p.n.Updated++
		}
		p.n.Bytes += int64(len(w.want.Payload))
		w.entry.Done, w.entry.Before = true, w.mark
		confirmed = append(confirmed, w.entry)
		done = append(done, w.job)
	}
	return done, conflicts, p.ledger.put(confirmed)
}

// verify reads back what was written.
func (p *pageCopy) verify(ctx context.Context, written []*job) error {
	if len(written) == 0 {
		return nil
	}
	keys := make([]session.Key, len(written))
	for i, j := range written {
		keys[i] = j.want.Key
	}
	rows, err := p.o.Target.Peek(ctx, keys)
	if err != nil {
		return fmt.Errorf("reading back from %s: %w", p.o.To.Title, err)
	}
	for i, j := range written {
		row := rows[i]
		if row == nil {
			p.differs(j, []Aspect{AspectMissing})
			continue
		}
		as := compare(&j.want, row, false)
		switch {
		case as == nil:
			p.n.Verified++
		case movedOn(&j.want, row):
			p.notice(NoticeTargetOwned, j.want.Key, "the target's application has used it since it was written")
		default:
			p.differs(j, as)
		}
	}
	return nil
}

// movedOn says whether a row shows signs that an application has used it after want was written: a later revision, a
// newer lock, or a later expiry, on the same creation.
func movedOn(want, row *session.Record) bool {
	return row.Created == want.Created &&
		(row.Revision > want.Revision || row.Lock.Cookie > want.Lock.Cookie || row.Expires > want.Expires)
}

func (p *pageCopy) differs(j *job, as []Aspect) {
	p.n.Differences++
	p.notice(NoticeDifference, j.want.Key, "read back otherwise than it was written: %v", as)
}
