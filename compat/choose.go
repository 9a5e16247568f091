package compat

import (
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// NotFoundError says that a database has no table of the layout (and name) that was asked for.
type NotFoundError struct {
	Layout, Table string   // as asked for; empty: any
	There         []string // for people: what the database has
	Notes         []string // Detection.Notes
}

func (e *NotFoundError) Error() string {
	there := "it has none that is known"
	if len(e.There) > 0 {
		there = "it has " + strings.Join(e.There, ", ")
	}
	return fmt.Sprintf("looking for %s: the database has no such table; %s", wanted(e.Layout, e.Table), there)
}

// AmbiguousError says that a database has several tables of the layout (and name) that was asked for.
type AmbiguousError struct {
	Layout, Table string // as asked for; empty: any
	There         []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("looking for %s: the database has several: %s", wanted(e.Layout, e.Table), strings.Join(e.There, ", "))
}

func wanted(name, table string) string {
	if name == "" {
		name = "any layout"
	} else {
		name = "layout " + name
	}
	if table != "" {
		name += fmt.Sprintf(" in table %q", table)
	}
	return name
}

// Choose returns the table of a layout; empty: of any. The table's name is needed where there are several: T, schema.T or
// database.schema.T, with or without brackets. Under frameworkcompat the SQL Server 7 shape is found too.
//
// Errors: *NotFoundError, *AmbiguousError, and the *AlteredError of the only table that was meant.
func (d Detection) Choose(name, table string) (*Found, error) {
	var found []*Found
	var altered []*AlteredError
	var some []string
	for i := range d.Found {
		f := &d.Found[i]
		if isLayout(f.Layout.Name, name) && isTable(table, f.Database, f.Schema, f.Layout.Table) {
			found, some = append(found, f), append(some, f.String())
		}
	}
	for _, a := range d.Altered {
		if isLayout(a.Nearest, name) && isTable(table, a.Database, a.Schema, a.Table) {
			altered, some = append(altered, a), append(some, a.short())
		}
	}
	switch {
	case len(some) > 1:
		return nil, &AmbiguousError{name, table, some}
	case len(found) == 1:
		return found[0], nil
	case len(altered) == 1:
		return nil, altered[0]
	}
	e := &NotFoundError{Layout: name, Table: table, Notes: d.Notes}
	for i := range d.Found {
		e.There = append(e.There, d.Found[i].String())
	}
	for _, a := range d.Altered {
		e.There = append(e.There, a.short())
	}
	return nil, e
}

func isLayout(there, wanted string) bool {
	if strings.EqualFold(wanted, layout.FrameworkCompat) && (there == layout.FX7 || there == fx11) {
		return true
	}
	return wanted == "" || strings.EqualFold(there, wanted)
}

// isTable compares the parts of a name that are given, from the last one.
func isTable(wanted string, parts ...string) bool {
	if wanted == "" {
		return true
	}
	given := splitName(wanted)
	if len(given) > len(parts) {
		return false
	}
	for i, g := range given {
		if p := parts[len(parts)-len(given)+i]; g != "" && !strings.EqualFold(g, p) {
			return false
		}
	}
	return true
}

// splitName takes a name of several parts apart: [a.b].c has two.
func splitName(name string) []string {
	parts := []string{""}
	bracketed := false
	for _, r := range name {
		switch {
		case r == '[' && !bracketed:
			bracketed = true
		case r == ']':
			bracketed = false
		case r == '.' && !bracketed:
			parts = append(parts, "")
		default:
			parts[len(parts)-1] += string(r)
		}
	}
	return parts
}

// String names a table and its layout for people.
func (f *Found) String() string {
	kind := f.Layout.Name
	if f.Variant != "" {
		kind += ", " + f.Variant
	}
	return f.place() + " (" + kind + ")"
}

func (e *AlteredError) short() string {
	return e.Database + "." + e.Schema + "." + e.Table + " (" + e.Nearest + ", altered)"
}
