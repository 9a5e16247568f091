package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

func blobOf(t *testing.T, name string) string {
	t.Helper()
	for _, c := range blobs.All(t) {
		if c.Name == name {
			return string(c.Bin)
		}
	}
	t.Fatalf("no blob %s", name)
	return ""
}

func brokenBlob(t *testing.T, name string) string {
	t.Helper()
	for _, c := range malformed.All(t) {
		if c.Name == name {
			return string(c.Bin)
		}
	}
	t.Fatalf("no blob %s", name)
	return ""
}

func TestDumpPath(t *testing.T) {
	order := blobOf(t, "o-order")
	cases := []struct {
		path, format string
		code         int
		out, err     string // part of it
	}{
		{"order.Lines[0].Sku", "text", exitDone, "\"A-1\"\n", ""},
		{"ORDER.lines[0].sku", "json", exitDone, "\"A-1\"\n", ""},
		{"order.Lines[1]", "text", exitDone, "Note: \"gift\"", ""},
		{"order.Extra[\"weight\"]", "json", exitDone, `"prim":"Double"`, ""},
		{"order.Lines[3]", "text", exitFailed, "", "[3]"},
		{"order.Linse", "text", exitFailed, "", "Lines"},
		{"nothing", "text", exitFailed, "", "order"},
		{"order.[", "text", exitFailed, "", "["},
		{"order", "offsets", exitUsage, "", "contradict"},
		{"", "text", exitUsage, "", "--path is empty"},
	}
	for _, c := range cases {
		r := command(t, order, "dump", "blob", "-", "--path", c.path, "--format", c.format)
		if r.code != c.code || !strings.Contains(r.out, c.out) || !strings.Contains(r.err, c.err) || c.code != 0 && r.out != "" {
			t.Errorf("--path %s --format %s: exit %d, %q, %q", c.path, c.format, r.code, r.out, r.err)
		}
	}
}

// A broken item spoils only the paths that lead to it.
func TestDumpPathBesideABrokenItem(t *testing.T) {
	blob := brokenBlob(t, "nrbf-interface-array")
	if r := command(t, blob, "dump", "blob", "-", "--json"); r.code != exitMalformed || !json.Valid([]byte(r.out)) || !strings.Contains(r.err, "offset") {
		t.Fatalf("exit %d, %s", r.code, r.err)
	}
	var doc struct{ Items []struct{ Key, Type string } }
	if err := json.Unmarshal([]byte(command(t, blob, "dump", "blob", "-", "--json").out), &doc); err != nil {
		t.Fatal(err)
	}
	broken, sound := 0, 0
	for _, it := range doc.Items {
		r := command(t, blob, "dump", "blob", "-", "--path", it.Key)
		if it.Type == "Undecodable" {
			if broken++; r.code != exitMalformed || r.out != "" || !strings.Contains(r.err, "offset") {
				t.Errorf("--path %s to a broken item: exit %d, %q, %s", it.Key, r.code, r.out, r.err)
			}
			continue
		}
		if sound++; r.code != exitDone {
			t.Errorf("--path %s: exit %d, %s", it.Key, r.code, r.err)
		}
	}
	if broken == 0 {
		t.Error("no item is broken")
	}
}

// dump blob says whether the blob is compressed and how sure that is, and can be told otherwise.
func TestDumpSaysTheForm(t *testing.T) {
	for _, c := range []struct{ blob, compressed, want string }{
		{blobOf(t, "typical"), "auto", "certainly plain"},
		{blobOf(t, "z-typical"), "auto", "certainly compressed"},
		{blobOf(t, "z-net20-typical"), "auto", "certainly compressed"},
		{brokenBlob(t, "trailing-garbage"), "auto", "probably plain"},
		{blobOf(t, "typical"), "no", "--compressed no"},
		{blobOf(t, "z-typical"), "yes", "--compressed yes"},
	} {
		r := command(t, c.blob, "dump", "blob", "-", "--compressed", c.compressed)
		if r.code != exitDone || !strings.Contains(r.err, c.want) {
			t.Errorf("exit %d, %q, want %q", r.code, r.err, c.want)
		}
	}
	if r := command(t, blobOf(t, "z-typical"), "dump", "blob", "-", "--compressed", "no"); r.code != exitMalformed {
		t.Errorf("read the wrong way: exit %d", r.code)
	}
}

// JSON is one line whatever the session holds, and as deep as it is.
func TestDumpJSONIsOneLine(t *testing.T) {
	for _, blob := range []string{blobOf(t, "o-dataset"), blobOf(t, "p-string"), brokenBlob(t, "nrbf-depth-bomb")} {
		r := command(t, blob, "dump", "blob", "-", "--json")
		if r.code != exitDone || strings.Count(r.out, "\n") != 1 || !strings.HasSuffix(r.out, "}\n") {
			t.Errorf("exit %d, %d lines: %s", r.code, strings.Count(r.out, "\n"), r.err)
		}
	}
}
