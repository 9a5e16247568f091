package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/session"
)

// ofSession is a page for HandlerFunc.
type ofSession = func(w http.ResponseWriter, r *http.Request, s *client.Session) error

// TestHandlerFunc begins a page again where the session has changed, as long as that can be done.
func TestHandlerFunc(t *testing.T) {
	// overtaken reads n, lets another page count in the first round, and sets it.
	overtaken := func(round int, store session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
		n, _, err := client.Lookup[int32](r.Context(), "n")
		if err != nil {
			return err
		}
		w.Header().Set(fmt.Sprintf("Round-%d", round), "x")
		w.Header().Set("Around", "changed")
		w.WriteHeader(200 + round)
		fmt.Fprintf(w, "round %d counts %d", round, n)
		if round == 1 {
			if err := store.SetAndRelease(r.Context(), shopKey, session.Value{Payload: blob(t, "n", n+10), Timeout: 20}, session.IfFree(0)); err != nil {
				return err
			}
		}
		return s.Set(r.Context(), "n", n+1)
	}
	for name, c := range map[string]struct {
		page   func(round int, store session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error
		change func(*client.Sessions)
		method string
		body   string
		rounds int
		status int
		answer string
		errors int
		n      int32
	}{
		"nothing to fear": {
			page: func(_ int, _ session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
				io.WriteString(w, "fine")
				return s.Set(r.Context(), "n", int32(2))
			}, rounds: 1, status: 200, answer: "fine", n: 2,
		},
		"overtaken": {page: overtaken, rounds: 2, status: 202, answer: "round 2 counts 11", n: 12},
		"set, and yet not content": {
			page: func(round int, _ session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
				if round > 1 {
					return nil
				}
				if err := errors.Join(s.SetTimeout(r.Context(), 30), s.Set(r.Context(), "n", int32(2)), s.Abandon(r.Context())); err != nil {
					return err
				}
				return fmt.Errorf("as it were: %w", client.ErrChanged)
			}, rounds: 2, status: 200, n: 1,
		},
		"without end": {
			page: func(_ int, _ session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
				return errors.Join(s.Set(r.Context(), "n", int32(2)), client.ErrChanged)
			}, rounds: 3, status: 409, answer: "Conflict\n", errors: 1, n: 1,
		},
		"without end, and without the lock": {
			page: func(_ int, _ session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
				if err := s.Set(r.Context(), "n", int32(2)); err != nil {
					return err
				}
				s.Discard()
				return client.ErrChanged
			}, rounds: 3, status: 409, answer: "Conflict\n", errors: 1, n: 1,
		},
		"an error": {
			page: func(_ int, _ session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
				w.Header().Set("Around", "changed")
				w.Header().Set("Content-Length", "4")
				io.WriteString(w, "half a page")
				return errors.Join(s.Set(r.Context(), "n", int32(2)), errPage)
			}, rounds: 1, status: 500, answer: "Internal Server Error\n", errors: 1, n: 1,
		},
		"an error, answered": {
			page: func(_ int, _ session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
				w.Header().Set("Around", "changed")
				w.WriteHeader(201)
				io.WriteString(w, "half a page")
				return errors.Join(s.Set(r.Context(), "n", int32(2)), errPage)
			},
			change: func(s *client.Sessions) {
				s.Fail = func(w http.ResponseWriter, r *http.Request, err error) {
					w.WriteHeader(http.StatusTeapot)
					n, err2 := client.Get[int32](r.Context(), "n")
					fmt.Fprint(w, errors.Is(err, errPage), n, err2)
				}
			}, rounds: 1, status: 418, answer: "true 1 <nil>", n: 1,
		},
		"the answer has begun": {
			page: func(round int, store session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
				http.NewResponseController(w).Flush()
				err := overtaken(round, store, w, r, s)
				if !errors.Is(err, client.ErrChanged) {
					t.Errorf("setting gives %v", err)
				}
				return err
			},
			change: func(s *client.Sessions) {
				s.Fail = func(http.ResponseWriter, *http.Request, error) { t.Error("Fail cannot answer") }
			}, rounds: 1, status: 200, answer: "round 1 counts 1", errors: 1, n: 11,
		},
		"nothing is held back": {page: overtaken, change: func(s *client.Sessions) { s.Buffer = -1 }, rounds: 1, status: 201, answer: "round 1 counts 1", errors: 1, n: 11},
		"a body":               {page: reads(overtaken), method: "POST", body: strings.Repeat("x", 1000), rounds: 2, status: 200, answer: "1000 bytes, round 2 counts 11", n: 12},
		"the longest body":     {page: reads(overtaken), method: "POST", body: strings.Repeat("x", 64<<10), rounds: 2, status: 200, answer: "65536 bytes, round 2 counts 11", n: 12},
		"a longer body":        {page: reads(overtaken), method: "POST", body: strings.Repeat("x", 64<<10+1), rounds: 1, status: 409, answer: "Conflict\n", errors: 1, n: 11},
		"a body of no use":     {page: overtaken, method: "POST", body: strings.Repeat("x", 1<<20), rounds: 2, status: 202, answer: "round 2 counts 11", n: 12},
		"a body, and no room":  {page: overtaken, method: "POST", body: "x", change: func(s *client.Sessions) { s.Buffer = 100 }, rounds: 2, status: 202, answer: "round 2 counts 11", n: 12},
		"half a body": {
			page: func(round int, store session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
				if round == 1 {
					io.ReadFull(r.Body, make([]byte, 100))
					r.Body.Close()
					if _, err := r.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
						t.Errorf("reading what is closed gives %v", err)
					}
					return overtaken(round, store, w, r, s)
				}
				return reads(overtaken)(round, store, w, r, s)
			}, method: "POST", body: strings.Repeat("x", 1000), rounds: 2, status: 200, answer: "1000 bytes, round 2 counts 11", n: 12,
		},
		"a form": {
			page: func(round int, store session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
				fmt.Fprint(w, r.FormValue("quantity"), " ")
				return overtaken(round, store, w, r, s)
			}, method: "POST", body: "quantity=3", rounds: 2, status: 200, answer: "3 round 2 counts 11", n: 12,
		},
	} {
		t.Run(name, func(t *testing.T) {
			store, told, rounds := newStore(t), newErrs(), 0
			put(t, store, shopKey, blob(t, "n", int32(1)))
			sessions := &client.Sessions{Store: store, App: "shop", OnError: told.told}
			if c.change != nil {
				c.change(sessions)
			}
			h := sessions.HandlerFunc(func(w http.ResponseWriter, r *http.Request, s *client.Session) error {
				rounds++
				return c.page(rounds, store, w, r, s)
			})
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Around", "as it was")
				h.ServeHTTP(w, r)
			}))
			defer s.Close()
			r, err := http.NewRequest(c.method, s.URL, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.AddCookie(&http.Cookie{Name: "ASP.NET_SessionId", Value: shopID})
			resp, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			answer, err := io.ReadAll(resp.Body)
			if rounds != c.rounds || resp.StatusCode != c.status || string(answer) != c.answer || err != nil {
				t.Errorf("%d rounds, status %d, %q, %v", rounds, resp.StatusCode, answer, err)
			}
			if c.rounds == 2 && resp.Header.Get("Round-1") != "" {
				t.Error("the header is that of the first round")
			}
			if got := resp.Header.Get("Around"); c.errors+c.rounds == 2 && resp.StatusCode >= 400 && got != "as it was" {
				t.Errorf("the header around is %q", got)
			}
			told.want(t, c.errors)
			rec := look(t, store, shopKey)
			has(t, rec, "n", c.n)
			if rec.Lock.Locked || rec.Timeout != 20 {
				t.Errorf("locked %v, timeout %d", rec.Lock.Locked, rec.Timeout)
			}
		})
	}
}

// reads reads the whole body before the page.
func reads(page func(int, session.Store, http.ResponseWriter, *http.Request, *client.Session) error) func(int, session.Store, http.ResponseWriter, *http.Request, *client.Session) error {
	return func(round int, store session.Store, w http.ResponseWriter, r *http.Request, s *client.Session) error {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%d bytes, ", len(b))
		return page(round, store, w, r, s)
	}
}

// plainWriter hides what a http.ResponseWriter can do beside its three methods.
type plainWriter struct{ http.ResponseWriter }

// TestHandlerFuncWithin has a HandlerFunc within a Handler of the same Sessions: only what is within begins again.
func TestHandlerFuncWithin(t *testing.T) {
	for name, wrap := range map[string]func(http.ResponseWriter) http.ResponseWriter{
		"directly":          func(w http.ResponseWriter) http.ResponseWriter { return w },
		"a writer between":  func(w http.ResponseWriter) http.ResponseWriter { return plainWriter{w} },
		"something written": func(w http.ResponseWriter) http.ResponseWriter { io.WriteString(w, "around, "); return w },
	} {
		for _, fails := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, fails %v", name, fails), func(t *testing.T) {
				store, told, around, rounds := newStore(t), newErrs(), 0, 0
				put(t, store, shopKey, blob(t, "n", int32(1)))
				sessions := &client.Sessions{Store: store, App: "shop", OnError: told.told}
				within := sessions.HandlerFunc(func(w http.ResponseWriter, r *http.Request, s *client.Session) error {
					rounds++
					n, err := client.Get[int32](r.Context(), "n")
					if err != nil {
						return err
					}
					fmt.Fprintf(w, "round %d", rounds)
					if rounds == 1 {
						if err := store.SetAndRelease(r.Context(), shopKey, session.Value{Payload: blob(t, "n", n+10), Timeout: 20}, session.IfFree(0)); err != nil {
							return err
						}
					}
					err = s.Set(r.Context(), "n", n+1)
					if err == nil && fails {
						err = errPage
					}
					return err
				})
				resp := serve(sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					around++
					within.ServeHTTP(wrap(w), r)
				})), shopID)
				body, _ := io.ReadAll(resp.Body)
				want, n := "round 2", int32(12)
				if fails {
					want, n = "Internal Server Error\n", 11
				}
				if name == "something written" {
					want = "around, " + want
				}
				if string(body) != want || around != 1 || rounds != 2 {
					t.Errorf("got %q after %d rounds within %d", body, rounds, around)
				}
				if wantStatus := map[bool]int{false: 200, true: 500}[fails]; resp.StatusCode != wantStatus && name != "something written" {
					t.Errorf("status %d", resp.StatusCode)
				}
				rec := look(t, store, shopKey)
				has(t, rec, "n", n)
				if rec.Lock.Locked {
					t.Error("the session is locked")
				}
				told.want(t, map[bool]int{false: 0, true: 1}[fails])
			})
		}
	}
}

// TestHandlerFuncStarts starts a session in each round.
func TestHandlerFuncStarts(t *testing.T) {
	for name, id := range map[string]string{"a new one": "", "one that has ended": shopID} {
		t.Run(name, func(t *testing.T) {
			store, rounds := newStore(t), 0
			sessions := &client.Sessions{Store: store, App: "shop", OnStart: func(ctx context.Context, s *client.Session) error {
				return s.Set(ctx, "n", int32(100))
			}}
			resp := serve(sessions.HandlerFunc(func(_ http.ResponseWriter, r *http.Request, s *client.Session) error {
				rounds++
				if isNew, err := s.IsNew(r.Context()); err != nil || !isNew {
					t.Errorf("IsNew is %v, %v", isNew, err)
				}
				err := client.Update(r.Context(), "n", func(n int32) (int32, error) { return n + 1, nil })
				if err == nil && rounds == 1 {
					err = client.ErrChanged
				}
				return err
			}), id)
			k := shopKey
			if cookie := cookieOf(resp); cookie != nil {
				k.ID = cookie.Value
			}
			has(t, look(t, store, k), "n", int32(101))
			if rounds != 2 {
				t.Errorf("%d rounds", rounds)
			}
		})
	}
}

// TestHandlerFuncEnds ends a page in other ways than by returning.
func TestHandlerFuncEnds(t *testing.T) {
	for name, c := range map[string]struct {
		page   ofSession
		only   bool // within ReadOnly
		panics bool
		gone   bool
		errors int
	}{
		"a panic": {page: func(_ http.ResponseWriter, r *http.Request, s *client.Session) error {
			if err := s.Set(r.Context(), "n", int32(2)); err != nil {
				return err
			}
			panic(http.ErrAbortHandler)
		}, panics: true},
		"gone": {page: func(_ http.ResponseWriter, r *http.Request, s *client.Session) error {
			if err := s.Set(r.Context(), "n", int32(2)); err != nil {
				return err
			}
			r.Context().Value(goes{}).(context.CancelFunc)()
			<-r.Context().Done()
			for { // until the watch has seen it
				if err := s.Set(r.Context(), "n", int32(3)); err != nil {
					return err
				}
			}
		}, gone: true, errors: 1},
		"read-only": {page: func(_ http.ResponseWriter, r *http.Request, s *client.Session) error {
			return s.Set(r.Context(), "n", int32(2))
		}, only: true, errors: 1},
	} {
		t.Run(name, func(t *testing.T) {
			store, told := newStore(t), newErrs()
			put(t, store, shopKey, blob(t, "n", int32(1)))
			sessions := &client.Sessions{Store: store, App: "shop", OnError: told.told}
			h := sessions.HandlerFunc(c.page)
			if c.only {
				h = sessions.ReadOnly(h)
			}
			r := request(shopID)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r = r.WithContext(context.WithValue(ctx, goes{}, cancel))
			func() {
				defer func() {
					if p := recover(); (p != nil) != c.panics {
						t.Errorf("it panics with %v", p)
					}
				}()
				h.ServeHTTP(httptest.NewRecorder(), r)
			}()
			err := told.want(t, c.errors)
			if c.only && !errors.Is(err, client.ErrReadOnly) || c.gone && !errors.Is(err, client.ErrGone) {
				t.Errorf("OnError is told %v", err)
			}
			rec := look(t, store, shopKey)
			has(t, rec, "n", int32(1))
			if rec.Lock.Locked {
				t.Error("the session is locked")
			}
		})
	}
}

// goes is where a request has what makes its client go away.
type goes struct{}
