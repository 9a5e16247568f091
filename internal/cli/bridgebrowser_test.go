package cli

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session"
)

// browser is a Chromium that loads one page at a time.
type browser struct {
	t    *testing.T
	path string
	home string
}

// newBrowser finds it. preferences are JSON as Chromium keeps them; empty: its own.
func newBrowser(t *testing.T, preferences string) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed (Debian: chromium)")
	}
	home := t.TempDir()
	profile := filepath.Join(home, "Default")
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	if preferences != "" {
		if err := os.WriteFile(filepath.Join(profile, "Preferences"), []byte(preferences), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &browser{t, path, home}
}

// load opens a page, lets some seconds of its time pass, and returns what Chromium writes. What the page complains of is an error.
func (b *browser) load(address string, args ...string) []byte {
	b.t.Helper()
	args = append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=" + b.home, "--enable-logging=stderr", "--virtual-time-budget=12000",
	}, append(args, address)...)
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, b.path, args...)
	c.WaitDelay = time.Second // it has processes of its own, which hold what it writes to
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		b.t.Fatalf("chromium %v: %v\n%s", args, err, said.Bytes())
	}
	for line := range strings.Lines(said.String()) {
		if strings.Contains(line, "CONSOLE") {
			b.t.Errorf("%s: %s", address, line)
		}
	}
	return out.Bytes()
}

// picture writes a screenshot where ASPSTATE_TEST_SCREENSHOTS says, for people to look at, and checks that there is something on it.
func (b *browser) picture(name, address string, width, height int, args ...string) {
	b.t.Helper()
	dir := os.Getenv("ASPSTATE_TEST_SCREENSHOTS")
	if dir == "" {
		dir = b.t.TempDir()
	}
	path := filepath.Join(dir, name+".png")
	b.load(address, append([]string{"--screenshot=" + path, fmt.Sprintf("--window-size=%d,%d", width, height)}, args...)...)
	f, err := os.Open(path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		b.t.Fatal(err)
	}
	if size := img.Bounds().Size(); size != (image.Point{width, height}) || colours(img) < 20 {
		b.t.Errorf("%s: %v with %d colours", name, size, colours(img))
	}
}

func colours(img image.Image) int {
	seen := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	return len(seen)
}

// Flags of Chromium.
const (
	dumpDOM = "--dump-dom"
	dark    = "--blink-settings=preferredColorScheme=0"
)

// noScript are the preferences of who has JavaScript switched off.
const noScript = `{"profile":{"default_content_setting_values":{"javascript":2}}}`

// TestPageInABrowser: the page of a bridge with 10,000 sessions in a Chromium, with JavaScript and without, directly and under a prefix
// of a proxy. With ASPSTATE_TEST_SCREENSHOTS=DIR pictures are left there.
func TestPageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a browser some ten times")
	}
	b, plain := newBrowser(t, ""), newBrowser(t, noScript)
	const sessions, locks = 10_000, 12
	args := []string{"--stateserver", "127.0.0.1:0", "--park", "10m", "--page", "127.0.0.1:0", "--page-login", "ada=s3cret"}
	for _, a := range pageApps {
		args = append(args, "--app", a.Name+"="+a.AppIDs[0])
	}
	r := runBridge(t, args...)
	fillForPage(t, r.stateServer(), sessions, locks)
	origin := "http://ada:s3cret@" + r.pageAddress()

	// Behind a proxy that counts what the script asks for.
	var updates atomic.Int64
	target, err := url.Parse("http://" + r.pageAddress())
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(q *httputil.ProxyRequest) { q.SetURL(target) }}
	proxy := httptest.NewServer(http.StripPrefix("/bridge", http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Header.Get("Sec-Fetch-Dest") == "empty" && q.URL.Path == "/sessions" {
			updates.Add(1)
		}
		forward.ServeHTTP(w, q)
	})))
	defer proxy.Close()
	under := strings.Replace(proxy.URL, "http://", "http://ada:s3cret@", 1) + "/bridge"

	for name, dom := range map[string]string{
		"with JavaScript":    string(b.load(under+"/sessions?sort=size", dumpDOM)),
		"without JavaScript": string(plain.load(origin+"/sessions?sort=size", dumpDOM)),
	} {
		if n := strings.Count(dom, `<tr role="row"`); n != 101 || !strings.Contains(dom, "<b>10,000</b> sessions") || !strings.Contains(dom, `aria-sort="descending"`) {
			t.Errorf("%s: %d rows\n%.3000s", name, n, dom)
		}
		if strings.Contains(dom, "<marquee") || strings.Contains(dom, "py55t21z") {
			t.Errorf("%s: a name became markup, or an id is shown whole", name)
		}
		if script := strings.Contains(dom, `data-script="on"`); script != (name == "with JavaScript") {
			t.Errorf("%s: the script has run: %v", name, script)
		}
		if strings.Contains(dom, `<button type="button" id="hold" hidden="">`) == (name == "with JavaScript") {
			t.Errorf("%s: the button that stops updating is there for the others", name)
		}
	}
	if updates.Load() == 0 {
		t.Error("the script has updated nothing")
	}
	overview := string(plain.load(origin+"/?refresh=30", dumpDOM))
	for _, text := range []string{"<b>10,000</b><span>sessions", ">12</a></b><span>locked", "Locked the longest", "Waiting for a lock", "127.0.0.1", `http-equiv="refresh" content="30"`, "&lt;marquee&gt;legacy"} {
		if !strings.Contains(overview, text) {
			t.Errorf("the overview lacks %q", text)
		}
	}

	b.picture("overview-light", origin+"/", 1200, 1500)
	b.picture("overview-dark", origin+"/", 1200, 1500, dark)
	b.picture("overview-narrow", origin+"/", 400, 2600)
	b.picture("sessions-light", origin+"/sessions", 1200, 1000)
	b.picture("sessions-dark", origin+"/sessions?sort=size&app=shop&page=2", 1200, 1000, dark)
	b.picture("sessions-narrow", origin+"/sessions", 400, 1400)
	plain.picture("sessions-without-script", origin+"/sessions?locked=1", 800, 900)
	b.picture("confirm", origin+"/do?action=pause", 800, 420)
	b.picture("confirm-dark-narrow", origin+"/do?action=pause", 400, 420, dark)
	r.stop(os.Kill) // there are waiters
}

// fillForPage makes sessions, locks the first of them, and has two clients wait for the very first.
func fillForPage(t *testing.T, addr string, n, locks int) {
	t.Helper()
	c := stateserver.NewClient(addr, stateserver.ClientOptions{})
	t.Cleanup(func() { c.Close() })
	key := func(i int) session.Key {
		return underPath(pageApps[i%7%len(pageApps)].AppIDs[0], fmt.Sprintf("%04xpy55t21z5v55vlm25s55", i*40503%(1<<16)))
	}
	for i := range n {
		v := session.Value{Payload: bytes.Repeat([]byte("x"), 200+i*i%9973), Timeout: 20 + int32(i%3)*10}
		if err := c.SetAndRelease(t.Context(), key(i), v, session.IfFree(0)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range locks {
		if _, err := c.GetExclusive(t.Context(), key(i)); err != nil {
			t.Fatal(err)
		}
	}
	idle := make([]*stateserver.Client, 6) // of the connections of a client half may wait
	for i := range idle {
		idle[i] = stateserver.NewClient(addr, stateserver.ClientOptions{Timeout: 10 * time.Minute})
		t.Cleanup(func() { idle[i].Close() })
		if _, err := idle[i].Get(t.Context(), key(locks)); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range idle[:2] {
		go w.GetExclusive(t.Context(), key(0))
	}
}
