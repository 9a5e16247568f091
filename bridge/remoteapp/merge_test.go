package remoteapp

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/session"
)

// What becomes of a commit, row by row of section 11. The session is that of usual and a null; before tells another one.
func TestMerge(t *testing.T) {
	const before = usually + " Note:Null"
	unknown := func(key string) func(*Payload) {
		return func(p *Payload) {
			set(key, "")(p)
			p.Unknown = append(p.Unknown, key)
		}
	}
	both := func(p *Payload) {
		p.Items = append(p.Items, PayloadItem{"corecount", []byte("7")}, PayloadItem{"New", nil}, PayloadItem{"Core", nil})
	}
	for _, c := range []struct {
		name    string
		changes []func(*Payload)
		want    string // "": before
		refused bool
	}{
		{name: "nothing"},
		{name: "the same in other words", changes: []func(*Payload){set("UserName", `  "\u0041da Lovelace"`), set("CoreCount", "4.1e1")}},
		{name: "changed", changes: []func(*Payload){set("CoreCount", "42")}, want: strings.Replace(before, "41", "42", 1)},
		{name: "changed to null", changes: []func(*Payload){set("UserName", "null")}, want: strings.Replace(before, "=Ada Lovelace", ":Null", 1)},
		{name: "changed to null, 1.0", changes: []func(*Payload){set("UserName", "")}, want: strings.Replace(before, "=Ada Lovelace", ":Null", 1)},
		{name: "null of what has none, 1.0", changes: []func(*Payload){set("CoreCount", "")}},
		{name: "null of what has none", changes: []func(*Payload){set("CoreCount", "null")}, refused: true},
		{name: "null back", changes: []func(*Payload){set("Note", "null")}},
		{name: "null back, 1.0", changes: []func(*Payload){set("Note", "")}},
		{name: "null left out, as clients do", changes: []func(*Payload){unset("Note")}},
		{name: "null to a value", changes: []func(*Payload){set("Note", `"n"`)}, want: strings.Replace(before, "Note:Null", "Note=n", 1)},
		{name: "removed", changes: []func(*Payload){unset("UserName")}, want: strings.Replace(before, " UserName=Ada Lovelace", "", 1)},
		{name: "of no registered key", changes: []func(*Payload){set("Other", "1")}},
		{name: "of a hidden key", changes: []func(*Payload){set("Hidden", `"x"`)}},
		{name: "unknown", changes: []func(*Payload){unknown("UserName"), unknown("CoreCount"), unknown("Other"), unknown("Hidden")}},
		{name: "of the wrong type", changes: []func(*Payload){set("UserName", `"x"`), set("CoreCount", "1.5")}, refused: true},
		{name: "no JSON", changes: []func(*Payload){set("CoreCount", "{")}, refused: true},
		{name: "differing in case, the last counts", changes: []func(*Payload){both}, want: strings.Replace(before, "41", "7", 1)},
		{name: "equal keys, the last counts", changes: []func(*Payload){func(p *Payload) { p.Items = append(p.Items, PayloadItem{"CoreCount", []byte("8")}) }}, want: strings.Replace(before, "41", "8", 1)},
		{name: "timeout alone", changes: []func(*Payload){timeout(525600)}, want: strings.Replace(before, "20", "525600", 1)},
		{name: "timeout 0", changes: []func(*Payload){timeout(0), set("CoreCount", "42")}, refused: true},
		{name: "timeout over a year", changes: []func(*Payload){timeout(525601)}, refused: true},
		{name: "negative timeout", changes: []func(*Payload){timeout(-1)}, refused: true},
		{name: "abandoned", changes: []func(*Payload){abandon, set("CoreCount", "42"), timeout(-1)}, want: "gone"},
		{name: "another id", changes: []func(*Payload){func(p *Payload) { p.SessionID = strings.ToUpper(testID) }}, refused: true},
		{name: "everything", changes: []func(*Payload){func(p *Payload) { p.Items = nil }}, want: "20 min Hidden=SECRET Note:Null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := overHTTP(t)
			blob := w.given(shopKey, aspnetser.FormPlain, "UserName", "Ada Lovelace", "CoreCount", int32(41), "IsAdmin", true, "Hidden", "SECRET", "Note", nil)
			revision := w.record(shopKey).Revision
			status, body := w.load(testID).commit(c.changes...)
			if want := map[bool]int{false: 200, true: 400}[c.refused]; status != want {
				t.Errorf("%d %q", status, body)
			}
			want := c.want
			if want == "" {
				want = before
				if r := w.record(shopKey); !bytes.Equal(r.Payload, blob) || r.Revision != revision {
					t.Error("the session was written anew")
				}
			}
			if got := w.items(shopKey); got != want {
				t.Error(got)
			}
			if strings.Contains(body, "SECRET") {
				t.Error("the client is told what it is not to know")
			}
		})
	}
}

// A key that is not registered refuses the commit where the configuration says so.
func TestMergeRejects(t *testing.T) {
	w := overHTTP(t, func(o *Options) { o.Apps[0].RejectUnregistered = true })
	w.usual()
	if status, body := w.load(testID).commit(set("Other", "1"), set("CoreCount", "42")); status != 400 || body != unregistered || w.items(shopKey) != usually {
		t.Errorf("%d %q: %s", status, body, w.items(shopKey))
	}
}

// What cannot be shown is hidden and stays: a value of another type, one that cannot be decoded, a null of what has none, the
// null key. A client that sets such a key replaces it.
func TestHiddenValues(t *testing.T) {
	w := overHTTP(t)
	c := aspnetser.Collection{Timeout: 20}
	c.Set("corecount", aspnetser.Int64(41))
	c.Set("isadmin", aspnetser.Null())
	c.Set("USERNAME", aspnetser.String("Ada Lovelace"))
	c.SetNull(aspnetser.String("null key"))
	c.Set("Note", aspnetser.Byte(3))
	blob, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	blob[bytes.IndexByte(blob, byte(aspnetser.TypeByte))] = 99 // no type
	w.put(shopKey, blob)
	l := w.load(testID)
	if len(l.Items) != 1 || l.Items[0].Key != "UserName" || string(l.Items[0].Value) != `"Ada Lovelace"` {
		t.Errorf("%q", l.Items)
	}
	if status, body := l.commit(set("UserName", `"x"`)); status != 200 {
		t.Fatalf("%d %q", status, body)
	}
	if got := w.items(shopKey); got != "20 min corecount:Int64 isadmin:Null USERNAME=x =null key Note:Undecodable" {
		t.Error(got)
	}
	if status, body := w.load(testID).commit(set("CoreCount", "1"), set("Note", `"n"`)); status != 200 {
		t.Fatalf("%d %q", status, body)
	}
	if got := w.items(shopKey); got != "20 min corecount=1 isadmin:Null USERNAME=x =null key Note=n" {
		t.Error(got)
	}
}

// A session that nobody can read is told apart from one that is not there, and its lock is given back.
func TestMalformedSession(t *testing.T) {
	w := overHTTP(t)
	w.put(shopKey, []byte("SECRET"))
	for _, readOnly := range []bool{false, true} {
		if status, body := w.whole(w.request(http.MethodGet, testID, readOnly, nil)); status != 500 || strings.Contains(body, "SECRET") {
			t.Errorf("%d %q", status, body)
		}
		if r := w.record(shopKey); r.Lock.Locked || string(r.Payload) != "SECRET" {
			t.Error("it was touched")
		}
	}
}

// A session of more JSON than a commit may have is not shown: a part of it would be taken for the whole.
func TestTooLargeToShow(t *testing.T) {
	w := overHTTP(t, func(o *Options) { o.MaxBody = 1000 })
	w.given(shopKey, aspnetser.FormPlain, "UserName", strings.Repeat("x", 1000))
	if status, body := w.whole(w.request(http.MethodGet, testID, false, nil)); status != 500 || w.record(shopKey).Lock.Locked {
		t.Errorf("%d %q", status, body)
	}
}

// 100 sessions with items that the client does not know of, real ones of Microsoft's serializer, survive 1,000 writes with every
// byte of these items, plain and compressed, over both kinds of exchange. ASPSTATE_TEST_LONG makes it 1,000 writes each.
func TestHiddenItemsSurvive(t *testing.T) {
	w := overTLS(t)
	type kept struct {
		key    session.Key
		form   aspnetser.Form
		hidden map[string]string // slots by key
	}
	slots := func(blob []byte) (map[string]string, aspnetser.Form) {
		var x aspnetser.Index
		if err := x.Read(blob, aspnetser.Options{}); err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for i := range x.Len() {
			key := fmt.Sprintf("%q", x.Key(i))
			if x.Key(i) == nil {
				key = "null"
			}
			if name := strings.ToLower(string(x.Key(i))); name != "username" && name != "corecount" {
				m[key] = string(x.Slot(i))
			}
		}
		return m, x.Form()
	}
	var all []kept
	hidden := 0
	for i, c := range blobs.All(t) {
		if len(all) == 100 {
			break
		}
		col, err := aspnetser.Open(c.Bin, aspnetser.Options{})
		if err != nil || len(c.Bin) > 100_000 {
			continue
		}
		for key := range testKeys() { // those of the blob are hidden, these are known
			if _, taken := col.Get(key); taken == nil {
				col.Remove(key)
			}
		}
		col.Set("CoreCount", aspnetser.Int32(0))
		if i%2 == 0 {
			col.Form = aspnetser.FormCompressed
		}
		blob, err := col.Append(nil)
		if err != nil {
			continue // nobody can write this one
		}
		k := session.Key{App: "shop", ID: layout.NewSessionID()}
		w.put(k, blob)
		m, form := slots(blob)
		hidden += len(m)
		all = append(all, kept{k, form, m})
	}
	if len(all) != 100 || hidden < 300 {
		t.Fatalf("%d sessions, %d hidden items", len(all), hidden)
	}
	writes := 10
	if os.Getenv("ASPSTATE_TEST_LONG") != "" {
		writes = 1000
	}
	for n := range writes {
		for i, s := range all {
			change := set("CoreCount", fmt.Sprint(n+1))
			if n%3 == 2 {
				change = set("UserName", fmt.Sprintf("%q", strings.Repeat("x", n)))
			}
			if (i+n)%2 == 0 {
				if status, body := w.load(s.key.ID).commit(change); status != 200 {
					t.Fatalf("%d %q", status, body)
				}
			} else if d := w.post(s.key.ID); true {
				if got := d.finish(changed(d.Payload, change)); got != `{"s":true}` {
					t.Fatal(got)
				}
			}
		}
	}
	for _, s := range all {
		now, form := slots(w.record(s.key).Payload)
		if form != s.form || len(now) != len(s.hidden) {
			t.Fatalf("%v, %d items; were %v, %d", form, len(now), s.form, len(s.hidden))
		}
		for key, slot := range s.hidden {
			if now[key] != slot {
				t.Errorf("item %s is %x, was %x", key, now[key], slot)
			}
		}
		if !strings.Contains(w.items(s.key), "CoreCount=10") {
			t.Error(w.items(s.key))
		}
	}
}
