package scripts

import "strings"

// view is what the templates see.
type view struct {
	Options
	Binary bool // SessionId compares binary
}

// Sessions is the session table as procedures name it. That of type t is in tempdb, and named with it (sql-layouts.md 3.1).
func (v *view) Sessions() string { return v.table(v.Table) }

// Applications is the table of application names.
func (v *view) Applications() string { return v.table("ASPStateTempApplications") }

func (v *view) table(name string) string { return v.Catalog() + "[dbo]." + Name(name) }

// Catalog is the database of the tables with a point, where it is not the procedures' own.
func (v *view) Catalog() string {
	if v.Type == "t" {
		return "[tempdb]."
	}
	return ""
}

// TableKind is the kind of the session table's batch: disk tables are made with their index in one transaction, which
// memory-optimized ones do not allow.
func (v *view) TableKind() string {
	if v.Memory {
		return "memory-table"
	}
	return "table"
}

// Durability is the DURABILITY of memory-optimized tables.
func (v *view) Durability() string {
	if v.Durable {
		return "SCHEMA_AND_DATA"
	}
	return "SCHEMA_ONLY"
}

// FileGroup is the name of the file group for memory-optimized data, where there is none yet.
func (v *view) FileGroup() string { return "ASPState_mod" }

// Roles are those of the samples' scripts; nothing is granted to them (sql-layouts.md 8).
func (v *view) Roles() []string {
	return []string{"ASPStateExecute", "ASPStateResetRole", "ASPStateRole"}
}

// Purge is the name of the procedure that deletes expired rows.
func (v *view) Purge() string {
	if strings.HasPrefix(templateOf[v.Layout], "async") {
		return v.Prefix + "DeleteExpiredSessionState" + v.Suffix
	}
	return "DeleteExpiredSessions"
}

// ParameterType names a user type of frameworkcompat; the samples' procedures have literal types, native ones must (8).
func (v *view) ParameterType(name string) string {
	if !v.Binary {
		return "[dbo].[" + name + "]"
	}
	switch name {
	case "tSessionId":
		return "nvarchar(88)"
	case "tAppName":
		return "varchar(280)"
	case "tSessionItemShort":
		return "varbinary(7000)"
	}
	return "varbinary(max)"
}

// VersionParameter is the parameter of GetMajorVersion (3.5). Babelfish takes the name for a global variable of its own.
func (v *view) VersionParameter() string {
	if v.Babelfish {
		return "@ver"
	}
	return "@@ver"
}

// Hint, Look and Change are table hints: to read, to read what will be changed, to change. Within a transaction a
// memory-optimized table needs SNAPSHOT (error 41368 otherwise).
func (v *view) Hint() string { return v.hint("") }

func (v *view) Look() string { return v.hint(" WITH (UPDLOCK, ROWLOCK)") }

func (v *view) Change() string { return v.hint(" WITH (ROWLOCK)") }

func (v *view) hint(disk string) string {
	if v.Memory {
		return " WITH (SNAPSHOT)"
	}
	return disk
}

// proc is what the template of a procedure sees.
type proc struct {
	*view
	Name          string // quoted, with schema
	Public        string // likewise, without _HK
	ID            string // parameter that is the session id; empty: none
	Version       int    // of the fx read procedures
	Exclusive     bool
	Flags         bool // a read clears the uninitialized bit
	Short         bool // there is a column SessionItemShort
	Long          bool // the payload is the long one
	Large         bool // SqlInMemory's procedure that takes a table of chunks
	Uninitialized bool
	Null          string // column that is set to NULL
	Item          string // what SqlInMemory's column Item is set to
	Native        bool
	AsOwner       bool
	FX            bool // returns 0
	Retry         bool
}

func (v *view) proc(name, id string) proc {
	q := "[dbo]." + Name(name)
	return proc{view: v, Name: q, Public: q, ID: id, Retry: v.Options.Retry}
}

// Change of a native procedure is no hint at all.
func (p proc) Change() string {
	if p.Native {
		return ""
	}
	return p.view.Change()
}

// Read is an fx read procedure of a version.
func (v *view) Read(name string, version int, exclusive bool) proc {
	p := v.proc(name, "@id")
	p.Version, p.Exclusive, p.Flags, p.Short, p.FX = version, exclusive, version == 3, true, true
	return p
}

// Write is an fx procedure that writes a payload: short or long, uninitialized, null (the other column).
func (v *view) Write(name, what string) proc {
	p := v.proc(name, "@id")
	p.FX, p.Long, p.Uninitialized = true, strings.Contains(what, "long"), strings.Contains(what, "uninitialized")
	switch {
	case strings.Contains(what, "null") && p.Long:
		p.Null = "SessionItemShort"
	case strings.Contains(what, "null"):
		p.Null = "SessionItemLong"
	}
	return p
}

// Compiled makes a procedure of the samples native. With retry it is an inner one.
func (v *view) Compiled(p proc) proc {
	p.Native = v.Memory
	if p.Retry {
		p.Name = strings.TrimSuffix(p.Name, "]") + "_HK]"
		p.Retry = false
	}
	return p
}

// Wrapper is what a wrapper around a native procedure sees.
func (p proc) Wrapper() proc {
	p.Retry, p.Native = p.view.Options.Retry, false
	return p
}

// AsyncRead, AsyncInsert and Statement are procedures of async 2.x, native in memory; Interpreted never is.
func (v *view) AsyncRead(name string, exclusive bool) proc {
	p := v.Statement(name)
	p.Exclusive, p.Flags = exclusive, true
	return p
}

func (v *view) AsyncInsert(name string, uninitialized bool) proc {
	p := v.Statement(name)
	p.Uninitialized = uninitialized
	return p
}

func (v *view) Statement(name string) proc {
	p := v.Interpreted(name)
	p.Native = v.Memory
	return p
}

func (v *view) Interpreted(name string) proc { return v.proc(v.Prefix+name+v.Suffix, "@SessionId") }

// Chunk, ChunkRead and All are procedures of SqlInMemory; All is about no row in particular.
func (v *view) Chunk(name, item string) proc {
	p := v.proc(name, "@SessionId")
	p.Item, p.Large, p.Native, p.AsOwner = item, strings.HasSuffix(name, "Large"), v.Memory, true
	return p
}

func (v *view) ChunkRead(name string, exclusive bool) proc {
	p := v.Chunk(name, "")
	p.Exclusive = exclusive
	return p
}

func (v *view) All(name string) proc {
	p := v.Chunk(name, "")
	p.ID = ""
	return p
}

// Nine counts the pieces of a medium payload.
func (p proc) Nine() []int { return []int{1, 2, 3, 4, 5, 6, 7, 8, 9} }
