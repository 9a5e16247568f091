package remoteapp

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

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
