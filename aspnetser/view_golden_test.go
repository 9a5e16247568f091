package aspnetser

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/blobs"
)

var writeViews = flag.Bool("write-views", false, "write testdata/view/*.txt anew; read them before you commit")

// goldenView compares a view with testdata/view/NAME.txt.
func goldenView(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "view", name+".txt")
	if *writeViews {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")) // as git may check it out
	if !bytes.Equal(got, want) {
		t.Errorf("%s is shown as\n%s\nwant\n%s", name, got, want)
	}
}

// Every fixture with Objects is shown as it was found right when it was read against the fixture's JSON.
func TestViewOfFixtures(t *testing.T) {
	groups := []string{"arrays", "collections", "system types", "classes", "sessions"}
	seen := 0
	for _, c := range blobs.All(t) {
		if !slices.Contains(groups, c.Group) || c.Name == "primitives" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			s, err := Decode(c.Bin, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var out []byte
			for i := range s.Items {
				it := &s.Items[i]
				out = append(out, it.show()+": "...)
				out = viewOfItem(&it.Value).AppendText(out, ViewOptions{Indent: 2})
				out = append(out, '\n')
			}
			goldenView(t, c.Name, out)
		})
		seen++
	}
	if seen < 60 {
		t.Errorf("%d fixtures were shown", seen)
	}
}

// The streams of testdata/view were written by Mono from made.cs: what the fixtures have not.
func TestViewOfMadeStreams(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "view", "*.nrbf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no streams: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".nrbf")
		t.Run(name, func(t *testing.T) {
			goldenView(t, name, append(AppendGraphText(nil, decodeView(t, file), ViewOptions{}), '\n'))
		})
	}
}

func decodeView(t testing.TB, file string) nrbf.Value {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := nrbf.Decode(b, nrbf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return g.Root()
}
