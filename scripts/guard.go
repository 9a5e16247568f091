package scripts

import (
	"fmt"
	"regexp"
	"strings"
)

// object is something that a batch makes.
type object struct{ kind, name string }

// marker is the first line of a batch that makes one object: --@ kind name. The batch is all that follows up to GO.
const marker = "--@ "

// guard turns every marked batch into one that makes its object only if there is none, and says which it was. It also
// returns the objects in order.
func guard(text string) (string, []object) {
	var b strings.Builder
	var objects []object
	for _, batch := range Split(text) {
		body := strings.TrimSpace(batch.Text)
		if head, ok := strings.CutPrefix(body, marker); ok {
			line, rest, _ := strings.Cut(head, "\n")
			kind, name, _ := strings.Cut(line, " ")
			o := object{kind, name}
			objects = append(objects, o)
			body = o.guarded(strings.TrimSpace(rest))
		}
		b.WriteString(blankLines.ReplaceAllString(body, "\n") + "\nGO\n")
	}
	return b.String(), objects
}

// blankLines are what templates leave behind.
var blankLines = regexp.MustCompile(`(?m)\n[ \t]*(?:\n[ \t]*)*\n`)

// guarded is the batch of an object. CREATE PROCEDURE and CREATE TYPE must be alone in a batch, hence EXEC.
func (o object) guarded(create string) string {
	label, there := o.kind, ""
	name := literal(o.name)
	switch o.kind {
	case "table":
		there = "OBJECT_ID(" + name + ", N'U') IS NOT NULL"
		create = "BEGIN TRANSACTION;\n" + create + "\nCOMMIT TRANSACTION;"
	case "memory-table":
		label, there = "table", "OBJECT_ID("+name+", N'U') IS NOT NULL"
	case "procedure":
		there = "OBJECT_ID(" + name + ", N'P') IS NOT NULL"
		create = "EXEC (" + literal("\n"+create) + ");"
	case "type":
		there = "TYPE_ID(" + name + ") IS NOT NULL"
		create = "EXEC (" + literal(create) + ");"
	case "role":
		there = "DATABASE_PRINCIPAL_ID(" + literal(unquoted(o.name)) + ") IS NOT NULL"
	case "database":
		there = "DB_ID(" + literal(unquoted(o.name)) + ") IS NOT NULL"
	case "filegroup":
		there = "EXISTS (SELECT * FROM sys.filegroups g JOIN sys.database_files f ON f.data_space_id = g.data_space_id WHERE g.type = N'FX')" +
			"\n    OR SERVERPROPERTY(N'EngineEdition') IN (5, 8)"
	case "setting":
		there = "EXISTS (SELECT * FROM sys.databases WHERE database_id = DB_ID() AND is_memory_optimized_elevate_to_snapshot_on = 1)"
	case "job":
		there = "EXISTS (SELECT * FROM msdb.dbo.sysjobs WHERE name = DB_NAME() + " + literal("_Job_"+o.name) + ")"
	default:
		panic("scripts: kind " + o.kind)
	}
	result := func(what string) string {
		return fmt.Sprintf("    SELECT N'%s' AS [kind], %s AS [name], N'%s' AS [result];\n", label, name, what)
	}
	return "IF " + there + "\n" + result("there") + "ELSE\nBEGIN\n" + create + "\n" + result("created") + "END;"
}

// unquoted is a name without its brackets.
func unquoted(name string) string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"), "]]", "]")
}
