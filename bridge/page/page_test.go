package page_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/page"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// hostile is markup that would run, and break out of attributes, if anything forgot to escape it.
const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`

var began = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// one is the password of each user.
type one map[string]string

func (o one) Known(string, string) (right, known bool) { return false, false }

func (o one) Right(user, password string) bool { return password != "" && o[user] == password }

// fixture is a page over a store with some sessions.
type fixture struct {
	*page.Page
	store *memstore.Store
	o     page.Options
	now   time.Time

	mu    sync.Mutex
	asked []string // actions
	fails error    // what they end with
}

func (f *fixture) did(what string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, fmt.Sprintf(what, args...))
	return f.fails
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func newPage(t *testing.T, passwords page.Passwords, more func(*page.Options)) *fixture {
	t.Helper()
	f := &fixture{now: began}
	f.store = memstore.New(memstore.Options{Now: f.clock})
	t.Cleanup(func() { f.store.Close() })
	f.o = page.Options{
		Title: "web1, process 7", Version: "v1", Began: began, Now: f.clock,
		Sources: []page.Source{{Name: "store", Title: "memory", Rows: f.store, Sized: true}},
		Status: func() page.Status {
			return page.Status{
				Notices: []string{"notice " + hostile},
				Fronts:  []page.Front{{Name: "stateserver", Protocol: "State Server", Address: "127.0.0.1:42424", Connections: 3}},
				Apps: []page.App{{
					Name: "app " + hostile, Phase: "handoff", Percent: 25, To: "store", Obstacles: []string{"obstacle " + hostile},
					Progress: []page.Figure{{N: 1234, Text: "figure " + hostile}},
					Moves:    []page.Move{{Phase: "mirror", Label: "Mirror " + hostile, About: "about " + hostile}, {Phase: "handoff", Percent: true}},
				}},
				Peers: []page.Peer{{Role: "bridge", Title: "peer " + hostile}},
			}
		},
		Waiting: func() []page.Queue {
			return []page.Queue{{Key: key(0), Waiting: []page.Waiting{{Client: "client " + hostile, Since: began}}}}
		},
		Taker: func(k session.Key, cookie int32) (string, string) { return "stateserver", "taker " + hostile },
		Actions: page.Actions{
			Pause:  func(context.Context) error { return f.did("pause") },
			Resume: func(context.Context) error { return f.did("resume") },
			Phase: func(_ context.Context, c page.Change) error {
				return f.did("phase %s %d %d", c.Phase, c.Percent, c.OldTimeout)
			},
			Release: func(_ context.Context, k session.Key, cookie int32) error {
				return f.did("release %s %d", k.ID, cookie)
			},
		},
	}
	if passwords != nil {
		f.o.Passwords = func() page.Passwords { return passwords }
	}
	if more != nil {
		more(&f.o)
	}
	f.Page = page.New(f.o)
	t.Cleanup(f.Close)
	return f
}

func key(n int) session.Key {
	return session.Key{App: "app " + hostile, ID: fmt.Sprintf("%04dpy55t21z5v55vlm25s55", n)}
}

// fill makes sessions; the first of them are locked.
func (f *fixture) fill(t *testing.T, n, locks int) {
	t.Helper()
	for i := range n {
		v := session.Value{Payload: []byte(strings.Repeat("secret payload ", i+1)), Timeout: 20}
		if err := f.store.SetAndRelease(t.Context(), key(i), v, session.Insert()); err != nil {
			t.Fatal(err)
		}
		if i < locks {
			if _, err := f.store.GetExclusive(t.Context(), key(i)); err != nil {
				t.Fatal(err)
			}
			f.pass(time.Second)
		}
	}
}

// request is one to the page, as a browser on the same machine makes it.
type request struct {
	method, target string
	user, password string
	form           url.Values
	header         http.Header
	host, from     string
}

func (f *fixture) do(t *testing.T, q request) (*http.Response, string) {
	t.Helper()
	var body io.Reader
	if q.form != nil {
		body = strings.NewReader(q.form.Encode())
	}
	if q.method == "" {
		q.method = http.MethodGet
	}
	r := httptest.NewRequest(q.method, q.target, body)
	r.Host = "127.0.0.1:9243"
	if q.host != "" {
		r.Host = q.host
	}
	if q.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	if q.user != "" {
		r.SetBasicAuth(q.user, q.password)
	}
	if q.from != "" {
		r.RemoteAddr = q.from
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

func ada(q request) request {
	q.user, q.password = "ada", "right"
	return q
}

// TestNothingIsMarkup: what others can choose is shown as text, in every place, and no answer lets anything run that is not the page's own.
func TestNothingIsMarkup(t *testing.T) {
	f := newPage(t, one{"ada": "right"}, nil)
	f.fill(t, 3, 2)
	f.fails = errors.New("failure " + hostile)
	_, overview := f.do(t, ada(request{target: "/"}))
	token := tokenOf(t, f)
	f.do(t, ada(request{method: "POST", target: "/do", form: url.Values{"action": {"resume"}, "token": {token}}}))
	for _, target := range []string{
		"/", "/sessions", "/sessions?app=" + url.QueryEscape(hostile) + "&id=%22%3E%3C&sort=%22&refresh=7%22&store=" + url.QueryEscape(hostile), "/nowhere" + url.PathEscape(hostile),
		"/do?action=phase&phase=mirror&app=" + url.QueryEscape("app "+hostile), "/do?action=phase&phase=mirror&app=" + url.QueryEscape(hostile),
	} {
		res, body := f.do(t, ada(request{target: target}))
		tags := strings.Join(regexp.MustCompile(`<[^>]*>`).FindAllString(regexp.MustCompile(`="[^"]*"`).ReplaceAllString(body, `=""`), -1), "\n")
		if strings.Contains(body, "<script>") || strings.Contains(tags, "<img") || strings.Contains(tags, "alert") {
			t.Errorf("%s: markup of others:\n%s", target, body)
		}
		csp := res.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") ||
			res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", target, res.Header)
		}
		if m := regexp.MustCompile(`(?i) (style|on[a-z]+)=`).FindString(tags); m != "" {
			t.Errorf("%s: the policy forbids %q", target, m)
		}
		if m := regexp.MustCompile(`(?:src|href|action)="(?:[a-z]+:)?//`).FindString(body); m != "" {
			t.Errorf("%s: something from elsewhere: %q", target, m)
		}
	}
	_, overview = f.do(t, ada(request{target: "/"}))
	for _, what := range []string{"notice", "app", "obstacle", "figure", "Mirror", "peer", "client", "taker", "failure"} {
		if !strings.Contains(overview, what+" &#34;&gt;&lt;script&gt;") {
			t.Errorf("%s is not there as text", what)
		}
	}
}

// TestNoIDAndNoContent: neither a whole id nor a byte of a payload is in any answer.
func TestNoIDAndNoContent(t *testing.T) {
	f := newPage(t, one{"ada": "right"}, nil)
	f.fill(t, 250, 3)
	for _, target := range []string{"/", "/sessions", "/sessions?sort=id&page=2", "/page.json", "/do?action=release&lock=" + lockOf(t, f)} {
		res, body := f.do(t, ada(request{target: target}))
		if res.StatusCode != http.StatusOK || !strings.Contains(body, "0…") && !strings.Contains(body, "1…") {
			t.Errorf("%s: %d\n%s", target, res.StatusCode, body)
		}
		if strings.Contains(body, "py55t21z5v") || strings.Contains(body, "secret payload") {
			t.Errorf("%s shows what it must not", target)
		}
	}
}

var (
	formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)
	lockToken = regexp.MustCompile(`name="lock" value="([^"]+)"`)
)

// tokenOf is the token of ada's forms.
func tokenOf(t *testing.T, f *fixture) string {
	t.Helper()
	_, body := f.do(t, ada(request{target: "/do?action=pause"}))
	m := formToken.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no token in\n%s", body)
	}
	return m[1]
}

func lockOf(t *testing.T, f *fixture) string {
	t.Helper()
	_, body := f.do(t, ada(request{target: "/"}))
	m := lockToken.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no lock in\n%s", body)
	}
	return m[1]
}

// TestWhoMayDoWhat: with passwords, nothing without one of them; without, reading alone.
func TestWhoMayDoWhat(t *testing.T) {
	const none, wrong, right = "", "wrong", "right"
	form := url.Values{"action": {"pause"}}
	for _, c := range []struct {
		login          bool
		password       string
		method, target string
		want           int
	}{
		{false, none, "GET", "/", 200},
		{false, none, "HEAD", "/", 200},
		{false, none, "GET", "/sessions", 200},
		{false, none, "GET", "/page.json", 200},
		{false, none, "GET", "/page.css", 200},
		{false, none, "GET", "/do?action=pause", 403},
		{false, right, "GET", "/do?action=pause", 403},
		{false, none, "POST", "/do", 403},
		{false, none, "POST", "/", 405},
		{false, none, "DELETE", "/sessions", 405},
		{false, none, "PUT", "/do", 405},
		{false, none, "GET", "/favicon.ico", 404},
		{true, none, "GET", "/", 401},
		{true, none, "GET", "/page.json", 401},
		{true, none, "GET", "/page.css", 401},
		{true, none, "POST", "/do", 401},
		{true, wrong, "GET", "/", 401},
		{true, wrong, "POST", "/do", 401},
		{true, right, "GET", "/", 200},
		{true, right, "GET", "/page.js", 200},
		{true, right, "GET", "/do?action=pause", 200},
		{true, right, "GET", "/do?action=nonsense", 409},
		{true, right, "POST", "/do", 403}, // without a token
		{true, right, "POST", "/sessions", 405},
	} {
		var passwords page.Passwords
		if c.login {
			passwords = one{"ada": "right"}
		}
		f := newPage(t, passwords, nil)
		q := request{method: c.method, target: c.target}
		if c.password != none {
			q.user, q.password = "ada", c.password
		}
		if c.method == "POST" {
			q.form = form
		}
		res, body := f.do(t, q)
		if res.StatusCode != c.want {
			t.Errorf("login %v, %q, %s %s: %d, want %d", c.login, c.password, c.method, c.target, res.StatusCode, c.want)
		}
		if (res.StatusCode == 401) != (res.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s %s: %d with %q", c.method, c.target, res.StatusCode, res.Header.Get("WWW-Authenticate"))
		}
		if res.StatusCode == 401 && strings.Contains(body, "web1") {
			t.Errorf("%s %s: who has no password learns of the bridge", c.method, c.target)
		}
		if !c.login && strings.Contains(body, "<button>") {
			t.Errorf("%s: a button for nobody", c.target)
		}
		if len(f.asked) > 0 {
			t.Errorf("%s %s did %v", c.method, c.target, f.asked)
		}
	}
}

// TestRefusedForms: what does not come from a form of this page, in this run, by this user, is not done.
func TestRefusedForms(t *testing.T) {
	f := newPage(t, one{"ada": "right", "bob": "right"}, nil)
	other := newPage(t, one{"ada": "right"}, nil)
	token, foreign := tokenOf(t, f), tokenOf(t, other)
	for name, c := range map[string]struct {
		token  string
		user   string
		header http.Header
		target string
		want   int
	}{
		"good":                        {token: token, want: 303},
		"good, as a browser":          {token: token, header: http.Header{"Sec-Fetch-Site": {"same-origin"}}, want: 303},
		"good, as an older browser":   {token: token, header: http.Header{"Origin": {"http://127.0.0.1:9243"}}, want: 303},
		"no token":                    {want: 403},
		"a token of another run":      {token: foreign, want: 403},
		"a token of another user":     {token: token, user: "bob", want: 403},
		"the token in the address":    {target: "/do?token=" + token, want: 403},
		"from another site":           {token: token, header: http.Header{"Sec-Fetch-Site": {"cross-site"}}, want: 403},
		"from another host beside it": {token: token, header: http.Header{"Sec-Fetch-Site": {"same-site"}}, want: 403},
		"from another origin":         {token: token, header: http.Header{"Origin": {"http://127.0.0.1:8080"}}, want: 403},
		"from no origin":              {token: token, header: http.Header{"Origin": {"null"}}, want: 403},
		"too long":                    {token: strings.Repeat("x", 20<<10), want: 400},
		"no form":                     {token: token, header: http.Header{"Content-Type": {"text/plain"}}, want: 403},
	} {
		f.asked = nil
		q := ada(request{method: "POST", target: "/do", form: url.Values{"action": {"resume"}, "token": {c.token}}, header: c.header})
		if c.user != "" {
			q.user = c.user
		}
		if c.target != "" {
			q.target = c.target
		}
		res, _ := f.do(t, q)
		if res.StatusCode != c.want || (len(f.asked) == 1) != (c.want == 303) {
			t.Errorf("%s: %d, want %d; done: %v", name, res.StatusCode, c.want, f.asked)
		}
		if c.want == 303 && res.Header.Get("Location") != "./#done" {
			t.Errorf("%s: sent to %q", name, res.Header.Get("Location"))
		}
	}
}

// TestActions: what forms ask for reaches the bridge as it was meant, and what does not fit does not.
func TestActions(t *testing.T) {
	f := newPage(t, one{"ada": "right"}, nil)
	f.fill(t, 3, 2)
	token, lock := tokenOf(t, f), lockOf(t, f)
	app := "app " + hostile
	for _, c := range []struct {
		form url.Values
		want int
		did  string
	}{
		{url.Values{"action": {"pause"}}, 303, "pause"},
		{url.Values{"action": {"resume"}}, 303, "resume"},
		{url.Values{"action": {"phase"}, "app": {app}, "phase": {"mirror"}}, 303, "phase mirror 0 0"},
		{url.Values{"action": {"phase"}, "app": {app}, "phase": {"mirror"}, "percent": {"5"}, "old_timeout": {"20"}}, 303, "phase mirror 0 0"}, // it takes neither
		{url.Values{"action": {"phase"}, "app": {app}, "phase": {"handoff"}, "percent": {"50"}}, 303, "phase handoff 50 0"},
		{url.Values{"action": {"phase"}, "app": {app}, "phase": {"handoff"}, "percent": {"500"}}, 409, ""},
		{url.Values{"action": {"phase"}, "app": {app}, "phase": {"handoff"}, "percent": {"half"}}, 409, ""},
		{url.Values{"action": {"phase"}, "app": {app}, "phase": {"done"}}, 409, ""}, // not from here
		{url.Values{"action": {"phase"}, "app": {"other"}, "phase": {"mirror"}}, 409, ""},
		{url.Values{"action": {"release"}, "lock": {lock}}, 303, "release " + key(0).ID + " 2"},
		{url.Values{"action": {"release"}, "lock": {lock + "x"}}, 409, ""},
		{url.Values{"action": {"release"}}, 409, ""},
		{url.Values{"action": {"reboot"}}, 409, ""},
		{url.Values{}, 409, ""},
	} {
		f.asked = nil
		f.do(t, ada(request{target: "/"})) // has the sessions listed: a release forgets the listing
		c.form.Set("token", token)
		res, _ := f.do(t, ada(request{method: "POST", target: "/do", form: c.form}))
		if did := strings.Join(f.asked, ", "); res.StatusCode != c.want || did != c.did {
			t.Errorf("%v: %d, want %d; did %q, want %q", c.form, res.StatusCode, c.want, did, c.did)
		}
	}
	f.fails = session.ErrStaleCookie
	f.do(t, ada(request{target: "/"}))
	f.do(t, ada(request{method: "POST", target: "/do", form: url.Values{"action": {"release"}, "lock": {lock}, "token": {token}}}))
	_, body := f.do(t, ada(request{target: "/"}))
	for _, text := range []string{"to phase handoff of 50 %", "ada: pause the bridge", "not held any more", "session " + "app"} {
		if !strings.Contains(body, text) {
			t.Errorf("%q is not in the list of what was done", text)
		}
	}
}

// TestGuessing: a few wrong passwords in a row are answered, then there is one a second; nobody else is kept out, nor who is known.
func TestGuessing(t *testing.T) {
	f := newPage(t, known{one{"ada": "right"}}, nil)
	guess := func(from, password string) int {
		res, _ := f.do(t, request{target: "/", user: "ada", password: password, from: from})
		return res.StatusCode
	}
	var got []int
	for n := range 7 {
		got = append(got, guess("10.1.0.1:1", fmt.Sprint(n)))
	}
	if want := []int{401, 401, 401, 401, 401, 429, 429}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("guesses gave %v, want %v", got, want)
	}
	if code := guess("10.1.0.1:2", "right"); code != 200 {
		t.Errorf("who is known got %d from where guesses come", code)
	}
	if code := guess("10.1.0.2:1", "x"); code != 401 {
		t.Errorf("another client got %d", code)
	}
	f.pass(time.Second)
	if code := guess("10.1.0.1:1", "y"); code != 401 {
		t.Errorf("a second later: %d", code)
	}
	if code := guess("10.1.0.1:1", "z"); code != 429 {
		t.Errorf("twice in that second: %d", code)
	}
	refused := 0
	for n := range 30 { // from everywhere
		if guess(fmt.Sprintf("[2001:db8:%x::1]:1", n), "x") == 429 {
			refused++
		}
	}
	if refused < 20 {
		t.Errorf("%d of 30 guesses of 30 clients were computed in one instant", 30-refused)
	}
}

// known has been asked for the right password before.
type known struct{ one }

func (k known) Known(user, password string) (right, known bool) {
	right = k.Right(user, password)
	return right, right
}

// TestOtherNames: without passwords a page of others cannot have a browser read this one under a name of its own.
func TestOtherNames(t *testing.T) {
	for host, want := range map[string]int{
		"127.0.0.1:9243": 200, "[::1]:9243": 200, "localhost:9243": 200, "bridge1:9243": 200, "10.1.0.7": 200, "evil.example:9243": 421, "evil.example": 421,
	} {
		res, _ := newPage(t, nil, nil).do(t, request{target: "/page.json", host: host})
		if res.StatusCode != want {
			t.Errorf("under %s: %d, want %d", host, res.StatusCode, want)
		}
	}
	res, _ := newPage(t, one{"ada": "right"}, nil).do(t, ada(request{target: "/page.json", host: "bridge.example"}))
	if res.StatusCode != 200 {
		t.Errorf("with a password, under a name: %d", res.StatusCode)
	}
}

// document reads /page.json.
func (f *fixture) document(t *testing.T, query string) page.Document {
	t.Helper()
	res, body := f.do(t, request{target: "/page.json" + query})
	var d page.Document
	if err := json.Unmarshal([]byte(body), &d); err != nil || res.StatusCode != 200 {
		t.Fatalf("%d, %v: %s", res.StatusCode, err, body)
	}
	return d
}

func ids(l page.Listing) (all []string) {
	for _, s := range l.Rows {
		all = append(all, s.ID)
	}
	return all
}

// TestListing: orders, filters and pages.
func TestListing(t *testing.T) {
	f := newPage(t, nil, nil)
	f.fill(t, 250, 2)
	d := f.document(t, "")
	if d.List.Found != 250 || d.List.Pages != 3 || len(d.List.Rows) != 100 || d.Total.Sessions != 250 || d.Total.Locked != 2 || len(d.Locks) != 2 {
		t.Errorf("%d found, %d pages, %d rows, %+v, %d locks", d.List.Found, d.List.Pages, len(d.List.Rows), d.Total, len(d.Locks))
	}
	first := d.List.Rows[0]
	if first.ID != "0000…" || first.Lock == nil || first.Lock.Cookie != 2 || first.Lock.Front != "stateserver" || first.Timeout != 20 || first.Size != 15 || first.Lock.Age != 2 {
		t.Errorf("%+v, %+v", first, first.Lock)
	}
	if third := d.List.Rows[2]; third.ID != "0249…" || third.Size != 250*15 || third.Lock != nil {
		t.Errorf("behind the locked ones: %+v", third)
	}
	for _, l := range d.Locks {
		if want := map[string]int{"0000…": 1, "0001…": 0}[l.ID]; l.Lock.Waiting != want {
			t.Errorf("%d wait for %s", l.Lock.Waiting, l.ID)
		}
	}
	for query, want := range map[string]string{
		"?sort=size": "0249… 0248…", "?sort=-size": "0000… 0001…", "?sort=id": "0000… 0001…", "?sort=-id": "0249… 0248…", "?sort=id&page=3": "0200… 0201…",
		"?sort=id&page=99": "0200… 0201…", "?id=024&sort=id": "0240… 0241…", "?id=0249": "0249…", "?id=0249…": "0249…", "?id=0249py55t21z5v55vlm25s55": "0249…", "?id=x": "",
		"?store=other": "", "?app=other": "", "?sort=id&app=" + url.QueryEscape("app "+hostile): "0000… 0001…", "?sort=nonsense&page=-1&id=0007": "0007…",
	} {
		got := ids(f.document(t, query).List)
		if s := strings.Join(got[:min(2, len(got))], " "); s != want {
			t.Errorf("%s: begins with %q, want %q", query, s, want)
		}
	}
	if l := f.document(t, "?locked=1&sort=id").List; strings.Join(ids(l), " ") != "0000… 0001…" {
		t.Errorf("locked alone: %v", ids(l))
	}
	if l := f.document(t, "?sort=id&page=3").List; len(l.Rows) != 50 || l.Page != 3 {
		t.Errorf("the last page has %d", len(l.Rows))
	}
	f.pass(21 * time.Minute) // past their end, and past the age of the listing
	if d := f.document(t, "?id=0249"); d.List.Age != 0 || len(d.Locks) != 0 || d.Total.Locked != 0 {
		t.Errorf("age %d, locks %v, %d locked", d.List.Age, d.Locks, d.Total.Locked)
	}
}

func contains(s string, all ...string) bool {
	for _, part := range all {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}
