package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/session"
)

// payload is what the store has of a session.
func (s *site) payload(k session.Key) []byte {
	s.t.Helper()
	rec, err := session.PeekOne(s.t.Context(), s.mem, k)
	if err != nil {
		s.t.Fatal(err)
	}
	return rec.Payload
}

// slots are the bytes of the items of a payload, by key.
func slots(t *testing.T, payload []byte) map[string]string {
	t.Helper()
	var x aspnetser.Index
	if err := x.Read(payload, aspnetser.Options{}); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for i := range x.Len() {
		all[fmt.Sprintf("%q %t", x.Key(i), x.Key(i) == nil)] = string(x.Slot(i))
	}
	return all
}

// A merge touches what it names. Every other item of every fixture keeps its bytes, and so do static objects and what else
// there is.
func TestMergeKeepsTheRest(t *testing.T) {
	s := newSite(t)
	for i, c := range blobs.All(t) {
		k := shop(fmt.Sprintf("fixture%d", i))
		s.put(k, c.Bin)
		path := "/v1/apps/shop/sessions/" + k.ID
		s.want(204, call{method: "PATCH", path: path, body: `{"set":{"added":{"type":"Int32","value":7}},"timeout":21}`})
		is := slots(t, s.payload(k))
		for key, slot := range slots(t, c.Bin) {
			if is[key] != slot {
				t.Errorf("%s: item %s was % .60x, is % .60x", c.Name, key, slot, is[key])
			}
		}
		if is[`"added" false`] != "\x02\x07\x00\x00\x00" {
			t.Errorf("%s: nothing was added", c.Name)
		}
		s.want(204, call{method: "PATCH", path: path, body: fmt.Sprintf(`{"remove":["ADDED","never"],"set":[]%s}`, sameTimeout(t, c.Bin))})
		d, _ := aspnetser.Decode(c.Bin, aspnetser.Options{})
		if was, is := inflated(t, c.Bin, c.Compressed), inflated(t, s.payload(k), c.Compressed); d.Timeout > 0 && d.Timeout <= 525600 && len(d.Items) > 0 && !bytes.Equal(was, is) {
			t.Errorf("%s: back again it is\n%.200x\nwas\n%.200x", c.Name, is, was)
		}
	}
}

func sameTimeout(t *testing.T, payload []byte) string {
	t.Helper()
	c, err := aspnetser.Open(payload, aspnetser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Timeout < 1 || c.Timeout > 525600 {
		return ""
	}
	return fmt.Sprintf(`,"timeout":%d`, c.Timeout)
}

// What nobody can decode stays, and can be written again by its bytes.
func TestMergeKeepsUndecodable(t *testing.T) {
	s := newSite(t)
	c := &aspnetser.Collection{Timeout: 20}
	broken, _ := aspnetser.DecodeSlot([]byte{22, 1, 2, 3}, aspnetser.Options{})
	c.Set("broken", broken)
	c.Set("n", aspnetser.Int32(1))
	b, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.put(shop(id), b)
	s.want(204, call{method: "PATCH", path: one, body: `{"set":{"n":{"type":"Int32","value":2}}}`})
	w := s.want(200, call{method: "GET", path: one})
	if !strings.Contains(w.Body.String(), `{"key":"broken","value":{"type":"Undecodable","bytes":"FgECAw==","error":"unknown type id 22"}}`) {
		t.Errorf("%s", w.Body)
	}
	s.want(204, call{method: "PATCH", path: one, body: `{"set":{"n":{"bytes":"FgECAw=="}}}`})
	if got := slots(t, s.payload(shop(id))); got[`"n" false`] != "\x16\x01\x02\x03" || got[`"broken" false`] != "\x16\x01\x02\x03" {
		t.Errorf("%q", got)
	}
}

// A merge under the client's lock ends it; a second one of the same client finds that out, and nothing is lost.
func TestMergeUnderALock(t *testing.T) {
	s := newSite(t)
	s.put(shop(id), blob("Ada"))
	s.lockAway()
	var wg sync.WaitGroup
	codes := make([]int, 8)
	for i := range codes {
		wg.Go(func() {
			codes[i] = s.do(call{method: "PATCH", path: one, header: head("Aspstate-Lock", "2"), body: fmt.Sprintf(`{"set":{"k%d":{"type":"Null"}}}`, i)}).Code
		})
	}
	wg.Wait()
	done := 0
	got := slots(t, s.payload(shop(id)))
	for i, code := range codes {
		_, there := got[fmt.Sprintf(`"k%d" false`, i)]
		if there != (code == 204) || code != 204 && code != 409 {
			t.Errorf("request %d: %d, and its item is there: %t", i, code, there)
		}
		if there {
			done++
		}
	}
	if done != 1 {
		t.Errorf("%d requests were done under one lock", done)
	}
}

// Merges of many clients at once, each under a lock of the server's: none is lost.
func TestMergesAtOnce(t *testing.T) {
	s := newSite(t)
	s.put(shop(id), blob("Ada"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				s.do(call{method: "PATCH", path: one + "?wait=60s", body: fmt.Sprintf(`{"set":{"k%d.%d":{"type":"Int32","value":%d}}}`, i, j, j)})
			}
		})
	}
	wg.Wait()
	if got := slots(t, s.payload(shop(id))); len(got) != 2+8*20 {
		t.Errorf("%d items", len(got))
	}
}

// A lock of the server's that was the first to read the session says so: Session_Start is still to run.
func TestMergeSpendsTheMark(t *testing.T) {
	s := newSite(t)
	s.want(201, call{method: "POST", path: one + "/create", body: jsonSession("Ada")})
	if w := s.want(204, call{method: "PATCH", path: one, body: `{}`}); w.Header().Get("Aspstate-Uninitialized") != "true" {
		t.Errorf("%v", w.Header())
	}
	if w := s.want(204, call{method: "PATCH", path: one, body: `{}`}); w.Header().Get("Aspstate-Uninitialized") != "" {
		t.Errorf("%v", w.Header())
	}
}

// How payloads are stored: as the application's nodes do, else as they were or as they came.
func TestCompression(t *testing.T) {
	plain := blob(strings.Repeat("Ada ", 40))
	packed, err := aspnetser.Deflate(nil, plain)
	if err != nil {
		t.Fatal(err)
	}
	text := func(compressed string) string { return `{"timeout":20,` + compressed + `"items":[]}` }
	for name, c := range map[string]struct {
		app    string
		was    []byte // nil: there is none
		call   call
		packed bool
	}{
		"octets, nodes compress":       {"zip", nil, call{raw: true, body: string(plain)}, true},
		"octets, as nodes do":          {"zip", nil, call{raw: true, body: string(packed)}, true},
		"octets, nodes do not":         {"forum", nil, call{raw: true, body: string(packed)}, false},
		"octets, nobody knows":         {"shop", packed, call{raw: true, body: string(plain)}, false},
		"octets, nobody knows, packed": {"shop", nil, call{raw: true, body: string(packed)}, true},
		"JSON, nodes compress":         {"zip", plain, call{body: text(`"compressed":false,`)}, true},
		"JSON, nodes do not":           {"forum", packed, call{body: text(`"compressed":true,`)}, false},
		"JSON, as it says":             {"shop", plain, call{body: text(`"compressed":true,`)}, true},
		"JSON, as it was":              {"shop", packed, call{body: text("")}, true},
		"JSON, new":                    {"shop", nil, call{body: text("")}, false},
		"merge, nodes compress":        {"zip", plain, call{method: "PATCH", body: `{}`}, true},
		"merge, nodes do not":          {"forum", packed, call{method: "PATCH", body: `{}`}, false},
		"merge, as it was":             {"shop", packed, call{method: "PATCH", body: `{}`}, true},
		"merge, as it was, plain":      {"shop", plain, call{method: "PATCH", body: `{}`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			k := session.Key{App: c.app, ID: id}
			if c.was != nil {
				s.put(k, c.was)
			}
			what := c.call
			what.path, what.header = "/v1/apps/"+c.app+"/sessions/"+id, head("Aspstate-Free", "0", "Aspstate-Timeout", "20")
			if what.method == "" {
				what.method = "PUT"
			} else {
				what.header = nil
			}
			if c.app == "forum" {
				what.key = forumSecret
			}
			s.want(204, what)
			d, err := aspnetser.Detect(s.payload(k), aspnetser.Options{})
			if err != nil || (d.Form == aspnetser.FormCompressed) != c.packed {
				t.Errorf("it is %v, %v", d.Form, err)
			}
			if what.raw {
				if is := inflated(t, s.payload(k), c.packed); !bytes.Equal(is, plain) {
					t.Error("it is another session")
				}
			}
		})
	}
}

// blind cannot look, and says so only when it is asked: a cut-over from a State Server.
type blind struct{ session.Store }

func (blind) Peek(context.Context, []session.Key) ([]*session.Record, error) {
	return nil, fmt.Errorf("blind: %w", errors.ErrUnsupported)
}

func TestCannotLook(t *testing.T) {
	s := newSite(t)
	s.front.Store = blind{s.mem}
	s.put(shop(id), blob("Ada"))
	checkProblem(t, s.want(http.StatusNotImplemented, call{method: "GET", path: one + "?renew=no"}).Body.Bytes(), "no-peek")
	lock := s.want(http.StatusOK, call{method: "POST", path: one + "/lock"}).Header().Get("Aspstate-Lock")
	change := call{method: "PATCH", path: one, body: `{"remove":["UserName"]}`, header: head("Aspstate-Lock", lock)}
	checkProblem(t, s.want(http.StatusNotImplemented, change).Body.Bytes(), "no-peek")
	if log := s.log.String(); strings.Contains(log, "store failed") {
		t.Errorf("the store is blamed: %s", log)
	}
}
