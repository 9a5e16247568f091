package remoteapp

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Other paths go to the Framework application as they are; the session's path, however it is written, and the API key do not.
func TestUpstream(t *testing.T) {
	var asked []*http.Request
	old := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r)
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Old", "yes")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, r.Method+" "+r.RequestURI+" "+string(body))
	}))
	t.Cleanup(old.Close)
	for _, passKey := range []bool{false, true} {
		for _, base := range []string{"", "/app"} {
			asked = nil
			w := overTLS(t, func(o *Options) {
				u, err := url.Parse(old.URL + base)
				if err != nil {
					t.Fatal(err)
				}
				o.Apps[0].Upstream, o.Apps[0].UpstreamKey = u, passKey
			})
			w.usual()
			send := func(method, target, body string) (int, string, http.Header) {
				t.Helper()
				r, err := http.NewRequest(method, w.base, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				path, query, _ := strings.Cut(target, "?")
				plain, err := url.PathUnescape(path)
				if err != nil {
					t.Fatal(err)
				}
				r.URL.Path, r.URL.RawPath, r.URL.RawQuery = plain, path, query
				r.Host = "www.shop.example"
				r.Header.Set(DefaultKeyHeader, testKey)
				r.Header.Set("X-Forwarded-Host", "first.example")
				r.Header.Set("X-Forwarded-Proto", "https")
				r.Header.Set("Cookie", DefaultCookie+"="+testID)
				res := w.do(r)
				defer res.Body.Close()
				b, _ := io.ReadAll(res.Body)
				return res.StatusCode, string(b), res.Header
			}
			for _, target := range []string{"/shop/systemweb-adapters/authenticate?original-url=%2Fa", "/shop/", "/shop/a%2Fb/c%20d?x=1&y", "/shop/systemweb-adapters/sessio"} {
				status, body, head := send("POST", target, "b\x00dy")
				if status != http.StatusTeapot || body != "POST "+base+target+" b\x00dy" || head.Get("X-Old") != "yes" {
					t.Errorf("%s: %d %q", target, status, body)
				}
				got := asked[len(asked)-1]
				if got.Host != "www.shop.example" || got.Header.Get("X-Forwarded-Host") != "first.example" || got.Header.Get("X-Forwarded-Proto") != "https" ||
					got.Header.Get("Cookie") != DefaultCookie+"="+testID || passKey != (got.Header.Get(DefaultKeyHeader) == testKey) || !passKey && len(got.Header[DefaultKeyHeader]) > 0 {
					t.Errorf("%s: %s, %v", target, got.Host, got.Header)
				}
			}
			before := len(asked)
			for _, target := range []string{
				"/shop/systemweb-adapters/session/", "/shop/Systemweb-Adapters/SESSION", "/shop//systemweb-adapters//session", "/shop/x/../systemweb-adapters/./session",
				"/shop/systemweb-adapters%2Fsession", "/shop/systemweb%2Dadapters%5Csession", "/shop/systemweb-adapters/%2573ession", "/shop/x/systemweb-adapters/session;a",
			} {
				if status, body, _ := send("DELETE", target, ""); status != 404 && status != 405 || len(asked) != before {
					t.Errorf("%s: %d %q", target, status, body)
				}
			}
			if status, body, _ := send("GET", "/shop2/", ""); status != 404 {
				t.Errorf("%d %q", status, body)
			}
			if status, _, _ := send("DELETE", "/shop"+SessionPath, ""); status != 405 || len(asked) != before {
				t.Error(status)
			}
			if w.items(shopKey) != usually {
				t.Error(w.items(shopKey))
			}
		}
	}
}

// An upstream that is down is 502, and the log has nothing of what was asked for.
func TestUpstreamDown(t *testing.T) {
	old := httptest.NewServer(http.NotFoundHandler())
	u, err := url.Parse(old.URL)
	if err != nil {
		t.Fatal(err)
	}
	old.Close()
	w := overHTTP(t, func(o *Options) { o.Apps[0].Upstream = u })
	res, err := w.client.Get(w.base + "/shop/SECRET?x=SECRET")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadGateway || !strings.Contains(w.log.String(), "an upstream does not answer") {
		t.Errorf("%d, %s", res.StatusCode, w.log)
	}
}
