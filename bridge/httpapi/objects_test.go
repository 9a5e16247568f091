package httpapi_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/blobs"
)

// Lists and dictionaries are written by their JSON, and read so beside graph and stream.
func TestPlainObjects(t *testing.T) {
	s := newSite(t)
	s.put(shop(id), blob("Ada"))
	s.want(204, call{method: "PATCH", path: one, body: `{"set":{
		"lines":{"type":"Object","of":"List<string>","json":["a","b\u00e9"]},
		"counts":{"type":"Object","of":"Dictionary<string, int>","json":{"x":1}}}}`})
	c, err := aspnetser.Open(s.payload(shop(id)), aspnetser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if lines, err := aspnetser.Get[[]string](c, "lines"); err != nil || !slices.Equal(lines, []string{"a", "bé"}) {
		t.Errorf("%q, %v", lines, err)
	}
	if counts, err := aspnetser.Get[map[string]int32](c, "counts"); err != nil || counts["x"] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	body := s.want(200, call{method: "GET", path: one}).Body.String()
	for _, want := range []string{`"of":"List<string>","json":["a","b\u00E9"]`, `"json":{"x":1}`, `"class":"System.Collections.Generic.List`, `"graph":{"class"`, `"stream":"AAEAAAD/////`} {
		if !strings.Contains(body, want) {
			t.Errorf("there is no %s in %s", want, body)
		}
	}
	if body = s.want(200, call{method: "GET", path: one + "?graphs=no"}).Body.String(); strings.Contains(body, `"graph"`) || strings.Contains(body, `"stream"`) {
		t.Errorf("with graphs=no: %s", body)
	}
	s.want(204, call{method: "PUT", path: one, body: body, header: head("Aspstate-Free", "0")}) // of and json make them again
}

// Who changes the JSON and leaves the stream beside it would find nothing changed: it is refused. Written otherwise it is the same.
func TestJSONBesideAStream(t *testing.T) {
	s := newSite(t)
	g, err := nrbf.EncodeStream(nrbf.ListFrom([]int32{1, 2}))
	if err != nil {
		t.Fatal(err)
	}
	stream, _ := json.Marshal(g)
	s.put(shop(id), blob("Ada"))
	for beside, want := range map[string]int{`[1,2]`: 204, ` [ 1 , 2.0 ] `: 204, `[1,3]`: 400, `[1]`: 400} {
		s.want(want, call{method: "PATCH", path: one, body: `{"set":{"k":{"type":"Object","stream":` + string(stream) + `,"json":` + beside + `}}}`})
	}
}

// What an object is called, arrays too.
func TestClassNames(t *testing.T) {
	s := newSite(t)
	c := &aspnetser.Collection{Timeout: 20}
	for key, v := range map[string]any{"a": []string{"x"}, "b": []byte{1}, "c": [][]int32{{1}}} {
		if err := aspnetser.Set(c, key, v); err != nil {
			t.Fatal(err)
		}
	}
	b, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.put(shop(id), b)
	body := s.want(200, call{method: "GET", path: one}).Body.String()
	for _, want := range []string{`"class":"System.String[]"`, `"class":"System.Byte[]"`, `"class":"System.Int32[][]"`} {
		if !strings.Contains(body, want) {
			t.Errorf("there is no %s in %s", want, body)
		}
	}
}

// What is shown with of and json is made again of them, in all fixtures.
func TestJSONSaysAll(t *testing.T) {
	n := 0
	for _, c := range blobs.All(t) {
		s := newSite(t)
		s.put(shop(id), c.Bin)
		read := func() (items map[string]json.RawMessage) {
			var body struct {
				Items []struct {
					Key   *string
					Value struct {
						Of   string
						JSON json.RawMessage
					}
				}
			}
			if err := json.Unmarshal(s.want(200, call{method: "GET", path: one + "?graphs=no"}).Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			items = map[string]json.RawMessage{}
			for _, it := range body.Items {
				if it.Key != nil && it.Value.Of != "" {
					items[*it.Key], _ = json.Marshal(map[string]any{"type": "Object", "of": it.Value.Of, "json": it.Value.JSON})
				}
			}
			return items
		}
		was := read()
		set, _ := json.Marshal(map[string]any{"set": was})
		s.want(204, call{method: "PATCH", path: one, body: string(set)})
		for key, is := range read() {
			if n++; string(is) != string(was[key]) {
				t.Errorf("%s, %q: was %s, is %s", c.Name, key, was[key], is)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d objects have been made again", n)
	}
}

// Streams of a few bytes that stand for much share the limit of one: a body of many does not take memory out of proportion.
func TestManyBombs(t *testing.T) {
	s := newSite(t)
	s.put(shop(id), blob("Ada"))
	bomb, err := nrbf.EncodeStream(nrbf.ArrayOf(nrbf.ObjectType, make([]any, 200_000)...)) // 3 MB of nulls in a few bytes
	if err != nil || len(bomb) > 100 {
		t.Fatal(len(bomb), err)
	}
	stream, _ := json.Marshal(bomb)
	var body strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&body, `,"k%d":{"type":"Object","stream":%s}`, i, stream)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := s.want(400, call{method: "PATCH", path: one, body: `{"set":{` + body.String()[1:] + `}}`})
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
		t.Errorf("%d bytes for %d", got, body.Len())
	}
	if !strings.Contains(w.Body.String(), `"key":"k1"`) {
		t.Errorf("%s", w.Body)
	}
}
