package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/bridge/client"
)

var errPage = errors.New("the page fails")

// changes is a page that changes items together.
func changes(f func(c *aspnetser.Collection) error) func(http.ResponseWriter, *http.Request) error {
	return func(_ http.ResponseWriter, r *http.Request) error { return client.Change(r.Context(), f) }
}

// TestChange changes several items, or fails halfway: then all is as it was, what was set before included.
func TestChange(t *testing.T) {
	well := changes(func(c *aspnetser.Collection) error {
		c.Remove("gone")
		return errors.Join(aspnetser.Set(c, "n", int32(2)), aspnetser.Set(c, "m", "new"))
	})
	mess := func(c *aspnetser.Collection) error {
		c.Clear()
		c.Timeout = 99
		return errors.Join(aspnetser.Set(c, "n", int32(66)), errPage)
	}
	badly := gives(errPage, changes(mess))
	panics := func(w http.ResponseWriter, r *http.Request) error {
		defer func() {
			if recover() == nil {
				t.Error("it does not panic")
			}
		}()
		return client.Change(r.Context(), func(c *aspnetser.Collection) error {
			c.Clear()
			panic("in the middle")
		})
	}
	for name, c := range map[string]struct {
		id      string
		page    func(http.ResponseWriter, *http.Request) error
		verbs   string
		items   string
		timeout int32
	}{
		"well":                       {shopID, well, "lock set", "n=2 list m=new", 20},
		"badly":                      {shopID, badly, "lock release", "n=1 gone=x list", 20},
		"a panic":                    {shopID, panics, "lock release", "n=1 gone=x list", 20},
		"nothing":                    {shopID, changes(func(*aspnetser.Collection) error { return nil }), "lock release", "n=1 gone=x list", 20},
		"the timeout":                {shopID, changes(func(c *aspnetser.Collection) error { c.Timeout = 45; return nil }), "lock set", "n=1 gone=x list", 45},
		"a bad timeout":              {shopID, fails(changes(func(c *aspnetser.Collection) error { c.Timeout = 0; c.Clear(); return nil })), "lock release", "n=1 gone=x list", 20},
		"badly, after a set":         {shopID, both(set(7), badly), "lock set", "n=7 gone=x list", 20},
		"badly, after another":       {shopID, both(well, badly), "lock set", "n=2 list m=new", 20},
		"badly, and then well":       {shopID, both(badly, well), "lock set", "n=2 list m=new", 20},
		"badly, after a timeout":     {shopID, both(setTimeout(30), badly), "lock set", "n=1 gone=x list", 30},
		"badly, after abandoning":    {shopID, both(abandon, badly), "lock remove", "", 0},
		"badly, after a look":        {shopID, both(read(1), badly), "get lock release", "n=1 gone=x list", 20},
		"badly, and read":            {shopID, both(badly, read(1)), "lock release", "n=1 gone=x list", 20},
		"badly, with others called":  {shopID, gives(errPage, callsOthers), "lock release", "n=1 gone=x list", 20},
		"no cookie":                  {"", well, "insert", "n=2 m=new", 20},
		"badly, no cookie":           {"", badly, "", "", 0},
		"badly, after a set, no one": {"", both(set(7), badly), "insert", "n=7", 20},
	} {
		for _, form := range []aspnetser.Form{aspnetser.FormPlain, aspnetser.FormCompressed} {
			t.Run(name+", "+form.String(), func(t *testing.T) {
				store, told := &calls{Store: newStore(t)}, newErrs()
				payload := blob(t, "n", int32(1), "gone", "x", "list", nrbf.ListOf[string]{"Ada"})
				compressed := form == aspnetser.FormCompressed
				if compressed {
					var err error
					if payload, err = aspnetser.Deflate(nil, payload); err != nil {
						t.Fatal(err)
					}
				}
				put(t, store.Store, shopKey, payload)
				resp := serve((&client.Sessions{Store: store, App: "shop", Compressed: &compressed, OnError: told.told}).Handler(page(t, c.page)), c.id)
				if got := strings.Join(store.verbs, " "); got != c.verbs {
					t.Errorf("calls of the store: %s; want %s", got, c.verbs)
				}
				k := shopKey
				if c.id == "" {
					k.ID = "none"
				}
				if cookie := cookieOf(resp); cookie != nil {
					k.ID = cookie.Value
				}
				got, rec := "", look(t, store.Store, k)
				if rec != nil {
					all := items(t, rec)
					for it, err := range all.All() {
						if err != nil {
							t.Error(err)
						}
						text := it.Key
						if n, ok := it.Value.Int(); ok {
							text += fmt.Sprint("=", n)
						} else if s, ok := it.Value.Text(); ok {
							text += "=" + s
						}
						got += text + " "
					}
					if rec.Timeout != c.timeout || all.Timeout != c.timeout || rec.Lock.Locked || all.Form != form {
						t.Errorf("timeouts %d and %d, locked %v, %v", rec.Timeout, all.Timeout, rec.Lock.Locked, all.Form)
					}
				}
				if strings.TrimSpace(got) != c.items {
					t.Errorf("the items are %s, want %s", got, c.items)
				}
				told.none(t)
			})
		}
	}
}

// callsOthers changes items together, and uses the session otherwise meanwhile.
func callsOthers(w http.ResponseWriter, r *http.Request) error {
	return client.Change(r.Context(), func(c *aspnetser.Collection) error {
		err := client.Change(r.Context(), func(c *aspnetser.Collection) error { return aspnetser.Set(c, "n", int32(6)) })
		return errors.Join(err, set(7)(w, r), read(7)(w, r), errPage)
	})
}

// fails wants an error, whichever.
func fails(f func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if f(w, r) == nil {
			return errors.New("there is no error")
		}
		return nil
	}
}

// TestChangeHanded changes what was handed out before, and then fails: the first is kept, and what was handed out is still the
// session's.
func TestChangeHanded(t *testing.T) {
	store := newStore(t)
	put(t, store, shopKey, blob(t, "n", int32(1), "m", int32(1)))
	serve((&client.Sessions{Store: store, App: "shop"}).Handler(page(t, with(func(s *client.Session, r *http.Request) error {
		if err := s.Lock(r.Context()); err != nil {
			return err
		}
		c, err := s.Collection(r.Context())
		if err != nil {
			return err
		}
		if err := aspnetser.Set(c, "n", int32(2)); err != nil {
			return err
		}
		if err := s.Change(r.Context(), func(c *aspnetser.Collection) error { c.Clear(); return errPage }); !errors.Is(err, errPage) {
			return err
		}
		return aspnetser.Set(c, "m", int32(3))
	}))), shopID)
	r := look(t, store, shopKey)
	has(t, r, "n", int32(2))
	has(t, r, "m", int32(3))
}

func TestLookup(t *testing.T) {
	store := newStore(t)
	put(t, store, shopKey, blob(t, "name", "Ada", "null", nil, "n", int32(1)))
	check := func(err error, got, want string) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
	serve((&client.Sessions{Store: store, App: "shop"}).ReadOnly(page(t, func(_ http.ResponseWriter, r *http.Request) error {
		for key, want := range map[string]string{"name": "Ada true", "NAME": "Ada true", "null": " false", "none": " false"} {
			x, ok, err := client.Lookup[string](r.Context(), key)
			check(err, fmt.Sprint(x, " ", ok), want)
		}
		n, ok, err := client.Lookup[int32](r.Context(), "null") // a cast of null to int throws in C#
		check(err, fmt.Sprint(n, ok), "0 false")
		a, ok, err := client.Lookup[any](r.Context(), "null")
		check(err, fmt.Sprint(a, ok), "<nil> false")
		if x, ok, err := client.Lookup[int32](r.Context(), "name"); err == nil || ok || x != 0 {
			t.Errorf("a text as a number: %v, %v, %v", x, ok, err)
		}
		return nil
	})), shopID)
	if _, _, err := client.Lookup[string](t.Context(), "name"); !errors.Is(err, client.ErrNoSession) {
		t.Errorf("without a session: %v", err)
	}
}

// TestUpdateNull counts from an item that is null.
func TestUpdateNull(t *testing.T) {
	store := newStore(t)
	put(t, store, shopKey, blob(t, "n", nil))
	serve((&client.Sessions{Store: store, App: "shop"}).Handler(page(t, count)), shopID)
	has(t, look(t, store, shopKey), "n", int32(1))
}

// TestReadOnlyWithin is a ReadOnly within a Handler of the same Sessions: it reads what is set around it, and changes nothing.
func TestReadOnlyWithin(t *testing.T) {
	list := func(want string) func(http.ResponseWriter, *http.Request) error {
		return func(_ http.ResponseWriter, r *http.Request) error {
			l, err := client.Get[[]string](r.Context(), "list")
			if err == nil && (len(l) != 1 || l[0] != want) {
				err = fmt.Errorf("the list is %v, want %s", l, want)
			}
			return err
		}
	}
	collection := with(func(s *client.Session, r *http.Request) error {
		c, err := s.Collection(r.Context())
		if err != nil {
			return err
		}
		if n, err := aspnetser.Get[int32](c, "n"); err != nil || n != 1 && n != 7 {
			return fmt.Errorf("n is %d, %v", n, err)
		}
		v, err := c.Lookup("list[0]")
		if err != nil {
			return err
		}
		leaf, _ := v.Value()
		c.Remove("n")
		return leaf.Set("Grace")
	})
	graph := func(_ http.ResponseWriter, r *http.Request) error {
		g, err := client.Get[*nrbf.Graph](r.Context(), "list")
		if err != nil {
			return err
		}
		v, err := aspnetser.ViewOf(g.Root()).Lookup("[0]")
		if err != nil {
			return err
		}
		leaf, _ := v.Value()
		return leaf.Set("Grace")
	}
	for name, c := range map[string]struct {
		before, within, after func(http.ResponseWriter, *http.Request) error
		verbs                 string
		n                     int32
	}{
		"nothing":               {nothing, nothing, nothing, "touch", 1},
		"a read":                {nothing, read(1), nothing, "get", 1},
		"a set":                 {nothing, refused, nothing, "touch", 1},
		"all that changes":      {nothing, changesNothing, nothing, "touch", 1},
		"under the lock":        {lock, changesNothing, nothing, "lock release", 1},
		"sees what is set":      {set(7), both(read(7), refused), nothing, "lock set", 7},
		"the items":             {lock, both(collection, list("Ada")), list("Ada"), "lock release", 1},
		"the items, not locked": {nothing, collection, both(lock, list("Ada")), "get lock release", 1},
		"the items, as set":     {set(7), collection, read(7), "lock set", 7},
		"a graph":               {lock, both(graph, list("Ada")), list("Ada"), "lock release", 1},
		"a graph, not locked":   {nothing, graph, both(lock, list("Ada")), "get lock release", 1},
		"a set after it":        {nothing, refused, set(7), "lock set", 7},
		"discards":              {set(7), discarding, nothing, "lock release", 1},
	} {
		t.Run(name, func(t *testing.T) {
			store := &calls{Store: newStore(t)}
			put(t, store.Store, shopKey, blob(t, "n", int32(1), "list", nrbf.ListOf[string]{"Ada"}))
			sessions := &client.Sessions{Store: store, App: "shop"}
			within := sessions.ReadOnly(sessions.Handler(page(t, c.within))) // a Handler in it is read-only too
			w := httptest.NewRecorder()
			sessions.Handler(page(t, both(c.before, both(func(w http.ResponseWriter, r *http.Request) error {
				within.ServeHTTP(w, r)
				return nil
			}, c.after)))).ServeHTTP(w, request(shopID))
			if got := strings.Join(store.verbs, " "); got != c.verbs {
				t.Errorf("calls of the store: %s; want %s", got, c.verbs)
			}
			r := look(t, store.Store, shopKey)
			has(t, r, "n", c.n)
			if l, err := aspnetser.Get[[]string](items(t, r), "list"); err != nil || l[0] != "Ada" {
				t.Errorf("the list is %v, %v", l, err)
			}
		})
	}
}

// changesNothing tries all that would change the session.
func changesNothing(w http.ResponseWriter, r *http.Request) error {
	s, err := client.From(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	for name, err := range map[string]error{
		"Set": s.Set(ctx, "n", int32(9)), "Remove": s.Remove(ctx, "n"), "Clear": s.Clear(ctx), "Lock": s.Lock(ctx), "Abandon": s.Abandon(ctx),
		"SetTimeout": s.SetTimeout(ctx, 30), "Change": s.Change(ctx, func(*aspnetser.Collection) error { return nil }), "Update": count(w, r),
	} {
		if !errors.Is(err, client.ErrReadOnly) {
			return fmt.Errorf("%s gives %v", name, err)
		}
	}
	return nil
}
