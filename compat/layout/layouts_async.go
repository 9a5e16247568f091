package layout

// The layouts of the async provider: 1.0 over Entity Framework (sql-layouts.md 4), 1.1 (5) and 2.x (6).

// asyncColumns are the columns of sql-layouts.md 5 with the type of the payload and the collation of the key.
func asyncColumns(long, collation string) []Column {
	return []Column{
		{Name: "SessionId", Type: "nvarchar(88)", Collation: collation},
		{Name: "Created", Type: "datetime", Default: "GETUTCDATE()"},
		{Name: "Expires", Type: "datetime"},
		{Name: "LockDate", Type: "datetime"},
		{Name: "LockDateLocal", Type: "datetime"},
		{Name: "LockCookie", Type: "int"},
		{Name: "Timeout", Type: "int"},
		{Name: "Locked", Type: "bit"},
		{Name: "SessionItemLong", Type: long, Nullable: true},
		{Name: "Flags", Type: "int", Default: "0"},
	}
}

// v10 is what Entity Framework 6 makes of its model. The order of the columns is not certain: nobody may rely on it.
var v10 = &Layout{
	Name: V10, Reference: "async10",
	Title: "SqlSessionStateProviderAsync 1.0 (Entity Framework)",
	Table: "Sessions",
	Columns: []Column{
		{Name: "SessionId", Type: "nvarchar(88)"},
		{Name: "Created", Type: "datetime"},
		{Name: "Expires", Type: "datetime"},
		{Name: "LockDate", Type: "datetime"},
		{Name: "LockCookie", Type: "int"},
		{Name: "Locked", Type: "bit"},
		{Name: "SessionItem", Type: "varbinary(max)", Nullable: true},
		{Name: "Flags", Type: "int"},
		{Name: "Timeout", Type: "int"},
	},
	Engine: EngineDisk, Form: FormItem, Times: DateTime, Clock: ClockWebUTC,
	FirstCookie: 0, CookieRises: false, ServesExpired: false, UpdateRenews: false, ReleaseRenews: false,
	CaseInsensitiveIDs: true, MaxID: 88, SurvivesRestart: true, Target: true,
	IDs: frameworkHashes, DefaultIDs: []IDRule{RuleAsyncX64},
}

// Which version's provider can be over which tables (sql-layouts.md 7, 13.3): 2.x takes 1.1's disk table through
// FrameworkCompat, but not its memory table.
var (
	frameworkHashes = []IDRule{RuleAsyncX64, RuleAsyncX86}              // 1.x
	asyncHashes     = []IDRule{RuleAsync21, RuleAsyncX64, RuleAsyncX86} // 2.x
)

// async fills in what 1.1 and 2.x have in common.
func async(name, reference, title, table, long string, e Engine, ids []IDRule) *Layout {
	l := &Layout{
		Name: name, Reference: reference, Title: title, Table: table,
		Engine: e, Form: FormLong, Times: DateTime, Clock: ClockSQLUTC,
		FirstCookie: 1, CookieRises: true, ServesExpired: true, UpdateRenews: true, ReleaseRenews: true,
		CaseInsensitiveIDs: e == EngineDisk, MaxID: 88, SurvivesRestart: e != EngineMemory, Target: true,
		IDs: ids, DefaultIDs: ids[:1],
	}
	collation := ""
	if e != EngineDisk {
		collation = binaryCollation
	}
	l.Columns = asyncColumns(long, collation)
	return l
}

var (
	v11 = async(V11, "async11", "SqlSessionStateProviderAsync 1.1",
		"ASPStateTempSessions", "image", EngineDisk, append(frameworkHashes[:2:2], RuleAsync21))
	v11InMemory = async(V11InMemory, "async11-mem", "SqlSessionStateProviderAsync 1.1, useInMemoryTable",
		"ASPStateTempSessions", "varbinary(max)", EngineMemory, frameworkHashes)
	sqlServer = async(SQLServer, "async2-sql", "SqlSessionStateProviderAsync 2.x, repositoryType SqlServer",
		"ASPNetSessionState", "varbinary(max)", EngineDisk, asyncHashes)
	inMemory = async(InMemory, "async2-mem", "SqlSessionStateProviderAsync 2.x, repositoryType InMemory",
		"ASPNetSessionState_InMem", "varbinary(max)", EngineMemory, asyncHashes)
	inMemoryDurable = async(InMemoryDurable, "async2-memdur", "SqlSessionStateProviderAsync 2.x, repositoryType InMemoryDurable",
		"ASPNetSessionState_InMemDurable", "varbinary(max)", EngineMemoryDurable, asyncHashes)
)
