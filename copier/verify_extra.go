package copier

import (
	"context"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// extra is a target row and what the source has of its session. Payloads are not looked at: the source's rows have been
// compared.
type extra struct {
	row    *session.Record // nil: gone
	key    session.Key     // of the row
	parsed layout.Parsed
	home   session.Key     // where a copy of the session stands
	src    *session.Record // nil: the source has no row of it, not even a dead one
	other  *session.Record // the row at home, where the row is not that
	how    []Aspect
}

func (e *extra) aspects() []Aspect { return e.how }
func (e *extra) state() state      { return stateOf(e.src, e.row) }

// target looks for live target rows that the source lacks, or that no copy would have made.
func (p *verifyPage) target(ctx context.Context, got session.Page) error {
	all, err := p.o.targetSpelling()
	if err != nil {
		return err
	}
	var extras []*extra
	for i := range got.Records {
		r := &got.Records[i]
		parsed, err := all.Parse(r.Key)
		if err != nil || !p.o.selected(parsed.Key.App) || dead(r, p.now, p.o.To.Layout) {
			continue // of an application that nobody knows: the target's own
		}
		home, err := p.o.To.Spelling.Spell(parsed.Key, p.o.ToRule)
		if err != nil {
			continue
		}
		extras = append(extras, &extra{row: r, key: r.Key, parsed: parsed, home: home})
	}
	if err := p.lookAtOrigins(ctx, extras); err != nil {
		return err
	}
	var doubts []*extra
	for _, e := range extras {
		if e.how != nil {
			doubts = append(doubts, e)
		}
	}
	_, sure, busy, err := settle(ctx, p.verification, doubts, p.lookAtExtras)
	if err != nil {
		return err
	}
	p.n.Busy += int64(len(busy))
	for _, e := range sure {
		p.differs(e.key, e.how)
	}
	return nil
}

// targetSpelling reads ids of the target also where they are spelled by rules that nobody asked for.
func (o *Options) targetSpelling() (*layout.Spelling, error) {
	if !o.ToRule.Suffixed() {
		return o.To.Spelling, nil
	}
	rules := []layout.IDRule{o.ToRule}
	for _, r := range suffixRules {
		if r != o.ToRule {
			rules = append(rules, r)
		}
	}
	return layout.NewSpelling(o.To.Spelling.Registry, rules...)
}

// lookAtExtras reads both stores anew.
func (p *verifyPage) lookAtExtras(ctx context.Context, old []*extra) ([]*extra, error) {
	p.now = session.At(p.o.Now())
	keys := make([]session.Key, len(old))
	for i, e := range old {
		keys[i] = e.key
	}
	rows, err := skim(p.o.Target).Peek(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.o.To.Title, err)
	}
	extras := make([]*extra, len(old))
	for i, e := range old {
		extras[i] = &extra{row: rows[i], key: e.key, parsed: e.parsed, home: e.home}
	}
	return extras, p.lookAtOrigins(ctx, extras)
}

// lookAtOrigins reads what the source has, and what stands at home of rows that stand elsewhere, and fills in what is
// wrong with the rows.
func (p *verifyPage) lookAtOrigins(ctx context.Context, extras []*extra) error {
	rows, err := p.winners(ctx, skim(p.o.Source), len(extras), func(i int) layout.Parsed { return extras[i].parsed })
	if err != nil {
		return err
	}
	for i, e := range extras {
		e.src = rows[i]
	}
	if err := p.lookAtNamesakes(ctx, extras); err != nil {
		return err
	}
	var keys []session.Key
	var away []*extra
	for _, e := range extras {
		if !p.atHome(e) {
			keys, away = append(keys, e.home), append(away, e)
		}
	}
	if len(keys) > 0 {
		found, err := skim(p.o.Target).Peek(ctx, keys)
		if err != nil {
			return fmt.Errorf("reading %s: %w", p.o.To.Title, err)
		}
		for i, r := range found {
			away[i].other = r
		}
	}
	for _, e := range extras {
		e.how = p.wrong(e)
	}
	return nil
}

// lookAtNamesakes looks, for rows that the source lacks, for the session that they may be under a misspelled id: it is the
// same if it was created at the same moment.
func (p *verifyPage) lookAtNamesakes(ctx context.Context, extras []*extra) error {
	var names []layout.Parsed
	var owner []*extra
	for _, e := range extras {
		if e.src == nil && e.row != nil {
			for _, k := range p.o.namesakes(e.key, e.parsed.Key) {
				names, owner = append(names, layout.Parsed{Key: k}), append(owner, e)
			}
		}
	}
	rows, err := p.winners(ctx, skim(p.o.Source), len(names), func(i int) layout.Parsed { return names[i] })
	if err != nil {
		return err
	}
	for i, r := range rows {
		e := owner[i]
		if e.src != nil || r == nil || r.Created != e.row.Created {
			continue
		}
		if home, err := p.o.To.Spelling.Spell(names[i].Key, p.o.ToRule); err == nil {
			e.parsed, e.home, e.src = names[i], home, r
		}
	}
	return nil
}

// namesakes are other readings of a target row's key: in lower or upper case, and without a suffix that the target's rule
// does not append.
func (o *Options) namesakes(stored, read session.Key) []session.Key {
	readings := []session.Key{read}
	if o.ToRule == layout.RuleRaw {
		if s, err := layout.NewSpelling(o.To.Spelling.Registry, suffixRules...); err == nil {
			if parsed, err := s.Parse(stored); err == nil {
				readings = append(readings, parsed.Key)
			}
		}
	}
	var keys []session.Key
	seen := map[session.Key]bool{read: true}
	for _, k := range readings {
		for _, id := range []string{k.ID, strings.ToLower(k.ID), strings.ToUpper(k.ID)} {
			if k := (session.Key{App: k.App, ID: id}); !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	return keys
}

func (p *verifyPage) atHome(e *extra) bool {
	return e.key == e.home || p.o.To.fold() && strings.EqualFold(e.key.ID, e.home.ID)
}

// wrong says what is wrong with a target row.
func (p *verifyPage) wrong(e *extra) []Aspect {
	switch {
	case e.row == nil || dead(e.row, p.now, p.o.To.Layout):
		return nil
	case e.src == nil:
		return []Aspect{AspectExtra}
	case dead(e.src, p.now, p.o.From.Layout):
		if e.row.Expires > e.src.Expires { // a session that is over lives on
			return []Aspect{AspectExpires}
		}
		return nil
	case p.atHome(e):
		return nil // the source's row has been compared with it
	case e.other == nil && e.row.Created == e.src.Created:
		return nil // the same session, counted when its source row was compared: AspectSuffix or AspectID
	}
	return []Aspect{AspectExtra} // a second row of the session, or another session
}
