package compat

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/scripts"
)

// InstallReport is what Install has found and made, in the order of the script.
type InstallReport struct {
	Database string            `json:"database"`
	Objects  []InstalledObject `json:"objects"`
}

// InstalledObject is a database, a table, a type, a procedure, a role, a job. An object of the same name that was there is
// left as it is, whatever it is like.
type InstalledObject struct {
	Kind   string `json:"kind"`   // database, filegroup, setting, table, type, procedure, role, rights, job
	Name   string `json:"name"`   // quoted, with schema where it has one
	Result string `json:"result"` // created, there, or granted
}

// Created counts the objects that were made.
func (r *InstallReport) Created() int {
	n := 0
	for _, o := range r.Objects {
		if o.Result == "created" {
			n++
		}
	}
	return n
}

// TakenError says that a name which a layout needs belongs to something else. Nothing has been made.
type TakenError struct {
	Layout, Database string
	Problems         []string // for people
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("installing layout %s in database %q: %s", e.Layout, e.Database, strings.Join(e.Problems, "; "))
}

// Install runs [Script] batch by batch, in the connection's database where the options name none (nor type p or t, which
// are of database ASPState). What is there is left as it is; so a second run changes nothing, and one that was cut short
// is finished by the next.
//
// Before it makes anything it looks at the catalogue: *TakenError if the table is there as that of another layout, or a
// procedure with other parameters. The report is that of what was done, with an error too.
func (s *Server) Install(ctx context.Context, o SchemaOptions) (InstallReport, error) {
	o.Babelfish = s.Facts.Babelfish
	if o.Database == "" && o.Type == "" && !isSystem(s.Facts.Database) {
		o.Database = s.Facts.Database
	}
	r, err := o.rendering()
	if err != nil {
		return InstallReport{}, err
	}
	rep := InstallReport{Database: r.Database}
	if rep.Database == "" {
		rep.Database = s.Facts.Database
	}
	if isSystem(rep.Database) {
		return rep, &TakenError{r.Layout, rep.Database, []string{"it is a database of the server's own: name another one"}}
	}
	if r.Layout != ControlSchema {
		if err := s.taken(ctx, r, rep.Database); err != nil {
			return rep, err
		}
	}
	if s.Facts.Azure && r.Database != "" && !strings.EqualFold(r.Database, s.Facts.Database) {
		return rep, &TakenError{r.Layout, rep.Database, []string{"Azure SQL Database makes and opens databases one by one: connect to it"}}
	}
	if strings.EqualFold(r.Database, s.Facts.Database) && r.Type != "t" {
		r.Database = "" // Azure has no USE
	}
	text, err := scripts.Render(r)
	if err != nil {
		return rep, err
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return rep, fmt.Errorf("installing layout %s: %w", r.Layout, err)
	}
	defer conn.Close()
	// USE and SET outlive the script: nobody else gets this connection.
	defer conn.Raw(func(any) error { return driver.ErrBadConn })
	for _, b := range scripts.Split(text) {
		done, err := runBatch(ctx, conn, b.Text)
		rep.Objects = append(rep.Objects, done...)
		if err != nil {
			first, _, _ := strings.Cut(b.Text, "\n")
			return rep, fmt.Errorf("installing layout %s: batch at line %d, %.80q: %w", r.Layout, b.Line, first, err)
		}
	}
	return rep, nil
}

// isSystem says whether a database is one of the server's own: nothing is installed there by oversight.
func isSystem(database string) bool {
	return slices.ContainsFunc([]string{"master", "model", "msdb", tempdb}, func(n string) bool { return strings.EqualFold(n, database) })
}

// runBatch reads what a batch answers. Result sets of other shapes are not the script's.
func runBatch(ctx context.Context, conn *sql.Conn, text string) (done []InstalledObject, err error) {
	rows, err := conn.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		cols, err := rows.Columns()
		if err != nil {
			return done, err
		}
		for rows.Next() {
			if len(cols) != 3 {
				continue
			}
			var o InstalledObject
			if err := rows.Scan(&o.Kind, &o.Name, &o.Result); err != nil {
				return done, err
			}
			done = append(done, o)
		}
	}
	return done, rows.Err()
}

// taken looks whether the names of a layout belong to something else in a database.
func (s *Server) taken(ctx context.Context, r scripts.Options, database string) error {
	var id sql.NullInt64
	if err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpAsk, "database")+"SELECT DB_ID(@p1)", database).Scan(&id); err != nil {
		return fmt.Errorf("installing layout %s: looking for database %q: %w", r.Layout, database, err)
	}
	if !id.Valid {
		return nil
	}
	c, err := s.readCatalog(ctx, database)
	if err != nil {
		return err
	}
	if problems := namesTaken(c, r); len(problems) > 0 {
		return &TakenError{r.Layout, database, problems}
	}
	return nil
}

// namesTaken compares a catalogue with what a script would make.
func namesTaken(c *catalog, r scripts.Options) []string {
	var problems []string
	l, err := layout.ByName(r.Layout)
	if err != nil {
		return []string{err.Error()}
	}
	if r.Type != "t" && !r.StandIn {
		isIt := func(schema, table string) bool {
			return strings.EqualFold(schema, "dbo") && strings.EqualFold(table, r.Table)
		}
		d := detect(c, nil)
		for _, a := range d.Altered {
			if isIt(a.Schema, a.Table) {
				problems = append(problems, a.Error())
			}
		}
		for _, f := range d.Found {
			if isIt(f.Schema, f.Layout.Table) && f.Layout.Name != l.Name {
				problems = append(problems, fmt.Sprintf("table %s is there and has layout %s", f.place(), f.Layout.Name))
			}
		}
	}
	for _, sig := range l.Procedures() {
		name := r.Prefix + sig.Name + r.Suffix
		if p := c.procIn("dbo", name); p != nil && p.params != nil && !p.takes(sig, l) {
			problems = append(problems, fmt.Sprintf("procedure dbo.%s is there with other parameters: it belongs to another provider", name))
		}
	}
	return problems
}
