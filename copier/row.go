package copier

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// job is one source row on its way to the target.
type job struct {
	src    *session.Record // as read
	parsed layout.Parsed
	rank   uint32         // how many keys of the source would win over this row's; 0 wins
	want   session.Record // as it shall stand in the target; Revision is set when the target row has been looked at
	id     idHash
	broken error // why nobody can decode the payload; nil: it decodes
}

// fate is what becomes of a source row before the target is asked.
type fate uint8

const (
	fateCopy    fate = iota + 1
	fateIgnore       // of an application that was not chosen
	fateTarget       // in place: spelled by the target's rule
	fateExpired      // dead
	fateUnknown      // belongs to no known application
	fateUnnamed      // belongs to one under a rule that was not named
)

// sortRow classifies one source row. The error explains fateUnknown and fateUnnamed.
func (o *Options) sortRow(r *session.Record, now session.Instant) (layout.Parsed, fate, error) {
	p, f, err := o.placeRow(r, now)
	return p.Parsed, f, err
}

// placedRow is a source row of fateCopy with what its key means.
type placedRow struct {
	layout.Parsed
	rank uint32      // see job
	want session.Key // in the target; zero in a target of raw ids that cannot hold it
}

// placeRow classifies one source row as sortRow does.
func (o *Options) placeRow(r *session.Record, now session.Instant) (p placedRow, f fate, err error) {
	p.Parsed, err = o.From.Spelling.Parse(r.Key)
	var unnamed *layout.UnnamedRuleError
	switch {
	case errors.As(err, &unnamed):
		switch {
		case !o.selected(unnamed.App):
			return p, fateIgnore, nil
		case o.inPlace() && unnamed.Rule == o.ToRule:
			return p, fateTarget, nil
		}
		if dead(r, now, o.From.Layout) {
			return p, fateExpired, nil
		}
		return p, fateUnnamed, err
	case err != nil:
		if dead(r, now, o.From.Layout) {
			return p, fateExpired, nil
		}
		return p, fateUnknown, err
	case !o.selected(p.Key.App):
		return p, fateIgnore, nil
	case dead(r, now, o.From.Layout):
		return p, fateExpired, nil
	}
	before, err := o.before(p.Parsed, r.Key)
	if err != nil {
		return p, fateUnknown, err
	}
	p.rank = uint32(len(before))
	if p.want, err = o.To.Spelling.Spell(p.Key, o.ToRule); err != nil && o.ToRule != layout.RuleRaw {
		return p, fateUnknown, err // raw targets are for one application: a check of its own
	}
	return p, fateCopy, nil
}

// errUnasked: the row's id has the value of a known suffix, but in a letter case that the provider never asks for, in a
// table that tells letter case apart.
var errUnasked = errors.New("its suffix is spelled in a letter case that no provider asks for")

// before returns the keys under which the session may stand in the source and win over the row that is stored under key:
// by the rules that were named earlier, or by the same rule under an application id that was named earlier.
func (o *Options) before(p layout.Parsed, key session.Key) (keys []session.Key, err error) {
	for _, rule := range o.From.Spelling.Rules[:p.Priority+1] {
		all, err := o.From.Spelling.SpellAll(p.Key, rule)
		if err != nil {
			return nil, fmt.Errorf("spelling %v by rule %s: %w", p.Key, rule, err)
		}
		for _, k := range all {
			if k == key || o.From.fold() && strings.EqualFold(k.ID, key.ID) {
				return keys, nil
			}
			keys = append(keys, k)
		}
	}
	return nil, errUnasked
}

// dead says whether nobody can be using the session any more: the layout would not serve it, or serves it only because
// its purge job is late.
func dead(r *session.Record, now session.Instant, l *layout.Layout) bool {
	if l.ServesExpired {
		return r.Expires < now-Grace
	}
	return r.Expires < now
}

// superseded says of each row whether the source has a live row of the same session that wins over it, and
// notes each row's rank.
func (o *Options) superseded(ctx context.Context, jobs []*job, now session.Instant) ([]bool, error) {
	lost := make([]bool, len(jobs))
	var keys []session.Key
	var owner []int
	for i, j := range jobs {
		before, err := o.before(j.parsed, j.src.Key)
		if err != nil {
			return nil, err
		}
		j.rank = uint32(len(before))
		for _, k := range before {
			keys, owner = append(keys, k), append(owner, i)
		}
	}
	if len(keys) == 0 {
		return lost, nil
	}
	found, err := skim(o.Source).Peek(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", o.From.Title, err)
	}
	for i, r := range found {
		if r != nil && !dead(r, now, o.From.Layout) {
			lost[owner[i]] = true
		}
	}
	return lost, nil
}

// desire fills in the record that shall stand in the target. A *heldError means that it cannot stand there.
func (o *Options) desire(j *job) (err error) {
	j.want = *j.src
	if j.want.Key, err = o.To.Spelling.Spell(j.parsed.Key, o.ToRule); err != nil {
		return &heldError{err}
	}
	j.id = hashID(j.want.Key, o.To.fold())
	if j.want.Payload, j.broken, err = convert(j.src.Payload, o.FromCompressed, o.ToCompressed); err != nil {
		return err
	}
	if o.To.Layout.Name != layout.Embedded {
		if _, err := o.To.Layout.Row(&j.want, layout.Zone{}); err != nil {
			return &heldError{err}
		}
	}
	return nil
}

// heldError says that a record cannot stand in the target.
type heldError struct{ err error }

func (e *heldError) Error() string { return e.err.Error() }
func (e *heldError) Unwrap() error { return e.err }
