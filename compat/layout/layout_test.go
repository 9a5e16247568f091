package layout

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	want := []string{"frameworkcompat", "v1.0", "v1.1", "v1.1-inmemory", "sqlserver", "inmemory", "inmemorydurable",
		"sample-inmemory", "sqlinmemory", "embedded"} // design.md 4
	if got := Names(); !slices.Equal(got, want) {
		t.Fatalf("names are %q", got)
	}
	for _, name := range want {
		for _, typed := range []string{name, strings.ToUpper(name)} {
			l, err := ByName(typed)
			if err != nil || l.Name != name {
				t.Errorf("ByName(%q) gives %v, %v", typed, l, err)
			}
		}
	}
	for _, name := range []string{"fx7", "fx11", "", "v2"} {
		_, err := ByName(name)
		if err == nil {
			t.Fatalf("ByName(%q) succeeds", name)
		}
		for _, n := range want {
			if !strings.Contains(err.Error(), n) {
				t.Errorf("the error of ByName(%q) does not list %s: %v", name, n, err)
			}
		}
	}
}

func TestReferences(t *testing.T) {
	for id, name := range map[string]string{
		"fx8": FrameworkCompat, "fx7": FX7, "async10": V10, "async11": V11, "async11-mem": V11InMemory,
		"async2-sql": SQLServer, "async2-mem": InMemory, "async2-memdur": InMemoryDurable, "sample-mem": SampleInMemory,
		"sqlinmem": SQLInMemory, "embedded": Embedded,
	} {
		if l, err := ByReference(id); err != nil || l.Name != name {
			t.Errorf("ByReference(%q) gives %v, %v", id, l, err)
		}
	}
	var unsupported *UnsupportedError
	if _, err := ByReference("fx11"); !errors.As(err, &unsupported) {
		t.Errorf("fx11: %v", err)
	}
	if _, err := ByReference("fx9"); err == nil || errors.As(err, &unsupported) {
		t.Errorf("fx9: %v", err)
	}
}

// TestTraits is the table of sql-layouts.md 1, 5, 6 and 10, typed again.
func TestTraits(t *testing.T) {
	type traits struct {
		table                                                      string
		engine                                                     Engine
		clock                                                      Clock
		first                                                      int32
		rises, serves, update, release, anyCase, survives, targets bool
	}
	for id, want := range map[string]traits{
		"fx8":           {"ASPStateTempSessions", EngineDisk, ClockSQLUTC, 1, true, true, true, true, true, true, true},
		"fx7":           {"ASPStateTempSessions", EngineDisk, ClockSQLLocal, 1, true, true, true, true, true, true, false},
		"async10":       {"Sessions", EngineDisk, ClockWebUTC, 0, false, false, false, false, true, true, true},
		"async11":       {"ASPStateTempSessions", EngineDisk, ClockSQLUTC, 1, true, true, true, true, true, true, true},
		"async11-mem":   {"ASPStateTempSessions", EngineMemory, ClockSQLUTC, 1, true, true, true, true, false, false, true},
		"async2-sql":    {"ASPNetSessionState", EngineDisk, ClockSQLUTC, 1, true, true, true, true, true, true, true},
		"async2-mem":    {"ASPNetSessionState_InMem", EngineMemory, ClockSQLUTC, 1, true, true, true, true, false, false, true},
		"async2-memdur": {"ASPNetSessionState_InMemDurable", EngineMemoryDurable, ClockSQLUTC, 1, true, true, true, true, false, true, true},
		"sample-mem":    {"ASPStateTempSessions", EngineMemory, ClockSQLUTC, 1, true, true, true, true, false, false, true},
		"sqlinmem":      {"Sessions", EngineMemory, ClockSQLUTC, 0, true, true, true, true, false, false, true},
		"embedded":      {"", EngineEmbedded, ClockOwner, 1, true, false, true, true, false, true, true},
	} {
		l, err := ByReference(id)
		if err != nil {
			t.Fatal(err)
		}
		got := traits{l.Table, l.Engine, l.Clock, l.FirstCookie, l.CookieRises, l.ServesExpired, l.UpdateRenews,
			l.ReleaseRenews, l.CaseInsensitiveIDs, l.SurvivesRestart, l.Target}
		if got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", id, got, want)
		}
	}
}

// TestColumnsFitTheTraits holds what the code reads off the traits against the columns.
func TestColumnsFitTheTraits(t *testing.T) {
	for _, l := range append(All(), fx7) {
		if l.Form == FormNative {
			if len(l.Columns) > 0 || l.MaxID != 0 {
				t.Errorf("%s has columns", l)
			}
			continue
		}
		payload := map[Form][]string{
			FormShortLong: {"SessionItemShort", "SessionItemLong"}, FormLong: {"SessionItemLong"}, FormItem: {"SessionItem"},
			FormChunks: {"ItemSize", "Item"},
		}[l.Form]
		always := []string{"SessionId", "Created", "Expires", "LockDate", "LockCookie", "Timeout", "Locked"}
		want := append(always, payload...)
		if l.hasInitialized() {
			want = append(want, "Initialized")
		} else {
			want = append(want, "Flags")
		}
		local := l.Form != FormItem && l.Form != FormChunks && l != fx7 // sql-layouts.md 16.2: l- of async10 and sqlinmem; 3.8
		if local {
			want = append(want, "LockDateLocal")
		}
		var got []string
		for _, c := range l.Columns {
			got = append(got, c.Name)
			times := map[Times]string{DateTime: "datetime", DateTime2: "datetime2(7)"}[l.Times]
			if isTime := strings.HasPrefix(c.Type, "datetime"); isTime && c.Type != times {
				t.Errorf("%s.%s is %s", l, c.Name, c.Type)
			}
			if c.Name == "SessionId" && (c.Type != "nvarchar(88)" || l.MaxID != 88 || (c.Collation == binaryCollation) == l.CaseInsensitiveIDs) {
				t.Errorf("%s: SessionId %+v, MaxID %d, case-insensitive %v", l, c, l.MaxID, l.CaseInsensitiveIDs)
			}
			if nullable := strings.Contains(c.Type, "varbinary") || c.Type == "image"; c.Nullable != nullable {
				t.Errorf("%s.%s: nullable %v", l, c.Name, c.Nullable)
			}
			if (c.Type == "image") != (c.Name == "SessionItemLong" && slices.Contains([]string{"fx8", "fx7", "async11"}, l.Reference)) {
				t.Errorf("%s.%s is %s", l, c.Name, c.Type)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s has columns\n%q, want\n%q", l, got, want)
		}
		if l.HasColumn("lockdatelocal") != local {
			t.Errorf("%s: HasColumn(LockDateLocal) is %v", l, !local)
		}
		if (l.ChunkTable != "") != (l.Form == FormChunks) || (len(l.ChunkColumns) > 0) != (l.Form == FormChunks) {
			t.Errorf("%s: chunk table %q", l, l.ChunkTable)
		}
		for _, r := range l.DefaultIDs {
			if !l.Spells(r) {
				t.Errorf("%s: default rule %s is none of its own", l, r)
			}
		}
		if _, err := NewSpelling(mustRegistry(t, Application{Name: "a"}), l.DefaultIDs...); err != nil {
			t.Errorf("%s: %v", l, err)
		}
	}
}

func mustRegistry(t testing.TB, apps ...Application) *Registry {
	t.Helper()
	r, err := NewRegistry(apps...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
