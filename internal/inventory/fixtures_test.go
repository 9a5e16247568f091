package inventory_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/format"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/internal/inventory"
	"github.com/aspstate/aspstate/session"
)

var update = flag.Bool("update", false, "write generated_test.go anew")

// rows is a store that can be scanned and nothing else.
type rows []session.Record

func (r rows) Scan(_ context.Context, req session.ScanRequest) (pg session.Page, err error) {
	at := 0
	if req.After != "" {
		fmt.Sscan(string(req.After), &at)
	}
	end := min(len(r), at+req.Limit)
	pg.Records = r[at:end]
	if end < len(r) {
		pg.Next = session.Cursor(fmt.Sprint(end))
	}
	return pg, nil
}

// golden are the fixtures as sessions, each of an application of its own; those left out are the same as others, or so
// large that the file would be.
func golden(t testing.TB) (all rows) {
	for _, c := range blobs.All(t) {
		if c.Compressed || c.Name == "many-1000" || c.Name == "big" || c.Name == "o-many-items" {
			continue
		}
		all = append(all, session.Record{Key: session.Key{App: c.Name, ID: c.Name}, Payload: c.Bin})
	}
	return all
}

func take(t testing.TB, s session.Scanner, o inventory.Options) *inventory.Report {
	t.Helper()
	r, err := inventory.Take(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// generated_test.go is what Go prints of all fixtures, and a table of what it is for.
func TestGoIsGolden(t *testing.T) {
	var b bytes.Buffer
	if err := take(t, golden(t), inventory.Options{}).Go(&b, "inventory_test"); err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^// (\w+) is what sessions of the application ("[^"]+") hold`).FindAllStringSubmatch(b.String(), -1)
	readers := regexp.MustCompile(`(?m)^func \(s \*(\w+)\) Read`).FindAllStringSubmatch(b.String(), -1)
	b.WriteString("\nvar readers = map[string]interface {\n\tRead(*aspnetser.Collection) error\n}{\n")
	for _, n := range names {
		if slices.ContainsFunc(readers, func(r []string) bool { return r[1] == n[1] }) {
			fmt.Fprintf(&b, "\t%s: &%s{},\n", n[2], n[1])
		}
	}
	b.WriteString("}\n")
	src, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	const file = "generated_test.go"
	if *update {
		if err := os.WriteFile(file, src, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(src, want) {
		t.Errorf("Go prints something else than %s: look at the difference, then run with -update", file)
	}
}
