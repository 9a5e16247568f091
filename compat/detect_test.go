package compat

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
)

// The catalogues of these tests are made of a layout's own table and what is changed in it.

const databaseCollation = "SQL_Latin1_General_CP1_CI_AS"

// The procedures of the families.
var (
	fxProcedures    = proceduresOf("fx8")
	asyncProcedures = proceduresOf("async2-sql")
	chunkProcedures = proceduresOf("sqlinmem")
)

func proceduresOf(reference string) []layout.Procedure {
	l, err := layout.ByReference(reference)
	if err != nil {
		panic(err)
	}
	return l.Procedures()
}

func columnsOfLayout(cols []layout.Column) []columnInfo {
	var all []columnInfo
	for _, c := range cols {
		collation := c.Collation
		if strings.HasPrefix(c.Type, "n") && collation == "" {
			collation = databaseCollation
		}
		all = append(all, columnInfo{name: c.Name, typ: c.Type, nullable: c.Nullable, hasDefault: c.Default != "", collation: collation})
	}
	return all
}

// made is a table as the installer of a layout makes it.
func made(t *testing.T, reference string, change ...func(*tableInfo)) tableInfo {
	t.Helper()
	l, err := layout.ByReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	info := tableInfo{
		schema: "dbo", name: l.Table, columns: columnsOfLayout(l.Columns), keysKnown: true, rows: -1,
		memory: l.Engine != layout.EngineDisk, durable: l.Engine == layout.EngineMemoryDurable,
		indexes: []indexInfo{
			{columns: []string{"SessionId"}, unique: true, constraint: true, primary: true},
			{columns: []string{"Expires"}},
		},
	}
	for _, c := range change {
		c(&info)
	}
	return info
}

func chunkTable(t *testing.T) tableInfo {
	t.Helper()
	l, err := layout.ByReference("sqlinmem")
	if err != nil {
		t.Fatal(err)
	}
	return tableInfo{schema: "dbo", name: l.ChunkTable, columns: columnsOfLayout(l.ChunkColumns), keysKnown: true, memory: true, rows: -1}
}

func tableNamed(name string) func(*tableInfo) { return func(t *tableInfo) { t.name = name } }

func withoutColumns(columns ...string) func(*tableInfo) {
	return func(t *tableInfo) {
		t.columns = slices.DeleteFunc(t.columns, func(c columnInfo) bool { return slices.Contains(columns, c.name) })
	}
}

func withColumn(c columnInfo) func(*tableInfo) {
	return func(t *tableInfo) { t.columns = append(t.columns, c) }
}

func typed(column, typ string) func(*tableInfo) {
	return func(t *tableInfo) { t.column(column).typ = typ }
}

func madeOnDisk(t *tableInfo)  { t.memory, t.durable = false, false }
func madeDurable(t *tableInfo) { t.memory, t.durable = true, true }

// procsNamed are the procedures of some signatures in dbo.
func procsNamed(prefix, suffix string, sigs []layout.Procedure) []procInfo {
	var all []procInfo
	for _, s := range sigs {
		all = append(all, procInfo{schema: "dbo", name: prefix + s.Name + suffix, params: s.Params})
	}
	return all
}

func TestRecognised(t *testing.T) {
	fx := procsNamed("", "", fxProcedures)
	retry := append(slices.Clone(fx), procInfo{schema: "dbo", name: "TempGetStateItemExclusive3_HK"})
	own := procsNamed("T_", "", asyncProcedures)
	for _, c := range []struct {
		test     string // of sql-layouts.md 14
		database string
		table    tableInfo
		procs    []procInfo
		want     string // layout and variant
		engine   layout.Engine
	}{
		{"2", "ASPState", made(t, "fx7"), nil, "fx7 fx-persist", layout.EngineDisk},
		{"3", "ASPState", made(t, "sample-mem"), fx, "sample-inmemory", layout.EngineMemory},
		{"3 with retry", "ASPState", made(t, "sample-mem"), retry, "sample-inmemory retry", layout.EngineMemory},
		{"3 made durable", "ASPState", made(t, "sample-mem", madeDurable), fx, "sample-inmemory", layout.EngineMemoryDurable},
		{"4 persisted", "aspstate", made(t, "fx8"), fx, "frameworkcompat fx-persist", layout.EngineDisk},
		{"4 custom", "Shop", made(t, "fx8"), fx, "frameworkcompat fx-custom", layout.EngineDisk},
		{"4 in tempdb itself", "tempdb", made(t, "fx8"), nil, "frameworkcompat fx-temp", layout.EngineDisk},
		{"4 other name", "Shop", made(t, "fx8", tableNamed("MySessions")), fx, "frameworkcompat fx-custom", layout.EngineDisk},
		{"4 altered by hand", "Shop", made(t, "fx8", typed("SessionItemLong", "varbinary(max)")), fx, "frameworkcompat fx-custom", layout.EngineDisk},
		{"5", "Shop", made(t, "async11"), nil, "v1.1", layout.EngineDisk},
		{"6", "Shop", made(t, "async11-mem"), nil, "v1.1-inmemory", layout.EngineMemory},
		{"6, that is 7", "Shop", made(t, "async11-mem"), procsNamed("ASPStateTempSessions_", "", asyncProcedures), "inmemory", layout.EngineMemory},
		{"7 durable", "Shop", made(t, "async2-memdur"), procsNamed("", "MD", asyncProcedures), "inmemorydurable", layout.EngineMemoryDurable},
		{"7", "Shop", made(t, "async2-mem"), procsNamed("", "M", asyncProcedures), "inmemory", layout.EngineMemory},
		{"7 own name", "Shop", made(t, "async2-mem", tableNamed("T")), own, "inmemory", layout.EngineMemory},
		{"7 own name, durable", "Shop", made(t, "async2-mem", tableNamed("T"), madeDurable), own, "inmemorydurable", layout.EngineMemoryDurable},
		{"8", "Shop", made(t, "async2-sql"), procsNamed("", "", asyncProcedures), "sqlserver", layout.EngineDisk},
		{"8 own name", "Shop", made(t, "async2-sql", tableNamed("T")), own, "sqlserver", layout.EngineDisk},
		{"9", "Shop", made(t, "async10"), nil, "v1.0", layout.EngineDisk},
		{"letter case", "Shop", made(t, "async2-sql", tableNamed("aspnetsessionstate"), func(t *tableInfo) {
			for i := range t.columns {
				t.columns[i].name = strings.ToLower(t.columns[i].name)
			}
		}), procsNamed("", "", asyncProcedures), "sqlserver", layout.EngineDisk},
	} {
		d := detect(&catalog{database: c.database, tables: []tableInfo{c.table}, procs: c.procs}, nil)
		if len(d.Found) != 1 || len(d.Altered) != 0 {
			t.Errorf("%s: found %v, altered %v", c.test, d.Found, d.Altered)
			continue
		}
		f := d.Found[0]
		if got := strings.TrimSpace(f.Layout.Name + " " + f.Variant); got != c.want || f.Layout.Engine != c.engine || f.Layout.Table != c.table.name {
			t.Errorf("%s: %s, engine %d, table %s", c.test, got, f.Layout.Engine, f.Layout.Table)
		}
		if survives := c.engine != layout.EngineMemory && c.database != "tempdb"; f.Layout.SurvivesRestart != survives {
			t.Errorf("%s: survives a restart: %v", c.test, f.Layout.SurvivesRestart)
		}
		if f.Database != c.database || f.Schema != "dbo" || f.Why == "" || f.Rows != -1 || f.Collation != c.table.columns[0].collation {
			t.Errorf("%s: %+v", c.test, f)
		}
		if missing := f.Procs.Missing; c.procs != nil && len(missing) > 0 {
			t.Errorf("%s: missing %q", c.test, missing)
		}
	}
}

func TestSQLInMemory(t *testing.T) {
	sessions, chunks := made(t, "sqlinmem"), chunkTable(t)
	d := detect(&catalog{database: "ASPStateInMemory", tables: []tableInfo{chunks, sessions}, procs: procsNamed("", "", chunkProcedures)}, nil)
	if len(d.Found) != 1 || len(d.Notes) != 0 || d.Found[0].Layout.Name != layout.SQLInMemory || d.Found[0].Procs.Missing != nil {
		t.Errorf("%+v", d)
	}
	// Made durable, as its script invites (sql-layouts.md 9).
	madeDurable(&sessions)
	madeDurable(&chunks)
	chunks.columns = append([]columnInfo{{name: "Id", typ: "bigint", identity: true}}, chunks.columns...)
	d = detect(&catalog{database: "ASPStateInMemory", tables: []tableInfo{sessions, chunks}}, nil)
	if len(d.Found) != 1 || d.Found[0].Layout.Engine != layout.EngineMemoryDurable || len(d.Found[0].Layout.ChunkColumns) != 3 {
		t.Errorf("durable: %+v", d)
	}
	// One of the two lost its rows at the last restart.
	chunks.durable = false
	d = detect(&catalog{database: "ASPStateInMemory", tables: []tableInfo{sessions, chunks}}, nil)
	if len(d.Found) != 0 || len(d.Altered) != 1 {
		t.Errorf("half durable: %+v", d)
	}
	d = detect(&catalog{database: "ASPStateInMemory", tables: []tableInfo{sessions}}, nil)
	if len(d.Altered) != 1 || d.Altered[0].Problems[0] != "table SessionItems is missing beside it" {
		t.Errorf("no chunks: %+v", d)
	}
}

// TestProcedures: which names go with which table (sql-layouts.md 6.1).
func TestProcedures(t *testing.T) {
	inSchema := procsNamed("", "", asyncProcedures)
	for i := range inSchema {
		inSchema[i].schema = "app"
	}
	for _, c := range []struct {
		why     string
		table   tableInfo
		procs   []procInfo
		want    Procs
		missing int
	}{
		{"default", made(t, "async2-mem"), procsNamed("", "M", asyncProcedures), Procs{Schema: "dbo", Suffix: "M"}, 0},
		{"default name of memory, on disk", made(t, "async2-mem", madeOnDisk), procsNamed("", "M", asyncProcedures), Procs{Schema: "dbo", Suffix: "M"}, 0},
		{"own", made(t, "async2-sql", tableNamed("T")), procsNamed("t_", "", asyncProcedures), Procs{Schema: "dbo", Prefix: "T_"}, 0},
		{"default name given as own", made(t, "async2-sql"), procsNamed("ASPNetSessionState_", "", asyncProcedures), Procs{Schema: "dbo", Prefix: "ASPNetSessionState_"}, 0},
		{"other schema", made(t, "async2-sql"), inSchema, Procs{Schema: "app"}, 0},
		{"some", made(t, "async2-sql"), procsNamed("", "", asyncProcedures[:7]), Procs{Schema: "dbo"}, 2},
		{"none", made(t, "async2-sql", tableNamed("T")), nil, Procs{Schema: "dbo", Prefix: "T_"}, 9},
		{"those of SqlInMemory", made(t, "async2-sql"), procsNamed("", "", chunkProcedures), Procs{Schema: "dbo"}, 8},
		{"added parameter", made(t, "async2-sql"), func() []procInfo {
			all := procsNamed("", "", asyncProcedures)
			all[8].params = []string{"Limit"}
			return all
		}(), Procs{Schema: "dbo"}, 0},
	} {
		d := detect(&catalog{database: "Shop", tables: []tableInfo{c.table}, procs: c.procs}, nil)
		if len(d.Found) != 1 {
			t.Fatalf("%s: %+v", c.why, d)
		}
		got := d.Found[0].Procs
		missing := len(got.Missing)
		got.Missing, c.want.Database = nil, "Shop"
		if !reflect.DeepEqual(got, c.want) || missing != c.missing {
			t.Errorf("%s: %+v, %d missing", c.why, got, missing)
		}
	}
}

func TestAltered(t *testing.T) {
	for _, c := range []struct {
		why     string
		table   tableInfo
		nearest string
		problem string // begins with
	}{
		{"1", made(t, "fx8", withoutColumns("Flags"), typed("SessionId", "char(32)")), "fx11", "the table of ASP.NET 1.x"},
		{"missing column", made(t, "fx8", withoutColumns("Timeout")), "frameworkcompat", "column Timeout is missing, expected int"},
		{"no long column", made(t, "fx8", withoutColumns("SessionItemLong")), "frameworkcompat", "column SessionItemLong is missing"},
		{"narrow key", made(t, "async2-sql", typed("SessionId", "nvarchar(80)")), "sqlserver", "column SessionId is nvarchar(80), expected nvarchar(88)"},
		{"key of bytes", made(t, "async2-sql", typed("SessionId", "varchar(88)")), "sqlserver", "column SessionId is varchar(88)"},
		{"other type", made(t, "async11", typed("Expires", "datetime2(7)")), "v1.1", "column Expires is datetime2(7), expected datetime"},
		{"cut payloads", made(t, "async2-sql", typed("SessionItemLong", "varbinary(8000)")), "sqlserver", "column SessionItemLong is varbinary(8000)"},
		{"must have a payload", made(t, "fx8", func(t *tableInfo) { t.column("SessionItemShort").nullable = false }), "frameworkcompat", "column SessionItemShort takes no NULL"},
		{"computed", made(t, "fx8", func(t *tableInfo) { t.column("Expires").computed = true }), "frameworkcompat", "column Expires is computed"},
		{"added, must be given", made(t, "fx8", withColumn(columnInfo{name: "Tenant", typ: "int"})), "frameworkcompat", "column Tenant is not of the layout"},
		{"no key", made(t, "async10", func(t *tableInfo) { t.indexes = nil }), "v1.0", "it has no primary key on SessionId alone"},
		{"wider key", made(t, "fx8", func(t *tableInfo) { t.indexes[0].columns = []string{"SessionId", "Created"} }), "frameworkcompat", "it has no primary key"},
		{"unique index only", made(t, "fx8", func(t *tableInfo) { t.indexes[0] = indexInfo{columns: []string{"SessionId"}, unique: true} }), "frameworkcompat", "it has no primary key"},
		{"in memory", made(t, "async10", madeDurable), "v1.0", "it is memory-optimized"},
		{"name only", made(t, "async2-sql", withoutColumns("SessionId", "SessionItemLong")), "sqlserver", "column SessionId is missing"},
		{"async without LockDateLocal", made(t, "async2-sql", withoutColumns("LockDateLocal"), tableNamed("T")), "sqlserver", "column LockDateLocal is missing"},
	} {
		d := detect(&catalog{database: "Shop", tables: []tableInfo{c.table}}, nil)
		if len(d.Found) != 0 || len(d.Altered) != 1 {
			t.Errorf("%s: found %v, altered %v", c.why, d.Found, d.Altered)
			continue
		}
		a := d.Altered[0]
		if a.Nearest != c.nearest || a.Schema != "dbo" || a.Table != c.table.name || !strings.HasPrefix(a.Problems[0], c.problem) {
			t.Errorf("%s: %v", c.why, a)
		}
	}
}

// TestUnusual: what is noted and does not stand in the way.
func TestUnusual(t *testing.T) {
	for _, c := range []struct {
		why   string
		table tableInfo
		note  string
	}{
		{"added, may be NULL", made(t, "fx8", withColumn(columnInfo{name: "Tenant", typ: "int", nullable: true})), "column Tenant is not of the layout"},
		{"added with default", made(t, "fx8", withColumn(columnInfo{name: "Tenant", typ: "int", hasDefault: true})), "column Tenant is not of the layout"},
		{"rowversion", made(t, "fx8", withColumn(columnInfo{name: "v", typ: "timestamp", computed: true})), "column v is not of the layout"},
		{"altered by hand", made(t, "fx8", typed("SessionItemLong", "varbinary(max)")), "column SessionItemLong is varbinary(max); its installer makes it image"},
		{"wider", made(t, "sample-mem", typed("SessionItemShort", "varbinary(max)")), "column SessionItemShort is varbinary(max)"},
		{"no default", made(t, "fx8", func(t *tableInfo) { t.column("Created").hasDefault = false }), "column Created has no default"},
		{"nullable", made(t, "fx8", func(t *tableInfo) { t.column("Expires").nullable = true }), "column Expires may be NULL"},
		{"no index", made(t, "fx8", func(t *tableInfo) { t.indexes = t.indexes[:1] }), "it has no index on Expires"},
		{"keys not known", made(t, "fx8", func(t *tableInfo) { t.keysKnown, t.indexes = false, nil }), "its keys are not known"},
		{"triggers", made(t, "fx8", func(t *tableInfo) { t.triggers = []string{"audit"} }), "it has triggers: audit"},
		{"no procedures", made(t, "fx8"), "none of the procedures that go with it are there"},
	} {
		d := detect(&catalog{database: "Shop", tables: []tableInfo{c.table}}, nil)
		if len(d.Found) != 1 || !slices.ContainsFunc(d.Notes, func(n string) bool { return strings.Contains(n, c.note) }) {
			t.Errorf("%s: %+v", c.why, d)
		}
	}
}

// TestProceduresNotSeen: what could not be read is not said to be missing.
func TestProceduresNotSeen(t *testing.T) {
	d := detect(&catalog{database: "Shop", tables: []tableInfo{made(t, "async2-sql")}, procsUnread: true, unread: []string{"procedures: denied"}}, nil)
	if len(d.Found) != 1 || d.Found[0].Procs.Missing != nil || !slices.Equal(d.Notes, []string{"procedures: denied"}) {
		t.Errorf("%+v", d)
	}
}

// TestNotOurs: tables of others that share a name or a column.
func TestNotOurs(t *testing.T) {
	for _, c := range []tableInfo{
		made(t, "async10", withoutColumns("SessionItem")),
		made(t, "fx8", tableNamed("Carts"), withoutColumns("SessionItemShort", "SessionItemLong")),
		made(t, "async10", tableNamed("SessionLog")),
		chunkTable(t),
	} {
		if d := detect(&catalog{database: "Shop", tables: []tableInfo{c}}, nil); !reflect.DeepEqual(d, Detection{}) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestTempdb(t *testing.T) {
	fx := procsNamed("", "", fxProcedures)
	here := &catalog{database: "ASPState", procs: fx}
	temp := &catalog{database: "tempdb", tables: []tableInfo{made(t, "fx8"), made(t, "async2-sql", tableNamed("#x"))}}

	d := detect(here, temp) // 11
	if len(d.Found) != 1 || d.Found[0].String() != "tempdb.dbo.ASPStateTempSessions (frameworkcompat, fx-temp)" ||
		d.Found[0].Procs.Database != "ASPState" || d.Found[0].Procs.Missing != nil || d.Found[0].Layout.SurvivesRestart {
		t.Errorf("fx-temp: %+v", d)
	}
	if d := detect(here, &catalog{database: "tempdb"}); len(d.Found) != 0 || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "CreateTempTables") {
		t.Errorf("lost: %+v", d)
	}

	// The table of an earlier -sstype p is still there: the procedures say which one they use.
	for _, c := range []struct{ definition, orphan string }{
		{"SELECT 1 FROM [tempdb].dbo.ASPStateTempSessions", "ASPState"},
		{"SELECT 1 FROM [ASPState].dbo.ASPStateTempSessions", "tempdb"},
		{"", ""},
	} {
		both := &catalog{database: "ASPState", procs: slices.Clone(fx), tables: []tableInfo{made(t, "fx8")}}
		both.procs[3].definition = c.definition
		d := detect(both, temp)
		if len(d.Found) != 2 || len(d.Notes) != 1 {
			t.Fatalf("%q: %+v", c.definition, d)
		}
		for _, f := range d.Found {
			if orphan := len(f.Procs.Missing) == len(fxProcedures); orphan != (f.Database == c.orphan) {
				t.Errorf("%q: %s has its procedures: %v", c.definition, &f, !orphan)
			}
		}
	}
}

func TestPointsToTempdb(t *testing.T) {
	fx := procsNamed("", "", fxProcedures)
	old := []procInfo{{schema: "dbo", name: "TempGetStateItem"}}
	tables := []tableInfo{made(t, "fx8")}
	for _, c := range []struct {
		why  string
		c    catalog
		want bool
	}{
		{"11", catalog{database: "ASPState", procs: fx}, true},
		{"11 in a database of another name", catalog{database: "Shop", procs: fx}, true},
		{"11 of ASP.NET 1.x", catalog{database: "ASPState", procs: old}, true},
		{"ASPState may have both", catalog{database: "ASPState", procs: fx, tables: tables}, true},
		{"custom has its own", catalog{database: "Shop", procs: fx, tables: tables}, false},
		{"no procedures", catalog{database: "ASPState", tables: tables}, false},
		{"tempdb", catalog{database: "tempdb", procs: fx}, false},
	} {
		if got := c.c.pointsToTempdb(); got != c.want {
			t.Errorf("%s: %v", c.why, got)
		}
	}
}

func TestCollations(t *testing.T) {
	for collation, want := range map[string]bool{
		"SQL_Latin1_General_CP1_CI_AS": true, "Latin1_General_CS_AS": false, "Latin1_General_BIN": false,
		"Latin1_General_100_BIN2": false, "bbf_unicode_cp1_ci_as": true, "Turkish_CI_AS": true, "": true,
		"Latin1_General_100_CI_AS_SC_UTF8": true,
	} {
		if got := ignoresCase(collation, true); got != want {
			t.Errorf("%q: %v", collation, got)
		}
	}
	d := detect(&catalog{database: "Shop", tables: []tableInfo{made(t, "fx8", func(t *tableInfo) {
		t.column("SessionId").collation = "Latin1_General_CS_AS"
	})}}, nil)
	if f := d.Found[0]; f.Layout.CaseInsensitiveIDs || f.Collation != "Latin1_General_CS_AS" {
		t.Errorf("%+v", f.Layout)
	}
	if l, _ := layout.ByReference("fx8"); !l.CaseInsensitiveIDs || l.Columns[0].Collation != "" {
		t.Error("the layout itself was changed")
	}
}

func TestChoose(t *testing.T) {
	d := detect(&catalog{database: "Shop", tables: []tableInfo{
		made(t, "fx7"), made(t, "async2-sql"), made(t, "async2-sql", tableNamed("Old.T")),
		made(t, "async10", withoutColumns("Flags")), made(t, "async11", tableNamed("a"), withoutColumns("Created")), made(t, "async11", tableNamed("b")),
	}}, nil)
	for _, c := range []struct{ layout, table, want string }{
		{"frameworkcompat", "", "Shop.dbo.ASPStateTempSessions (fx7, fx-custom)"},
		{"fx7", "", "Shop.dbo.ASPStateTempSessions (fx7, fx-custom)"},
		{"", "ASPSTATETEMPSESSIONS", "Shop.dbo.ASPStateTempSessions (fx7, fx-custom)"},
		{"SQLServer", "ASPNetSessionState", "Shop.dbo.ASPNetSessionState (sqlserver)"},
		{"sqlserver", "[dbo].[old.t]", "Shop.dbo.Old.T (sqlserver)"},
		{"sqlserver", "shop..[Old.T]", "Shop.dbo.Old.T (sqlserver)"},
		{"sqlserver", "other.dbo.[Old.T]", "not found"},
		{"sqlserver", "", "ambiguous"},
		{"v1.0", "", "altered"},
		{"v1.1", "", "ambiguous"}, // one of the two is refused: which one was meant?
		{"v1.1", "b", "Shop.dbo.b (v1.1)"},
		{"inmemory", "", "not found"},
		{"", "", "ambiguous"},
	} {
		f, err := d.Choose(c.layout, c.table)
		var got string
		var notFound *NotFoundError
		var ambiguous *AmbiguousError
		var altered *AlteredError
		switch {
		case err == nil:
			got = f.String()
		case errors.As(err, &notFound):
			got = "not found"
		case errors.As(err, &ambiguous):
			got = "ambiguous"
		case errors.As(err, &altered):
			got = "altered"
		}
		if got != c.want {
			t.Errorf("Choose(%q, %q): %s, %v", c.layout, c.table, got, err)
		}
	}
	_, err := d.Choose("inmemory", "X")
	want := `looking for layout inmemory in table "X": the database has no such table; it has Shop.dbo.ASPNetSessionState (sqlserver), ` +
		`Shop.dbo.ASPStateTempSessions (fx7, fx-custom), Shop.dbo.Old.T (sqlserver), Shop.dbo.b (v1.1), Shop.dbo.Sessions (v1.0, altered), ` +
		`Shop.dbo.a (v1.1, altered)`
	if err.Error() != want {
		t.Errorf("error %q", err)
	}
}

func TestTypeNames(t *testing.T) {
	for _, c := range []struct {
		name       string
		max, scale int
		want       string
	}{
		{"nvarchar", 176, 0, "nvarchar(88)"},
		{"nvarchar", -1, 0, "nvarchar(max)"},
		{"char", 32, 0, "char(32)"},
		{"varbinary", 7000, 0, "varbinary(7000)"},
		{"varbinary", -1, 0, "varbinary(max)"},
		{"Image", 16, 0, "image"},
		{"datetime", 8, 3, "datetime"},
		{"datetime2", 8, 7, "datetime2(7)"},
	} {
		if got := typeName(c.name, c.max, c.scale); got != c.want {
			t.Errorf("%s: %s", c.want, got)
		}
	}
}
