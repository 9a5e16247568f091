package cli

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/inventory"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
)

// everyRow returns all rows of a table of a sandbox.
func everyRow(t *testing.T, dir, name string) (all []session.Record) {
	t.Helper()
	d, err := sandbox.Open(dir, false, clock)
	if err != nil {
		t.Fatal(err)
	}
	x, err := d.Table(t.Context(), name, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	pg, err := x.Scan(t.Context(), session.ScanRequest{Limit: 10000})
	if err != nil {
		t.Fatal(err)
	}
	return pg.Records
}

func inventoryJSON(t *testing.T, args ...string) *inventory.Report {
	t.Helper()
	r := ok(t, append([]string{"inventory", "--json"}, args...)...)
	var v inventory.Report
	if err := json.Unmarshal([]byte(r.out), &v); err != nil || strings.Count(r.out, "\n") != 1 {
		t.Fatalf("%v: %.300s", err, r.out)
	}
	return &v
}

// Every layout has an inventory, of as many live rows as inspect counts, and nothing in the store changes by it.
func TestInventoryOfEveryLayout(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	for _, name := range layout.Names() {
		l, err := layout.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"--from", name, "--sandbox", sb}
		seen := lastLine(t, ok(t, append([]string{"inspect", "--json", "--sandbox-sessions", "120"}, args...)...))
		before := everyRow(t, sb, name)
		v := inventoryJSON(t, args...)
		if after := everyRow(t, sb, name); !reflect.DeepEqual(before, after) {
			t.Errorf("%s: rows have changed", name)
		}
		if float64(v.Rows) != seen["rows"] || float64(v.Live) != seen["live"] || v.Looked != v.Live || v.Live < 50 || v.Layout != name || v.Sample.How != "all" {
			t.Errorf("%s: %d rows, %d live, looked at %d; inspect says %v, %v", name, v.Rows, v.Live, v.Looked, seen["rows"], seen["live"])
		}
		sessions, compressed, undecodable := int64(0), int64(0), int64(0)
		for _, a := range v.Apps {
			sessions, compressed, undecodable = sessions+a.Sessions, compressed+a.Compressed, undecodable+a.Undecodable
			if !a.Known || len(a.Keys) < 10 {
				t.Errorf("%s: application %q, known: %v, %d keys", name, a.Name, a.Known, len(a.Keys))
			}
		}
		if sessions != v.Live || float64(compressed) != seen["compressed"] || float64(undecodable) != seen["undecodable"] {
			t.Errorf("%s: %d sessions, %d compressed, %d undecodable; inspect says %v, %v", name, sessions, compressed, undecodable, seen["compressed"], seen["undecodable"])
		}
		if len(v.Apps) != 3 && l.IDs[0] != layout.RuleRaw {
			t.Errorf("%s: %d applications", name, len(v.Apps))
		}
		if sample := inventoryJSON(t, append(args, "--sample", "20")...); sample.Looked != 20 || !sample.Sample.Partial ||
			(sample.Sample.How == "spread") != (sample.Rows == v.Rows) {
			t.Errorf("%s: of a sample of 20 %d were looked at, %+v, rows %d", name, sample.Looked, sample.Sample, sample.Rows)
		}
	}
}

func TestInventoryForms(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	at := func(args ...string) result {
		t.Helper()
		return ok(t, append([]string{"inventory", "--sandbox", sb}, args...)...)
	}
	text := at("--sandbox-sessions", "400")
	for _, want := range []string{"live", "looked at: all that are live", "\nshop\n", "UserName", "List<string>", "Contoso.Shop.Order (Contoso.Shop)", "DataSet",
		"what would break", "dataset: DataSets and DataTables", "classes of the applications", "OrderStatus"} {
		if !strings.Contains(text.out, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if !strings.HasPrefix(text.err, "This is the sandbox in ") || !strings.Contains(text.err, "--csharp, --toml and --go") {
		t.Errorf("on standard error: %s", text.err)
	}
	if t.Failed() {
		t.Log(text.out)
	}
	cs := at("--csharp", "--app", "shop").out
	if !strings.Contains(cs, `options.RegisterKey<string>("UserName");`) || !strings.Contains(cs, "using System.Collections.Generic;") ||
		!strings.Contains(cs, "// not registered: ds: ") || strings.Contains(cs, "portal") {
		t.Errorf("--csharp:\n%s", cs)
	}
	if toml := at("--toml").out; !strings.Contains(toml, "[remoteapp.shop.keys]\n") || !strings.Contains(toml, "\nUserName = \"string\"\n") {
		t.Errorf("--toml:\n%s", toml)
	}
	golang := at("--go", "--package", "shop").out
	if !strings.Contains(golang, "\npackage shop\n") || !strings.Contains(golang, "type Order struct {") || !strings.Contains(golang, "`nrbf:\",list\"`") {
		t.Errorf("--go:\n%s", golang)
	}
	if again := at("--go", "--package", "shop").out; again != golang {
		t.Error("another Go file of the same store")
	}
	if v := inventoryJSON(t, "--sandbox", sb, "--app", "portal"); len(v.Apps) != 1 || v.Apps[0].Name != "portal" || v.LeftOut == 0 {
		t.Errorf("--app portal: %d applications, %d rows left out", len(v.Apps), v.LeftOut)
	}
}

// Applications that nobody named are told apart by their suffixes.
func TestInventoryOfUnknownApplications(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	seedEmbedded(t, dir, "one", "two")
	v := inventoryJSON(t, "--from-dsn", "embedded:"+dir)
	if len(v.Apps) != 2 || v.Apps[0].Name != "one" || v.Apps[1].Empty != 1 {
		t.Errorf("%+v", v.Apps)
	}
	sb := filepath.Join(t.TempDir(), "sandbox")
	ok(t, "inspect", "--sandbox", sb, "--sandbox-sessions", "20")
	alter(t, sb, layout.FrameworkCompat, func(rows []session.Record) []session.Change {
		r := rows[0]
		r.Key.ID = r.Key.ID[:24] + "0badcafe"
		return []session.Change{{Record: r}}
	})
	v = inventoryJSON(t, "--sandbox", sb)
	found := false
	for _, a := range v.Apps {
		found = found || strings.EqualFold(a.Name, "suffix 0badcafe") && !a.Known && a.Sessions == 1
	}
	if !found {
		t.Errorf("%+v", v.Apps)
	}
}
