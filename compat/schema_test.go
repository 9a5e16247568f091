package compat

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
)

// every is each layout's script once, and in the other form where it has one.
func every(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, o := range map[string]SchemaOptions{
		"frameworkcompat p": {Layout: "frameworkcompat"}, "frameworkcompat t": {Layout: "frameworkcompat", Type: "t"},
		"frameworkcompat c": {Layout: "frameworkcompat", Type: "c"},
		"v1.0":              {Layout: "v1.0"}, "v1.1": {Layout: "v1.1"}, "v1.1-inmemory": {Layout: "v1.1-inmemory"},
		"sqlserver": {Layout: "sqlserver"}, "inmemory": {Layout: "inmemory"}, "inmemorydurable": {Layout: "inmemorydurable"},
		"sample-inmemory": {Layout: "sample-inmemory"}, "sample-inmemory retry": {Layout: "sample-inmemory", Retry: true},
		"sqlinmemory": {Layout: "sqlinmemory"}, "sqlinmemory durable": {Layout: "sqlinmemory", Durable: true},
		"inmemory stand-in":        {Layout: "inmemory", StandIn: true},
		"sample-inmemory stand-in": {Layout: "sample-inmemory", StandIn: true}, "sqlinmemory stand-in": {Layout: "sqlinmemory", StandIn: true},
	} {
		text, err := Script(o)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = strings.ReplaceAll(text, "''", "'") // procedures stand in a text
	}
	return all
}

// columnLine is a column of CREATE TABLE as our scripts write it.
var columnLine = regexp.MustCompile(`^\s+(\w+) ([a-z0-9]+(?:\(\w+\))?)(?: COLLATE (\w+))?( NOT NULL| NULL)(?: PRIMARY KEY)?(?: DEFAULT ([\w()]+))?,?$`)

func columnsIn(text, table string) []layout.Column {
	_, body, ok := strings.Cut(text, "CREATE TABLE [dbo].["+table+"] (\n")
	if !ok {
		return nil
	}
	var cols []layout.Column
	for line := range strings.SplitSeq(body, "\n") {
		m := columnLine.FindStringSubmatch(line)
		if m == nil {
			break
		}
		cols = append(cols, layout.Column{Name: m[1], Type: m[2], Collation: m[3], Nullable: m[4] == " NULL", Default: m[5]})
	}
	return cols
}

// TestScriptColumns: the tables of the scripts are those of the layouts.
func TestScriptColumns(t *testing.T) {
	for name, text := range every(t) {
		l, err := layout.ByName(strings.Fields(name)[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := columnsIn(text, l.Table); !slices.Equal(got, l.Columns) {
			t.Errorf("%s: columns\n%+v\nwant\n%+v", name, got, l.Columns)
		}
		if l.ChunkTable == "" || strings.Contains(name, "durable") {
			continue
		}
		if got := columnsIn(text, l.ChunkTable); !slices.Equal(got, l.ChunkColumns) {
			t.Errorf("%s: chunk columns\n%+v\nwant\n%+v", name, got, l.ChunkColumns)
		}
	}
}

func TestScriptEngines(t *testing.T) {
	for name, text := range every(t) {
		l, _ := layout.ByName(strings.Fields(name)[0])
		memory := l.Engine != layout.EngineDisk && !strings.Contains(name, "stand-in")
		want := ""
		if memory {
			want = "SCHEMA_ONLY"
			if strings.Contains(name, "durable") {
				want = "SCHEMA_AND_DATA"
			}
		}
		for _, kind := range []string{"SCHEMA_ONLY", "SCHEMA_AND_DATA"} {
			if strings.Contains(text, "DURABILITY = "+kind) != (kind == want) {
				t.Errorf("%s: DURABILITY = %s, want %q", name, kind, want)
			}
		}
		if strings.Contains(text, "BUCKET_COUNT = 2097152") != memory {
			t.Errorf("%s: bucket count", name)
		}
		if strings.Contains(text, "DROP TABLE [") || strings.Contains(text, "TRUNCATE") || strings.Contains(text, "DROP PROC") {
			t.Errorf("%s drops something", name)
		}
	}
}

// Procedures with their parameters in order, of sql-layouts.md 3.5, 6.2 and 9; those of the samples have literal types.
var wantFX = []string{
	"GetMajorVersion @@ver int OUTPUT", "TempGetVersion @ver char(10) OUTPUT", "GetHashCode @input tAppName, @hash int OUTPUT",
	"TempGetAppID @appName tAppName, @appId int OUTPUT",
	"TempGetStateItem @id tSessionId, @itemShort tSessionItemShort OUTPUT, @locked bit OUTPUT, @lockDate datetime OUTPUT, @lockCookie int OUTPUT",
	"TempGetStateItem2 @id tSessionId, @itemShort tSessionItemShort OUTPUT, @locked bit OUTPUT, @lockAge int OUTPUT, @lockCookie int OUTPUT",
	"TempGetStateItem3 @id tSessionId, @itemShort tSessionItemShort OUTPUT, @locked bit OUTPUT, @lockAge int OUTPUT, @lockCookie int OUTPUT, @actionFlags int OUTPUT",
	"TempGetStateItemExclusive @id tSessionId, @itemShort tSessionItemShort OUTPUT, @locked bit OUTPUT, @lockDate datetime OUTPUT, @lockCookie int OUTPUT",
	"TempGetStateItemExclusive2 @id tSessionId, @itemShort tSessionItemShort OUTPUT, @locked bit OUTPUT, @lockAge int OUTPUT, @lockCookie int OUTPUT",
	"TempGetStateItemExclusive3 @id tSessionId, @itemShort tSessionItemShort OUTPUT, @locked bit OUTPUT, @lockAge int OUTPUT, @lockCookie int OUTPUT, @actionFlags int OUTPUT",
	"TempReleaseStateItemExclusive @id tSessionId, @lockCookie int",
	"TempInsertUninitializedItem @id tSessionId, @itemShort tSessionItemShort, @timeout int",
	"TempInsertStateItemShort @id tSessionId, @itemShort tSessionItemShort, @timeout int",
	"TempInsertStateItemLong @id tSessionId, @itemLong tSessionItemLong, @timeout int",
	"TempUpdateStateItemShort @id tSessionId, @itemShort tSessionItemShort, @timeout int, @lockCookie int",
	"TempUpdateStateItemShortNullLong @id tSessionId, @itemShort tSessionItemShort, @timeout int, @lockCookie int",
	"TempUpdateStateItemLong @id tSessionId, @itemLong tSessionItemLong, @timeout int, @lockCookie int",
	"TempUpdateStateItemLongNullShort @id tSessionId, @itemLong tSessionItemLong, @timeout int, @lockCookie int",
	"TempRemoveStateItem @id tSessionId, @lockCookie int", "TempResetTimeout @id tSessionId", "DeleteExpiredSessions", "CreateTempTables",
}

var wantAsync = []string{
	"GetStateItemExclusive @SessionId nvarchar(88), @Locked bit OUTPUT, @LockAge int OUTPUT, @LockCookie int OUTPUT, @ActionFlags int OUTPUT",
	"GetStateItem @SessionId nvarchar(88), @Locked bit OUTPUT, @LockAge int OUTPUT, @LockCookie int OUTPUT, @ActionFlags int OUTPUT",
	"InsertStateItem @SessionId nvarchar(88), @Timeout int, @SessionItemLong varbinary(max)",
	"InsertUninitializedItem @SessionId nvarchar(88), @Timeout int, @SessionItemLong varbinary(max)",
	"UpdateStateItem @SessionId nvarchar(88), @LockCookie int, @Timeout int, @SessionItemLong varbinary(max)",
	"ReleaseItemExclusive @SessionId nvarchar(88), @LockCookie int", "RemoveStateItem @SessionId nvarchar(88), @LockCookie int",
	"ResetItemTimeout @SessionId nvarchar(88)", "DeleteExpiredSessionState",
}

var wantChunks = []string{
	"InsertOrUpdateStateItem @SessionId nvarchar(88), @NewItem bit, @Initialized bit, @LockCookie int, @Timeout int, @ItemSize bigint, @Item varbinary(7000)",
	"InsertOrUpdateStateItemMedium @SessionId nvarchar(88), @NewItem bit, @Initialized bit, @LockCookie int, @Timeout int, @ItemSize bigint, " +
		"@Item1 varbinary(7000), @Item2 varbinary(7000), @Item3 varbinary(7000), @Item4 varbinary(7000), @Item5 varbinary(7000), " +
		"@Item6 varbinary(7000), @Item7 varbinary(7000), @Item8 varbinary(7000), @Item9 varbinary(7000)",
	"InsertOrUpdateStateItemLarge @SessionId nvarchar(88), @NewItem bit, @LockCookie int, @Timeout int, @ItemSize bigint, @Items SessionItemsTable READONLY",
	"GetStateItem @SessionId nvarchar(88), @Locked bit OUTPUT, @LockAge int OUTPUT, @LockCookie int OUTPUT, @Initialized bit OUTPUT, @Item varbinary(7000) OUTPUT",
	"GetStateItemExclusive @SessionId nvarchar(88), @Locked bit OUTPUT, @LockAge int OUTPUT, @LockCookie int OUTPUT, @Initialized bit OUTPUT, @Item varbinary(7000) OUTPUT",
	"ReleaseStateItemExclusive @SessionId nvarchar(88), @LockCookie int", "RemoveItem @SessionId nvarchar(88), @LockCookie int",
	"ResetItemTimeout @SessionId nvarchar(88)", "DeleteExpiredSessions",
}

// procedure is a procedure of a script: its name, what stands between name and AS, and its body.
var procedure = regexp.MustCompile(`(?s)CREATE PROCEDURE \[dbo\]\.\[(\w+)\]\n(.*?)(WITH [^\n]*\n)?AS\nBEGIN(.*?)\nEND;'\);`)

var literalTypes = strings.NewReplacer("tSessionId", "nvarchar(88)", "tAppName", "varchar(280)", "tSessionItemShort", "varbinary(7000)", "tSessionItemLong", "varbinary(max)")

func TestScriptProcedures(t *testing.T) {
	native := map[string]int{"inmemory": 8, "inmemorydurable": 8, "sample-inmemory": 5, "sample-inmemory retry": 5, "sqlinmemory": 9, "sqlinmemory durable": 9}
	for name, text := range every(t) {
		var want []string
		suffix := map[string]string{"inmemory": "M", "inmemorydurable": "MD"}[strings.Fields(name)[0]]
		switch strings.Fields(name)[0] {
		case "frameworkcompat":
			want = slices.Clone(wantFX)
			if strings.HasSuffix(name, " t") {
				want = append(want, "ASPState_Startup")
			}
		case "sample-inmemory":
			for _, p := range wantFX {
				want = append(want, literalTypes.Replace(p))
			}
		case "sqlserver", "inmemory", "inmemorydurable":
			for _, p := range wantAsync {
				proc, params, _ := strings.Cut(p, " ")
				want = append(want, strings.TrimSpace(proc+suffix+" "+params))
			}
		case "sqlinmemory":
			want = slices.Clone(wantChunks)
		}
		var got []string
		natives := 0
		for _, m := range procedure.FindAllStringSubmatch(text, -1) {
			params := strings.Join(strings.Fields(strings.NewReplacer("[dbo].[", "", "]", "").Replace(m[2])), " ")
			if strings.Contains(m[3], "NATIVE_COMPILATION") {
				natives++
				checkNative(t, name+" "+m[1], m[2], m[3], m[4])
			}
			if strings.HasSuffix(m[1], "_HK") {
				continue
			}
			got = append(got, strings.TrimSpace(m[1]+" "+params))
		}
		if name == "sample-inmemory retry" { // the wrapper takes more (sql-layouts.md 8)
			for i := range got {
				if strings.HasPrefix(got[i], "TempUpdateStateItemShort @") {
					got[i] = strings.Replace(got[i], "varbinary(max)", "varbinary(7000)", 1)
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s has procedures\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if natives != native[name] {
			t.Errorf("%s: %d native procedures, want %d", name, natives, native[name])
		}
	}
}

// checkNative looks for what natively compiled modules do not have (scripts/native.sql).
func checkNative(t *testing.T, name, params, options, body string) {
	t.Helper()
	if !strings.Contains(options, "SCHEMABINDING") || !strings.HasPrefix(body, " ATOMIC WITH (TRANSACTION ISOLATION LEVEL = SNAPSHOT, LANGUAGE = N'us_english')") {
		t.Errorf("%s: no SCHEMABINDING or no ATOMIC block", name)
	}
	_, rest, _ := strings.Cut(body, "\n")
	upper := strings.ToUpper(rest)
	for _, word := range []string{"CASE", "MERGE", "TRANSACTION", "CURSOR", "EXEC", "WITH (", "#", "NOCOUNT", "XACT_ABORT", "[DBO].[T", "TEMPDB", "CONVERT(VARBINARY", " OR ", "READTEXT", "IMAGE"} {
		if strings.Contains(upper, word) {
			t.Errorf("%s: a native body has %q", name, word)
		}
	}
	if strings.Contains(params, "].[t") {
		t.Errorf("%s: a native procedure has a parameter of a user type: %s", name, params)
	}
	for _, m := range regexp.MustCompile(`(?:FROM|INTO|UPDATE) (\S+)`).FindAllStringSubmatch(rest, -1) {
		if !strings.HasPrefix(m[1], "[dbo].[") && !strings.HasPrefix(m[1], "@") {
			t.Errorf("%s: a table is not named with its schema: %s", name, m[0])
		}
	}
}

// TestScriptReturns: procedures of aspnet_regsql return 0, those of the async provider return nothing.
func TestScriptReturns(t *testing.T) {
	for name, text := range every(t) {
		fx := strings.HasPrefix(name, "frameworkcompat") || strings.HasPrefix(name, "sample")
		for _, m := range procedure.FindAllStringSubmatch(text, -1) {
			if got := strings.HasSuffix(strings.TrimSpace(m[4]), "RETURN 0;"); got != fx {
				t.Errorf("%s: %s ends with RETURN 0: %v", name, m[1], got)
			}
		}
	}
}

func TestBuckets(t *testing.T) {
	for _, c := range []struct {
		o    SchemaOptions
		want int64
	}{
		{SchemaOptions{}, 2_097_152}, {SchemaOptions{Sessions: 1}, 1024}, {SchemaOptions{Sessions: 512}, 1024}, {SchemaOptions{Sessions: 513}, 2048},
		{SchemaOptions{Sessions: 100_000}, 262_144}, {SchemaOptions{Sessions: 16_777_216}, 33_554_432}, {SchemaOptions{Sessions: 536_870_912}, 1 << 30},
		{SchemaOptions{Sessions: 1 << 62}, 1 << 30}, {SchemaOptions{Sessions: 5, BucketCount: 4096}, 4096},
	} {
		if got := c.o.Buckets(); got != c.want {
			t.Errorf("%+v: %d buckets, want %d", c.o, got, c.want)
		}
	}
}

func TestScriptRefuses(t *testing.T) {
	for _, c := range []struct {
		o    SchemaOptions
		says string
	}{
		{SchemaOptions{Layout: "v9"}, `unknown layout "v9"`},
		{SchemaOptions{Layout: "embedded"}, "no table of SQL Server"},
		{SchemaOptions{Layout: "frameworkcompat", Type: "x"}, `type "x"`},
		{SchemaOptions{Layout: "v1.1", Type: "p"}, "only layout frameworkcompat"},
		{SchemaOptions{Layout: "frameworkcompat", Type: "p", Database: "Mine"}, "another one is type c"},
		{SchemaOptions{Layout: "frameworkcompat", Table: "T"}, "knows no other table"},
		{SchemaOptions{Layout: "frameworkcompat", Type: "t", GrantMigration: "r"}, "lost at every restart"},
		{SchemaOptions{Layout: "frameworkcompat", Type: "t", Grant: "r"}, "lost at every restart"},
		{SchemaOptions{Layout: "inmemory", Durable: true}, "a layout of its own"},
		{SchemaOptions{Layout: "inmemory", Retry: true}, "only layout sample-inmemory"},
		{SchemaOptions{Layout: "sqlserver", Sessions: 5}, "on disk"},
		{SchemaOptions{Layout: "sqlserver", StandIn: true}, "on disk"},
		{SchemaOptions{Layout: "inmemory", Sessions: -1}, "-1 expected sessions"},
		{SchemaOptions{Layout: "inmemory", BucketCount: 1 << 31}, "hash buckets"},
		{SchemaOptions{Layout: "inmemory", Babelfish: true}, "no such tables"},
		{SchemaOptions{Layout: "v1.0", PurgeJob: true}, "no procedure that purges"},
		{SchemaOptions{Layout: "sqlserver", Table: "dbo.T"}, "unquoted"},
		{SchemaOptions{Layout: "sqlserver", Table: "T]; DROP TABLE x--"}, "unquoted"},
		{SchemaOptions{Layout: "sqlserver", Table: "T\nGO\nDROP"}, "unquoted"},
		{SchemaOptions{Layout: "sqlserver", Table: "1T"}, "unquoted"},
		{SchemaOptions{Layout: "sqlserver", Table: strings.Repeat("T", 103)}, "no room"},
		{SchemaOptions{Layout: "sqlserver", Database: "a\nGO\nb"}, "control character"},
		{SchemaOptions{Layout: "sqlserver", Database: strings.Repeat("d", 129)}, "longer than 128"},
		{SchemaOptions{Layout: "sqlserver", Grant: " "}, "blanks"},
		{SchemaOptions{Layout: "inmemory", Container: "C:\\x\r\nGO"}, "control character"},
	} {
		if _, err := Script(c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.says)
		}
	}
}

// TestScriptQuotes names that need it.
func TestScriptQuotes(t *testing.T) {
	text, err := Script(SchemaOptions{
		Layout: "inmemory", Database: "it's [a] db", Grant: "ro]le's", GrantMigration: "copy'", Container: `C:\it's`, PurgeJob: true, Table: "Shop",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"DB_ID(N'it''s [a] db') IS NOT NULL", "CREATE DATABASE [it's [a]] db];", "USE [it's [a]] db];", "SET @path = N'C:\\it''s';",
		"DATABASE_PRINCIPAL_ID(N'ro]le''s')", "CREATE ROLE [ro]]le's];", "GRANT EXECUTE ON OBJECT::[dbo].[Shop_GetStateItem] TO [ro]]le's];",
		"GRANT SELECT ON OBJECT::[dbo].[Shop] TO [ro]]le's];", "GRANT SELECT, INSERT, UPDATE, DELETE ON OBJECT::[dbo].[Shop] TO [copy'];",
		"GRANT VIEW DEFINITION ON SCHEMA::[dbo] TO [copy'];",
		"@command = N'EXECUTE Shop_DeleteExpiredSessionState'", "N'_Job_Shop_DeleteExpiredSessionState'", "@freq_subday_interval = 1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the script does not have %s", want)
		}
	}
}

// TestScriptRights: the roles get what they need and no more (least rights).
func TestScriptRights(t *testing.T) {
	for _, c := range []struct {
		o    SchemaOptions
		want int // grants
		not  string
	}{
		{SchemaOptions{Layout: "frameworkcompat", Grant: "r"}, 21 + 5 + 1, "CreateTempTables"},
		{SchemaOptions{Layout: "sample-inmemory", Retry: true, Grant: "r"}, 21 + 5 + 1, "_HK"},
		{SchemaOptions{Layout: "sqlinmemory", Grant: "r"}, 9 + 2 + 1, "INSERT"},
		{SchemaOptions{Layout: "sqlserver", Grant: "r"}, 9 + 1, "INSERT"},
		{SchemaOptions{Layout: "v1.1", Grant: "r"}, 1, "EXECUTE"},
		{SchemaOptions{Layout: "sqlinmemory", GrantMigration: "r"}, 3, "EXECUTE"},
	} {
		text, err := Script(c.o)
		if err != nil {
			t.Fatal(err)
		}
		var grants []string
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, "GRANT ") {
				grants = append(grants, line)
			}
		}
		if all := strings.Join(grants, "\n"); len(grants) != c.want || strings.Contains(all, c.not) {
			t.Errorf("%+v: %d grants, want %d and no %s\n%s", c.o, len(grants), c.want, c.not, all)
		}
	}
}

// ExampleScript shows what a script looks like.
func ExampleScript() {
	text, err := Script(SchemaOptions{Layout: "v1.1", Database: "Shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, text, _ = strings.Cut(text, "USE [Shop];\nGO\n")
	fmt.Println(text)
	// Output:
	// IF OBJECT_ID(N'[dbo].[ASPStateTempSessions]', N'U') IS NOT NULL
	//     SELECT N'table' AS [kind], N'[dbo].[ASPStateTempSessions]' AS [name], N'there' AS [result];
	// ELSE
	// BEGIN
	// BEGIN TRANSACTION;
	// CREATE TABLE [dbo].[ASPStateTempSessions] (
	//     SessionId nvarchar(88) NOT NULL PRIMARY KEY,
	//     Created datetime NOT NULL DEFAULT GETUTCDATE(),
	//     Expires datetime NOT NULL,
	//     LockDate datetime NOT NULL,
	//     LockDateLocal datetime NOT NULL,
	//     LockCookie int NOT NULL,
	//     Timeout int NOT NULL,
	//     Locked bit NOT NULL,
	//     SessionItemLong image NULL,
	//     Flags int NOT NULL DEFAULT 0
	// );
	// CREATE NONCLUSTERED INDEX Index_Expires ON [dbo].[ASPStateTempSessions] (Expires);
	// COMMIT TRANSACTION;
	//     SELECT N'table' AS [kind], N'[dbo].[ASPStateTempSessions]' AS [name], N'created' AS [result];
	// END;
	// GO
}
