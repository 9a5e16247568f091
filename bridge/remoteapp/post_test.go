package remoteapp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	remotesession "github.com/aspstate/aspstate/fixtures/remote-session"
	"github.com/aspstate/aspstate/session"
)

// duplex is an exchange of which both bodies are under way.
type duplex struct {
	*loaded
	body *io.PipeWriter
}

// post loads with a request whose body is still to come.
func (w *world) post(id string) *duplex {
	w.t.Helper()
	r, body := io.Pipe()
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	w.t.Cleanup(cancel)
	res := w.do(w.request(http.MethodPost, id, false, r).WithContext(ctx))
	if res.ProtoMajor != 2 {
		w.t.Fatalf("HTTP/%d", res.ProtoMajor)
	}
	return &duplex{&loaded{w, readPayload(w.t, res), res, cancel}, body}
}

// finish sends a commit in tiny pieces, ends the body, and returns the rest of the answer.
func (d *duplex) finish(b []byte) string {
	d.t.Helper()
	for i := range b {
		if _, err := d.body.Write(b[i : i+1]); err != nil { // the bridge has answered already
			break
		}
	}
	d.body.Close()
	return d.rest()
}

// The answer begins before the body, over real TLS too, and ends with the result: the bytes of fixture 13.
func TestPost(t *testing.T) {
	w := overTLS(t)
	w.usual()
	d := w.post(testID)
	if d.ReadOnly || d.New || !w.record(shopKey).Lock.Locked || w.h.Holding() != 0 {
		t.Errorf("%+v", d.Payload)
	}
	if status, body := d.commit(set("CoreCount", "0")); status != 400 || body != noSession { // of some other request
		t.Errorf("a PUT: %d %q", status, body)
	}
	got := string(AppendPayload(nil, d.Payload))
	got += d.finish(changed(d.Payload, set("CoreCount", "42"), unset("IsAdmin"), timeout(45)))
	if got != string(remotesession.Named(t, "13-post-body-success").Bin) {
		t.Errorf("%q", got)
	}
	if got := w.items(shopKey); got != "45 min UserName=Ada Lovelace CoreCount=42 Hidden=SECRET" {
		t.Error(got)
	}
}

// Whatever is no whole commit changes nothing and gives the lock back at once.
func TestPostWithoutCommit(t *testing.T) {
	half := func(d *duplex) []byte { b := changed(d.Payload, set("CoreCount", "42")); return b[:len(b)-1] }
	for _, c := range []struct {
		name, rest string
		end        func(d *duplex) string
	}{
		{"no bytes", `{"m":"No session data was supplied for commit"}`, func(d *duplex) string { return d.finish(nil) }},
		{"a payload that is cut", `{"m":"Failed to deserialize session state: `, func(d *duplex) string { return d.finish(half(d)) }},
		{"no payload", `{"m":"Failed to deserialize session state: version: unknown version at offset 0"}`, func(d *duplex) string { return d.finish([]byte("\x02")) }},
		{"another id", `{"m":"Failed to deserialize session state: `, func(d *duplex) string {
			return d.finish(changed(d.Payload, func(p *Payload) { p.SessionID = "id" }))
		}},
		{"no timeout", `{"m":"Failed to deserialize session state: `, func(d *duplex) string { return d.finish(changed(d.Payload, timeout(0))) }},
		{"a wrong value", `{"m":"The value of key CoreCount cannot be stored as its registered type; nothing was stored"}`, func(d *duplex) string {
			return d.finish(changed(d.Payload, set("UserName", `"x"`), set("CoreCount", `"SECRET"`)))
		}},
		{"too much", `{"m":"The session is too large"}`, func(d *duplex) string {
			return d.finish(changed(d.Payload, set("UserName", `"`+strings.Repeat("x", 3000)+`"`)))
		}},
		{"reset at once", "", func(d *duplex) string { d.res.Body.Close(); return "" }},
		{"reset after a whole payload", "", func(d *duplex) string {
			if _, err := d.body.Write(changed(d.Payload, set("CoreCount", "42"))); err != nil {
				d.t.Fatal(err)
			}
			d.body.CloseWithError(errors.New("there is an unknown key")) // as a client does
			return ""
		}},
		{"the connection is closed", "", func(d *duplex) string {
			if _, err := d.body.Write(changed(d.Payload, set("CoreCount", "42"))); err != nil {
				d.t.Fatal(err)
			}
			d.closeAll()
			return ""
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := overPipe(t, func(o *Options) { o.MaxBody = 2000 }).speaking(true)
				w.usual()
				d := w.post(testID)
				if got := c.end(d); !strings.HasPrefix(got, c.rest) || strings.Contains(got, `"s"`) {
					t.Errorf("the answer ends with %q", got)
				}
				synctest.Wait()
				if got := w.items(shopKey); got != usually {
					t.Error(got)
				}
			})
		})
	}
}

// closeAll closes the connections of the bridge, as if the client were gone.
func (w *world) closeAll() {
	w.pipe.mu.Lock()
	defer w.pipe.mu.Unlock()
	for _, c := range w.pipe.open {
		c.Close()
	}
}

// A lock that is held for too long is given back, and the client is told.
func TestPostTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := overPipe(t, func(o *Options) { o.Apps[0].MaxHold = time.Minute }).speaking(true)
		w.usual()
		d := w.post(testID)
		began := time.Now()
		go d.body.Write(changed(d.Payload, set("CoreCount", "42"))) // all but its end
		if rest := d.rest(); rest != `{"m":"The session was held for too long; nothing was stored"}` || time.Since(began) != time.Minute {
			t.Errorf("%q after %v", rest, time.Since(began))
		}
		if got := w.items(shopKey); got != usually {
			t.Error(got)
		}
	})
}

// A POST that is read-only is a look.
func TestPostReadOnly(t *testing.T) {
	w := overTLS(t)
	w.usual()
	status, body := w.whole(w.request(http.MethodPost, testID, true, http.NoBody))
	p, rest, err := DecodePayload([]byte(body))
	if status != 200 || err != nil || len(rest) > 0 || !p.ReadOnly || w.items(shopKey) != usually {
		t.Errorf("%d %q", status, body)
	}
}

// POST is refused by 405 where it cannot work: over HTTP/1.1, and where the configuration says so.
func TestPostRefused(t *testing.T) {
	one := overHTTP(t)
	two := overTLS(t, func(o *Options) { o.Apps[0].TwoConnections = true })
	for _, w := range []*world{one, two} {
		w.usual()
		r, body := io.Pipe()
		defer body.Close()
		req := w.request(http.MethodPost, testID, false, r)
		if w == one { // the answer waits for the body there
			req.Body = io.NopCloser(chunked([]byte("x")))
		}
		res := w.do(req)
		res.Body.Close()
		if res.StatusCode != 405 || res.Header.Get("Allow") != "GET, PUT" || w.items(shopKey) != usually {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
		l := w.load(testID)
		if status, _ := l.commit(set("CoreCount", "42")); status != 200 {
			t.Errorf("then by GET and PUT: %d", status)
		}
	}
}

// Many requests of one client queue for one lock, each on a stream of its own, and none is lost.
func TestPostQueue(t *testing.T) {
	const n = 40
	w := overTLS(t)
	w.usual()
	done := make(chan string, n)
	for range n {
		go func() {
			d := w.post(testID)
			var count int
			for _, it := range d.Items {
				if it.Key == "CoreCount" {
					for _, c := range it.Value {
						count = 10*count + int(c-'0')
					}
				}
			}
			done <- d.finish(changed(d.Payload, set("CoreCount", strconv.Itoa(count+1))))
		}()
	}
	for range n {
		if got := <-done; got != `{"s":true}` {
			t.Error(got)
		}
	}
	if got := w.items(shopKey); !strings.Contains(got, "CoreCount="+strconv.Itoa(41+n)+" ") {
		t.Error(got)
	}
}

// A lock that somebody else has taken meanwhile: nothing of theirs is overwritten, and the client is told.
func TestLockLost(t *testing.T) {
	theirs := "20 min UserName=theirs"
	for _, mode := range []string{"PUT", "POST"} {
		for _, c := range []struct {
			name    string
			steal   func(t *testing.T, w *world)
			left    string
			changes []func(*Payload)
		}{
			{"it holds the lock", func(t *testing.T, w *world) {}, usually + " locked", []func(*Payload){set("CoreCount", "42")}},
			{"it has written", func(t *testing.T, w *world) { w.overwrite("theirs") }, theirs, []func(*Payload){set("CoreCount", "42")}},
			{"it has written, nothing has changed here", func(t *testing.T, w *world) { w.overwrite("theirs") }, theirs, nil},
			{"it has written, it is abandoned here", func(t *testing.T, w *world) { w.overwrite("theirs") }, theirs, []func(*Payload){abandon}},
			{"it has removed the session", func(t *testing.T, w *world) {
				if err := w.store.Remove(t.Context(), shopKey, session.IfFree(w.record(shopKey).Lock.Cookie)); err != nil {
					t.Fatal(err)
				}
			}, "gone", []func(*Payload){set("CoreCount", "42")}},
		} {
			t.Run(mode+", "+c.name, func(t *testing.T) {
				w := overTLS(t)
				w.usual()
				var l *loaded
				var d *duplex
				if mode == "PUT" {
					l = w.load(testID)
				} else {
					d = w.post(testID)
					l = d.loaded
				}
				mine := w.record(shopKey).Lock.Cookie
				if err := w.store.ReleaseExclusive(t.Context(), shopKey, mine); err != nil { // as Framework applications do it
					t.Fatal(err)
				}
				if _, err := w.store.GetExclusive(t.Context(), shopKey); err != nil {
					t.Fatal(err)
				}
				c.steal(t, w)
				var told string
				if mode == "PUT" {
					var status int
					if status, told = l.commit(c.changes...); status != 400 {
						t.Errorf("status %d", status)
					}
				} else {
					told = d.finish(changed(l.Payload, c.changes...))
				}
				want := lockLost
				if c.left == "gone" {
					want = sessionGone
				}
				if !strings.Contains(told, want) {
					t.Errorf("told %q", told)
				}
				if got := w.items(shopKey); got != c.left {
					t.Error(got)
				}
			})
		}
	}
}
