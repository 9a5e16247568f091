package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/session"
)

// TestVerbs pins which calls of the store a page causes, and that nothing stays locked.
func TestVerbs(t *testing.T) {
	for name, c := range map[string]struct {
		id     string // of the cookie
		stored bool   // there is a session with n = 1
		only   bool   // ReadOnly
		free   bool   // OnlyIfFree
		page   func(w http.ResponseWriter, r *http.Request) error
		verbs  string
		cookie bool
		n      int32 // afterwards; 0: there is no such item
	}{
		"nothing":                      {id: shopID, stored: true, page: nothing, verbs: "touch", n: 1},
		"nothing, no session":          {id: shopID, page: nothing, verbs: "touch"},
		"nothing, no cookie":           {page: nothing},
		"read":                         {id: shopID, stored: true, page: read(1), verbs: "get", n: 1},
		"read twice":                   {id: shopID, stored: true, page: both(read(1), read(1)), verbs: "get", n: 1},
		"read, no session":             {id: shopID, page: readNone, verbs: "get"},
		"read, no cookie":              {page: readNone},
		"lock":                         {id: shopID, stored: true, page: lock, verbs: "lock release", n: 1},
		"lock and read":                {id: shopID, stored: true, page: both(lock, read(1)), verbs: "lock release", n: 1},
		"set":                          {id: shopID, stored: true, page: set(7), verbs: "lock set", n: 7},
		"set, State Server":            {id: shopID, stored: true, free: true, page: set(7), verbs: "lock setfree", n: 7},
		"read and set":                 {id: shopID, stored: true, page: both(read(1), set(7)), verbs: "get lock set", n: 7},
		"update":                       {id: shopID, stored: true, page: count, verbs: "lock set", n: 2},
		"set, no session":              {id: shopID, page: set(7), verbs: "lock create lock set", n: 7},
		"set, no cookie":               {page: set(7), verbs: "insert", cookie: true, n: 7},
		"set, no cookie, State Server": {free: true, page: set(7), verbs: "setfree", cookie: true, n: 7},
		"set, a foreign cookie":        {id: "no-id-of-asp-net-at-all!", page: set(7), verbs: "insert", cookie: true, n: 7},
		"lock, no cookie":              {page: lock},
		"remove nothing":               {id: shopID, stored: true, page: remove("other"), verbs: "lock release", n: 1},
		"remove":                       {id: shopID, stored: true, page: remove("N"), verbs: "lock set"},
		"clear":                        {id: shopID, stored: true, page: clearAll, verbs: "lock set"},
		"clear, no cookie":             {page: clearAll, verbs: "insert", cookie: true},
		"timeout":                      {id: shopID, stored: true, page: setTimeout(30), verbs: "lock set", n: 1},
		"the same timeout":             {id: shopID, stored: true, page: setTimeout(20), verbs: "lock release", n: 1},
		"abandon":                      {id: shopID, stored: true, page: abandon, verbs: "lock remove"},
		"set and abandon":              {id: shopID, stored: true, page: both(set(7), abandon), verbs: "lock remove"},
		"abandon and set":              {id: shopID, stored: true, page: both(abandon, set(7)), verbs: "lock remove"},
		"discard":                      {id: shopID, stored: true, page: discarding, verbs: "touch", n: 1},
		"read and discard":             {id: shopID, stored: true, page: both(read(1), discarding), verbs: "get", n: 1},
		"set and discard":              {id: shopID, stored: true, page: both(set(7), discarding), verbs: "lock release", n: 1},
		"set, discard, read":           {id: shopID, stored: true, page: both(both(set(7), discarding), read(1)), verbs: "lock release get", n: 1},
		"set, discard, set":            {id: shopID, stored: true, page: both(both(set(7), discarding), set(8)), verbs: "lock release lock set", n: 8},
		"set, discard, lock, read":     {id: shopID, stored: true, page: both(both(set(7), discarding), both(lock, read(1))), verbs: "lock release lock release", n: 1},
		"timeout and discard":          {id: shopID, stored: true, page: both(setTimeout(30), both(discarding, both(lock, timeoutIs(20)))), verbs: "lock release lock release", n: 1},
		"abandon and discard":          {id: shopID, stored: true, page: both(abandon, discarding), verbs: "lock release", n: 1},
		"set and discard, no session":  {id: shopID, page: both(set(7), discarding), verbs: "lock create lock release"},
		"set and discard, no cookie":   {page: both(set(7), discarding)},
		"set, flush, discard":          {page: both(set(7), both(flush, discarding)), verbs: "create lock release", cookie: true},
		"set, flush, discard, set":     {page: both(both(set(7), flush), both(discarding, set(8))), verbs: "create lock release lock set", cookie: true, n: 8},
		"read-only, discard":           {id: shopID, stored: true, only: true, page: both(read(1), discarding), verbs: "get", n: 1},
		"abandon, no session":          {id: shopID, page: abandon, verbs: "lock"},
		"abandon, no cookie":           {page: abandon},
		"set and abandon, no cookie":   {page: both(set(7), abandon)},
		"read-only":                    {id: shopID, stored: true, only: true, page: read(1), verbs: "get", n: 1},
		"read-only, set":               {id: shopID, stored: true, only: true, page: both(read(1), refused), verbs: "get", n: 1},
		"flush, then nothing":          {page: flush},
		"set and flush, no cookie":     {page: both(set(7), flush), verbs: "create lock set", cookie: true, n: 7},
		"set, flush, set, no cookie":   {page: both(set(7), both(flush, set(8))), verbs: "create lock set", cookie: true, n: 8},
		"flush and set, no cookie":     {page: both(flush, tooLate)},
		"set and flush":                {id: shopID, stored: true, page: both(set(7), flush), verbs: "lock set", n: 7},
		"flush and set":                {id: shopID, stored: true, page: both(flush, set(7)), verbs: "lock set", n: 7},
		"a large page":                 {page: both(set(7), write(100_000)), verbs: "create lock set", cookie: true, n: 7},
	} {
		t.Run(name, func(t *testing.T) {
			store, told := &calls{Store: newStore(t)}, newErrs()
			if c.stored {
				put(t, store.Store, shopKey, blob(t, "n", int32(1)))
			}
			sessions := &client.Sessions{Store: store, App: "shop", OnlyIfFree: c.free, OnError: told.told}
			h := sessions.Handler(page(t, c.page))
			if c.only {
				h = sessions.ReadOnly(page(t, c.page))
			}
			resp := serve(h, c.id)
			if got := strings.Join(store.verbs, " "); got != c.verbs {
				t.Errorf("calls of the store: %s; want %s", got, c.verbs)
			}
			if resp.StatusCode != 200 {
				t.Errorf("status %d", resp.StatusCode)
			}
			k, cookie := shopKey, cookieOf(resp)
			if (cookie != nil) != c.cookie {
				t.Errorf("the response sets the cookie %v", cookie)
			}
			if cookie != nil {
				k.ID = cookie.Value
			}
			switch r := look(t, store.Store, k); {
			case c.n != 0:
				has(t, r, "n", c.n)
			case r != nil && items(t, r).Len() > 0:
				t.Error("the session has items")
			}
			if r := look(t, store.Store, k); r != nil && r.Lock.Locked {
				t.Error("the session is locked")
			}
			told.none(t)
		})
	}
}

// The pages of TestVerbs.

func nothing(http.ResponseWriter, *http.Request) error { return nil }

func both(a, b func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := a(w, r); err != nil {
			return err
		}
		return b(w, r)
	}
}

func read(want int32) func(http.ResponseWriter, *http.Request) error {
	return func(_ http.ResponseWriter, r *http.Request) error {
		got, err := client.Get[int32](r.Context(), "N")
		if err == nil && got != want {
			err = fmt.Errorf("n is %d, want %d", got, want)
		}
		return err
	}
}

func readNone(_ http.ResponseWriter, r *http.Request) error {
	if _, err := client.Get[int32](r.Context(), "n"); !errors.Is(err, aspnetser.ErrNoItem) {
		return fmt.Errorf("reading gives %v", err)
	}
	return nil
}

func with(f func(s *client.Session, r *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(_ http.ResponseWriter, r *http.Request) error {
		s, err := client.From(r)
		if err != nil {
			return err
		}
		return f(s, r)
	}
}

var (
	lock     = with(func(s *client.Session, r *http.Request) error { return s.Lock(r.Context()) })
	clearAll = with(func(s *client.Session, r *http.Request) error { return s.Clear(r.Context()) })
	abandon  = with(func(s *client.Session, r *http.Request) error { return s.Abandon(r.Context()) })
)

func set(n int32) func(http.ResponseWriter, *http.Request) error {
	return func(_ http.ResponseWriter, r *http.Request) error { return client.Set(r.Context(), "n", n) }
}

func remove(key string) func(http.ResponseWriter, *http.Request) error {
	return with(func(s *client.Session, r *http.Request) error { return s.Remove(r.Context(), key) })
}

var discarding = with(func(s *client.Session, _ *http.Request) error {
	s.Discard()
	return nil
})

func timeoutIs(want int32) func(http.ResponseWriter, *http.Request) error {
	return with(func(s *client.Session, r *http.Request) error {
		got, err := s.Timeout(r.Context())
		if err == nil && got != want {
			err = fmt.Errorf("the timeout is %d, want %d", got, want)
		}
		return err
	})
}

func setTimeout(minutes int32) func(http.ResponseWriter, *http.Request) error {
	return with(func(s *client.Session, r *http.Request) error { return s.SetTimeout(r.Context(), minutes) })
}

func gives(want error, f func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := f(w, r); !errors.Is(err, want) {
			return fmt.Errorf("got %v, want %v", err, want)
		}
		return nil
	}
}

var (
	refused = gives(client.ErrReadOnly, set(1))
	tooLate = gives(client.ErrTooLate, set(1))
)

func flush(w http.ResponseWriter, _ *http.Request) error {
	return http.NewResponseController(w).Flush()
}

func write(n int) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, _ *http.Request) error {
		_, err := w.Write(make([]byte, n))
		return err
	}
}

func TestCookie(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*client.Sessions)
		want   string // ID stands for the id
	}{
		"as ASP.NET":  {func(*client.Sessions) {}, "ASP.NET_SessionId=ID; Path=/; HttpOnly; SameSite=Lax"},
		"secure":      {func(s *client.Sessions) { s.Secure, s.SameSite = true, http.SameSiteNoneMode }, "ASP.NET_SessionId=ID; Path=/; HttpOnly; Secure; SameSite=None"},
		"not said":    {func(s *client.Sessions) { s.SameSite = http.SameSiteDefaultMode }, "ASP.NET_SessionId=ID; Path=/; HttpOnly"},
		"elsewhere":   {func(s *client.Sessions) { s.Domain, s.Path = "example.com", "/shop" }, "ASP.NET_SessionId=ID; Path=/shop; Domain=example.com; HttpOnly; SameSite=Lax"},
		"another one": {func(s *client.Sessions) { s.CookieName = "sid" }, "sid=ID; Path=/; HttpOnly; SameSite=Lax"},
	} {
		t.Run(name, func(t *testing.T) {
			store, id := newStore(t), ""
			sessions := &client.Sessions{Store: store, App: "shop"}
			c.change(sessions)
			resp := serve(sessions.Handler(page(t, both(set(1), with(func(s *client.Session, _ *http.Request) error {
				id = s.ID()
				return nil
			})))), "")
			if got, want := resp.Header.Get("Set-Cookie"), strings.Replace(c.want, "ID", id, 1); got != want {
				t.Errorf("Set-Cookie: %s\nwant        %s", got, want)
			}
			if got := resp.Header.Get("Cache-Control"); got != `no-cache="Set-Cookie"` {
				t.Errorf("Cache-Control: %s", got)
			}
			if look(t, store, session.Key{App: "shop", ID: id}) == nil {
				t.Error("the session is not stored")
			}
		})
	}
}

// TestUntouched changes one item of a session that has others which no Go program can read: those keep their bytes.
func TestUntouched(t *testing.T) {
	for _, form := range []aspnetser.Form{aspnetser.FormPlain, aspnetser.FormCompressed} {
		t.Run(form.String(), func(t *testing.T) {
			before := []byte{20, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1, 'a', 1, 'b', 1, 'c', 4, 0, 0, 0, 9, 0, 0, 0, 12, 0, 0, 0,
				99, 1, 2, 3, // of no known type
				2, 5, 0, 0, 0, // an Int32
				1, 7, 'x', // a text that runs over its slot
				0xFF}
			after := slices.Clone(before)
			after[37] = 6 // the number
			if form == aspnetser.FormCompressed {
				var err error
				if before, err = aspnetser.Deflate(nil, before); err != nil {
					t.Fatal(err)
				}
			}
			store := newStore(t)
			put(t, store, shopKey, before)
			serve((&client.Sessions{Store: store, App: "shop"}).Handler(page(t, func(_ http.ResponseWriter, r *http.Request) error {
				return client.Update(r.Context(), "b", func(n int32) (int32, error) { return n + 1, nil })
			})), shopID)
			got := look(t, store, shopKey).Payload
			f, err := aspnetser.Examine(got, aspnetser.Options{})
			if f != form {
				t.Fatalf("the session is %v now: %v", f, err)
			}
			if form == aspnetser.FormCompressed {
				if got, err = aspnetser.Inflate(nil, got, aspnetser.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, after) {
				t.Errorf("the session is\n% x, want\n% x", got, after)
			}
		})
	}
}

func TestNewSession(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		store := newStore(t)
		sessions := &client.Sessions{Store: store, App: "shop", Compressed: &compressed, Timeout: 45}
		k := session.Key{App: "shop", ID: cookieOf(serve(sessions.Handler(page(t, set(1))), "")).Value}
		want := aspnetser.FormPlain
		if compressed {
			want = aspnetser.FormCompressed
		}
		r := look(t, store, k)
		if c := items(t, r); c.Form != want || c.Timeout != 45 || r.Timeout != 45 || r.Flags != 0 {
			t.Errorf("a new session is %v, timeout %d and %d, flags %d", c.Form, c.Timeout, r.Timeout, r.Flags)
		}
	}
}

// TestBroken asks for a session that nobody can read: it is not changed, and not left locked.
func TestBroken(t *testing.T) {
	store, told := newStore(t), newErrs()
	put(t, store, shopKey, []byte("no session"))
	serve((&client.Sessions{Store: store, App: "shop", OnError: told.told}).Handler(page(t, func(_ http.ResponseWriter, r *http.Request) error {
		for range 2 {
			var malformed *aspnetser.MalformedError
			if err := client.Set(r.Context(), "n", int32(1)); !errors.As(err, &malformed) {
				return fmt.Errorf("setting gives %v", err)
			}
		}
		return nil
	})), shopID)
	if r := look(t, store, shopKey); string(r.Payload) != "no session" || r.Lock.Locked {
		t.Errorf("the session is %q, locked %v", r.Payload, r.Lock.Locked)
	}
	told.none(t)
}

func TestOnStart(t *testing.T) {
	for name, c := range map[string]struct {
		id     string
		stored string // "", "plain" or "marked"
		page   func(http.ResponseWriter, *http.Request) error
		starts int
		n      int32
	}{
		"new, set":       {"", "", set(1), 1, 1},
		"new, read":      {"", "", readNone, 0, 0},
		"ended, set":     {shopID, "", set(1), 1, 1},
		"old, set":       {shopID, "plain", set(1), 0, 1},
		"marked, set":    {shopID, "marked", set(1), 1, 1},
		"marked, read":   {shopID, "marked", read(100), 1, 100},
		"marked, update": {shopID, "marked", count, 1, 101},
	} {
		t.Run(name, func(t *testing.T) {
			store, starts := newStore(t), 0
			switch c.stored {
			case "plain":
				put(t, store, shopKey, blob(t, "n", int32(5)))
			case "marked":
				if err := store.CreateUninitialized(t.Context(), shopKey, session.Value{Payload: blob(t), Timeout: 20}); err != nil {
					t.Fatal(err)
				}
			}
			sessions := &client.Sessions{Store: store, App: "shop"}
			sessions.OnStart = func(ctx context.Context, s *client.Session) error {
				starts++
				if isNew, err := s.IsNew(ctx); err != nil || !isNew {
					t.Errorf("IsNew is %v, %v", isNew, err)
				}
				return s.Set(ctx, "n", int32(100))
			}
			resp := serve(sessions.Handler(page(t, c.page)), c.id)
			k := shopKey
			if cookie := cookieOf(resp); cookie != nil {
				k.ID = cookie.Value
			}
			if starts != c.starts {
				t.Errorf("%d starts, want %d", starts, c.starts)
			}
			if c.n != 0 {
				has(t, look(t, store, k), "n", c.n)
			}
		})
	}
}

// TestInPlace changes what Get and Collection hand out, or only looks at it.
func TestInPlace(t *testing.T) {
	list := func(f func(*nrbf.Graph) error) func(http.ResponseWriter, *http.Request) error {
		return func(_ http.ResponseWriter, r *http.Request) error {
			g, err := client.Get[*nrbf.Graph](r.Context(), "list")
			if err != nil {
				return err
			}
			return f(g)
		}
	}
	collection := func(f func(*aspnetser.Collection) error) func(http.ResponseWriter, *http.Request) error {
		return with(func(s *client.Session, r *http.Request) error {
			c, err := s.Collection(r.Context())
			if err != nil {
				return err
			}
			return f(c)
		})
	}
	rename := func(c *aspnetser.Collection) error {
		v, err := c.Lookup("list[0]")
		if err != nil {
			return err
		}
		leaf, _ := v.Value()
		return leaf.Set("Grace")
	}
	for name, c := range map[string]struct {
		page  func(http.ResponseWriter, *http.Request) error
		verbs string
		list0 string
	}{
		"a look at a graph":         {both(lock, list(func(*nrbf.Graph) error { return nil })), "lock release", "Ada"},
		"a look at the items":       {both(lock, collection(func(c *aspnetser.Collection) error { c.Keys(); return nil })), "lock release", "Ada"},
		"a leaf":                    {both(lock, collection(rename)), "lock set", "Grace"},
		"a leaf, and what it was":   {both(lock, both(collection(rename), collection(func(c *aspnetser.Collection) error { return aspnetser.Set(c, "list", nrbf.ListOf[string]{"Ada"}) }))), "lock release", "Ada"},
		"an item of the collection": {both(lock, collection(func(c *aspnetser.Collection) error { return aspnetser.Set(c, "list", nrbf.ListOf[string]{"Bob"}) })), "lock set", "Bob"},
		"without a lock":            {collection(rename), "get", "Ada"},
		"before the lock":           {both(collection(rename), lock), "get lock set", "Grace"},
	} {
		for _, form := range []aspnetser.Form{aspnetser.FormPlain, aspnetser.FormCompressed} {
			t.Run(name+", "+form.String(), func(t *testing.T) {
				store := &calls{Store: newStore(t)}
				payload := blob(t, "list", nrbf.ListOf[string]{"Ada"})
				if form == aspnetser.FormCompressed {
					var err error
					if payload, err = aspnetser.Deflate(nil, payload); err != nil {
						t.Fatal(err)
					}
				}
				put(t, store.Store, shopKey, payload)
				serve((&client.Sessions{Store: store, App: "shop"}).Handler(page(t, c.page)), shopID)
				if got := strings.Join(store.verbs, " "); got != c.verbs {
					t.Errorf("calls of the store: %s; want %s", got, c.verbs)
				}
				after := items(t, look(t, store.Store, shopKey))
				if got, err := aspnetser.Get[[]string](after, "list"); err != nil || len(got) != 1 || got[0] != c.list0 || after.Form != form {
					t.Errorf("the list is %v, %v, in a session that is %v", got, err, after.Form)
				}
			})
		}
	}
}
