package cli

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat"
)

func TestSchemaPrint(t *testing.T) {
	for _, c := range []struct {
		args []string
		has  string
	}{
		{[]string{"frameworkcompat"}, "CREATE DATABASE [ASPState];"},
		{[]string{"frameworkcompat", "--sstype", "t"}, "USE [tempdb];"},
		{[]string{"--database", "Shop", "frameworkcompat"}, "CREATE DATABASE [Shop];"},
		{[]string{"sqlserver", "--to-table", "Shop"}, "CREATE PROCEDURE [dbo].[Shop_GetStateItem]"},
		{[]string{"inmemory", "--sessions", "100000"}, "BUCKET_COUNT = 262144"},
		{[]string{"inmemory", "--bucket-count", "5000"}, "BUCKET_COUNT = 5000"},
		{[]string{"sqlinmemory", "--durable"}, "DURABILITY = SCHEMA_AND_DATA"},
		{[]string{"sample-inmemory", "--retry"}, "TempInsertStateItemShort_HK"},
		{[]string{"SQLServer", "--grant", "web"}, "CREATE ROLE [web];"},
		{[]string{"control"}, "CREATE TABLE [dbo].[aspstate_dirty]"},
		{[]string{"Control", "--database", "Shop", "--grant", "bridges"}, "GRANT SELECT, INSERT, UPDATE, DELETE ON OBJECT::[dbo].[aspstate_leases] TO [bridges];"},
	} {
		r := ok(t, append([]string{"schema", "print"}, c.args...)...)
		if !strings.Contains(r.out, c.has) || r.err != "" {
			t.Errorf("%q: no %q in\n%.300s\n%s", c.args, c.has, r.out, r.err)
		}
	}
}

func TestSchemaWrongUsage(t *testing.T) {
	t.Setenv("ASPSTATE_TO_DSN", "")
	for _, c := range []struct {
		says string
		args []string
	}{
		{"print or install what?", []string{}},
		{`"drop" is neither`, []string{"drop"}},
		{"takes one layout", []string{"print"}},
		{"takes one layout", []string{"print", "v1.0", "v1.1"}},
		{`unknown layout "v9"`, []string{"print", "v9"}},
		{"no table of SQL Server", []string{"print", "embedded"}},
		{"only layout sample-inmemory", []string{"print", "v1.1", "--retry"}},
		{"0 is no number", []string{"print", "inmemory", "--sessions", "0"}},
		{"no option of a layout", []string{"print", "control", "--to-table", "x"}},
		{"no option of a layout", []string{"print", "control", "--sstype", "p"}},
		{"uses the name unquoted", []string{"print", "sqlserver", "--to-table", "dbo.x"}},
		{"--to-dsn DSN is missing", []string{"install", "v1.1"}},
		{"--to-dsn: ", []string{"install", "v1.1", "--to-dsn", "embedded:x"}},
	} {
		r := command(t, "", append([]string{"schema"}, c.args...)...)
		if r.code != exitUsage || !strings.Contains(r.err, c.says) || r.out != "" {
			t.Errorf("schema %q: exit %d, %s", c.args, r.code, r.err)
		}
	}
}

// TestControlMissing: who has no tables of a cut-over is told how to make them.
func TestControlMissing(t *testing.T) {
	code, hint := exitCode(fmt.Errorf("opening: %w", &compat.ControlMissingError{Database: "Shop", Missing: []string{"[dbo].[aspstate_dirty]"}}))
	if code != exitRefused || !strings.Contains(hint, "aspstate schema install control --database Shop") {
		t.Errorf("exit %d, hint %q", code, hint)
	}
}

// TestSchemaInstall runs on a real engine.
func TestSchemaInstall(t *testing.T) {
	dsn := os.Getenv("ASPSTATE_TEST_SQLSERVER")
	if dsn == "" {
		t.Skip("ASPSTATE_TEST_SQLSERVER is not set: a DSN of a login that may create databases")
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "sqlserver" {
		t.Skip("ASPSTATE_TEST_SQLSERVER is no URL")
	}
	q := u.Query()
	q.Set("database", "master")
	u.RawQuery = q.Encode()
	t.Setenv("ASPSTATE_TO_DSN", u.String())
	if r := command(t, "", "schema", "install", "v1.1"); r.code != exitRefused || !strings.Contains(r.err, "server's own") {
		t.Errorf("into master: exit %d, %s", r.code, r.err)
	}
	t.Cleanup(func() {
		db, err := sql.Open("sqlserver", u.String())
		if err == nil {
			_, err = db.Exec("DROP DATABASE IF EXISTS h_schema_cli")
		}
		if err != nil {
			t.Error(err)
		}
		db.Close()
	})
	ok(t, "schema", "install", "v1.0", "--database", "h_schema_cli")
	r := ok(t, "schema", "install", "v1.0", "--database", "h_schema_cli", "--json")
	if v := lastLine(t, r); v["kind"] != "table" || v["name"] != "[dbo].[Sessions]" || v["result"] != "there" {
		t.Errorf("the second run says %s", r.out)
	}
	for _, result := range []string{"created", "there"} {
		r := ok(t, "schema", "install", "control", "--database", "h_schema_cli", "--json")
		if v := lastLine(t, r); v["kind"] != "table" || v["name"] != "[dbo].[aspstate_dirty]" || v["result"] != result {
			t.Errorf("installing control says %s, want %s", r.out, result)
		}
	}
	if r := command(t, "", "schema", "install", "sqlinmemory", "--database", "h_schema_cli"); r.code != exitRefused {
		t.Errorf("another layout's table: exit %d, %s", r.code, r.err)
	}
}
