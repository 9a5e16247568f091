package httpapi_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/session"
)

// Pages of rows are all of them once, and applied to another store they are the same there, locks and all.
func TestRowsMove(t *testing.T) {
	s, to := newSite(t), newSite(t)
	for i := range 57 {
		k := session.Key{App: []string{"shop", "forum", "/LM/W3SVC/9/ROOT(a/b=)"}[i%3], ID: fmt.Sprintf("id/%d é", i)}
		s.put(k, blob(fmt.Sprint("user ", i)))
		if i%5 == 0 {
			if _, err := s.mem.GetExclusive(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
	}
	after, moved := "", 0
	for {
		page := s.want(200, call{method: "GET", path: "/v1/rows?limit=10&after=" + after, key: rowsSecret}).Body.String()
		var changes strings.Builder
		next := ""
		for line := range strings.Lines(page) {
			if rest, is := strings.CutPrefix(line, `{"next":"`); is {
				next, _, _ = strings.Cut(rest, `"`)
				continue
			}
			fmt.Fprintf(&changes, `{"record":%s,"expect":null}`+"\n", strings.TrimSpace(line))
			moved++
		}
		if changes.Len() > 0 {
			apply := call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: changes.String()}
			out := to.want(200, apply).Body.String()
			if strings.Count(out, `{"result":"applied"`) != strings.Count(out, "\n") {
				t.Errorf("%s", out)
			}
			if out = to.want(200, apply).Body.String(); strings.Count(out, `{"result":"already"`) != strings.Count(out, "\n") {
				t.Errorf("once more: %s", out)
			}
		}
		if after = next; after == "" {
			break
		}
	}
	if was, is := fmt.Sprint(sorted(s.all())), fmt.Sprint(sorted(to.all())); was != is || moved != 57 {
		t.Errorf("%d rows are moved:\n%s\n%s", moved, was, is)
	}
	if body := to.want(200, call{method: "GET", path: "/v1/rows/count", key: rowsSecret}).Body.String(); body != `{"count":57}`+"\n" {
		t.Error(body)
	}
}

func sorted(all []session.Record) map[session.Key]session.Record {
	m := map[session.Key]session.Record{}
	for _, r := range all {
		m[r.Key] = r
	}
	return m
}

func TestRowsApart(t *testing.T) {
	s := newSite(t)
	s.put(shop(id), blob("Ada"))
	rows := func(what call) string {
		t.Helper()
		what.key, what.header = rowsSecret, lineType
		if what.body == "" {
			what.header = nil
		}
		return s.want(200, what).Body.String()
	}
	if got := rows(call{method: "GET", path: "/v1/rows?payload=no"}); strings.Contains(got, "QWRh") || !strings.Contains(got, `"payload":null`) {
		t.Errorf("a page without payloads: %s", got)
	}
	peek := `{"app":"shop","id":"` + id + `"}`
	none := `{"app":"forum","id":"` + id + `"}`
	got := strings.Split(rows(call{method: "POST", path: "/v1/rows/peek?payload=no", body: none + "\n" + peek + "\n"}), "\n")
	if got[0] != "null" || !strings.Contains(got[1], `"payload":null`) {
		t.Errorf("%q", got)
	}
	if got := rows(call{method: "POST", path: "/v1/rows/apply", body: `{"delete":` + peek + `,"expect":null}`}); !strings.HasPrefix(got, `{"result":"conflict","current":{"timeout":20,`) {
		t.Errorf("%s", got)
	}
	if got := rows(call{method: "POST", path: "/v1/rows/apply", body: `{"delete":` + none + `,"expect":null}`}); got != `{"result":"already","current":null}`+"\n" {
		t.Errorf("%s", got)
	}
	about := rows(call{method: "GET", path: "/v1/rows/about"})
	if !strings.Contains(about, `"identity":"`+s.mem.Identity()+`"`) {
		t.Errorf("%s", about)
	}
	s.front.Identity = "other"
	if about := rows(call{method: "GET", path: "/v1/rows/about"}); !strings.Contains(about, `"identity":"other"`) {
		t.Errorf("%s", about)
	}
}

func TestRowsCompressed(t *testing.T) {
	s := newSite(t)
	for i := range 500 {
		s.put(shop(fmt.Sprint("id", i)), blob("Ada"))
	}
	plain := s.want(200, call{method: "GET", path: "/v1/rows", key: rowsSecret})
	for accept, zip := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0": false, "identity": false, "br": false} {
		w := s.unchecked(call{method: "GET", path: "/v1/rows", key: rowsSecret, header: head("Accept-Encoding", accept)})
		body := io.Reader(w.Body)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != zip {
			t.Errorf("%s: compressed: %t", accept, got)
			continue
		}
		if zip {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		if b, err := io.ReadAll(body); err != nil || string(b) != plain.Body.String() {
			t.Errorf("%s: %d bytes, %v", accept, len(b), err)
		}
	}
}
