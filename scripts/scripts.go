// Package scripts holds the T-SQL that makes each layout: tables, types, procedures, and on request the purge job and
// grants. The text is ours, written from the facts of sql-layouts.md; the .sql files here are its templates.
//
// [Render] makes a script of batches divided by GO, fit for sqlcmd, and [Split] takes it apart again. What is there
// already is left alone: every object is made only if there is none of its name, and nothing is dropped, altered or
// emptied. Each batch that makes something answers with rows of three columns, kind, name and result: "created" or
// "there" (and "granted" for rights).
//
// Names come in through [Options] and are quoted wherever they stand; whoever fills it in has checked that a provider can
// use them.
package scripts

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
)

//go:embed *.sql
var files embed.FS

// Options say what to render. Which of them a layout takes is the caller's knowledge: others have no effect.
type Options struct {
	Layout string   // name of the layout, as on the command line
	Title  string   // for people: who makes it
	Notes  []string // comments at the head of the script

	Database string // made if missing, and used; empty: the script runs in the right one
	Type     string // frameworkcompat: p, t or c
	Table    string // the session table, in schema dbo
	Prefix   string // of the procedures of async 2.x
	Suffix   string // likewise

	// Memory: the layout's tables are memory-optimized and its procedures natively compiled where its installer makes
	// them so. Durable: DURABILITY = SCHEMA_AND_DATA.
	Memory, Durable bool
	Buckets         int64  // BUCKET_COUNT of hash indexes
	Container       string // path of the file group's container; empty: where the instance keeps its data
	Retry           bool   // the samples' script that tries again

	PurgeJob bool
	Role     string // gets what an application needs; made if missing; empty: no grants
	CopyRole string // gets what a migration needs

	// Babelfish leaves out what Babelfish for PostgreSQL does not know: the name of a parameter, some rights, start-up
	// procedures, WAITFOR. What the procedures do is the same.
	Babelfish bool

	// StandIn makes disk tables and interpreted procedures of a memory layout, the bodies of the native ones unchanged. It
	// is for tests on engines that have no memory-optimized tables: nothing that any provider installs looks so.
	StandIn bool
}

// templateOf names the template of a layout.
var templateOf = map[string]string{
	"frameworkcompat": "frameworkcompat.sql",
	"v1.0":            "async1.sql",
	"v1.1":            "async1.sql",
	"v1.1-inmemory":   "async1.sql",
	"sqlserver":       "async2.sql",
	"inmemory":        "async2.sql",
	"inmemorydurable": "async2.sql",
	"sample-inmemory": "sample.sql",
	"sqlinmemory":     "sqlinmemory.sql",
	"control":         "control.sql", // no layout: what programs of a cut-over agree on
}

var templates = template.Must(template.New("").Funcs(template.FuncMap{"name": Name, "text": literal}).ParseFS(files, "*.sql"))

// Render makes the script of a layout.
func Render(o Options) (string, error) {
	file, ok := templateOf[o.Layout]
	if !ok {
		return "", fmt.Errorf("rendering a script: layout %q has none", o.Layout)
	}
	v := &view{Options: o}
	v.Binary = o.Memory // whatever the engine, the key compares as in memory
	v.Memory = o.Memory && !o.StandIn
	var b strings.Builder
	if err := templates.ExecuteTemplate(&b, file, v); err != nil {
		return "", fmt.Errorf("rendering the script of layout %q: %w", o.Layout, err)
	}
	text, objects := guard(b.String())
	return text + v.grants(objects), nil
}

// Name quotes an identifier.
func Name(s string) string { return "[" + strings.ReplaceAll(s, "]", "]]") + "]" }

// literal quotes a text.
func literal(s string) string { return "N'" + strings.ReplaceAll(s, "'", "''") + "'" }
