//go:build linux

package main

import (
	"encoding/gob"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/boj/redistore"
	"github.com/gomodule/redigo/redis"
	"github.com/gorilla/sessions"

	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// contender makes the pages of a web server over a store at an address.
type contender func(store string) (shop, error)

// shop are the pages. Each writes the answer of show, and 500 by fail.
type shop struct{ start, cycle, read http.Handler }

// The kinds of contenders.
const (
	bare     = "no session"
	ours     = "ours"
	inMemory = "ours, in process"
	gorilla  = "gorilla+redistore"
	tuned    = "gorilla+redistore, tuned"
	scsRedis = "scs+redisstore"
	sliding  = "scs+redisstore, sliding"
)

var contenders = map[string]contender{
	bare: newBare, ours: newOurs, inMemory: newInMemory, gorilla: newGorilla, tuned: newTuned,
	scsRedis: func(store string) (shop, error) { return newSCS(store, 0) },
	sliding:  func(store string) (shop, error) { return newSCS(store, minutes*time.Minute) },
}

// What a session has: texts that make it about 2 KB with each contender, a name to be shown, and a count.
const (
	texts   = 18
	minutes = 20
	nameKey = "UserName"
	name    = "Ada Lovelace"
	visits  = "Visits"
)

// contents are the items of a new session.
func contents() map[string]any {
	m := map[string]any{nameKey: name, visits: int32(0)}
	for i := range texts {
		m[fmt.Sprintf("Item%02d", i)] = strings.Repeat(string(rune('a'+i)), 100)
	}
	return m
}

// page is a page's body without its first line, "visit 0000000001\n".
var page = strings.Repeat("<p>A page of a shop says nothing but that it is one.</p>\n", 18)

var typeHTML = []string{"text/html; charset=utf-8"}

// show answers a page.
func show(w http.ResponseWriter, visit int32, name string, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if name != contentsName {
		http.Error(w, "the session has lost its name", http.StatusInternalServerError)
		return
	}
	var room [1500]byte
	b := fmt.Appendf(room[:0], "visit %010d\n", visit)
	b = append(append(b, name...), page...)
	w.Header()["Content-Type"] = typeHTML
	w.Write(b)
}

const contentsName = name

func newBare(string) (shop, error) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { show(w, 0, name, nil) })
	return shop{h, h, h}, nil
}

// newOurs is the middleware over a bridge.
func newOurs(store string) (shop, error) {
	c, err := newClient(store)
	return newMiddleware(c), err
}

// newInMemory is the middleware over a store in the web server itself.
func newInMemory(string) (shop, error) { return newMiddleware(memstore.New(memstore.Options{})), nil }

func newMiddleware(store session.Store) shop {
	s := &client.Sessions{Store: store, App: app, OnError: func(_ *http.Request, err error) { log.Print(err) }}
	return shop{
		start: s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var errs []error
			for key, v := range contents() {
				errs = append(errs, client.Set(r.Context(), key, v))
			}
			show(w, 0, name, errors.Join(errs...))
		})),
		cycle: s.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var visit int32
			err := client.Update(r.Context(), visits, func(n int32) (int32, error) {
				visit = n + 1
				return visit, nil
			})
			name, err2 := client.Get[string](r.Context(), nameKey)
			show(w, visit, name, errors.Join(err, err2))
		})),
		read: s.ReadOnly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			visit, err := client.Get[int32](r.Context(), visits)
			name, err2 := client.Get[string](r.Context(), nameKey)
			show(w, visit, name, errors.Join(err, err2))
		})),
	}
}

// newClient makes a client of the bridge.
func newClient(store string) (*client.Client, error) {
	network, addr, _ := strings.Cut(store, ":")
	if network == "unix" {
		return client.New("http://bridge", client.Options{Key: secret, Socket: addr})
	}
	return client.New("http://"+addr, client.Options{Key: secret})
}

// pool is a pool of connections as large as it is of use, and without an extra PING for each command.
func pool(store string) *redis.Pool {
	network, addr, _ := strings.Cut(store, ":")
	return &redis.Pool{
		MaxIdle: 64, MaxActive: 64, Wait: true,
		Dial: func() (redis.Conn, error) { return redis.Dial(network, addr) },
	}
}

var cookieKey = []byte("32 bytes that sign gorilla's cookies")[:32]

// newGorilla is gorilla/sessions with redistore as its makers show it: gob, and a PING whenever a connection is taken.
func newGorilla(store string) (shop, error) {
	network, addr, _ := strings.Cut(store, ":")
	s, err := redistore.NewRediStore(64, network, addr, "", "", cookieKey)
	if err != nil {
		return shop{}, err
	}
	gob.Register(int32(0))
	return newGorillaShop(s), nil
}

// newTuned is the same with JSON, which is faster than gob, and without the PING.
func newTuned(store string) (shop, error) {
	s, err := redistore.NewRediStoreWithPool(pool(store), cookieKey)
	if err != nil {
		return shop{}, err
	}
	s.SetSerializer(redistore.JSONSerializer{})
	return newGorillaShop(s), nil
}

func newGorillaShop(s *redistore.RediStore) shop {
	const cookie = "session"
	s.SetMaxAge(minutes * 60)
	s.Options.HttpOnly, s.Options.SameSite = true, http.SameSiteLaxMode
	count := func(h *sessions.Session) int32 {
		switch n := h.Values[visits].(type) {
		case int32:
			return n
		case float64: // of JSON
			return int32(n)
		}
		return -1
	}
	named := func(h *sessions.Session) string {
		s, _ := h.Values[nameKey].(string)
		return s
	}
	return shop{
		start: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h, err := s.Get(r, cookie)
			for key, v := range contents() {
				h.Values[key] = v
			}
			show(w, 0, name, errors.Join(err, h.Save(r, w)))
		}),
		cycle: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h, err := s.Get(r, cookie)
			visit := count(h) + 1
			h.Values[visits] = visit
			show(w, visit, named(h), errors.Join(err, h.Save(r, w)))
		}),
		read: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h, err := s.Get(r, cookie)
			show(w, count(h), named(h), err)
		}),
	}
}

// newSCS is scs. With idle, reads renew the session.
func newSCS(store string, idle time.Duration) (shop, error) {
	gob.Register(int32(0))
	s := scs.New()
	s.Store, s.Lifetime, s.IdleTimeout = redisstore.New(pool(store)), minutes*time.Minute, idle
	if idle > 0 {
		s.Lifetime = 24 * time.Hour
	}
	get := func(r *http.Request) (int32, string) {
		n, _ := s.Get(r.Context(), visits).(int32)
		return n, s.GetString(r.Context(), nameKey)
	}
	return shop{
		start: s.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for key, v := range contents() {
				s.Put(r.Context(), key, v)
			}
			show(w, 0, name, nil)
		})),
		cycle: s.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			visit, name := get(r)
			s.Put(r.Context(), visits, visit+1)
			show(w, visit+1, name, nil)
		})),
		read: s.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			visit, name := get(r)
			show(w, visit, name, nil)
		})),
	}, nil
}

// serveWeb is the web server of a contender.
func serveWeb(args []string) error {
	store := ""
	if len(args) > 1 {
		store = args[1]
	}
	shop, err := contenders[args[0]](store)
	if err != nil {
		return err
	}
	m := http.NewServeMux()
	m.Handle("/start", shop.start)
	m.Handle("/cycle", shop.cycle)
	m.Handle("/read", shop.read)
	m.Handle("/debug/pprof/", profiler())
	l, addr, err := listen("tcp", "")
	if err != nil {
		return err
	}
	fmt.Println(addr)
	return http.Serve(l, m)
}
