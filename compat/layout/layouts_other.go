package layout

// sqlInMemory is the layout of the NuGet package Microsoft.Web.SessionState.SqlInMemory (sql-layouts.md 9): raw ids, so
// one application a database.
var sqlInMemory = &Layout{
	Name: SQLInMemory, Reference: "sqlinmem",
	Title: "NuGet package Microsoft.Web.SessionState.SqlInMemory",
	Table: "Sessions",
	Columns: []Column{
		{Name: "SessionId", Type: "nvarchar(88)", Collation: binaryCollation},
		{Name: "Created", Type: "datetime2(7)"},
		{Name: "Expires", Type: "datetime2(7)"},
		{Name: "Initialized", Type: "bit"},
		{Name: "Locked", Type: "bit"},
		{Name: "LockDate", Type: "datetime2(7)"},
		{Name: "LockCookie", Type: "int"},
		{Name: "Timeout", Type: "int"},
		{Name: "ItemSize", Type: "bigint"},
		{Name: "Item", Type: "varbinary(7000)", Nullable: true},
	},
	ChunkTable: "SessionItems",
	ChunkColumns: []Column{
		{Name: "SessionId", Type: "nvarchar(88)", Collation: binaryCollation},
		{Name: "SessionItemId", Type: "int"},
		{Name: "Item", Type: "varbinary(7000)"},
	},
	Engine: EngineMemory, Form: FormChunks, Times: DateTime2, Clock: ClockSQLUTC,
	FirstCookie: 0, CookieRises: true, ServesExpired: true, UpdateRenews: true, ReleaseRenews: true,
	CaseInsensitiveIDs: false, MaxID: 88, SurvivesRestart: false, Target: true,
	IDs: []IDRule{RuleRaw}, DefaultIDs: []IDRule{RuleRaw},
}

// embedded is our own store: no table, no rows, keys as they are. Its first cookie is that of the State Server, which it
// stands in for.
var embedded = &Layout{
	Name: Embedded, Reference: "embedded",
	Title:  "the embedded store of aspstate",
	Engine: EngineEmbedded, Form: FormNative, Times: Ticks, Clock: ClockOwner,
	FirstCookie: 1, CookieRises: true, ServesExpired: false, UpdateRenews: true, ReleaseRenews: true,
	CaseInsensitiveIDs: false, MaxID: 0, SurvivesRestart: true, Target: true,
	IDs: []IDRule{RuleNative}, DefaultIDs: []IDRule{RuleNative},
}
