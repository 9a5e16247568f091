package copier

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// sight is what the two stores show of one session, the source first.
type sight struct {
	*job                   // src is nil where the source has no live row of it
	at     session.Key     // where the target has it
	dst    *session.Record // nil: nothing is there
	how    []Aspect        // in which they differ
	recode bool            // the payloads are one session in other bytes
}

func (s *sight) aspects() []Aspect { return s.how }
func (s *sight) state() state      { return stateOf(s.src, s.dst) }

// source compares a page of source rows with their copies.
func (p *verifyPage) source(ctx context.Context, got session.Page) error {
	rows := &pageCopy{Job: p.Job, now: p.now}
	jobs, err := rows.jobs(ctx, got)
	if err != nil {
		return err
	}
	p.n.Scanned += rows.n.Scanned
	p.n.SkippedExpired += rows.n.SkippedExpired
	p.n.Superseded += rows.n.Superseded
	p.n.Refused += rows.n.Refused
	p.n.Unknown += rows.n.Unknown
	sights := make([]*sight, len(jobs))
	for i, j := range jobs {
		sights[i] = &sight{job: j, at: j.want.Key}
	}
	if err := p.lookAtTarget(ctx, sights); err != nil {
		return err
	}
	return p.judge(ctx, sights)
}

// judge counts sights, and looks again before it calls one different.
func (p *verifyPage) judge(ctx context.Context, sights []*sight) error {
	var doubts []*sight
	for _, s := range sights {
		if s.how == nil {
			p.fine(s)
			continue
		}
		doubts = append(doubts, s)
	}
	fine, sure, busy, err := settle(ctx, p.verification, doubts, p.lookAgain)
	if err != nil {
		return err
	}
	for _, s := range fine {
		p.fine(s)
	}
	p.n.Busy += int64(len(busy))
	if err := p.lookElsewhere(ctx, sure); err != nil {
		return err
	}
	for _, s := range sure {
		p.differs(s.at, s.how)
	}
	return nil
}

func (p *verifyPage) fine(s *sight) {
	switch {
	case s.src == nil:
		p.n.Gone++
	case s.recode:
		p.n.Decoded++
		fallthrough
	default:
		p.n.Equal++
	}
}

// lookAgain reads both stores anew.
func (p *verifyPage) lookAgain(ctx context.Context, old []*sight) ([]*sight, error) {
	sights := make([]*sight, len(old))
	for i, s := range old {
		sights[i] = &sight{job: &job{parsed: s.parsed, id: s.id}, at: s.at}
	}
	p.now = session.At(p.o.Now())
	if err := p.lookAtSource(ctx, sights); err != nil {
		return nil, err
	}
	return sights, p.lookAtTarget(ctx, sights)
}

// lookAtSource reads the live rows that count from the source.
func (p *verifyPage) lookAtSource(ctx context.Context, sights []*sight) error {
	rows, err := p.winners(ctx, p.o.Source, len(sights), func(i int) layout.Parsed { return sights[i].parsed })
	if err != nil {
		return err
	}
	for i, r := range rows {
		s := sights[i]
		if r == nil || dead(r, p.now, p.o.From.Layout) {
			continue
		}
		s.src = r
		err := p.o.desire(s.job)
		var held *heldError
		switch {
		case errors.As(err, &held):
			s.src = nil // it has become what no copy can hold, and is no row to compare any more
		case err != nil:
			return fmt.Errorf("session %v: %w", r.Key, err)
		}
	}
	return nil
}

// winners returns, of each of n sessions, the source's row that counts: the first live one by the order of the id rules,
// or a dead one where there is no other, or nil.
func (p *verifyPage) winners(ctx context.Context, from session.Peeker, n int, of func(i int) layout.Parsed) ([]*session.Record, error) {
	rows := make([]*session.Record, n)
	var keys []session.Key
	var owner []int
	for i := range n {
		all, err := (&pageSweep{Job: p.Job}).sourceKeys(of(i))
		if err != nil {
			return nil, fmt.Errorf("spelling %v: %w", of(i).Key, err)
		}
		for _, k := range all {
			keys, owner = append(keys, k), append(owner, i)
		}
	}
	if len(keys) == 0 {
		return rows, nil
	}
	found, err := from.Peek(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.o.From.Title, err)
	}
	for i, r := range found {
		if at := owner[i]; r != nil && (rows[at] == nil || dead(rows[at], p.now, p.o.From.Layout)) {
			rows[at] = r
		}
	}
	return rows, nil
}

// lookAtTarget reads the copies and compares.
func (p *verifyPage) lookAtTarget(ctx context.Context, sights []*sight) error {
	if len(sights) == 0 {
		return nil
	}
	keys := make([]session.Key, len(sights))
	for i, s := range sights {
		keys[i] = s.at
	}
	rows, err := p.o.Target.Peek(ctx, keys)
	if err != nil {
		return fmt.Errorf("reading %s: %w", p.o.To.Title, err)
	}
	for i, s := range sights {
		s.dst = rows[i]
		p.compare(s)
	}
	return nil
}

// compare fills in what differs.
func (p *verifyPage) compare(s *sight) {
	s.how, s.recode = nil, false
	switch {
	case s.src == nil:
		return // rows of the target that the source lacks are looked for later
	case s.dst == nil:
		s.how = []Aspect{AspectMissing}
		return
	}
	for _, a := range compare(&s.want, s.dst, false) {
		if a == AspectPayload && sameSession(s.src.Payload, s.dst.Payload, p.o.FromCompressed) {
			s.recode = true
			continue
		}
		s.how = append(s.how, a)
	}
}

// lookElsewhere looks for sessions that are missing under the ids that other rules, other ids of the application, or
// another letter case make of theirs. It is the same session if it was created at the same moment.
func (p *verifyPage) lookElsewhere(ctx context.Context, sights []*sight) error {
	if p.o.inPlace() { // the old rows are there
		return nil
	}
	var keys []session.Key
	var owner []*sight
	for i, s := range sights {
		if s.how[0] == AspectMissing {
			for _, k := range p.o.otherKeys(s.parsed.Key, s.at) {
				keys, owner = append(keys, k), append(owner, s)
			}
		}
		if len(keys) < p.o.PageRows && i < len(sights)-1 || len(keys) == 0 {
			continue
		}
		rows, err := skim(p.o.Target).Peek(ctx, keys)
		if err != nil {
			return fmt.Errorf("reading %s: %w", p.o.To.Title, err)
		}
		for i, r := range rows {
			if r != nil {
				p.foundElsewhere(owner[i], r)
			}
		}
		keys, owner = keys[:0], owner[:0]
	}
	return nil
}

func (p *verifyPage) foundElsewhere(s *sight, r *session.Record) {
	switch {
	case r.Created != s.want.Created || dead(r, p.now, p.o.To.Layout):
	case strings.EqualFold(r.Key.ID, s.at.ID):
		s.how = []Aspect{AspectID}
	default:
		s.how = []Aspect{AspectSuffix}
	}
}

// suffixRules are those by which a table can hold a session beside the rule that was asked for.
var suffixRules = []layout.IDRule{layout.RuleInbox, layout.RuleAsync21, layout.RuleAsyncX64, layout.RuleAsyncX86}

// otherKeys are the keys, but for one, under which a target can have a session by mistake.
func (o *Options) otherKeys(k, but session.Key) []session.Key {
	var keys []session.Key
	if o.To.Layout.Name != layout.Embedded {
		for _, rule := range suffixRules {
			all, err := o.To.Spelling.SpellAll(k, rule)
			if err == nil { // otherwise the rule has no spelling of it
				keys = append(keys, all...)
			}
		}
		keys = append(keys, session.Key{ID: k.ID}) // without a suffix
	}
	seen := map[session.Key]bool{but: true}
	var others []session.Key
	for _, k := range append(keys, but) {
		suffix := max(0, len(k.ID)-8)
		for _, id := range []string{
			k.ID, k.ID[:suffix] + strings.ToLower(k.ID[suffix:]), k.ID[:suffix] + strings.ToUpper(k.ID[suffix:]),
			strings.ToLower(k.ID), strings.ToUpper(k.ID),
		} {
			if k := (session.Key{App: k.App, ID: id}); !seen[k] {
				seen[k] = true
				others = append(others, k)
			}
		}
	}
	return others
}
