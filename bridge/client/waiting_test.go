package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// verbsOnly hides every ability of a store.
type verbsOnly struct{ session.Store }

// TestChanged lets another page change the session between the first look and the lock.
func TestChanged(t *testing.T) {
	for name, c := range map[string]struct {
		look    func(w http.ResponseWriter, r *http.Request) error
		before  []any // the session at the first look; nil: there is none
		after   []any // what another page makes of it
		changed bool
	}{
		"what was read":     {read(1), []any{"n", int32(1)}, []any{"n", int32(2)}, true},
		"something else":    {read(1), []any{"n", int32(1)}, []any{"n", int32(1), "m", int32(2)}, false},
		"nothing":           {read(1), []any{"n", int32(1)}, []any{"n", int32(1)}, false},
		"its place":         {read(1), []any{"n", int32(1), "m", int32(2)}, []any{"m", int32(2), "n", int32(1)}, false},
		"removed":           {read(1), []any{"n", int32(1)}, []any{}, true},
		"made":              {readNone, nil, []any{"n", int32(1)}, true},
		"made without":      {readNone, nil, []any{"m", int32(1)}, false},
		"all was read":      {keys, []any{"n", int32(1)}, []any{"n", int32(1), "m", int32(2)}, true},
		"new was read":      {asksNew, nil, []any{"n", int32(1)}, true},
		"not new any more":  {asksNew, []any{"n", int32(1)}, []any{"n", int32(2)}, false},
		"nothing was asked": {nothing, []any{"n", int32(1)}, []any{"n", int32(2)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			store, told := newStore(t), newErrs()
			if c.before != nil {
				put(t, store, shopKey, blob(t, c.before...))
			}
			h := (&client.Sessions{Store: store, App: "shop", OnError: told.told}).Handler(page(t, func(w http.ResponseWriter, r *http.Request) error {
				if err := c.look(w, r); err != nil {
					return err
				}
				if err := store.SetAndRelease(r.Context(), shopKey, session.Value{Payload: blob(t, c.after...), Timeout: 20}, session.IfFree(0)); err != nil {
					return err
				}
				if err := set(9)(w, r); errors.Is(err, client.ErrChanged) != c.changed {
					return fmt.Errorf("setting gives %v", err)
				}
				return set(9)(w, r) // it is locked and read anew
			}))
			if resp := serve(h, shopID); resp.StatusCode != 200 {
				t.Errorf("status %d", resp.StatusCode)
			}
			r := look(t, store, shopKey)
			has(t, r, "n", int32(9))
			if len(c.after) == 4 {
				has(t, r, "m", int32(2))
			}
			told.none(t)
		})
	}
}

var (
	keys    = with(func(s *client.Session, r *http.Request) error { _, err := s.Keys(r.Context()); return err })
	asksNew = with(func(s *client.Session, r *http.Request) error { _, err := s.IsNew(r.Context()); return err })
)

// TestNoUpdateIsLost lets two middlewares and users of the store itself count in one session.
func TestNoUpdateIsLost(t *testing.T) {
	for name, wrap := range map[string]func(*memstore.Store) session.Store{
		"with a Waiter":  func(s *memstore.Store) session.Store { return s },
		"with the verbs": func(s *memstore.Store) session.Store { return verbsOnly{s} },
	} {
		for _, begin := range []string{"an old session", "one that has ended"} {
			t.Run(name+", "+begin, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store, told := newStore(t), newErrs()
					if begin == "an old session" {
						put(t, store, shopKey, blob(t, "n", int32(0)))
					}
					var all sync.WaitGroup
					const workers, rounds = 4, 12
					for range 2 {
						h := (&client.Sessions{Store: wrap(store), App: "shop", Poll: time.Millisecond, OnError: told.told}).Handler(page(t, count))
						optimistic := (&client.Sessions{Store: wrap(store), App: "shop", Poll: time.Millisecond, OnError: told.told}).Handler(page(t, countFrom))
						for i := range workers {
							all.Go(func() {
								for range rounds {
									one := h
									if i%2 == 1 {
										one = optimistic
									}
									if resp := serve(one, shopID); resp.StatusCode != 200 {
										t.Errorf("status %d", resp.StatusCode)
									}
								}
							})
						}
					}
					for range 2 {
						all.Go(func() {
							for range rounds {
								countDirectly(t, store)
							}
						})
					}
					all.Wait()
					has(t, look(t, store, shopKey), "n", int32(2*workers*rounds+2*rounds))
					told.none(t)
				})
			})
		}
	}
}

// countFrom reads first and writes then, and begins again where somebody was faster.
func countFrom(_ http.ResponseWriter, r *http.Request) error {
	for {
		n, err := client.Get[int32](r.Context(), "n")
		if err != nil && !strings.Contains(err.Error(), "no such item") {
			return err
		}
		if err = client.Set(r.Context(), "n", n+1); !errors.Is(err, client.ErrChanged) {
			return err
		}
	}
}

// countDirectly is a .NET page.
func countDirectly(t *testing.T, store *memstore.Store) {
	for {
		item, err := store.WaitExclusive(t.Context(), shopKey, time.Minute)
		switch {
		case errors.Is(err, session.ErrNotFound):
			if err := store.CreateUninitialized(t.Context(), shopKey, session.Value{Payload: blob(t), Timeout: 20}); err != nil && !errors.Is(err, session.ErrExists) {
				t.Error(err)
			}
			continue
		case err != nil:
			t.Error(err)
			return
		}
		n := int32(0)
		c := items(t, &session.Record{Payload: item.Payload})
		if v, err := c.Get("n"); err == nil {
			x, _ := v.Int()
			n = int32(x)
		}
		v := session.Value{Payload: blob(t, "n", n+1), Timeout: 20}
		if err := store.SetAndRelease(t.Context(), shopKey, v, session.IfCookie(item.Cookie)); err != nil {
			t.Error(err)
		}
		return
	}
}

// TestWait waits for a lock that somebody else gives back, or does not.
func TestWait(t *testing.T) {
	const never = time.Hour
	for name, c := range map[string]struct {
		change  func(*client.Sessions)
		page    func(w http.ResponseWriter, r *http.Request) error
		holds   time.Duration // how long somebody else has the lock
		locked  bool          // the page is refused
		waits   time.Duration
		without time.Duration // where the store is no Waiter; 0: the same. It is asked after 4, 12, 28, 60, 124, 252, 508, 1008, … ms
		stolen  bool          // who had the lock has lost it
	}{
		"a page":                   {nil, count, 1200 * time.Millisecond, false, 1200 * time.Millisecond, 1508 * time.Millisecond, false},
		"who reads":                {nil, read(1), 1200 * time.Millisecond, false, 1508 * time.Millisecond, 0, false},
		"a page, soon":             {nil, count, 5 * time.Millisecond, false, 5 * time.Millisecond, 12 * time.Millisecond, false},
		"who reads, soon":          {nil, read(1), 5 * time.Millisecond, false, 12 * time.Millisecond, 0, false},
		"who asks often":           {func(s *client.Sessions) { s.Poll = 10 * time.Millisecond }, read(1), 1200 * time.Millisecond, false, 1202 * time.Millisecond, 0, false},
		"an old lock is broken":    {nil, count, never, false, 110 * time.Second, 0, true},
		"by who reads as well":     {nil, read(1), never, false, 110 * time.Second, 0, false},
		"another executionTimeout": {func(s *client.Sessions) { s.ExecutionTimeout = 3300 * time.Millisecond }, count, never, false, 3300 * time.Millisecond, 0, true},
		"no lock is broken":        {func(s *client.Sessions) { s.ExecutionTimeout = -1 }, count, never, true, 110 * time.Second, 0, false},
		"a short wait":             {func(s *client.Sessions) { s.Wait = time.Second }, count, never, true, time.Second, 0, false},
		"no wait":                  {func(s *client.Sessions) { s.Wait = -1 }, count, never, true, 0, 0, false},
	} {
		for kind, wrap := range map[string]func(*memstore.Store) session.Store{
			"Waiter": func(s *memstore.Store) session.Store { return s },
			"verbs":  func(s *memstore.Store) session.Store { return verbsOnly{s} },
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store, told := newStore(t), newErrs()
					put(t, store, shopKey, blob(t, "n", int32(1)))
					item, err := store.GetExclusive(t.Context(), shopKey)
					if err != nil {
						t.Fatal(err)
					}
					free := time.AfterFunc(c.holds, func() {
						if err := store.ReleaseExclusive(context.Background(), shopKey, item.Cookie); err != nil {
							t.Error(err)
						}
					})
					defer free.Stop()
					sessions := &client.Sessions{Store: wrap(store), App: "shop", OnError: told.told}
					if c.change != nil {
						c.change(sessions)
					}
					began := time.Now()
					serve(sessions.Handler(page(t, func(w http.ResponseWriter, r *http.Request) error {
						var locked *session.LockedError
						err := c.page(w, r)
						if refused := errors.As(err, &locked); refused != c.locked || err != nil && !refused {
							return fmt.Errorf("the page gives %v", err)
						}
						return nil
					})), shopID)
					want := c.waits
					if kind == "verbs" && c.without > 0 {
						want = c.without
					}
					// The moment of a lock has ticks of 3.3 ms.
					if waited := time.Since(began); waited < want-5*time.Millisecond || waited > want+5*time.Millisecond {
						t.Errorf("waited %v, want %v", waited, want)
					}
					err = store.SetAndRelease(t.Context(), shopKey, session.Value{Payload: blob(t), Timeout: 20}, session.IfCookie(item.Cookie))
					if c.stolen && !errors.Is(err, session.ErrStaleCookie) {
						t.Errorf("who has lost the lock can write: %v", err)
					}
					told.none(t)
				})
			})
		}
	}
}

// TestLostLock breaks the lock of a page at work.
func TestLostLock(t *testing.T) {
	steal := func(store *memstore.Store) error {
		_, err := store.GetExclusive(context.Background(), shopKey)
		var locked *session.LockedError
		if !errors.As(err, &locked) {
			return fmt.Errorf("the page has no lock: %v", err)
		}
		return store.ReleaseExclusive(context.Background(), shopKey, locked.Cookie)
	}
	take := func(store *memstore.Store) error {
		if err := steal(store); err != nil {
			return err
		}
		_, err := store.GetExclusive(context.Background(), shopKey)
		return err
	}
	removed := func(store *memstore.Store) error {
		return store.Remove(context.Background(), shopKey, session.IfCookie(look(t, store, shopKey).Lock.Cookie))
	}
	for name, c := range map[string]struct {
		page   func(w http.ResponseWriter, r *http.Request) error
		steal  func(*memstore.Store) error
		status int
		want   error
	}{
		"taken over":            {set(2), take, 409, session.ErrStaleCookie},
		"only released":         {set(2), steal, 200, nil}, // nobody has looked at it since
		"removed":               {set(2), removed, 409, session.ErrNotFound},
		"nothing changed":       {lock, take, 200, nil},
		"removed, nothing else": {lock, removed, 200, nil},
		"abandoned":             {abandon, take, 409, session.ErrStaleCookie},
		"abandoned twice":       {abandon, removed, 200, nil},
		"flushed":               {both(flush, set(2)), take, 200, session.ErrStaleCookie},
	} {
		t.Run(name, func(t *testing.T) {
			store, told := newStore(t), newErrs()
			put(t, store, shopKey, blob(t, "n", int32(1)))
			resp := serve((&client.Sessions{Store: store, App: "shop", OnError: told.told}).Handler(page(t, func(w http.ResponseWriter, r *http.Request) error {
				if err := c.page(w, r); err != nil {
					return err
				}
				return c.steal(store)
			})), shopID)
			if resp.StatusCode != c.status {
				t.Errorf("status %d, want %d", resp.StatusCode, c.status)
			}
			if c.want == nil {
				told.none(t)
			} else if err := told.one(t); !errors.Is(err, c.want) || strings.Contains(err.Error(), shopID) {
				t.Errorf("OnError is told %v, want %v", err, c.want)
			} else if r := look(t, store, shopKey); r != nil {
				has(t, r, "n", int32(1))
			}
		})
	}
}

// TestClocks refuses a page whose session was locked just now by the clock of its store, and long ago by that of the page's
// machine: the lock is not broken. Nor is one that is so old that ASP.NET does not believe it.
func TestClocks(t *testing.T) {
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT"}})
	if err != nil {
		t.Fatal(err)
	}
	sp, err := layout.NewSpelling(reg, layout.RuleAsync21)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		behind time.Duration
		age    time.Duration
		broken bool
		wrap   func(*memstore.Store) session.Store
	}{
		"the store's clock": {time.Hour, time.Second, false, func(s *memstore.Store) session.Store { return s }},
		"that of its table": {time.Hour, time.Second, false, func(s *memstore.Store) session.Store {
			return &layout.Respelled{Table: s, Spelling: sp, Rule: layout.RuleAsync21}
		}},
		"old by the store's clock": {-time.Hour, 2 * time.Minute, true, func(s *memstore.Store) session.Store { return s }},
		"the machine's clock":      {0, 2 * time.Minute, true, func(s *memstore.Store) session.Store { return verbsOnly{s} }},
		"a year":                   {0, 364 * 24 * time.Hour, true, func(s *memstore.Store) session.Store { return s }},
		"more than a year":         {0, 366 * 24 * time.Hour, false, func(s *memstore.Store) session.Store { return s }},
	} {
		t.Run(name, func(t *testing.T) {
			now := func() time.Time { return time.Now().Add(-c.behind) }
			mem := memstore.New(memstore.Options{Now: now})
			defer mem.Close()
			store := c.wrap(mem)
			put(t, store, shopKey, blob(t, "n", int32(1)))
			all, err := mem.Scan(t.Context(), session.ScanRequest{Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			r := all.Records[0]
			f := r.Fence()
			r.Lock.Locked, r.Lock.Since = true, session.At(now().Add(-c.age))
			if _, err := mem.Apply(t.Context(), []session.Change{{Record: r, Expect: &f}}); err != nil {
				t.Fatal(err)
			}
			serve((&client.Sessions{Store: store, App: "shop", Wait: -1}).Handler(page(t, func(w http.ResponseWriter, r *http.Request) error {
				var locked *session.LockedError
				if err := set(2)(w, r); errors.As(err, &locked) == c.broken {
					return fmt.Errorf("setting gives %v", err)
				}
				return nil
			})), shopID)
		})
	}
}

// TestMarkInRefusal starts a session whose mark a refused read was told of: nobody else will be.
func TestMarkInRefusal(t *testing.T) {
	for name, read := range map[string]bool{"who locks": false, "who reads": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, started := newStore(t), false
				if err := store.CreateUninitialized(t.Context(), shopKey, session.Value{Payload: blob(t), Timeout: 20}); err != nil {
					t.Fatal(err)
				}
				r := look(t, store, shopKey)
				f := r.Fence()
				r.Lock.Locked, r.Lock.Since = true, session.At(time.Now())
				if _, err := store.Apply(t.Context(), []session.Change{{Record: *r, Expect: &f}}); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(time.Second, func() { store.ReleaseExclusive(context.Background(), shopKey, r.Lock.Cookie) })
				sessions := &client.Sessions{Store: store, App: "shop", OnStart: func(context.Context, *client.Session) error {
					started = true
					return nil
				}}
				one := set(1)
				if read {
					one = readNone
				}
				serve(sessions.Handler(page(t, one)), shopID)
				if !started {
					t.Error("the session was not started")
				}
			})
		})
	}
}
