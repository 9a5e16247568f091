package remoteapp

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

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
			id := layout.NewSessionID()
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
