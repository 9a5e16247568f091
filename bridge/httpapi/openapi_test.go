package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/session"
)

// broken is a store that always fails; with a fault, it panics.
type broken struct {
	err   error
	fault bool
}

func (b broken) fail() error {
	if b.fault {
		panic("a secret of the session")
	}
	return b.err
}

func (b broken) Get(context.Context, session.Key) (session.Item, error) {
	return session.Item{}, b.fail()
}
func (b broken) GetExclusive(context.Context, session.Key) (session.Item, error) {
	return session.Item{}, b.fail()
}
func (b broken) SetAndRelease(context.Context, session.Key, session.Value, session.Condition) error {
	return b.fail()
}
func (b broken) ReleaseExclusive(context.Context, session.Key, int32) error   { return b.fail() }
func (b broken) Remove(context.Context, session.Key, session.Condition) error { return b.fail() }
func (b broken) ResetTimeout(context.Context, session.Key) error              { return b.fail() }
func (b broken) CreateUninitialized(context.Context, session.Key, session.Value) error {
	return b.fail()
}
func (b broken) Now(context.Context) (session.Instant, error)                   { return 0, b.fail() }
func (b broken) Count(context.Context) (int64, error)                           { return 0, b.fail() }
func (b broken) Peek(context.Context, []session.Key) ([]*session.Record, error) { return nil, b.fail() }
func (b broken) Scan(context.Context, session.ScanRequest) (session.Page, error) {
	return session.Page{}, b.fail()
}
func (b broken) Apply(context.Context, []session.Change) ([]session.Outcome, error) {
	return nil, b.fail()
}
func (b broken) After(session.Change) session.Fence { return session.Fence{} }

// full is a store that takes nothing more, behind one that can be read.
type full struct{ session.Store }

var errFull = fmt.Errorf("no room: %w", session.ErrRefused)

func (full) SetAndRelease(context.Context, session.Key, session.Value, session.Condition) error {
	return errFull
}
func (full) CreateUninitialized(context.Context, session.Key, session.Value) error { return errFull }

// plainStore hides the abilities of a store.
type plainStore struct{ session.Store }

func jsonSession(name string) string {
	return `{"timeout":20,"items":[{"key":"UserName","value":{"type":"String","value":"` + name + `"}}]}`
}

const rowOf = `"payload":"FAAAAAAA/w==","timeout":20,"created":38000000000,"expires":48000000000,"flags":0,"locked":false,"lockCookie":1,"lockDate":38000000000,"revision":"5"`

const applied = `{"record":{"app":"shop","id":"row",` + rowOf + `},"expect":null}`

var lineType = head("Content-Type", "application/x-ndjson")

// operations are calls that succeed: where there is a session, unless fresh; locked under cookie 2 where held.
var operations = []struct {
	name        string
	call        call
	want        int
	fresh, held bool
	rows        bool
}{
	{name: "about", call: call{method: "GET", path: "/v1/apps/shop"}, want: 200},
	{name: "read", call: call{method: "GET", path: one}, want: 200},
	{name: "write", call: call{method: "PUT", path: one, body: jsonSession("Ada"), header: head("Aspstate-Lock", "2")}, want: 204, held: true},
	{name: "write", call: call{method: "PUT", path: one, body: jsonSession("Ada"), header: head("If-None-Match", "*")}, want: 201, fresh: true},
	{name: "merge", call: call{method: "PATCH", path: one, body: `{"set":{"a":{"type":"Null"}},"remove":["Visits"]}`}, want: 204},
	{name: "remove", call: call{method: "DELETE", path: one}, want: 204},
	{name: "lock", call: call{method: "POST", path: one + "/lock"}, want: 200},
	{name: "release", call: call{method: "DELETE", path: one + "/lock", header: head("Aspstate-Lock", "2")}, want: 204, held: true},
	{name: "touch", call: call{method: "POST", path: one + "/touch"}, want: 204},
	{name: "create", call: call{method: "POST", path: one + "/create", body: jsonSession("Ada")}, want: 201, fresh: true},
	{name: "listRows", call: call{method: "GET", path: "/v1/rows", key: rowsSecret}, want: 200, rows: true},
	{name: "aboutRows", call: call{method: "GET", path: "/v1/rows/about", key: rowsSecret}, want: 200, rows: true},
	{name: "countRows", call: call{method: "GET", path: "/v1/rows/count", key: rowsSecret}, want: 200, rows: true},
	{name: "peekRows", call: call{method: "POST", path: "/v1/rows/peek", key: rowsSecret, header: lineType, body: `{"app":"shop","id":"` + id + `"}` + "\n" + `{"app":"shop","id":"none"}`}, want: 200, rows: true},
	{name: "applyRows", call: call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: applied}, want: 200, rows: true},
}

// ready is a site as an operation wants it.
func ready(t testing.TB, fresh, held bool) *site {
	s := newSite(t)
	if !fresh {
		s.put(shop(id), blob("Ada"))
	}
	if held {
		s.lockAway()
	}
	return s
}

// lockAway locks the session, under cookie 2.
func (s *site) lockAway() {
	s.t.Helper()
	if item, err := s.mem.GetExclusive(s.t.Context(), shop(id)); err != nil || item.Cookie != 2 {
		s.t.Fatalf("cookie %d, %v", item.Cookie, err)
	}
}

// Every operation gives every status that is described, and every problem, and all as described. That it gives no other is
// checked with all answers of all tests.
func TestDescription(t *testing.T) {
	with := func(c call, change func(*call)) call {
		c.header = c.header.Clone()
		if c.header == nil {
			c.header = http.Header{}
		}
		change(&c)
		return c
	}
	for _, op := range operations {
		ready(t, op.fresh, op.held).want(op.want, op.call)
		ready(t, op.fresh, op.held).want(401, with(op.call, func(c *call) { c.key = "-" }))
		foreign := forumSecret
		if op.rows {
			foreign = shopSecret
		}
		ready(t, op.fresh, op.held).want(403, with(op.call, func(c *call) { c.key = foreign }))
		ready(t, op.fresh, op.held).want(400, with(op.call, func(c *call) { c.path += "?nonsense=1" }))
		if op.name == "about" {
			continue
		}
		for want, err := range map[int]error{500: errors.New("disk"), 503: fmt.Errorf("asking: %w", context.DeadlineExceeded)} {
			s := ready(t, op.fresh, op.held)
			s.front.Store, s.front.Rows = broken{err: err}, broken{err: err}
			s.want(want, op.call)
		}
		s := ready(t, op.fresh, op.held)
		s.front.Store, s.front.Rows = broken{fault: true}, broken{fault: true}
		s.want(500, op.call)
		if op.rows {
			s := ready(t, op.fresh, op.held)
			s.front.Rows = nil
			s.want(501, op.call)
			s.want(400, with(op.call, func(c *call) { c.path += "?limit=0" }))
		}
		if op.call.body != "" {
			ready(t, op.fresh, op.held).want(415, with(op.call, func(c *call) { c.header.Set("Content-Type", "text/plain") }))
			s := ready(t, op.fresh, op.held)
			s.front.Settings.MaxBody = 4
			if op.rows {
				continue // below
			}
			s.want(413, op.call)
		}
		switch op.name {
		case "read", "merge", "remove", "lock", "release", "touch":
			ready(t, true, false).want(404, op.call)
		case "write":
			ready(t, true, false).want(404, operations[2].call)
		}
		switch op.name {
		case "write", "create", "merge":
			s := ready(t, op.fresh, op.held)
			s.front.Store = full{s.mem}
			s.want(507, op.call)
		}
		switch op.name {
		case "read", "remove", "lock", "merge":
			ready(t, false, true).want(423, op.call)
		case "write":
			ready(t, false, true).want(423, with(op.call, func(c *call) { c.header = head("Aspstate-Free", "0") }))
		}
		switch op.name {
		case "write", "merge", "remove", "release":
			ready(t, false, true).want(409, with(op.call, func(c *call) { c.header = head("Aspstate-Lock", "1") }))
		case "create":
			ready(t, false, true).want(409, op.call)
		}
		switch op.name {
		case "read", "lock", "merge":
			s := newSite(t)
			s.put(shop(id), []byte("no session"))
			s.want(422, op.call)
			if _, err := s.mem.GetExclusive(t.Context(), shop(id)); err != nil {
				t.Errorf("%s: the lock was not given back: %v", op.name, err)
			}
		case "write", "create":
			ready(t, op.fresh, op.held).want(422, with(op.call, func(c *call) {
				c.raw, c.body = true, "no session"
				c.header.Set("Aspstate-Timeout", "20")
			}))
		}
		switch op.name {
		case "read", "lock":
			ready(t, op.fresh, op.held).want(406, with(op.call, func(c *call) { c.header.Set("Accept", "text/html") }))
		}
	}
	read, write, release := operations[1].call, operations[2].call, operations[7].call
	bare := func(c *call) { c.header = nil }
	ready(t, false, true).want(428, with(write, bare))
	ready(t, false, true).want(428, with(release, bare))
	ready(t, false, true).want(409, operations[3].call) // it exists
	s := ready(t, false, true)
	s.front.Store = plainStore{s.mem}
	s.want(501, with(read, func(c *call) { c.path += "?renew=no" }))
	s.want(501, with(operations[4].call, func(c *call) { c.header = head("Aspstate-Lock", "2") }))
	s.front.IfFree = true
	s.want(501, operations[3].call)
	s.front.IfFree = false
	s.want(400, call{method: "GET", path: "/v1/apps/%00"})
	s.want(400, call{method: "GET", path: "/v1/apps/shop/sessions/%00"})
	s.want(400, call{method: "POST", path: one + "/touch", body: "x"})
	s.want(400, call{method: "PUT", path: one, body: "{", header: head("Aspstate-Lock", "2")})
	s.want(400, call{method: "PATCH", path: one, body: `{"set":{"a":{"type":"Int32","value":"1"}}}`})
	s.want(400, call{method: "PUT", path: one, body: jsonSession("Ada"), header: head("Aspstate-Lock", "two")})
	s.want(404, call{method: "GET", path: "/v1/nothing"})
	s.want(405, call{method: "POST", path: one})
	s.want(200, call{method: "GET", path: "/v1/openapi.json", key: "-"})
	for _, name := range []string{"peek", "apply"} {
		line := `{"app":"shop","id":"x"}` + "\n"
		s.want(413, call{method: "POST", path: "/v1/rows/" + name, key: rowsSecret, header: lineType, body: tooMany(name, line)})
		s.want(400, call{method: "POST", path: "/v1/rows/" + name, key: rowsSecret, header: lineType, body: "{"})
	}
	s.front.Rows = full507{s.mem}
	s.want(507, operations[14].call)
	stopping(t)
	if left := described.missing(); len(left) > 0 {
		t.Errorf("nothing has provoked:\n%s", strings.Join(left, "\n"))
	}
}

func tooMany(name, line string) string {
	if name == "peek" {
		return strings.Repeat(line, 10_001)
	}
	var b strings.Builder
	for i := range 10_001 {
		fmt.Fprintf(&b, `{"delete":{"app":"shop","id":"x%d"},"expect":null}`+"\n", i)
	}
	return b.String()
}

// full507 are rows that take nothing.
type full507 struct{ httpapiRows }

type httpapiRows interface {
	session.Peeker
	session.Scanner
	session.Applier
}

func (full507) Apply(context.Context, []session.Change) ([]session.Outcome, error) {
	return nil, errFull
}

// stopping lets a wait end because the server stops.
func stopping(t *testing.T) {
	s := ready(t, false, true)
	began := make(chan struct{})
	s.front.Store = waiting{s.mem, began}
	srv := s.front.Server()
	over := make(chan *recorded, 1)
	go func() { over <- s.through(srv, call{method: "POST", path: one + "/lock?wait=60s"}) }()
	<-began
	srv.Shutdown(t.Context())
	r := <-over
	if r.w.Code != 503 || !strings.Contains(r.w.Body.String(), "problem:stopping") {
		t.Errorf("%d: %s", r.w.Code, r.w.Body)
	}
	described.check(t, r.c, r.w)
	if n := s.front.Waiting(); n != 0 {
		t.Errorf("%d wait yet", n)
	}
}

var _ http.Handler = (*httpapi.Front)(nil)
