package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/page"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
)

// pageAddress is where the page of a bridge is.
func (r *running) pageAddress() string {
	r.t.Helper()
	return r.says(regexp.MustCompile(`protocol=page address=(\S+)`))[1]
}

func (r *running) stateServer() string {
	r.t.Helper()
	return r.says(regexp.MustCompile(`protocol="State Server" address=(\S+)`))[1]
}

// viewer looks at a page.
type viewer struct {
	t        *testing.T
	base     string
	password string // of ada; empty: none is sent
	client   http.Client
}

func newViewer(t *testing.T, base, password string) *viewer {
	v := &viewer{t: t, base: base, password: password}
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(v.client.CloseIdleConnections)
	return v
}

func (v *viewer) ask(path string, form url.Values) (status int, body string) {
	v.t.Helper()
	method, sent := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, sent = http.MethodPost, strings.NewReader(form.Encode())
	}
	q, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, sent)
	if err != nil {
		v.t.Fatal(err)
	}
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.password != "" {
		q.SetBasicAuth("ada", v.password)
	}
	r, err := v.client.Do(q)
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

func (v *viewer) document(query string) (d page.Document) {
	v.t.Helper()
	status, body := v.ask("/page.json"+query, nil)
	if err := json.Unmarshal([]byte(body), &d); err != nil || status != http.StatusOK {
		v.t.Fatalf("%d, %v: %s", status, err, body)
	}
	return d
}

// press does what a person does: opens the page on which an action is confirmed, and sends its form with what was filled in.
func (v *viewer) press(action url.Values, filled url.Values) int {
	v.t.Helper()
	status, body := v.ask("/do?"+action.Encode(), nil)
	if status != http.StatusOK {
		return status
	}
	form := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(body, -1) {
		form.Set(m[1], m[2])
	}
	for name, values := range filled {
		if !strings.Contains(body, `name="`+name+`"`) {
			v.t.Errorf("%v: the form has no field %s", action, name)
		}
		form[name] = values
	}
	status, _ = v.ask("/do", form)
	return status
}

// TestPageSteersACutOver: the phases of an application are changed by buttons alone, and why one must not be is shown.
func TestPageSteersACutOver(t *testing.T) {
	dir := t.TempDir()
	old := "embedded:" + filepath.Join(dir, "old")
	const app = "/LM/W3SVC/1/ROOT"
	r := runBridge(t, "--stateserver", "127.0.0.1:0", "--store", old, "--app", "shop="+app)
	c := stateserver.NewClient(r.stateServer(), stateserver.ClientOptions{})
	for n := range 40 {
		if err := c.SetAndRelease(t.Context(), underPath(app, fmt.Sprintf("lit3py55t21z5v55vlm%05d", n)), session.Value{Payload: []byte("x"), Timeout: 20}, session.IfFree(0)); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	r.stop(os.Interrupt)

	r = runBridge(t, "--stateserver", "127.0.0.1:0", "--old", old, "--store", "embedded:"+filepath.Join(dir, "new"), "--control", filepath.Join(dir, "c"),
		"--page", "127.0.0.1:0", "--page-login", "ada=s3cret", "--app", "shop="+app)
	defer func() { r.stop(os.Interrupt) }()
	v := newViewer(t, "http://"+r.pageAddress(), "s3cret")
	to := func(phase string, filled url.Values) {
		t.Helper()
		if status := v.press(url.Values{"action": {"phase"}, "app": {"shop"}, "phase": {phase}}, filled); status != http.StatusSeeOther {
			t.Fatalf("%s: %d", phase, status)
		}
	}
	shop := func() page.AppState {
		t.Helper()
		d := v.document("")
		if len(d.Apps) != 1 || len(d.Stores) != 2 || len(d.Peers) != 1 {
			t.Fatalf("%+v", d)
		}
		return d.Apps[0]
	}
	if a := shop(); a.Phase != "proxy" || a.Sessions != 40 || len(a.Moves) != 1 || a.Moves[0].Phase != "prepare" {
		t.Errorf("in the beginning: %+v", a)
	}
	to("prepare", nil)
	to("handoff", url.Values{"percent": {"30"}})
	if a := shop(); a.Phase != "handoff" || a.Percent != 30 || a.Moving == nil || len(a.Obstacles) == 0 {
		t.Errorf("in handoff: %+v", a)
	}
	to("mirror", nil) // is refused
	if _, body := v.ask("/", nil); !strings.Contains(body, "not done:</b> only 30 percent of the sessions are handed off; hand off all first") {
		t.Errorf("the refusal is not shown:\n%s", body)
	}
	to("handoff", nil)
	for shop().Phase != "mirror" { // once all have moved
		to("mirror", nil)
	}
	if status := v.press(url.Values{"action": {"phase"}, "app": {"shop"}, "phase": {"proxy"}}, nil); status != http.StatusConflict {
		t.Errorf("a phase that does not come next: %d", status)
	}
	if status := v.press(url.Values{"action": {"pause"}}, nil); status != http.StatusSeeOther || !v.document("").Paused {
		t.Errorf("pausing: %d", status)
	}
	if status := v.press(url.Values{"action": {"resume"}}, nil); status != http.StatusSeeOther || v.document("").Paused {
		t.Errorf("resuming: %d", status)
	}
	if said := r.said(); !strings.Contains(said, `user=ada client=127.0.0.1`) || strings.Contains(said, "s3cret") {
		t.Errorf("the log:\n%s", said)
	}
}

// TestPageGivesALockBack: who waits for a lock that is given back on the page gets it.
func TestPageGivesALockBack(t *testing.T) {
	r := runBridge(t, "--stateserver", "127.0.0.1:0", "--park", "1m", "--page", "127.0.0.1:0", "--page-login", "ada=s3cret")
	defer func() { r.stop(os.Interrupt) }()
	c := stateserver.NewClient(r.stateServer(), stateserver.ClientOptions{})
	defer c.Close()
	k := shopPath("lit3py55t21z5v55vlm25s55")
	if err := c.SetAndRelease(t.Context(), k, session.Value{Payload: []byte("x"), Timeout: 20}, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	dead, err := c.GetExclusive(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	v := newViewer(t, "http://"+r.pageAddress(), "s3cret")
	if d := v.document(""); len(d.Locks) != 1 || d.Locks[0].Lock.Client != "127.0.0.1" || d.Locks[0].Lock.Front != "stateserver" || d.Locks[0].Lock.Cookie != dead.Cookie {
		t.Fatalf("%+v", d.Locks)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := make(chan error, 1)
	go func() {
		_, err := c.GetExclusive(ctx, k)
		got <- err
	}()
	for v.document("").Total.Waiting == 0 {
	}
	_, body := v.ask("/", nil)
	lock := regexp.MustCompile(`name="lock" value="([^"]+)"`).FindStringSubmatch(body)
	if lock == nil || !strings.Contains(body, "Clients, first come first") {
		t.Fatalf("no lock or no queue in\n%s", body)
	}
	if status := v.press(url.Values{"action": {"release"}, "lock": {lock[1]}}, nil); status != http.StatusSeeOther {
		t.Errorf("giving it back: %d", status)
	}
	if err := <-got; err != nil {
		t.Errorf("who waited got %v", err)
	}
	if err := c.SetAndRelease(t.Context(), k, session.Value{Payload: []byte("late"), Timeout: 20}, session.IfFree(dead.Cookie)); err == nil {
		t.Error("who held it before may still write")
	}
	if said := r.said(); strings.Contains(said, "lit3py55") {
		t.Errorf("a session id stands in the log:\n%s", said)
	}
}

// TestPageOfNobody: without a login the page can be read by whom --allow lets in, and nobody does anything.
func TestPageOfNobody(t *testing.T) {
	r := runBridge(t, "--stateserver", "127.0.0.1:0", "--page", "127.0.0.1:0")
	v := newViewer(t, "http://"+r.pageAddress(), "")
	if status, body := v.ask("/", nil); status != http.StatusOK || strings.Contains(body, "<button>") {
		t.Errorf("reading: %d", status)
	}
	if status, _ := v.ask("/do", url.Values{"action": {"pause"}}); status != http.StatusForbidden {
		t.Errorf("doing: %d", status)
	}
	r.stop(os.Interrupt) // ends with an idle connection of a viewer

	r = runBridge(t, "--stateserver", "127.0.0.1:0", "--page", "127.0.0.1:0", "--allow", "192.0.2.0/24")
	defer func() { r.stop(os.Interrupt) }()
	v = newViewer(t, "http://"+r.pageAddress(), "")
	if a, err := v.client.Get(v.base); err == nil {
		a.Body.Close()
		t.Errorf("from outside the allowed networks: %s", a.Status)
	}
}

// TestPageLogins: passwords are those of --page-login, hashed or not, and change on reload; they go over TLS where there is a certificate.
func TestPageLogins(t *testing.T) {
	dir := t.TempDir()
	cert, key, pool := certificateFiles(t, dir)
	hashed := command(t, "s3cret\n", "tds-password")
	config := filepath.Join(dir, "bridge.toml")
	write := func(login string) {
		t.Helper()
		if err := os.WriteFile(config, []byte("page-login = [\""+login+"\"]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("ada=" + strings.TrimSpace(hashed.out))
	r := runBridge(t, "--stateserver", "127.0.0.1:0", "--page", "127.0.0.1:0", "--page-cert", cert, "--page-key", key, "--config", config)
	defer func() { r.stop(os.Interrupt) }()
	look := func(password string) int {
		t.Helper()
		v := newViewer(t, "https://"+r.pageAddress(), password)
		v.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
		status, _ := v.ask("/", nil)
		return status
	}
	for password, want := range map[string]int{"s3cret": 200, "wrong": 401, "": 401} {
		if got := look(password); got != want {
			t.Errorf("password %q: %d, want %d", password, got, want)
		}
	}
	write("ada=other")
	if err := r.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	r.says(regexp.MustCompile("settings were read again"))
	if a, b := look("s3cret"), look("other"); a != 401 || b != 200 {
		t.Errorf("after a reload: the former password %d, the new one %d", a, b)
	}
}

// certificateFiles makes a certificate of this machine.
func certificateFiles(t *testing.T, dir string) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	c, err := ownCertificate()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(leaf)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, pool
}

func TestPageUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		say  string
	}{
		{[]string{"--page-login", "ada=x"}, exitUsage, "--page-login is of no use without --page"},
		{[]string{"--page", "127.0.0.1:0", "--page-login", "ada"}, exitUsage, "--page-login: USER=PASSWORD"},
		{[]string{"--page", "127.0.0.1:0", "--page-login", "ada=a", "--page-login", "ada=b"}, exitUsage, "named twice"},
		{[]string{"--page", "127.0.0.1:0", "--page-login", "ada=pbkdf2-sha256:1"}, exitUsage, "no hash"},
		{[]string{"--page", "127.0.0.1:0", "--page-cert", "x"}, exitUsage, "--page-key"},
		{[]string{"--page", "127.0.0.1:0", "--page-cert", "nowhere", "--page-key", "nowhere"}, exitUnreachable, "--page-cert"},
		{[]string{"--page", "nowhere:port"}, exitUnreachable, "--page"},
	} {
		r := command(t, "", append([]string{"bridge", "--stateserver", "127.0.0.1:0"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.say) || strings.Contains(r.err, "=a") {
			t.Errorf("bridge %v: exit %d, want %d\n%s", c.args, r.code, c.code, r.err)
		}
	}
}

// TestUnknownUsersCostAsMuch: nobody learns from an answer, or the time that it takes, which users there are.
func TestUnknownUsersCostAsMuch(t *testing.T) {
	l, err := parseLogins("page-login", []string{"ada=s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user, password string
		right          bool
	}{{"ada", "s3cret", true}, {"ada", "x", false}, {"bob", "s3cret", false}, {"", "", false}} {
		if _, known := l.Known(c.user, c.password); known {
			t.Errorf("%s is known before it was asked", c.user)
		}
		if right := l.Right(c.user, c.password); right != c.right {
			t.Errorf("%s: %v", c.user, right)
		}
		if right, known := l.Known(c.user, c.password); !known || right != c.right {
			t.Errorf("%s is not known afterwards: %v, %v", c.user, right, known)
		}
	}
}

// TestObstacles: what stands in the way of the next phase is said.
func TestObstacles(t *testing.T) {
	for name, c := range map[string]struct {
		app    cutover.AppStatus
		leases []leaseStatus
		want   string // empty: nothing is
	}{
		"proxy":                 {app: cutover.AppStatus{Phase: cutover.Proxy}},
		"a copier":              {app: cutover.AppStatus{Phase: cutover.Proxy}, leases: []leaseStatus{{Role: "copier", Title: "db1"}}, want: "A copier is at work (db1)"},
		"a copier that is over": {app: cutover.AppStatus{Phase: cutover.Proxy}, leases: []leaseStatus{{Role: "copier", Title: "db1", Over: true}}},
		"a bridge that lags":    {app: cutover.AppStatus{Next: "handoff", Epoch: 3}, leases: []leaseStatus{{Role: "bridge", Title: "web2", Epoch: 2}}, want: "web2 (bridge) has not confirmed"},
		"left":                  {app: cutover.AppStatus{Phase: cutover.Handoff, Percent: 100, LeftInOld: 1234}, want: "1,234 sessions are left"},
		"all have moved":        {app: cutover.AppStatus{Phase: cutover.Handoff, Percent: 100}},
		"mirror":                {app: cutover.AppStatus{Phase: cutover.Mirror, AllCopied: true}},
		"copy-back":             {app: cutover.AppStatus{Phase: cutover.Mirror}, want: "Copy-back is not through"},
		"a direct node":         {app: cutover.AppStatus{Phase: cutover.Handoff, Percent: 100, Reported: map[string]string{"shop/lit3…": "direct"}}, want: "a node without a bridge"},
	} {
		got := strings.Join(obstacles(&c.app, c.leases), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// pageApps are applications, one of which has a name that must not become markup.
var pageApps = []layout.Application{
	{Name: "shop", AppIDs: []string{"/LM/W3SVC/3/ROOT/shop"}}, {Name: "intranet", AppIDs: []string{"/LM/W3SVC/2/ROOT"}},
	{Name: `<marquee>legacy</marquee>`, AppIDs: []string{"/LM/W3SVC/5/ROOT/legacy"}},
}
