package remoteapp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	remotesession "github.com/aspstate/aspstate/fixtures/remote-session"
	"github.com/aspstate/aspstate/session"
)

// A read-only load shows the session and neither locks nor writes it; what the client does not know of is not in it.
func TestReadOnly(t *testing.T) {
	w := overHTTP(t)
	blob := w.usual()
	res := w.do(w.request(http.MethodGet, testID, true, nil))
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	p, rest, err := DecodePayload(body)
	if err != nil || len(rest) > 0 || !p.ReadOnly || p.New || p.SessionID != testID || p.Timeout != 20 || len(p.Unknown) > 0 {
		t.Errorf("%+v, %v", p, err)
	}
	want := slices.Clone(remotesession.Named(t, "03-load-three-keys").Bin)
	want[28] = 1 // read-only
	if string(body) != string(want) {
		t.Errorf("not fixture 03: %q", body)
	}
	if ct := res.Header.Get("Content-Type"); ct != "application/json; charset=utf-8" || len(res.Header["Set-Cookie"]) > 0 || res.Header.Get("Content-Encoding") != "" {
		t.Errorf("%v", res.Header)
	}
	if r := w.record(shopKey); r.Lock.Locked || string(r.Payload) != string(blob) {
		t.Error("the session was touched")
	}
}

// A session that is not there is shown as a new one, under the id that was asked for if it is one, and not made.
func TestReadOnlyNew(t *testing.T) {
	w := overHTTP(t)
	for _, c := range []struct{ cookie, id string }{
		{testID, testID}, {strings.ToUpper(testID), testID}, {"", ""}, {"short", ""}, {testID + "a", ""}, {"k2m4qj0v5x1ybz3hw4cfrdn9", ""},
	} {
		p := w.look(c.cookie)
		if !p.New || !p.ReadOnly || p.Timeout != 20 || len(p.Items) > 0 || len(p.SessionID) != 24 || c.id != "" && p.SessionID != c.id || p.SessionID == c.cookie && c.id == "" {
			t.Errorf("%q: %+v", c.cookie, p)
		}
		if w.record(session.Key{App: "shop", ID: p.SessionID}) != nil {
			t.Errorf("%q was made", c.cookie)
		}
	}
}

// A load, its heartbeats, the commit: the bytes of fixture 12, and the items that the client has changed.
func TestGetAndPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := overPipe(t)
		w.usual()
		l := w.load(strings.ToUpper(testID))
		if l.ReadOnly || l.New || l.res.Header.Get("Content-Type") != "text/event-stream" || len(l.res.Header["Set-Cookie"]) > 0 {
			t.Errorf("%+v, %v", l.Payload, l.res.Header)
		}
		if !w.record(shopKey).Lock.Locked || w.h.Holding() != 1 {
			t.Error("no lock")
		}
		rest := make(chan string, 1)
		go func() { rest <- l.rest() }()
		time.Sleep(3*DefaultBeat + time.Second)
		status, body := l.commit(set("CoreCount", "42"), set("Note", `"n\u00EB\u0077"`), unset("IsAdmin"), timeout(45))
		if status != 200 || body != "" {
			t.Errorf("%d %q", status, body)
		}
		got := string(AppendPayload(nil, l.Payload)) + <-rest
		if want := remotesession.Named(t, "12-get-writable-body").Bin; got != string(want) {
			t.Errorf("%q is not fixture 12", got)
		}
		if got := w.items(shopKey); got != "45 min UserName=Ada Lovelace CoreCount=42 Hidden=SECRET Note=nëw" {
			t.Error(got)
		}
		synctest.Wait()
		if status, body := l.commit(); status != 400 || body != noSession || w.h.Holding() != 0 {
			t.Errorf("a second PUT: %d %q", status, body)
		}
	})
}

// The commit of fixture 06 is that of the load of fixture 03.
func TestFixtureCommit(t *testing.T) {
	w := overHTTP(t, func(o *Options) { o.Apps[0].Keys["Profile"] = raw{} })
	w.usual()
	w.load(testID)
	status, body := w.whole(w.request(http.MethodPut, testID, false, chunked(remotesession.Named(t, "06-commit-full").Bin)))
	want := "45 min UserName=Zoë <admin> & \"Ada\" +1 😀 CoreCount=42 Hidden=SECRET Profile=" + string(mustItem(t, "06-commit-full", "Profile"))
	if got := w.items(shopKey); status != 200 || got != want {
		t.Errorf("%d %q: %s", status, body, got)
	}
	w.load(testID)
	status, body = w.whole(w.request(http.MethodPut, testID, false, chunked(remotesession.Named(t, "07-commit-abandon").Bin)))
	if got := w.items(shopKey); status != 200 || got != "gone" {
		t.Errorf("%d %q: %s", status, body, got)
	}
}

// raw keeps JSON as a text.
type raw struct{}

func (raw) TakesNull() bool { return true }
func (raw) ToJSON(dst []byte, v aspnetser.Value) ([]byte, error) {
	s, _ := v.Text()
	return append(dst, s...), nil
}
func (raw) FromJSON(b []byte, _ aspnetser.Value, _ bool) (aspnetser.Value, error) {
	return aspnetser.String(string(b)), nil
}

func mustItem(t *testing.T, fixture, key string) []byte {
	t.Helper()
	p, _, err := DecodePayload(remotesession.Named(t, fixture).Bin)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.Items, func(it PayloadItem) bool { return it.Key == key })
	return p.Items[i].Value
}

// A lock that a client holds ends with it, and nothing changes: when it goes away, when its time is up, when it stops reading.
func TestHoldEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration // the lock is free
		end   func(l *loaded)
	}{
		{"the client goes away", 0, func(l *loaded) { l.cancel() }},
		{"the session's timeout", 20 * time.Minute, func(l *loaded) { go l.rest() }},
		{"MaxHold", 3 * time.Minute, func(l *loaded) { go l.rest() }},
		{"the client does not read on", DefaultBeat + DefaultPatience, func(*loaded) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := overPipe(t)
				if c.name == "MaxHold" {
					w.h.live.Load().places[0].MaxHold = 3 * time.Minute
				}
				w.usual()
				before := w.items(shopKey)
				began := time.Now()
				l := w.load(testID)
				c.end(l)
				synctest.Wait()
				if c.after > 0 {
					time.Sleep(c.after - time.Since(began) - time.Second)
					synctest.Wait()
					if !w.record(shopKey).Lock.Locked {
						t.Error("the lock is given back too early")
					}
					time.Sleep(2 * time.Second)
					synctest.Wait()
				}
				if got := w.items(shopKey); got != before || w.h.Holding() != 0 {
					t.Errorf("%s, %d held", got, w.h.Holding())
				}
				if status, body := l.commit(set("CoreCount", "42")); status != 400 || body != noSession || w.items(shopKey) != before {
					t.Errorf("a late PUT: %d %q", status, body)
				}
			})
		})
	}
}

// Two requests of one session are one after the other, and readers wait for writers.
func TestSerial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := overPipe(t)
		w.usual()
		first := w.load(testID)
		second, reader := make(chan *loaded), make(chan *Payload)
		go func() { second <- w.load(testID) }()
		go func() { reader <- w.look(testID) }()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if w.h.Waiting() != 2 {
			t.Fatalf("%d wait", w.h.Waiting())
		}
		if status, body := first.commit(set("CoreCount", "42")); status != 200 {
			t.Fatalf("%d %q", status, body)
		}
		next := <-second
		if string(next.Items[1].Value) != "42" {
			t.Errorf("the second one sees %s", next.Items[1].Value)
		}
		next.commit(set("CoreCount", "43"))
		if p := <-reader; string(p.Items[1].Value) != "43" {
			t.Errorf("the reader sees %s", p.Items[1].Value)
		}
		if w.h.Waiting() != 0 {
			t.Errorf("%d wait", w.h.Waiting())
		}
	})
}

// stores are those that waiting is tried with: with a queue of their own, and with none.
var stores = map[string]func(*Options){
	"a store with a queue": func(*Options) {},
	"a store without":      func(o *Options) { o.Store = verbsOnly{o.Store} },
	"a store whose queue is full": func(o *Options) {
		o.Store = fullQueue{o.Store}
	},
}

// verbsOnly hides the abilities of a store.
type verbsOnly struct{ session.Store }

// fullQueue lets nobody wait.
type fullQueue struct{ session.Store }

func (s fullQueue) WaitExclusive(ctx context.Context, k session.Key, _ time.Duration) (session.Item, error) {
	return s.GetExclusive(ctx, k)
}

// A session that is not free within the time is 503; who goes away while waiting does not get the lock.
func TestBusy(t *testing.T) {
	for name, store := range stores {
		for _, readOnly := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := overPipe(t, store)
					w.usual()
					item, err := w.store.GetExclusive(t.Context(), shopKey)
					if err != nil {
						t.Fatal(err)
					}
					began := time.Now()
					res := w.do(w.request(http.MethodGet, testID, readOnly, nil))
					res.Body.Close()
					if took := time.Since(began); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || took < DefaultWait || took > DefaultWait+time.Second {
						t.Errorf("%d after %v", res.StatusCode, took)
					}
					ctx, cancel := context.WithCancel(t.Context())
					gone := make(chan error)
					go func() {
						_, err := w.client.Do(w.request(http.MethodGet, testID, readOnly, nil).WithContext(ctx))
						gone <- err
					}()
					time.Sleep(time.Second)
					cancel()
					if err := <-gone; !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					synctest.Wait()
					if w.h.Waiting() != 0 {
						t.Error("it waits for nobody")
					}
					if err := w.store.ReleaseExclusive(t.Context(), shopKey, item.Cookie); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Second)
					if r := w.record(shopKey); r.Lock.Locked {
						t.Error("the lock was taken for nobody")
					}
				})
			})
		}
	}
}

// A lock that is too old is taken from its holder, by readers too, as Framework applications do it.
func TestSteal(t *testing.T) {
	for name, store := range stores {
		for _, readOnly := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := overPipe(t, store)
					w.usual()
					began := time.Now()
					if _, err := w.store.GetExclusive(t.Context(), shopKey); err != nil { // of a bridge that was killed
						t.Fatal(err)
					}
					time.Sleep(time.Minute)
					if readOnly {
						w.look(testID)
					} else {
						defer w.load(testID).cancel()
					}
					if took := time.Since(began); took < DefaultStealAfter-5*time.Millisecond || took > DefaultStealAfter+2*lastPause {
						t.Errorf("after %v", took)
					}
				})
			})
		}
	}
}
