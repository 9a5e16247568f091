package compat

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/fixtures"
)

// TestFXProcs are the procedures of aspnet_regsql that TestEffects does not call: those of ASP.NET 1.0 and 1.1, versions and
// application ids.
func TestFXProcs(t *testing.T) {
	s := schemaServer(t, "h_schema_fxprocs")
	if _, err := s.Install(t.Context(), SchemaOptions{Layout: "frameworkcompat"}); err != nil {
		t.Fatal(err)
	}
	t.Run("versions", s.testVersions)
	t.Run("old reads", s.testOldReads)
	t.Run("application ids", s.testAppIDs)
}

func (s *Server) testVersions(t *testing.T) {
	var major int
	var version string
	var rc1, rc2 int
	err := s.db.QueryRow("DECLARE @v int, @s char(10), @a int, @b int; EXEC @a = dbo.GetMajorVersion @v OUTPUT; EXEC @b = dbo.TempGetVersion @s OUTPUT; SELECT @v, @s, @a, @b").
		Scan(&major, &version, &rc1, &rc2)
	if err != nil || major < 9 || strings.TrimSpace(version) != "2" || rc1 != 0 || rc2 != 0 {
		t.Errorf("major version %d, version %q, return codes %d and %d, %v", major, version, rc1, rc2, err)
	}
}

// testOldReads: versions 1 and 2 leave Flags alone; 1 tells the local time of the lock, 2 its age.
func (s *Server) testOldReads(t *testing.T) {
	d := dialects["fx"]
	for _, c := range []struct {
		proc      string
		date      bool
		exclusive bool
	}{
		{"TempGetStateItem", true, false}, {"TempGetStateItem2", false, false},
		{"TempGetStateItemExclusive", true, true}, {"TempGetStateItemExclusive2", false, true},
	} {
		for _, locked := range []bool{false, true} {
			d.put(t, s, stored{locked: locked, flags: 1, short: "small"})
			typ := "int"
			if c.date {
				typ = "datetime"
			}
			var age, cookie, rc int
			var was bool
			var short []byte
			err := s.db.QueryRow("DECLARE @s varbinary(7000), @l bit, @a "+typ+", @c int, @rc int; EXEC @rc = dbo."+c.proc+
				" @p1, @s OUTPUT, @l OUTPUT, @a OUTPUT, @c OUTPUT; SELECT @s, @l, "+map[bool]string{true: "DATEDIFF(second, @a, GETDATE())", false: "@a"}[c.date]+", @c, @rc", "id").
				Scan(&short, &was, &age, &cookie, &rc)
			if err != nil {
				t.Errorf("%s: %v", c.proc, err)
				continue
			}
			want := stored{locked: locked, cookie: 7, timeout: 20, flags: 1, expires: "renewed", lock: "old", short: "small"}
			wantAge, payload := 100, "small"
			if locked {
				payload = ""
			}
			if c.exclusive && !locked {
				want.locked, want.cookie, want.lock, wantAge = true, 8, "now", 0
			}
			if r, _ := d.row(t, s); r != want || was != locked || cookie != want.cookie || age < wantAge || age > wantAge+5 || string(short) != payload || rc != 0 {
				t.Errorf("%s, locked %v: row %+v; locked %v, age %d, cookie %d, %q, code %d", c.proc, locked, r, was, age, cookie, short, rc)
			}
		}
	}
}

// testAppIDs: GetHashCode and TempGetAppID against the vectors of section 13.2.
func (s *Server) testAppIDs(t *testing.T) {
	var v struct {
		Vectors []struct {
			AppID   string `json:"app_domain_app_id"`
			AppName string `json:"sql_app_name"`
			Inbox   struct {
				Number int64 `json:"app_id_int"`
			}
		}
	}
	if err := json.Unmarshal(fixtures.AppIDSuffixes, &v); err != nil || len(v.Vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(v.Vectors), err)
	}
	const hash = "DECLARE @h int; EXEC dbo.GetHashCode @p1, @h OUTPUT; SELECT @h"
	const appID = "DECLARE @i int; EXEC dbo.TempGetAppID @p1, @i OUTPUT; SELECT @i"
	number := func(text string, arg any) (n int64, err error) {
		return n, s.db.QueryRow(text, arg).Scan(&n)
	}
	for _, c := range v.Vectors {
		if n, err := number(hash, mssql.VarChar(c.AppName)); err != nil || n != c.Inbox.Number {
			t.Errorf("GetHashCode %q: %d, %v, want %d", c.AppName, n, err, c.Inbox.Number)
		}
		for range 2 { // made, then found
			if n, err := number(appID, mssql.VarChar(c.AppID)); err != nil || n != c.Inbox.Number {
				t.Errorf("TempGetAppID %q: %d, %v, want %d", c.AppID, n, err, c.Inbox.Number)
			}
		}
	}
	// Every byte goes through both halves, and no length overflows.
	for _, text := range []string{"", "a", strings.Repeat("\x7f", 280), strings.Repeat("zZ~", 93)} {
		want := uint32(5381)
		for _, b := range []byte(text) {
			want = want*33 ^ uint32(b)
		}
		if n, err := number(hash, mssql.VarChar(text)); err != nil || n != int64(int32(want)) {
			t.Errorf("GetHashCode of %d characters: %d, %v, want %d", len(text), n, err, int32(want))
		}
	}
	// The stored number wins over the formula; two names of one number are an error of severity 18.
	if _, err := s.db.Exec("INSERT INTO dbo.ASPStateTempApplications (AppId, AppName) VALUES (42, '/lm/w3svc/9/root'), (@p1, 'other')", fxHash("/lm/w3svc/10/root")); err != nil {
		t.Fatal(err)
	}
	if n, err := number(appID, mssql.VarChar("/LM/W3SVC/9/ROOT")); err != nil || n != 42 {
		t.Errorf("an application that is there: %d, %v, want 42", n, err)
	}
	var e mssql.Error
	if _, err := s.db.Exec("DECLARE @i int; EXEC dbo.TempGetAppID '/LM/W3SVC/10/ROOT', @i OUTPUT"); !errors.As(err, &e) || e.Class != 18 {
		t.Errorf("an application whose number is taken: %v", err)
	}
}

func fxHash(name string) int64 {
	h := uint32(5381)
	for _, b := range []byte(name) {
		h = h*33 ^ uint32(b)
	}
	return int64(int32(h))
}
