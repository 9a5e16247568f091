package inventory_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
	"github.com/aspstate/aspstate/internal/inventory"
	"github.com/aspstate/aspstate/session"
)

// everything returns all forms of a report.
func everything(t testing.TB, r *inventory.Report) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, err := range []error{r.Text(&b), r.CSharp(&b), r.TOML(&b), r.Go(&b, "p"), e.Encode(r)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// leaves collects the texts and numbers of a fixture's description, and what in it is a name.
type leaves struct{ values, names map[string]bool }

func (l leaves) take(v any, in string) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			switch k {
			case "key", "name", "class", "assembly", "array", "objectType", "type", "prim":
				if s, ok := x.(string); ok {
					l.names[s] = true
				}
			default:
				l.take(x, k)
			}
		}
	case []any:
		for _, x := range v {
			if pair, ok := x.([]any); ok && in == "members" && len(pair) == 2 {
				l.names[pair[0].(string)] = true
				l.take(pair[1], "")
				continue
			}
			l.take(x, "")
		}
	case string:
		l.values[v] = true
	}
}

// Names and types are shown, and no value is: neither of the items, nor of what is inside of them, nor keys of dictionaries.
func TestNoValueIsShown(t *testing.T) {
	var all rows
	l := leaves{map[string]bool{}, map[string]bool{}}
	for _, c := range blobs.All(t) {
		all = append(all, session.Record{Key: session.Key{App: "app", ID: c.Name}, Payload: c.Bin})
		var doc any
		if err := json.Unmarshal(c.JSON, &doc); err != nil {
			t.Fatal(err)
		}
		l.take(doc, "")
	}
	for _, c := range malformed.All(t) {
		all = append(all, session.Record{Key: session.Key{App: "app", ID: c.Name}, Payload: c.Bin})
	}
	out := everything(t, take(t, all, inventory.Options{}))
	var names strings.Builder
	for n := range l.names {
		names.WriteString(n + "\n")
	}
	tried := 0
	for v := range l.values {
		// Short ones stand in any text, some are words of ours, and some names of types, which Type and DBNull have in them.
		if len(v) < 6 || v == "nothing" || v == "shared" || strings.HasPrefix(v, "System.") || strings.Contains(names.String(), v) {
			continue
		}
		tried++
		if strings.Contains(out, v) {
			t.Errorf("the value %q of a fixture is shown", v)
		}
	}
	if tried < 600 {
		t.Errorf("only %d values looked for", tried)
	}
}

// What Go prints of everything at once, the malformed fixtures included, is Go that compiles.
func TestGoCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("type-checks package aspnetser from source")
	}
	var all rows
	for _, c := range blobs.All(t) {
		all = append(all, session.Record{Key: session.Key{App: "/LM/W3SVC/3/ROOT/my-shop", ID: c.Name}, Payload: c.Bin})
	}
	for _, c := range malformed.All(t) {
		all = append(all, session.Record{Key: session.Key{App: "", ID: c.Name}, Payload: c.Bin})
	}
	var b bytes.Buffer
	if err := take(t, all, inventory.Options{}).Go(&b, "sessions"); err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "sessions.go", b.Bytes(), 0)
	if err != nil {
		t.Fatal(err)
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	pkg, err := conf.Check("sessions", fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if pkg.Scope().Lookup("MyShop") == nil || pkg.Scope().Lookup("Order") == nil {
		t.Errorf("the package has %v", pkg.Scope().Names())
	}
}
