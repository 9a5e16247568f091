package httpapi_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/session"
)

// Whatever JSON is taken for a session is answered as described; and what was answered, sent back unchanged, is the same payload.
func FuzzSession(f *testing.F) {
	for _, c := range blobs.All(f) {
		if len(c.Bin) > 8<<10 {
			continue
		}
		s := newSite(f)
		s.put(shop(id), c.Bin)
		w := httptest.NewRecorder()
		s.front.ServeHTTP(w, call{method: "GET", path: one}.request("http://bridge.test"))
		f.Add(strings.Replace(w.Body.String(), `"uninitialized":false,`, "", 1))
	}
	f.Add(jsonSession("Ada"))
	f.Add(`{"timeout":20,"items":[{"key":null,"value":{"bytes":"FgE="}},{"key":"","value":{"type":"Double","value":"NaN"}}]}`)
	f.Add(`{"timeout":1,"items":[{"key":"\ud83d\ude00","value":{"type":"Decimal","value":"-0.10"}}],"compressed":true}`)
	s := newSite(f)
	f.Fuzz(func(t *testing.T, body string) {
		s.t = t
		if body == "" {
			return
		}
		if w := s.do(call{method: "PUT", path: one, body: body, header: head("Aspstate-Free", "0")}); w.Code != 204 {
			if w.Code >= 500 {
				t.Fatalf("%d: %s", w.Code, w.Body)
			}
			return
		}
		rec, err := session.PeekOne(t.Context(), s.mem, shop(id))
		if err != nil {
			t.Fatal(err)
		}
		read := s.want(200, call{method: "GET", path: one}).Body.String()
		w := s.do(call{method: "PUT", path: one, body: read, header: head("Aspstate-Free", "0")})
		if w.Code != 204 {
			t.Fatalf("%d: %s\nof\n%s", w.Code, w.Body, read)
		}
		if again := s.payload(shop(id)); !bytes.Equal(again, rec.Payload) {
			t.Fatalf("% x\nis written as\n% x\nby\n%s", rec.Payload, again, read)
		}
	})
}

// Whatever JSON is taken for a merge gives a session, and touches nothing else.
func FuzzChange(f *testing.F) {
	f.Add(`{"set":{"a":{"type":"String","value":"é"}},"remove":["UserName",null],"timeout":30}`)
	f.Add(`{"set":[{"key":null,"value":{"type":"Undecodable","bytes":"FgE=","error":""}}]}`)
	f.Add(`{"set":{"VISITS":{"type":"Int64","value":"-1"}}}`)
	f.Add(`{"remove":["visits","x"]}`)
	f.Fuzz(func(t *testing.T, body string) {
		if body == "" {
			return
		}
		s := newSite(t)
		s.put(shop(id), blob("Ada"))
		w := s.do(call{method: "PATCH", path: one, body: body})
		if w.Code >= 500 {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
		if w.Code != 204 && !bytes.Equal(s.payload(shop(id)), blob("Ada")) {
			t.Fatal("a refused merge has changed the session")
		}
		s.want(200, call{method: "GET", path: one})
	})
}

// Whatever lines are taken for changes of rows are applied, and rows come back as they went.
func FuzzRows(f *testing.F) {
	f.Add(applied)
	f.Add(applied + "\n" + `{"delete":{"app":"","id":"x"},"expect":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		if body == "" {
			return
		}
		s := newSite(t)
		w := s.do(call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: body})
		if w.Code != 200 {
			return
		}
		page := s.want(200, call{method: "GET", path: "/v1/rows", key: rowsSecret}).Body.String()
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, `{"next"`) {
				continue
			}
			again := newSite(t)
			again.want(200, call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: `{"record":` + strings.TrimSpace(line) + `,"expect":null}`})
			if got := again.want(200, call{method: "GET", path: "/v1/rows", key: rowsSecret}).Body.String(); !strings.Contains(got, line) {
				t.Fatalf("%s comes back as %s", line, got)
			}
		}
	})
}
