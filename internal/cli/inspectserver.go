package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/internal/ui"
	"github.com/aspstate/aspstate/session"
)

// holdings is what a database holds, as inspect shows it when no layout was asked for, or several fit.
type holdings struct {
	Server  string        `json:"server"`
	Version string        `json:"version"`
	Tables  []heldTable   `json:"tables"`
	Altered []alteredHeld `json:"altered"` // tables that look like one and are not as their installer makes them
	Notes   []string      `json:"notes"`
}

type heldTable struct {
	Layout   string           `json:"layout"`
	Variant  string           `json:"variant,omitempty"`
	Table    string           `json:"table"`
	Rows     *int64           `json:"rows"` // approximate
	Newest   string           `json:"newest_expires,omitempty"`
	Why      string           `json:"why"`
	Missing  []string         `json:"missing_procedures,omitempty"`
	Triggers []string         `json:"triggers,omitempty"`
	Tracking string           `json:"change_tracking,omitempty"`
	Apps     map[string]int32 `json:"app_ids,omitempty"` // AppId by name in ASPStateTempApplications
}

type alteredHeld struct {
	Table    string   `json:"table"`
	Nearest  string   `json:"nearest_layout"`
	Problems []string `json:"problems"`
}

// inspectServer shows which layouts the database of each DSN holds. The rows are looked at only if there is one layout, or
// one was asked for.
func inspectServer(c *cli.Context, s Streams, st *stores) (show bool, err error) {
	if c.String("from") != "" || c.String("from-table") != "" {
		return true, nil
	}
	tables := 0
	for _, dsn := range st.dsns("from") {
		h, err := hold(c.Context, st, dsn)
		if err != nil {
			return false, err
		}
		tables = max(tables, len(h.Tables))
		if c.Bool("json") {
			e := json.NewEncoder(s.Out)
			e.SetEscapeHTML(false)
			err = e.Encode(h)
		} else {
			err = h.write(&printer{w: s.Out})
		}
		if err != nil {
			return false, errJSON(err)
		}
		if len(h.Tables) == 0 && len(h.Altered) > 0 {
			return false, &failure{code: exitRefused, err: fmt.Errorf("the database holds no table that can be read as it is")}
		}
		if len(h.Tables) == 0 {
			return false, &failure{code: exitFailed, err: fmt.Errorf("the database holds no ASP.NET sessions: %w", session.ErrNotFound)}
		}
	}
	return tables == 1, nil
}

func hold(ctx context.Context, st *stores, dsn string) (*holdings, error) {
	srv, d, err := st.at("from", dsn)
	if err != nil {
		return nil, err
	}
	h := &holdings{Server: srv.Facts.Title, Version: srv.Facts.Version, Tables: []heldTable{}, Altered: []alteredHeld{}, Notes: append([]string{}, d.Notes...)}
	for i := range d.Found {
		f := &d.Found[i]
		if err := srv.Newest(ctx, f); err != nil {
			h.Notes = append(h.Notes, err.Error())
		}
		t := heldTable{
			Layout: f.Layout.Name, Variant: f.Variant, Table: f.Database + "." + f.Schema + "." + f.Layout.Table, Newest: f.Newest, Why: f.Why,
			Missing: f.Procs.Missing, Triggers: f.Triggers,
		}
		if f.Rows >= 0 {
			t.Rows = &f.Rows
		}
		tracking, err := srv.TrackingCheck(ctx, f)
		if err != nil {
			h.Notes = append(h.Notes, err.Error())
		}
		t.Tracking = tracking.Detail
		apps, err := srv.AppIDs(ctx, f)
		if err != nil {
			h.Notes = append(h.Notes, err.Error())
		}
		for _, a := range apps {
			if t.Apps == nil {
				t.Apps = map[string]int32{}
			}
			t.Apps[a.Name] = a.AppID
		}
		h.Tables = append(h.Tables, t)
	}
	for _, a := range d.Altered {
		h.Altered = append(h.Altered, alteredHeld{a.Database + "." + a.Schema + "." + a.Table, a.Nearest, a.Problems})
	}
	return h, nil
}

func (h *holdings) write(p *printer) error {
	p.printf("%s, version %s\n", h.Server, h.Version)
	for _, t := range h.Tables {
		p.printf("%-16s %s", t.Layout, t.Table)
		if t.Variant != "" {
			p.printf(", %s", t.Variant)
		}
		if t.Rows != nil {
			p.printf(", about %s rows", ui.Count(*t.Rows))
		}
		if t.Newest != "" {
			p.printf(", newest expires %s", t.Newest)
		}
		p.printf("\n                 %s\n", t.Why)
		for _, m := range t.Missing {
			p.printf("                 missing procedure: %s\n", m)
		}
		for _, m := range t.Triggers {
			p.printf("                 trigger: %s\n", m)
		}
		if t.Tracking != "" {
			p.printf("                 %s\n", t.Tracking)
		}
		for _, name := range slices.Sorted(maps.Keys(t.Apps)) {
			p.printf("                 AppId %08x: %s\n", uint32(t.Apps[name]), name)
		}
	}
	for _, a := range h.Altered {
		p.printf("%-16s %s, not as its installer makes it:\n", "altered", a.Table)
		for _, problem := range a.Problems {
			p.printf("                 %s\n", problem)
		}
	}
	for _, n := range h.Notes {
		p.printf("note: %s\n", n)
	}
	return p.err
}

// twins counts the rows of a page whose session has another row under another id rule, or under another id of its
// application.
func twins(ctx context.Context, e *end, recs []session.Record) (n int64, err error) {
	if !e.rules[0].Suffixed() {
		return 0, nil
	}
	var keys []session.Key
	var owner []int
	for i := range recs {
		p, err := e.Spelling.Parse(recs[i].Key)
		if err != nil {
			continue
		}
		for _, rule := range e.rules {
			all, err := e.Spelling.SpellAll(p.Key, rule)
			if err != nil {
				continue // an application that this rule cannot spell
			}
			for _, k := range all {
				if asCompared(e, k) != asCompared(e, recs[i].Key) {
					keys, owner = append(keys, k), append(owner, i)
				}
			}
		}
	}
	look := e.table.Peek
	if sk, ok := e.table.(session.Skimmer); ok {
		look = sk.SkimKeys
	}
	found, err := look(ctx, keys)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %w", e.Title, err)
	}
	seen := map[int]bool{}
	for i, r := range found {
		if r != nil && !seen[owner[i]] {
			seen[owner[i]] = true
			n++
		}
	}
	return n, nil
}

// asCompared is a stored id as the end's table compares it.
func asCompared(e *end, k session.Key) string {
	if e.Layout.CaseInsensitiveIDs {
		return strings.ToLower(k.ID)
	}
	return k.ID
}
