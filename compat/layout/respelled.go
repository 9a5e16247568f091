package layout

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/session"
)

// Rows is what a table must be able to do so that programs can move its sessions.
type Rows interface {
	session.Store
	session.Peeker
	session.Scanner
	session.Applier
	session.Clocked
}

// RespelledRows is a Respelled of a table whose rows can be looked at, listed and written as they are. RespellRows makes it.
//
// It shows the rows whose ids are spelled by its rule under the first id of a registered application: those that the
// verbs find. A scan leaves all others out, and tells of each (Skipped), since they may well be sessions of an
// application: spelled by another rule, or under another of its ids. So a page may be empty and have a Next. Neither
// Count nor Sweep is offered: they would be the whole table's.
type RespelledRows struct {
	Respelled
	// Skipped is called for each row that a scan leaves out; nil: nobody wants to know. A page that is read again, after an
	// error or by another caller, tells of its rows again. By p somebody knows whose the row is, if err is nil; else err says
	// why nobody does.
	Skipped func(stored session.Key, p Parsed, err error)

	rows    Rows
	skimmer session.Skimmer // nil: Scan and Peek have to do
	folds   bool
}

var _ interface {
	Rows
	session.Skimmer
} = (*RespelledRows)(nil)

// RespellRows sees a table by applications and raw ids. folds: the table does not tell ids apart that differ in letter case
// (Layout.CaseInsensitiveIDs). The table needs every ability of Rows, and may be a session.Skimmer.
func RespellRows(table session.Store, sp *Spelling, rule IDRule, folds bool) (*RespelledRows, error) {
	rows, ok := table.(Rows)
	if !ok {
		return nil, errors.New("spelling ids: the store's rows cannot be looked at, listed, and written as they are by its clock")
	}
	r := &RespelledRows{Respelled: Respelled{Table: table, Spelling: sp, Rule: rule}, rows: rows, folds: folds}
	r.skimmer, _ = table.(session.Skimmer)
	return r, nil
}

// Now implements session.Clocked.
func (r *RespelledRows) Now(ctx context.Context) (session.Instant, error) { return r.rows.Now(ctx) }

// Peek implements session.Peeker.
func (r *RespelledRows) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return r.peek(ctx, keys, r.rows.Peek)
}

// SkimKeys implements session.Skimmer.
func (r *RespelledRows) SkimKeys(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	if r.skimmer != nil {
		return r.peek(ctx, keys, r.skimmer.SkimKeys)
	}
	rs, err := r.peek(ctx, keys, r.rows.Peek)
	for i := range rs {
		if rs[i] != nil {
			rs[i].Payload = nil
		}
	}
	return rs, err
}

// peek looks by one of the table's ways. A record has the key by which it was asked for.
func (r *RespelledRows) peek(ctx context.Context, keys []session.Key, look func(context.Context, []session.Key) ([]*session.Record, error)) ([]*session.Record, error) {
	spelled := make([]session.Key, len(keys))
	for i, k := range keys {
		var err error
		if spelled[i], err = r.Spelling.Spell(k, r.Rule); err != nil {
			return nil, err
		}
	}
	rs, err := look(ctx, spelled)
	if err != nil {
		return nil, err
	}
	for i := range rs {
		if rs[i] == nil {
			continue
		}
		own := *rs[i]
		own.Key = keys[i]
		rs[i] = &own
	}
	return rs, nil
}

// Scan implements session.Scanner. Rows that nobody can read are shown as damaged if their ids are spelled by the rule, and
// left out like others if not.
func (r *RespelledRows) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return r.page(r.rows.Scan(ctx, req))
}

// Skim implements session.Skimmer.
func (r *RespelledRows) Skim(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	if r.skimmer != nil {
		return r.page(r.skimmer.Skim(ctx, req))
	}
	page, err := r.Scan(ctx, req)
	for i := range page.Records {
		page.Records[i].Payload = nil
	}
	return page, err
}

// page keeps what is spelled by the rule.
func (r *RespelledRows) page(page session.Page, err error) (session.Page, error) {
	if err != nil {
		return session.Page{}, err
	}
	own := session.Page{Next: page.Next}
	for _, rec := range page.Records {
		if k, ok := r.own(rec.Key); ok {
			rec.Key = k
			own.Records = append(own.Records, rec)
		}
	}
	for _, d := range page.Damaged {
		if k, ok := r.own(d.Key); ok {
			own.Damaged = append(own.Damaged, session.Damage{Key: k, Err: d.Err})
		}
	}
	return own, nil
}

// own says whose a row is; ok is false if the verbs would not find it.
func (r *RespelledRows) own(stored session.Key) (k session.Key, ok bool) {
	p, err := r.Spelling.Parse(stored)
	if err == nil {
		back, serr := r.Spelling.Spell(p.Key, r.Rule)
		if serr == nil && back.App == stored.App && (back.ID == stored.ID || r.folds && strings.EqualFold(back.ID, stored.ID)) {
			return p.Key, true
		}
	}
	if r.Skipped != nil {
		r.Skipped(stored, p, err)
	}
	return session.Key{}, false
}

// Apply implements session.Applier. Nothing is applied if one of the keys cannot be spelled, or if two are spelled alike.
func (r *RespelledRows) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	spelled := make([]session.Change, len(changes))
	seen := make(map[session.Key]struct{}, len(changes))
	for i, c := range changes {
		k, err := r.Spelling.Spell(c.Record.Key, r.Rule)
		if err != nil {
			return nil, err
		}
		if _, twice := seen[k]; twice {
			return nil, fmt.Errorf("applying change %d: %v and another of the call are spelled alike", i, c.Record.Key)
		}
		seen[k] = struct{}{}
		spelled[i] = c
		spelled[i].Record.Key = k
	}
	return r.rows.Apply(ctx, spelled)
}

// After implements session.Applier. A key has no part in a fence.
func (r *RespelledRows) After(c session.Change) session.Fence { return r.rows.After(c) }
