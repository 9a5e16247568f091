package compat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// Detection is what a database holds: several layouts may live side by side.
type Detection struct {
	Found   []Found
	Altered []*AlteredError // what looks like a session table and is refused
	Notes   []string        // for people: what is unusual, and what could not be seen
}

// Detect looks for session tables in the database of the connection, and in tempdb where aspnet_regsql's procedures say
// that their table is there (sql-layouts.md 14). It reads catalogue views only. A login sees in them what it has rights
// on: a table that it may not touch is not found.
func (s *Server) Detect(ctx context.Context) (Detection, error) {
	here, err := s.readCatalog(ctx, s.Facts.Database)
	if err != nil {
		return Detection{}, err
	}
	var temp *catalog
	if here.pointsToTempdb() {
		temp, err = s.readCatalog(ctx, tempdb)
		if refusedByServer(err) {
			here.unread = append(here.unread, fmt.Sprintf("database tempdb could not be read: %v", err))
		} else if err != nil {
			return Detection{}, err
		}
	}
	return detect(here, temp), nil
}

const tempdb = "tempdb"

// pointsToTempdb says whether the table of aspnet_regsql's procedures may be in tempdb: tests 4 and 11.
func (c *catalog) pointsToTempdb() bool {
	if strings.EqualFold(c.database, tempdb) || !c.hasFXProcs() {
		return false
	}
	return strings.EqualFold(c.database, "ASPState") || !slices.ContainsFunc(c.tables, isFX)
}

func (c *catalog) hasFXProcs() bool {
	return c.proc("TempGetStateItem3") != nil || c.proc("TempGetStateItem") != nil // all, and ASP.NET 1.x
}

// isFX says whether a table is one of aspnet_regsql's: tests 1 to 4.
func isFX(t tableInfo) bool { return t.has("SessionId", "SessionItemShort", "SessionItemLong") }

// detect decides. temp is the catalogue of tempdb, or nil where nothing is expected there.
func detect(here, temp *catalog) Detection {
	var d Detection
	for i := range here.tables {
		d.look(&here.tables[i], here, here)
	}
	d.Notes = append(d.Notes, here.unread...)
	inTemp := false
	if temp != nil {
		for i := range temp.tables {
			if t := &temp.tables[i]; isFX(*t) && strings.EqualFold(t.name, fxTable) {
				inTemp = true
				d.look(t, temp, here)
			}
		}
		d.Notes = append(d.Notes, temp.unread...)
	}
	if here.hasFXProcs() && !inTemp && !slices.ContainsFunc(here.tables, isFX) {
		d.Notes = append(d.Notes, fmt.Sprintf("database %s has the procedures of aspnet_regsql and no session table, nor has tempdb: "+
			"the tables of -sstype t are gone (procedure CreateTempTables makes them), or this login may not see them", here.database))
	}
	d.settle(here)
	slices.SortStableFunc(d.Found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Layout.Table, b.Layout.Table))
	})
	return d
}

// look judges one table of catalogue c, whose procedures are in catalogue procs.
func (d *Detection) look(t *tableInfo, c, procs *catalog) {
	reference, why := recognise(t, procs)
	if reference == "" {
		return
	}
	altered := func(nearest string, problems ...string) {
		d.Altered = append(d.Altered, &AlteredError{c.database, t.schema, t.name, nearest, problems})
	}
	base, err := layout.ByReference(reference)
	var refused *layout.UnsupportedError
	switch {
	case errors.As(err, &refused):
		altered(reference, refused.Why)
		return
	case err != nil:
		panic("compat: " + err.Error()) // recognise knows a layout that is none
	}
	l, problems, notes := fit(t, c, base)
	if problems != nil {
		altered(base.Name, problems...)
		return
	}
	f := Found{
		Layout: l, Variant: variant(reference, c, procs), Database: c.database, Schema: t.schema,
		Collation: l.Columns[0].Collation, Rows: t.rows, Why: why, Triggers: t.triggers, byExpires: t.byExpires(),
	}
	var odd []string
	f.Procs, odd = findProcs(procs, l, t.schema)
	notes = append(notes, odd...)
	if n, all := len(f.Procs.Missing), len(l.Procedures()); n > 0 && n == all {
		notes = append(notes, "none of the procedures that go with it are there, or this login may not see them")
	} else if n > 0 {
		notes = append(notes, "procedures are missing: "+strings.Join(f.Procs.Missing, ", "))
	}
	for _, n := range notes {
		d.Notes = append(d.Notes, fmt.Sprintf("table %s: %s", f.place(), n))
	}
	d.Found = append(d.Found, f)
}

// settle decides whose the procedures are where a table of aspnet_regsql is in tempdb and another one in the database
// itself: procedures name their table with its database (sql-layouts.md 3.1). The other table has none then.
func (d *Detection) settle(here *catalog) {
	local, temp := -1, -1
	for i, f := range d.Found {
		switch {
		case f.Layout.Form != layout.FormShortLong || !strings.EqualFold(f.Layout.Table, fxTable):
		case strings.EqualFold(f.Database, tempdb):
			temp = i
		default:
			local = i
		}
	}
	if local < 0 || temp < 0 || strings.EqualFold(here.database, tempdb) {
		return
	}
	p := here.proc("TempGetStateItem3")
	if p == nil || p.definition == "" {
		d.Notes = append(d.Notes, "there is a table of aspnet_regsql here and one in tempdb, and this login may not see which one the procedures use")
		return
	}
	other := temp
	if strings.Contains(strings.ToLower(strings.NewReplacer("[", "", "]", "").Replace(p.definition)), "tempdb.") {
		other = local
	}
	f := &d.Found[other]
	f.Procs.Missing = nil
	for _, sig := range f.Layout.Procedures() {
		f.Procs.Missing = append(f.Procs.Missing, sig.Name)
	}
	d.Notes = append(d.Notes, fmt.Sprintf("table %s: the procedures use another table", f.place()))
}

// place names the table for people.
func (f *Found) place() string { return f.Database + "." + f.Schema + "." + f.Layout.Table }
