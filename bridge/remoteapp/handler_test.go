package remoteapp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// The statuses of section 12.4, of requests that hold nothing.
func TestStatuses(t *testing.T) {
	for _, w := range []*world{overHTTP(t), overTLS(t)} {
		w.usual()
		good := AppendPayload(nil, &Payload{SessionID: testID, Timeout: 20})
		for _, c := range []struct {
			name, method string
			change       func(*http.Request)
			status       int
			body         string
		}{
			{"no API key", "GET", func(r *http.Request) { r.Header.Del(DefaultKeyHeader) }, 401, ""},
			{"a wrong API key", "GET", func(r *http.Request) { r.Header.Set(DefaultKeyHeader, testKey[:35]+"2") }, 401, ""},
			{"in another case", "GET", func(r *http.Request) { r.Header.Set(DefaultKeyHeader, strings.ToUpper(testKey)) }, 401, ""},
			{"without dashes", "GET", func(r *http.Request) { r.Header.Set(DefaultKeyHeader, strings.ReplaceAll(testKey, "-", "")) }, 401, ""},
			{"two of them", "GET", func(r *http.Request) { r.Header.Add(DefaultKeyHeader, testKey) }, 401, ""},
			{"the key before the verb", "DELETE", func(r *http.Request) { r.Header.Del(DefaultKeyHeader) }, 401, ""},
			{"the key before the body", "PUT", func(r *http.Request) { r.Header.Del(DefaultKeyHeader) }, 401, ""},
			{"DELETE", "DELETE", nil, 405, "Method not allowed"},
			{"HEAD", "HEAD", nil, 405, ""},
			{"OPTIONS", "OPTIONS", nil, 405, "Method not allowed"},
			{"PUT without a cookie", "PUT", func(r *http.Request) { r.Header.Del("Cookie") }, 400, "No session ID found"},
			{"PUT with no id", "PUT", func(r *http.Request) { r.Header.Set("Cookie", DefaultCookie+"=x") }, 400, "No session ID found"},
			{"PUT of nobody", "PUT", nil, 400, "Could not find session"},
			{"a trailing slash", "GET", func(r *http.Request) { r.URL.Path += "/" }, 404, "404 page not found\n"},
			{"in another case", "GET", func(r *http.Request) { r.URL.Path = "/shop/Systemweb-adapters/session" }, 404, "404 page not found\n"},
			{"of no application", "GET", func(r *http.Request) { r.URL.Path = SessionPath }, 404, "404 page not found\n"},
			{"of an application whose name begins so", "GET", func(r *http.Request) { r.URL.Path = "/shop2" + SessionPath }, 404, "404 page not found\n"},
			{"another path", "GET", func(r *http.Request) { r.URL.Path = "/shop/" }, 404, "404 page not found\n"},
		} {
			var body io.Reader
			if c.method == "PUT" {
				body = chunked(good)
			}
			r := w.request(c.method, testID, true, body)
			if c.change != nil {
				c.change(r)
			}
			status, text := w.whole(r)
			if status != c.status || text != c.body {
				t.Errorf("%s: %d %q", c.name, status, text)
			}
		}
		for _, flag := range []string{"True", "true", " TRUE "} {
			r := w.request(http.MethodGet, testID, true, nil)
			r.Header.Set(readOnlyHeader, flag)
			r.URL.RawQuery = "a=b" // not looked at
			if status, _ := w.whole(r); status != 200 {
				t.Errorf("%q: %d", flag, status)
			}
		}
		for _, flag := range []string{"", "1", "yes", "False", "Tru"} {
			r := w.request(http.MethodGet, testID, true, nil)
			r.Header.Set(readOnlyHeader, flag)
			ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
			if p := readPayload(t, w.do(r.WithContext(ctx))); p.ReadOnly {
				t.Errorf("%q is read-only", flag)
			}
			cancel()
			w.freed(shopKey)
		}
		if w.items(shopKey) != usually {
			t.Error(w.items(shopKey))
		}
	}
}

// Bad commits of a load: 400, 413, the lock is given back, and nothing changes.
func TestPutRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   func(p *Payload) []byte
		text   string
	}{
		{"no body", 400, func(*Payload) []byte { return nil }, notDecoded},
		{"no payload", 400, func(*Payload) []byte { return []byte("{}") }, notDecoded},
		{"cut", 400, func(p *Payload) []byte { b := changed(p); return b[:len(b)-1] }, notDecoded},
		{"another id", 400, func(p *Payload) []byte { return changed(p, func(p *Payload) { p.SessionID = newID() }) }, notDecoded},
		{"a bad timeout", 400, func(p *Payload) []byte { return changed(p, timeout(0)) }, notDecoded},
		{"too large", 413, func(p *Payload) []byte { return changed(p, set("UserName", strings.Repeat("x", 3000))) }, tooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := overHTTP(t, func(o *Options) { o.MaxBody = 2000 })
			w.usual()
			l := w.load(testID)
			status, text := w.whole(w.request(http.MethodPut, testID, false, chunked(c.body(l.Payload))))
			if status != c.status || !strings.HasPrefix(text, c.text) {
				t.Errorf("%d %q", status, text)
			}
			if rest := strings.Trim(l.rest(), "\n"); rest != "" {
				t.Errorf("the GET ends with %q", rest)
			}
			if got := w.items(shopKey); got != usually {
				t.Error(got)
			}
		})
	}
}

// A PUT that is cut off is no commit: a client that finds a key which it does not know has written the whole payload before.
func TestPutCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := overPipe(t)
		w.usual()
		l := w.load(testID)
		r, body := io.Pipe()
		go func() {
			body.Write(changed(l.Payload, set("CoreCount", "42")))
			body.CloseWithError(errors.New("there is an unknown key"))
		}()
		if _, err := w.client.Do(w.request(http.MethodPut, testID, false, r)); err == nil {
			t.Error("no error")
		}
		synctest.Wait()
		if got := w.items(shopKey); got != usually || w.h.Holding() != 0 {
			t.Error(got)
		}
	})
}

// A PUT whose body does not come to its end is given up, and so is its load, even if all of the payload is there.
func TestPutStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := overPipe(t)
		w.usual()
		l := w.load(testID)
		go l.rest()
		conn, err := w.pipe.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		began := time.Now()
		payload := changed(l.Payload, set("CoreCount", "42"))
		fmt.Fprintf(conn, "PUT /shop%s HTTP/1.1\r\nHost: bridge\r\n%s: %s\r\nCookie: %s=%s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n",
			SessionPath, DefaultKeyHeader, testKey, DefaultCookie, testID, len(payload), payload) // and no last chunk
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		if res.StatusCode != 400 || !strings.HasPrefix(string(text), notDecoded) || time.Since(began) != DefaultPatience || w.items(shopKey) != usually {
			t.Errorf("%d %q after %v: %s", res.StatusCode, text, time.Since(began), w.items(shopKey))
		}
	})
}

var cookieForm = regexp.MustCompile(`^ASP\.NET_SessionId=([a-z0-5]{24}); path=/; HttpOnly; SameSite=Lax$`)

// A request without an id of ASP.NET's gets a new session and its cookie; a good id of no session is used again, without one.
func TestNewSession(t *testing.T) {
	for _, cookie := range []string{"", "short", testID + "a", testID, strings.ToUpper(testID)} {
		w := overTLS(t)
		d := w.post(cookie)
		want := strings.EqualFold(cookie, testID)
		cookies := d.res.Header["Set-Cookie"]
		if !d.New || d.ReadOnly || d.Timeout != 20 || len(d.Items) > 0 || want != (d.SessionID == testID) || want != (len(cookies) == 0) {
			t.Errorf("%q: %+v, %q", cookie, d.Payload, cookies)
		}
		if !want {
			if m := cookieForm.FindStringSubmatch(strings.Join(cookies, ", ")); m == nil || m[1] != d.SessionID {
				t.Errorf("%q: %q", cookie, cookies)
			}
		}
		if got := d.finish(changed(d.Payload)); got != `{"s":true}` { // it exists though nothing is in it
			t.Error(got)
		}
		k := session.Key{App: "shop", ID: d.SessionID}
		if got := w.items(k); got != "20 min" {
			t.Error(got)
		}
		if again := w.look(d.SessionID); again.New {
			t.Error("it is new again")
		}
	}
}

// A new session whose client goes away leaves nothing; one of somebody else's stays.
func TestNewSessionWithoutCommit(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := overPipe(t)
			l := w.load("")
			k := session.Key{App: "shop", ID: l.SessionID}
			if readOnly { // a refused commit is none
				if status, _ := l.commit(timeout(0)); status != 400 {
					t.Error(status)
				}
			}
			l.cancel()
			synctest.Wait()
			if got := w.items(k); got != "gone" {
				t.Error(got)
			}
			w.put(k, []byte("\x14\x00\x00\x00\x00\x00\xff"))
			w.load(l.SessionID).cancel()
			synctest.Wait()
			if got := w.items(k); got != "20 min" {
				t.Error(got)
			}
		})
	}
}

// The first two requests of a browser are one after the other, one of them is told that the session is new, and if that one goes
// away without a commit, the other.
func TestFirstRequests(t *testing.T) {
	for _, commits := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := overPipe(t)
			first := w.load("") // its cookie may reach the browser before it commits
			second := make(chan *loaded)
			go func() { second <- w.load(first.SessionID) }()
			time.Sleep(time.Second)
			if commits {
				if status, body := first.commit(set("UserName", `"x"`)); status != 200 {
					t.Errorf("%d %q", status, body)
				}
			} else {
				first.cancel()
			}
			next := <-second
			if next.New == commits || next.SessionID != first.SessionID || (len(next.Items) == 1) != commits {
				t.Errorf("%+v", next.Payload)
			}
			next.commit(set("CoreCount", "1"))
			k := session.Key{App: "shop", ID: first.SessionID}
			if got, want := w.items(k), map[bool]string{true: "20 min UserName=x CoreCount=1", false: "20 min CoreCount=1"}[commits]; got != want {
				t.Error(got)
			}
		})
	}
}

// New sessions are compressed where the registry says that the application's are; those that are there keep their form.
func TestForm(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		compressed *bool
		want       aspnetser.Form
	}{{nil, aspnetser.FormPlain}, {&no, aspnetser.FormPlain}, {&yes, aspnetser.FormCompressed}} {
		reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT"}, Compressed: c.compressed})
		if err != nil {
			t.Fatal(err)
		}
		w := overHTTP(t, func(o *Options) { o.Registry = reg })
		form := func(id string) aspnetser.Form {
			f, err := aspnetser.Examine(w.record(session.Key{App: "shop", ID: id}).Payload, aspnetser.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		l := w.load("")
		l.commit(set("UserName", `"x"`))
		if got := form(l.SessionID); got != c.want {
			t.Errorf("a new one is %v, want %v", got, c.want)
		}
		for _, was := range []aspnetser.Form{aspnetser.FormPlain, aspnetser.FormCompressed} {
			id := newID()
			w.given(session.Key{App: "shop", ID: id}, was, "UserName", "Ada", "CoreCount", int32(1))
			w.load(id).commit(set("CoreCount", "2"))
			if got := form(id); got != was {
				t.Errorf("it is %v, was %v", got, was)
			}
		}
	}
}

// A session that ASP.NET has made and nobody has seen is new to the first one who does.
func TestUninitialized(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		w := overTLS(t)
		if err := w.store.CreateUninitialized(t.Context(), shopKey, session.Value{Payload: []byte("\x14\x00\x00\x00\x00\x00\xff"), Timeout: 20}); err != nil {
			t.Fatal(err)
		}
		if readOnly {
			if !w.look(testID).New || w.look(testID).New {
				t.Error("not new the first time alone")
			}
			continue
		}
		if d := w.post(testID); !d.New || d.finish(nil) == "" || w.items(shopKey) != "20 min" {
			t.Errorf("%+v, %s", d.Payload, w.items(shopKey))
		}
		if w.look(testID).New {
			t.Error("it is new again")
		}
	}
}

// overtaken is a store in which somebody else has the new session first.
type overtaken struct {
	session.Store
	w *world
}

func (s overtaken) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	if err := s.Store.CreateUninitialized(ctx, k, v); err != nil {
		return err
	}
	if _, err := s.Store.GetExclusive(ctx, k); err != nil {
		return err
	}
	s.w.overwrite("theirs")
	return nil
}

// A new session that somebody else has had before is not taken away.
func TestOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := overPipe(t)
		w.h.o.Store = overtaken{w.store, w}
		l := w.load(testID)
		if l.New || len(l.Items) != 1 {
			t.Errorf("%+v", l.Payload)
		}
		l.cancel()
		synctest.Wait()
		if got := w.items(shopKey); got != "20 min UserName=theirs" {
			t.Error(got)
		}
	})
}

// leaving is a store by whose answer the client has gone.
type leaving struct {
	session.Store
	leave func()
}

func (s leaving) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := s.Store.GetExclusive(ctx, k)
	s.leave()
	return item, err
}

// A lock that is taken for a client which leaves in that moment is given back.
func TestLeavesAsLockIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := overPipe(t, func(o *Options) {
			o.Store = leaving{o.Store, func() {
				cancel()
				time.Sleep(time.Second) // the bubble's: until the bridge has seen it
			}}
		})
		w.usual()
		if _, err := w.client.Do(w.request(http.MethodGet, testID, false, nil).WithContext(ctx)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		if got := w.items(shopKey); got != usually || w.record(shopKey).Lock.Cookie == 1 {
			t.Error(got)
		}
	})
}

// Where a lock was taken from a holder whose request still runs, a PUT may be of either: none of them writes. Once the older
// one has gone, the younger one may.
func TestAmbiguousPut(t *testing.T) {
	for _, gone := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := overPipe(t)
			w.usual()
			old := w.load(testID)
			go old.rest()
			time.Sleep(DefaultStealAfter + time.Second)
			young := w.load(testID)
			want := usually
			if gone {
				old.cancel()
				synctest.Wait()
				if !w.record(shopKey).Lock.Locked {
					t.Error("the older one has given back the lock of the younger")
				}
				want = strings.Replace(usually, "41", "43", 1)
			}
			status, body := young.commit(set("CoreCount", "43"))
			if gone != (status == 200) || !gone && body != ambiguous || w.items(shopKey) != want {
				t.Errorf("%d %q: %s", status, body, w.items(shopKey))
			}
		})
	}
}

// A session that another process of ours holds: this one's PUT is refused.
func TestOtherInstance(t *testing.T) {
	w := overHTTP(t)
	other := overHTTP(t, func(o *Options) { o.Store = w.store })
	w.usual()
	l := w.load(testID)
	there := *l
	there.world = other
	if status, body := there.commit(set("CoreCount", "42")); status != 400 || body != noSession {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := l.commit(set("CoreCount", "43")); status != 200 || !strings.Contains(w.items(shopKey), "CoreCount=43") {
		t.Errorf("%d: %s", status, w.items(shopKey))
	}
}

// failing is a store that is down.
type failing struct {
	session.Store
	down *bool
}

var errDown = errors.New("the store is down")

func (s failing) Get(ctx context.Context, k session.Key) (session.Item, error) {
	if *s.down {
		return session.Item{}, errDown
	}
	return s.Store.Get(ctx, k)
}

func (s failing) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	if *s.down {
		return session.Item{}, errDown
	}
	return s.Store.GetExclusive(ctx, k)
}

func (s failing) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	if *s.down {
		return errDown
	}
	return s.Store.SetAndRelease(ctx, k, v, cond)
}

// A store that is down is 500, or no "s", and told to the log.
func TestStoreDown(t *testing.T) {
	down := true
	w := overTLS(t, func(o *Options) { o.Store = failing{o.Store, &down} })
	w.usual()
	for _, readOnly := range []bool{true, false} {
		if status, body := w.whole(w.request(http.MethodGet, testID, readOnly, nil)); status != 500 || strings.Contains(body, errDown.Error()) {
			t.Errorf("%d %q", status, body)
		}
	}
	for _, method := range []string{"PUT", "POST"} {
		down = false
		if method == "PUT" {
			l := w.load(testID)
			down = true
			if status, body := l.commit(set("CoreCount", "42")); status != 500 {
				t.Errorf("%d %q", status, body)
			}
		} else {
			d := w.post(testID)
			down = true
			if rest := d.finish(changed(d.Payload, set("CoreCount", "42"))); rest != `{"m":"The session could not be written"}` {
				t.Error(rest)
			}
		}
		if w.items(shopKey) != usually {
			t.Error(w.items(shopKey))
		}
	}
	if !strings.Contains(w.log.String(), errDown.Error()) {
		t.Errorf("the log has %s", w.log)
	}
}

// Shutdown lets those commit who hold a lock, and ends what does not end by itself.
func TestShutdown(t *testing.T) {
	for _, commits := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := overPipe(t)
			w.usual()
			l := w.load(testID)
			go l.rest()
			d := w.speaking(true).post("") // it does not end by itself
			waits := make(chan int)
			go func() {
				res := w.do(w.request(http.MethodGet, testID, false, nil))
				res.Body.Close()
				waits <- res.StatusCode
			}()
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			stopped := make(chan error)
			go func() { stopped <- w.h.Shutdown(ctx) }()
			if status := <-waits; status != 503 {
				t.Errorf("who waits gets %d", status)
			}
			if status, _ := w.whole(w.request(http.MethodGet, testID, true, nil)); status != 503 {
				t.Errorf("who comes gets %d", status)
			}
			want := usually
			if commits {
				if status, body := l.commit(set("CoreCount", "42")); status != 200 {
					t.Errorf("%d %q", status, body)
				}
				if got := d.finish(changed(d.Payload)); got != `{"s":true}` {
					t.Error(got)
				}
				want = strings.Replace(usually, "41", "42", 1)
			}
			if err := <-stopped; commits != (err == nil) {
				t.Error(err)
			}
			if got := w.items(shopKey); got != want || w.h.Holding() != 0 {
				t.Error(got)
			}
			if got := w.items(session.Key{App: "shop", ID: d.SessionID}); commits != (got == "20 min") {
				t.Error(got)
			}
		})
	}
}

// What cannot work is refused, and the error has no API key in it.
func TestSettings(t *testing.T) {
	app := func(change func(*App)) []App {
		a := App{Name: "shop", Prefix: "/shop", APIKeys: []string{testKey}}
		change(&a)
		return []App{a}
	}
	key := func(k string) []App { return app(func(a *App) { a.APIKeys = []string{k} }) }
	upstream := func(s string) []App {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return app(func(a *App) { a.Upstream = u })
	}
	w := newHandler(t)
	for _, good := range [][]App{
		nil, key("{" + testKey + "}"), key(strings.ReplaceAll(testKey, "-", "")), app(func(a *App) { a.Prefix = "/" }), app(func(a *App) { a.Prefix = "/a/b/" }),
		app(func(a *App) { a.Keys = Keys{"a": raw{}, "b": raw{}, "": raw{}} }), app(func(a *App) { a.Timeout = 525600 }), upstream("https://old/x"),
		append(app(func(a *App) {}), app(func(a *App) { a.Prefix = "/other" })...),
	} {
		if err := w.h.Change(Settings{Apps: good}); err != nil {
			t.Error(err)
		}
	}
	for i, bad := range [][]App{
		key(""), key("s3cret"), key("00000000-0000-0000-0000-000000000000"), key("{" + testKey), key(testKey + "0"), key("7d2f9c40-1b2e-4a55-9d70-0c5b7a1e33fg"),
		app(func(a *App) { a.APIKeys = nil }), app(func(a *App) { a.APIKeys = append(a.APIKeys, "x") }),
		app(func(a *App) { a.Prefix = "shop" }), app(func(a *App) { a.Prefix = "/shop/../x" }), app(func(a *App) { a.Prefix = "//shop" }),
		app(func(a *App) { a.Cookie = "a b" }), app(func(a *App) { a.Timeout = -1 }), app(func(a *App) { a.Timeout = 525601 }), app(func(a *App) { a.MaxHold = -1 }),
		app(func(a *App) { a.Keys = Keys{"Key": raw{}, "kEY": raw{}} }), app(func(a *App) { a.Keys = Keys{"a": nil} }), app(func(a *App) { a.Keys = Keys{"\xff": raw{}} }),
		append(app(func(a *App) {}), app(func(a *App) { a.Prefix = "/shop/" })...),
		upstream("ftp://old"), upstream("//old"), upstream("http:///x"), upstream("http://u:p@old/"),
	} {
		err := w.h.Change(Settings{Apps: bad})
		if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), testKey) {
			t.Errorf("%d: %v", i, err)
		}
		if len(w.h.live.Load().places) != 2 {
			t.Error("the settings have changed")
		}
	}
	if err := w.h.Change(Settings{MaxBody: -1}); err == nil {
		t.Error("a negative limit")
	}
	if _, err := New(Options{}); err == nil {
		t.Error("no store")
	}
	if h, err := New(Options{Store: w.store, Settings: Settings{Apps: key("x")}}); err == nil || h != nil {
		t.Error("bad settings")
	}
}

// What is agreed between client and server can be agreed otherwise, and replaced while the bridge serves.
func TestNames(t *testing.T) {
	other := "{11111111-2222-3333-4444-555555555555}"
	w := overTLS(t, func(o *Options) {
		a := &o.Apps[0]
		a.KeyHeader, a.Cookie, a.Secure, a.SameSite, a.Timeout, a.Prefix = "X-Key", "sid", true, http.SameSiteNoneMode, 7, ""
		a.APIKeys = []string{other, testKey}
	})
	for _, key := range []string{other, testKey} {
		r := w.request(http.MethodGet, "", false, nil)
		r.URL.Path = SessionPath
		r.Header.Set("X-Key", key)
		ctx, cancel := context.WithCancel(t.Context())
		res := w.do(r.WithContext(ctx))
		p := readPayload(t, res)
		if got := res.Header.Get("Set-Cookie"); p.Timeout != 7 || got != "sid="+p.SessionID+"; path=/; secure; HttpOnly; SameSite=None" {
			t.Errorf("%q", got)
		}
		cancel()
	}
	if err := w.h.Change(Settings{Apps: []App{{Name: "shop", APIKeys: []string{testKey}}}}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{other: 401, testKey: 200} {
		r := w.request(http.MethodGet, "", true, nil)
		r.URL.Path = SessionPath
		r.Header.Set(DefaultKeyHeader, key)
		if status, _ := w.whole(r); status != want {
			t.Errorf("%d, want %d", status, want)
		}
	}
}

// An id has 120 random bits in ASP.NET's alphabet, the low bits of the first byte first.
func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	count := map[rune]int{}
	for range 2000 {
		id := newID()
		if seen[id] || len(id) != 24 {
			t.Fatalf("%q", id)
		}
		seen[id] = true
		for _, c := range id {
			count[c]++
		}
	}
	if len(count) != 32 {
		t.Errorf("%d letters", len(count))
	}
	for c, n := range count {
		if !strings.ContainsRune(idAlphabet, c) || n < 1200 || n > 1800 { // 1500, of 38 deviation
			t.Errorf("%q comes %d times", c, n)
		}
	}
}

// Two applications under one bridge have their own keys, cookies and sessions.
func TestApplications(t *testing.T) {
	const second = "11111111222233334444555555555555"
	w := overHTTP(t, func(o *Options) {
		o.Apps = append(o.Apps, App{Name: "root", APIKeys: []string{second}, Keys: testKeys()}, App{Name: "sub", Prefix: "/shop/sub", APIKeys: []string{second}})
	})
	w.usual()
	for path, want := range map[string]string{"/shop": "200 3", "": "401", "/shop/sub": "401"} {
		r := w.request(http.MethodGet, testID, true, nil)
		r.URL.Path = path + SessionPath
		res := w.do(r)
		got := fmt.Sprint(res.StatusCode)
		if res.StatusCode == 200 {
			got += fmt.Sprint(" ", len(readPayload(t, res).Items))
		}
		res.Body.Close()
		if got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		r = w.request(http.MethodGet, testID, true, nil)
		r.URL.Path = path + SessionPath
		r.Header.Set(DefaultKeyHeader, second)
		if status, body := w.whole(r); (status == 200) != (path != "/shop") || status == 200 && len(body) > 40 {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
}
