package layout

// The layouts with fx procedures: aspnet_regsql on disk (sql-layouts.md 3.2), its SQL Server 7 shape (3.8), and the
// scripts of the SQL Server samples (8).

// binaryCollation is the collation of SessionId in every memory table (sql-layouts.md 5, 8, 9).
const binaryCollation = "Latin1_General_100_BIN2"

// fxColumns are the columns of sql-layouts.md 3.2 with the type of the long payload and the collation of the key.
func fxColumns(long, collation string) []Column {
	return []Column{
		{Name: "SessionId", Type: "nvarchar(88)", Collation: collation},
		{Name: "Created", Type: "datetime", Default: "GETUTCDATE()"},
		{Name: "Expires", Type: "datetime"},
		{Name: "LockDate", Type: "datetime"},
		{Name: "LockDateLocal", Type: "datetime"},
		{Name: "LockCookie", Type: "int"},
		{Name: "Timeout", Type: "int"},
		{Name: "Locked", Type: "bit"},
		{Name: "SessionItemShort", Type: "varbinary(7000)", Nullable: true},
		{Name: "SessionItemLong", Type: long, Nullable: true},
		{Name: "Flags", Type: "int", Default: "0"},
	}
}

var frameworkCompat = &Layout{
	Name: FrameworkCompat, Reference: "fx8",
	Title: "aspnet_regsql (types p, t, c), used by the in-box provider or by async 2.x FrameworkCompat",
	Table: "ASPStateTempSessions", Columns: fxColumns("image", ""),
	Engine: EngineDisk, Form: FormShortLong, Times: DateTime, Clock: ClockSQLUTC,
	FirstCookie: 1, CookieRises: true, ServesExpired: true, UpdateRenews: true, ReleaseRenews: true,
	CaseInsensitiveIDs: true, MaxID: 88, SurvivesRestart: true, Target: true,
	IDs: suffixRules, DefaultIDs: []IDRule{RuleInbox, RuleAsyncX64},
}

var fx7 = &Layout{
	Name: FX7, Reference: "fx7",
	Title: "aspnet_regsql on SQL Server 7: local time, no LockDateLocal",
	Table: "ASPStateTempSessions",
	Columns: []Column{
		{Name: "SessionId", Type: "nvarchar(88)"},
		{Name: "Created", Type: "datetime", Default: "GETDATE()"},
		{Name: "Expires", Type: "datetime"},
		{Name: "LockDate", Type: "datetime"},
		{Name: "LockCookie", Type: "int"},
		{Name: "Timeout", Type: "int"},
		{Name: "Locked", Type: "bit"},
		{Name: "SessionItemShort", Type: "varbinary(7000)", Nullable: true},
		{Name: "SessionItemLong", Type: "image", Nullable: true},
		{Name: "Flags", Type: "int", Default: "0"},
	},
	Engine: EngineDisk, Form: FormShortLong, Times: DateTime, Clock: ClockSQLLocal,
	FirstCookie: 1, CookieRises: true, ServesExpired: true, UpdateRenews: true, ReleaseRenews: true,
	CaseInsensitiveIDs: true, MaxID: 88, SurvivesRestart: true, Target: false,
	IDs: suffixRules, DefaultIDs: []IDRule{RuleInbox},
}

var sampleInMemory = &Layout{
	Name: SampleInMemory, Reference: "sample-mem",
	Title: "In-Memory OLTP scripts of microsoft/sql-server-samples (with and without retry)",
	Table: "ASPStateTempSessions", Columns: fxColumns("varbinary(max)", binaryCollation),
	Engine: EngineMemory, Form: FormShortLong, Times: DateTime, Clock: ClockSQLUTC,
	FirstCookie: 1, CookieRises: true, ServesExpired: true, UpdateRenews: true, ReleaseRenews: true,
	CaseInsensitiveIDs: false, MaxID: 88, SurvivesRestart: false, Target: true,
	IDs: suffixRules, DefaultIDs: []IDRule{RuleInbox},
}
