package scripts

import (
	"slices"
	"strings"
)

// inner are procedures that no client calls; whoever may call the outer ones reaches them through ownership.
var inner = []string{"[dbo].[CreateTempTables]", "[dbo].[ASPState_Startup]"}

// grants are the batches that make the roles and give them rights. Granting again changes nothing.
//
// An application needs EXECUTE on procedures and types, and looks at the catalogue; a layout without procedures is worked
// by statements on its table. A migration reads and writes rows, and must see the definition of what it judges. What else
// helps it is not given here, since it concerns the whole database or server: VIEW DATABASE STATE (row counts) and, on
// the server, VIEW SERVER STATE (clock and memory).
func (v *view) grants(objects []object) string {
	var b strings.Builder
	if v.Role != "" {
		b.WriteString(grant(v.Role, v.applicationRights(objects)))
	}
	if v.CopyRole != "" {
		var rights []string
		if !v.Babelfish {
			rights = append(rights, "VIEW DEFINITION ON SCHEMA::[dbo]")
		}
		for _, t := range v.tables() {
			rights = append(rights, "SELECT, INSERT, UPDATE, DELETE ON OBJECT::"+t)
		}
		if v.Layout == "frameworkcompat" || v.Layout == "sample-inmemory" {
			rights = append(rights, "EXECUTE ON OBJECT::[dbo].[TempGetAppID]") // a suffix for an application (13.5)
		}
		b.WriteString("-- For a migration. VIEW DATABASE STATE lets it count rows cheaply, VIEW SERVER STATE see the server's state.\n")
		b.WriteString(grant(v.CopyRole, rights))
	}
	return b.String()
}

func (v *view) applicationRights(objects []object) []string {
	var rights []string
	hasProcs := false
	for _, o := range objects {
		switch {
		case o.kind == "procedure" && !slices.Contains(inner, o.name) && !strings.HasSuffix(o.name, "_HK]"):
			rights, hasProcs = append(rights, "EXECUTE ON OBJECT::"+o.name), true
		case o.kind == "type" && !v.Babelfish:
			rights = append(rights, "EXECUTE ON TYPE::"+o.name)
		}
	}
	switch {
	case v.Layout == "control":
		for _, o := range objects {
			if o.kind == "table" {
				rights = append(rights, "SELECT, INSERT, UPDATE, DELETE ON OBJECT::"+o.name)
			}
		}
	case hasProcs:
		rights = append(rights, "SELECT ON OBJECT::"+v.Sessions())
	default:
		rights = append(rights, "SELECT, INSERT, UPDATE, DELETE ON OBJECT::"+v.Sessions())
	}
	return rights
}

// tables are those that hold what is copied.
func (v *view) tables() []string {
	list := []string{v.Sessions()}
	switch v.Layout {
	case "frameworkcompat", "sample-inmemory":
		list = append(list, v.Applications())
	case "sqlinmemory":
		list = append(list, "[dbo].[SessionItems]")
	}
	return list
}

func grant(role string, rights []string) string {
	o := object{"role", Name(role)}
	text := o.guarded("CREATE ROLE "+Name(role)+";") + "\nGO\n"
	for _, r := range rights {
		text += "GRANT " + r + " TO " + Name(role) + ";\n"
	}
	return text + "SELECT N'rights' AS [kind], " + literal(o.name) + " AS [name], N'granted' AS [result];\nGO\n"
}
