package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/bridge/remoteapp"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

const (
	shopAppID = "/LM/W3SVC/3/ROOT/shop"
	coreKey   = "7d2f41c2-9b1e-4d7a-8a55-0c6f5f0f4b11"
	someID    = "k2m4qj0v5x1ybz3hw4cfrdna"
)

// addresses are where the fronts of a bridge serve, by their protocols.
func (r *running) addresses(t *testing.T, protocols ...string) (all []string) {
	t.Helper()
	for _, p := range protocols {
		all = append(all, r.says(regexp.MustCompile(`msg=serving protocol="?` + p + `"? address=(\S+)`))[1])
	}
	return all
}

func over(t *testing.T, base, key string) *client.Client {
	t.Helper()
	c, err := client.New(base, client.Options{Key: client.APIKey(key)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// items makes a payload.
func items(t *testing.T, all map[string]any) []byte {
	t.Helper()
	c := &aspnetser.Collection{Timeout: 20}
	for k, v := range all {
		if err := aspnetser.Set(c, k, v); err != nil {
			t.Fatal(err)
		}
	}
	b, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// item reads one item of a payload.
func item[T any](t *testing.T, payload []byte, key string) T {
	t.Helper()
	c, err := aspnetser.Open(payload, aspnetser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := aspnetser.Get[T](c, key)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return v
}

// TestBridgeHTTP: a program that speaks the HTTP API, one that speaks the State Server protocol and one of ASP.NET Core have one session;
// keys and applications are read again; nothing of it is in the log.
func TestBridgeHTTP(t *testing.T) {
	unseen(t)
	config := filepath.Join(t.TempDir(), "bridge.toml")
	write := func(httpKey, more string) {
		t.Helper()
		text := fmt.Sprintf(`
stateserver = "127.0.0.1:0"
http = "127.0.0.1:0"
http-key = ["shop=%s"]
remote-app = "127.0.0.1:0"
compressed = ["shop=yes"]
[app]
shop = ["%s"]
[remoteapp.shop]
prefix = "/shop"
api-key = "%s"
[remoteapp.shop.keys]
UserName = "string"
%s`, httpKey, shopAppID, coreKey, more)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first-key", "")
	b := runBridge(t, "--config", config)
	at := b.addresses(t, "State Server", "HTTP", "remote app")
	k := session.Key{App: "shop", ID: someID}

	api := over(t, "http://"+at[1], "first-key")
	v := session.Value{Payload: items(t, map[string]any{"UserName": "Ada", "CoreCount": int32(41), "secret-cart": "pear"}), Timeout: 20}
	if err := api.SetAndRelease(t.Context(), k, v, session.Insert()); err != nil {
		t.Fatal(err)
	}
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{shopAppID}})
	if err != nil {
		t.Fatal(err)
	}
	spelling, err := layout.NewSpelling(reg, layout.RuleStateServer)
	if err != nil {
		t.Fatal(err)
	}
	wire := stateserver.NewClient(at[0], stateserver.ClientOptions{})
	defer wire.Close()
	node := &layout.Respelled{Table: wire, Spelling: spelling, Rule: layout.RuleStateServer}
	got, err := node.GetExclusive(t.Context(), k)
	if err != nil || item[string](t, got.Payload, "UserName") != "Ada" {
		t.Fatalf("over the State Server protocol: %v", err)
	}
	if d, err := aspnetser.Detect(got.Payload, aspnetser.Options{}); err != nil || d.Form != aspnetser.FormCompressed {
		t.Errorf("the application's nodes compress, and the session is %v (%v)", d.Form, err)
	}
	var locked *session.LockedError
	if _, err := api.GetExclusive(t.Context(), k); !errors.As(err, &locked) || locked.Cookie != got.Cookie {
		t.Errorf("beside the lock of a node: %v", err)
	}
	if err := node.ReleaseExclusive(t.Context(), k, got.Cookie); err != nil {
		t.Fatal(err)
	}

	core := func(key string) (*http.Response, []byte) {
		t.Helper()
		q, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+at[2]+"/shop"+remoteapp.SessionPath, nil)
		q.Header.Set(remoteapp.DefaultKeyHeader, key)
		q.Header.Set("X-SystemWebAdapter-RemoteAppSession-ReadOnly", "True")
		q.AddCookie(&http.Cookie{Name: remoteapp.DefaultCookie, Value: someID})
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r, body
	}
	r, body := core(coreKey)
	p, _, err := remoteapp.DecodePayload(body)
	if err != nil || r.StatusCode != 200 || p.SessionID != someID || len(p.Items) != 1 || string(p.Items[0].Value) != `"Ada"` {
		t.Errorf("for ASP.NET Core: %d, %+v, %v", r.StatusCode, p, err)
	}
	if r, _ := core("8d2f41c2-9b1e-4d7a-8a55-0c6f5f0f4b11"); r.StatusCode != 401 {
		t.Errorf("another key: %d", r.StatusCode)
	}

	write("second-key", `CoreCount = "int"`)
	if err := b.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	b.says(regexp.MustCompile("settings were read again"))
	if _, err := api.Get(t.Context(), k); err == nil {
		t.Error("a key that was taken away still opens")
	}
	if _, err := over(t, "http://"+at[1], "second-key").Get(t.Context(), k); err != nil {
		t.Errorf("the new key: %v", err)
	}
	if _, body = core(coreKey); true {
		if p, _, err := remoteapp.DecodePayload(body); err != nil || len(p.Items) != 2 {
			t.Errorf("with another registered key: %+v, %v", p, err)
		}
	}
	write("second-key", `Bad = "no such type"`)
	if err := b.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	b.says(regexp.MustCompile("reloading failed"))
	said := b.stop(os.Interrupt)
	for _, secret := range []string{someID, "Ada", "pear", "first-key", "second-key", coreKey} {
		if strings.Contains(said, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// TestBridgeHTTPWithTLS: clients with HTTP/2, a stop while one holds a session and another waits for it, and what is served upstream.
func TestBridgeHTTPWithTLS(t *testing.T) {
	unseen(t)
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "old page %s, key %q", r.URL.Path, r.Header.Get(remoteapp.DefaultKeyHeader))
	}))
	defer old.Close()
	cert, key, pool := certificateFiles(t, t.TempDir())
	config := filepath.Join(t.TempDir(), "bridge.toml")
	text := fmt.Sprintf(`
[remoteapp.shop]
api-key = "%s"
upstream = "%s"
[remoteapp.shop.keys]
Cart = "Demo.Cart"
[remoteapp.shop.class."Demo.Cart"]
library = "Demo, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"
complete = true
members = [{ name = "Id", type = "int" }, { name = "Lines", type = "List<Demo.Line>", field = "_lines" }]
[remoteapp.shop.class."Demo.Line"]
library = "Demo, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"
members = [{ name = "Sku", type = "string" }]
`, coreKey, old.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := runBridge(t, "--config", config, "--http", "127.0.0.1:0", "--http-key", "shop=k", "--http-cert", cert, "--http-cert-key", key,
		"--remote-app", "127.0.0.1:0", "--remote-app-cert", cert, "--remote-app-cert-key", key, "--app", "shop="+shopAppID)
	at := b.addresses(t, "HTTP", "remote app")
	trusting := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer trusting.CloseIdleConnections()
	web := &http.Client{Transport: trusting}

	r, err := web.Get("https://" + at[1] + "/shop/basket")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(r.Body)
	r.Body.Close()
	if string(page) != `old page /shop/basket, key ""` || r.ProtoMajor != 2 {
		t.Errorf("upstream: %s, HTTP/%d", page, r.ProtoMajor)
	}

	c, err := client.New("https://"+at[0], client.Options{Key: "k", HTTP: web})
	if err != nil {
		t.Fatal(err)
	}
	k := session.Key{App: "shop", ID: someID}
	if err := c.SetAndRelease(t.Context(), k, session.Value{Payload: items(t, nil), Timeout: 20}, session.Insert()); err != nil {
		t.Fatal(err)
	}

	// A page of ASP.NET Core holds the session, by one connection that stays open.
	in, commit := io.Pipe()
	q, _ := http.NewRequestWithContext(t.Context(), "POST", "https://"+at[1]+remoteapp.SessionPath, in)
	q.Header.Set(remoteapp.DefaultKeyHeader, coreKey)
	q.AddCookie(&http.Cookie{Name: remoteapp.DefaultCookie, Value: someID})
	held, err := web.Do(q)
	if err != nil || held.StatusCode != 200 {
		t.Fatalf("%v, %v", held, err)
	}
	defer held.Body.Close()
	var locked *session.LockedError
	if _, err := c.GetExclusive(t.Context(), k); !errors.As(err, &locked) {
		t.Fatalf("beside a page of ASP.NET Core: %v", err)
	}
	waited := make(chan error)
	go func() {
		_, err := c.WaitExclusive(context.WithoutCancel(t.Context()), k, time.Minute)
		waited <- err
	}()
	if err := b.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	b.says(regexp.MustCompile("stopping"))
	commit.Close() // no commit
	if err := <-waited; err == nil {
		t.Log("the wait was over before the stop") // either is right; that both end is what is looked at
	}
	if code := b.ended(); code != 0 {
		t.Errorf("exit %d\n%s", code, b.said())
	}
}

// TestMigrateOverABridge: sessions go into a bridge and out of it over HTTP, and a second run copies nothing.
func TestMigrateOverABridge(t *testing.T) {
	unseen(t)
	sb := filepath.Join(t.TempDir(), "sandbox")
	b := runBridge(t, "--http", "127.0.0.1:0", "--http-rows-key", "rows-key", "--http-key", "shop=k")
	at := b.addresses(t, "HTTP")[0]
	u := url.URL{Scheme: "http", Host: at, User: url.User("rows-key")}
	ok(t, "migrate", "--from", "v1.1", "--sandbox", sb, "--sandbox-sessions", "300", "--checkpoint", sb+".checkpoint", "--to-dsn", u.String())
	again := lastLine(t, ok(t, "migrate", "--from", "v1.1", "--sandbox", sb, "--checkpoint", sb+".checkpoint", "--to-dsn", u.String(), "--json"))
	if again["copied"] != 0.0 || again["updated"] != 0.0 || again["unchanged"] == 0.0 {
		t.Errorf("a second run: %v", again)
	}
	t.Setenv("ASPSTATE_FROM_PASSWORD", "rows-key")
	out := filepath.Join(t.TempDir(), "out")
	ok(t, "migrate", "--from-dsn", "http://"+at, "--to-dsn", "embedded:"+out)
	ok(t, "verify", "--from-dsn", "http://"+at, "--to-dsn", "embedded:"+out)
	if i := ok(t, "inspect", "--from-dsn", "http://"+at); !strings.Contains(i.out, "embedded, http://"+at) || strings.Contains(i.out, "rows-key") {
		t.Errorf("%s", i.out)
	}
	t.Setenv("ASPSTATE_FROM_PASSWORD", "k") // of an application
	if c := command(t, "", "inspect", "--from-dsn", "http://"+at); c.code != exitUnreachable || !strings.Contains(c.err, "--http-rows-key") || strings.Contains(c.err, "k@") {
		t.Errorf("exit %d: %s", c.code, c.err)
	}
	b.stop(os.Interrupt)
}

// TestPeekInACutOver: between two stores a stale lock is refused with the age of the present one, and items are merged under a lock.
func TestPeekInACutOver(t *testing.T) {
	unseen(t)
	old, young := filepath.Join(t.TempDir(), "old"), filepath.Join(t.TempDir(), "young")
	ok(t, "migrate", "--from", "v1.1", "--sandbox", filepath.Join(t.TempDir(), "sb"), "--sandbox-sessions", "10", "--to-dsn", "embedded:"+old)
	b := runBridge(t, "--http", "127.0.0.1:0", "--http-key", "shop=k", "--app", "shop="+shopAppID, "--old", "embedded:"+old, "--store", "embedded:"+young)
	at := b.addresses(t, "HTTP")[0]
	c := over(t, "http://"+at, "k")
	k := session.Key{App: "shop", ID: someID}
	if err := c.SetAndRelease(t.Context(), k, session.Value{Payload: items(t, map[string]any{"n": int32(1)}), Timeout: 20}, session.Insert()); err != nil {
		t.Fatal(err)
	}
	for _, phase := range []string{"proxy", "prepare", "handoff"} {
		if phase != "proxy" {
			ok(t, "ctl", "phase", "shop", phase)
		}
		got, err := c.GetExclusive(t.Context(), k)
		if err != nil {
			t.Fatalf("%s: %v", phase, err)
		}
		send := func(method, body, cookie string) (int, string) {
			t.Helper()
			q, _ := http.NewRequestWithContext(t.Context(), method, "http://"+at+"/v1/apps/shop/sessions/"+someID, strings.NewReader(body))
			q.Header = http.Header{"Authorization": {"Bearer k"}, "Content-Type": {"application/json"}, "Aspstate-Lock": {cookie}}
			r, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			text, _ := io.ReadAll(r.Body)
			return r.StatusCode, string(text)
		}
		stale := fmt.Sprint(got.Cookie - 1)
		if code, text := send("PATCH", `{"set":{"n":{"type":"Int32","value":2}}}`, stale); code != 409 || !strings.Contains(text, `"lockAgeSeconds"`) {
			t.Errorf("%s: a stale lock: %d %s", phase, code, text)
		}
		if code, text := send("PATCH", `{"set":{"phase":{"type":"String","value":"`+phase+`"}}}`, fmt.Sprint(got.Cookie)); code/100 != 2 {
			t.Errorf("%s: a merge: %d %s", phase, code, text)
		}
		now, err := c.Get(t.Context(), k)
		if err != nil || item[string](t, now.Payload, "phase") != phase || item[int32](t, now.Payload, "n") != 1 {
			t.Errorf("%s: after the merge: %v", phase, err)
		}
	}
	b.stop(os.Interrupt)
}

func TestBridgeHTTPUsage(t *testing.T) {
	unseen(t)
	config := func(text string) string {
		path := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	core := "[remoteapp.shop]\napi-key = \"" + coreKey + "\"\n"
	for _, c := range []struct {
		name string
		args []string
		err  string
	}{
		{"no key", []string{"--http", "127.0.0.1:0"}, "nobody could ask"},
		{"a key of nobody", []string{"--http", "127.0.0.1:0", "--http-key", "secretvalue"}, "APP=KEY is wanted"},
		{"an empty key", []string{"--http", "127.0.0.1:0", "--http-key", "shop="}, "APP=KEY is wanted"},
		{"a key with a blank", []string{"--http", "127.0.0.1:0", "--http-rows-key", "secretvalue 2"}, "letters, digits and signs"},
		{"a broken hash", []string{"--http", "127.0.0.1:0", "--http-key", "shop=sha256:12"}, "APP=KEY is wanted"},
		{"a long hash", []string{"--http", "127.0.0.1:0", "--http-rows-key", "sha256:" + strings.Repeat("ab", 33)}, "no hash that http-key has made"},
		{"a key without a front", []string{"--stateserver", "127.0.0.1:0", "--http-key", "shop=k"}, "of no use without --http"},
		{"half a certificate", []string{"--http", "127.0.0.1:0", "--http-key", "shop=k", "--http-cert", "x"}, "--http-cert and --http-cert-key"},
		{"compression of nobody", []string{"--http", "127.0.0.1:0", "--http-key", "shop=k", "--compressed", "shop=yes"}, "no application is called"},
		{"compression perhaps", []string{"--http", "127.0.0.1:0", "--http-key", "shop=k", "--app", "shop=/x", "--compressed", "shop=perhaps"}, "APP=yes or APP=no"},
		{"no application", []string{"--remote-app", "127.0.0.1:0"}, "there is no application to serve"},
		{"no API key", []string{"--remote-app", "127.0.0.1:0", "--config", config("[remoteapp.shop]\n")}, "no API key"},
		{"an API key that is none", []string{"--remote-app", "127.0.0.1:0", "--config", config("[remoteapp.shop]\napi-key = \"secretvalue\"")}, "GUID"},
		{"an unknown setting", []string{"--remote-app", "127.0.0.1:0", "--config", config(core + "prefx = \"/shop\"")}, `no setting "remoteapp.shop.prefx"`},
		{"an unknown type", []string{"--remote-app", "127.0.0.1:0", "--config", config(core + "[remoteapp.shop.keys]\nX = \"Lst<int>\"")}, `key "X"`},
		{"no such zone", []string{"--remote-app", "127.0.0.1:0", "--config", config(core + "zone = \"Nowhere/City\"")}, "zone"},
		{"no such policy", []string{"--remote-app", "127.0.0.1:0", "--config", config(core + "unregistered = \"keep\"")}, "neither drop nor reject"},
		{"no such same-site", []string{"--remote-app", "127.0.0.1:0", "--config", config(core + "same-site = \"loose\"")}, "none of lax"},
		{"no duration", []string{"--remote-app", "127.0.0.1:0", "--config", config(core + "max-hold = \"5\"")}, "no duration"},
		{"no upstream", []string{"--remote-app", "127.0.0.1:0", "--config", config(core + "upstream = \"old\"")}, "upstream"},
		{"tables without tables", []string{"--remote-app", "127.0.0.1:0", "--config", config("[remoteapp]\nshop = 1\n")}, "remoteapp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := command(t, "", append([]string{"bridge"}, c.args...)...)
			if r.code != exitUsage || !strings.Contains(r.err, c.err) || strings.Contains(r.err, "secretvalue") {
				t.Errorf("exit %d: %s", r.code, r.err)
			}
		})
	}
	r := command(t, "", "bridge", "--http", "127.0.0.1:0", "--http-key", "shop=k", "--store", "https://bridge")
	if r.code != exitUsage || !strings.Contains(r.err, "does not serve the store of another") {
		t.Errorf("a bridge behind a bridge: exit %d: %s", r.code, r.err)
	}
	k := ok(t, "http-key", "--json")
	made := lastLine(t, k)
	if parsed, err := parseKey(made["hash"].(string)); err != nil {
		t.Error(err)
	} else if same, _ := parseKey(made["key"].(string)); parsed.Hash != same.Hash {
		t.Error("the hash is not of the key")
	}
}
