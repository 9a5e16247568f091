package compat

import (
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
)

// foundAs is what detection makes of a layout's own table in a database.
func foundAs(t *testing.T, database, reference string, change ...func(*tableInfo)) *Found {
	t.Helper()
	d := detect(&catalog{database: database, tables: []tableInfo{chunkTable(t), made(t, reference, change...)}}, nil)
	if len(d.Found) != 1 {
		t.Fatalf("%s: %+v", reference, d)
	}
	return &d.Found[0]
}

// expectCheck holds a check against its verdict and a piece of its text.
func expectCheck(t *testing.T, why string, c Check, verdict, text string) {
	t.Helper()
	if c.Verdict != verdict || !strings.Contains(c.Detail, text) {
		t.Errorf("%s: %s: %s; want %s: …%s…", why, c.Verdict, c.Detail, verdict, text)
	}
	if verdict == verdictOK && c.Remedy != "" || verdict == verdictRefused && c.Remedy == "" {
		t.Errorf("%s: verdict %s with remedy %q", why, verdict, c.Remedy)
	}
}

func TestJudgeDatabase(t *testing.T) {
	for _, c := range []struct {
		status, access string
		role           Role
		verdict, text  string
	}{
		{"ONLINE", "READ_WRITE", RoleTarget, "ok", "can be written"},
		{"ONLINE", "READ_ONLY", RoleTarget, "refused", "read only"},
		{"ONLINE", "READ_ONLY", RoleSource, "warning", "replica"},
		{"RESTORING", "READ_ONLY", RoleSource, "refused", "is restoring"},
		{"", "", RoleTarget, "ok", "not known"},
	} {
		expectCheck(t, c.status+" "+c.access, judgeDatabase("Shop", c.role, c.status, c.access), c.verdict, c.text)
	}
}

func TestJudgeClock(t *testing.T) {
	for _, c := range []struct {
		skew, doubt   time.Duration
		verdict, text string
	}{
		{0, time.Millisecond, "ok", "0s ahead of"},
		{-2 * time.Second, 0, "ok", "2s behind"},
		{2100 * time.Millisecond, 50 * time.Millisecond, "warning", "2.1s ahead of"},
		{-time.Hour, time.Second, "warning", "1h0m0s behind"},
		{3 * time.Second, time.Second, "ok", "give or take 1s"},
	} {
		expectCheck(t, c.skew.String(), judgeClock(c.skew, c.doubt), c.verdict, c.text)
	}
}

func TestRestart(t *testing.T) {
	for _, c := range []struct {
		why           string
		found         *Found
		role          Role
		verdict, text string
	}{
		{"disk", foundAs(t, "ASPState", "fx8"), RoleTarget, "ok", "survive"},
		{"tempdb", foundAs(t, "tempdb", "fx8"), RoleTarget, "warning", "tempdb"},
		{"memory", foundAs(t, "Shop", "async2-mem"), RoleTarget, "warning", "SCHEMA_ONLY"},
		{"durable", foundAs(t, "Shop", "async2-memdur"), RoleTarget, "ok", "survive"},
		{"source", foundAs(t, "tempdb", "fx8"), RoleSource, "", ""},
	} {
		got, err := checkRestart(t.Context(), &inspection{found: c.found, role: c.role})
		if err != nil {
			t.Error(err)
		}
		expectCheck(t, c.why, got, c.verdict, c.text)
	}
}

func TestLongColumn(t *testing.T) {
	for _, c := range []struct {
		why           string
		found         *Found
		verdict, text string
	}{
		{"fx8", foundAs(t, "ASPState", "fx8"), "ok", "as its installer"},
		{"altered", foundAs(t, "ASPState", "fx8", typed("SessionItemLong", "varbinary(max)")), "warning", "it is varbinary(max), made as image"},
		{"other layouts are told by it", foundAs(t, "Shop", "async11"), "", ""},
	} {
		got, err := checkLongColumn(t.Context(), &inspection{found: c.found})
		if err != nil {
			t.Error(err)
		}
		expectCheck(t, c.why, got, c.verdict, c.text)
	}
}

func TestTriggers(t *testing.T) {
	audited := foundAs(t, "Shop", "fx8", func(t *tableInfo) { t.triggers = []string{"audit", "mail"} })
	for _, c := range []struct {
		found         *Found
		role          Role
		verdict, text string
	}{
		{foundAs(t, "Shop", "fx8"), RoleTarget, "ok", "no triggers"},
		{audited, RoleSource, "ok", "audit, mail"},
		{audited, RoleTarget, "warning", "audit, mail"},
	} {
		got, _ := checkTriggers(t.Context(), &inspection{found: c.found, role: c.role})
		expectCheck(t, c.text, got, c.verdict, c.text)
	}
}

func TestPurge(t *testing.T) {
	f := foundAs(t, "Shop", "fx8")
	f.Procs.Database = "Shop"
	for _, c := range []struct {
		why            string
		there, enabled bool
		agent          string
		verdict, text  string
	}{
		{"all is well", true, true, "Running", "ok", "job j removes"},
		{"agent not seen", true, true, "", "ok", "if SQL Server Agent runs"},
		{"agent stopped", true, true, "Stopped", "warning", "Agent is stopped"},
		{"disabled", true, false, "Running", "warning", "job j is disabled"},
		{"absent", false, false, "Running", "warning", "no job j"},
	} {
		expectCheck(t, c.why, judgeJob(f, "j", c.there, c.enabled, c.agent), c.verdict, c.text)
	}
	for _, c := range []struct {
		reference     string
		role          Role
		verdict, text string
	}{
		{"sample-mem", RoleTarget, "warning", "nobody removes"},
		{"sqlinmem", RoleTarget, "warning", "nobody removes"},
		{"sqlinmem", RoleSource, "ok", "nobody removes"},
		{"async11", RoleTarget, "ok", "the applications remove"},
	} {
		got, err := checkPurge(t.Context(), &inspection{found: foundAs(t, "Shop", c.reference), role: c.role})
		if err != nil {
			t.Error(err)
		}
		expectCheck(t, c.reference, got, c.verdict, c.text)
	}
}

func TestOldScripts(t *testing.T) {
	for text, want := range map[string]bool{
		"SET Expires = DATEADD(n, Timeout, GETUTCDATE()),":       true,
		"SET Expires = dateadd( minute , [Timeout] , @now)":      true,
		"SET Expires = DATEADD(n, @timeout, GETUTCDATE()),":      false,
		"SET Expires = DATEADD(n, @timeout, @now), Timeout = @t": false,
	} {
		if got := rtmUpdate.MatchString(text); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestRoom(t *testing.T) {
	const mb = 1 << 20
	need := Need{Sessions: mb / diskRow, Bytes: 8 * mb} // 11 MB on disk
	expectCheck(t, "free", judgeSpace(need, 12*mb, 0), "ok", "12.0 MB are free")
	expectCheck(t, "grows", judgeSpace(need, 5*mb, 7*mb), "ok", "may grow by 7.0 MB")
	expectCheck(t, "grows on", judgeSpace(need, 5*mb, unlimited), "ok", "as long as the disk has room")
	expectCheck(t, "full", judgeSpace(need, 5*mb, 5*mb), "warning", "may get 10.0 MB")
	expectCheck(t, "memory not known", judgeMemory(need, -1, ""), "ok", "not known: about 17.5 MB")
	expectCheck(t, "memory", judgeMemory(need, 18*mb, "the server"), "ok", "the server has 18.0 MB left")
	expectCheck(t, "no memory", judgeMemory(need, 17*mb, "its resource pool"), "warning", "its resource pool has 17.0 MB left")
}

func TestJudgeBuckets(t *testing.T) {
	const made = 33554432 // sql-layouts.md 5
	for _, c := range []struct {
		sessions, buckets int64
		verdict, text     string
	}{
		{0, made, "ok", "33554432 hash buckets (256.0 MB)"},
		{100_000, made, "ok", "for 100000 sessions"},
		{10_000, made, "warning", "nearly all of it empty"},
		{10, 1 << 20, "ok", "8.0 MB"},
		{2_000_000, 1 << 20, "warning", "walks a chain"},
	} {
		expectCheck(t, c.text, judgeBuckets(c.sessions, c.buckets), c.verdict, c.text)
	}
}

func TestCollationCheck(t *testing.T) {
	disk, memory := foundAs(t, "Shop", "fx8"), foundAs(t, "Shop", "async2-mem")
	unknown := foundAs(t, "Shop", "fx8")
	unknown.Collation = ""
	expectCheck(t, "to binary", CollationCheck(disk, memory), "warning", "from "+databaseCollation+" to Latin1_General_100_BIN2")
	expectCheck(t, "from binary", CollationCheck(memory, disk), "warning", "collide")
	expectCheck(t, "alike", CollationCheck(disk, unknown), "ok", "an unknown collation")
}

// TestPreflightOnServer: every question is answered or not known, on an engine that lacks most of what is asked for.
func TestPreflightOnServer(t *testing.T) {
	s := detectServer(t, "h_detect_preflight")
	runAll(t, s, diskTable(t, "fx8", "")...)
	runAll(t, s, "CREATE PROCEDURE dbo.TempUpdateStateItemShort @id nvarchar(88), @itemShort varbinary(7000), @timeout int, @lockCookie int AS "+
		"UPDATE dbo.ASPStateTempSessions SET Expires = DATEADD(n, Timeout, GETUTCDATE()), Timeout = @timeout WHERE SessionId = @id RETURN 0")
	d, err := s.Detect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.Choose(layout.FrameworkCompat, "")
	if err != nil {
		t.Fatal(err)
	}
	want := map[Role]string{
		RoleSource: "database rights clock purge old-scripts isolation long-column triggers",
		RoleTarget: "database rights clock durability purge old-scripts isolation long-column triggers space",
	}
	if !s.Facts.Babelfish {
		want[RoleSource] += " change-tracking"
	}
	for role, names := range want {
		all, err := s.Preflight(t.Context(), f, role, Need{Sessions: 1000, Bytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range all {
			got = append(got, c.Name)
			t.Logf("%-12s %-8s %s", c.Name, c.Verdict, c.Detail)
			switch c.Name {
			case "old-scripts":
				expectCheck(t, c.Name, c, "warning", "RTM")
			case "rights", "database", "clock":
				if c.Verdict != verdictOK {
					t.Errorf("%+v", c)
				}
			}
		}
		if strings.Join(got, " ") != names {
			t.Errorf("checks %q", got)
		}
	}
	gone := *f
	own := *f.Layout
	own.Table, gone.Layout = "gone", &own
	all, err := s.Preflight(t.Context(), &gone, RoleTarget, Need{})
	if err != nil {
		t.Fatal(err)
	}
	expectCheck(t, "rights", all[1], "refused", "lacks SELECT, INSERT, UPDATE, DELETE on gone")
	if want := "in database h_detect_preflight: GRANT SELECT, INSERT, UPDATE, DELETE ON [dbo].[gone] TO [dbo]"; all[1].Remedy != want {
		t.Errorf("remedy %q", all[1].Remedy)
	}
	// The questions about memory must be as harmless on an engine that has no such tables.
	own.Engine = layout.EngineMemory
	for _, azure := range []bool{false, true} {
		s.Facts.Azure = azure
		all, err := s.Preflight(t.Context(), &gone, RoleTarget, Need{})
		if err != nil || all[len(all)-2].Name != "memory" || all[len(all)-1].Name != "buckets" {
			t.Errorf("memory: %+v, %v", all, err)
		}
	}
	if _, err := s.checkElevation(t.Context(), f); err != nil && !refusedByServer(err) {
		t.Error(err)
	}
}
