//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/session"
)

// The work of the API turns. A cycle of the API is a lock that answers the session, and a PUT that releases it; of Redis, a GET
// and a SET, which lock nothing.
const (
	apiRead    = "GET"
	apiCycle   = "lock+PUT"
	apiPatch   = "PATCH"
	redisRead  = "Redis GET"
	redisCycle = "Redis GET+SET"
	redisWrite = "Redis SET"
)

// apiTurns are calls of both stores: by a load that costs next to nothing, which is about the servers, and by Go programs with
// bridge/client and redigo, which is about both.
func (f *farm) apiTurns(s settings) (turns []*turn, err error) {
	bridge, err := f.store(bridgeMemory)
	if err != nil {
		return nil, err
	}
	r, err := f.store(redisMemory)
	if err != nil {
		return nil, err
	}
	payload, err := payload()
	if err == nil {
		err = fillBridge(bridge.addr, payload, s.calls)
	}
	if err == nil {
		err = fillRedis(r.addr, payload, s.calls)
	}
	if err != nil {
		return nil, err
	}
	beside := map[string][]string{redisRead: {apiRead}, redisCycle: {apiCycle}, redisWrite: {apiPatch}}
	all := []struct {
		name  string
		store *program
		work  work
	}{
		{apiRead, bridge, apiWork{payload, []string{"GET"}}},
		{redisRead, r, redisWork{payload, []string{"GET"}}},
		{apiCycle, bridge, apiWork{payload, []string{"lock", "PUT"}}},
		{redisCycle, r, redisWork{payload, []string{"GET", "SET"}}},
		{apiPatch, bridge, apiWork{payload, []string{"PATCH"}}},
		{redisWrite, r, redisWork{payload, []string{"SET"}}},
	}
	for _, a := range all {
		turns = append(turns, &turn{name: a.name, group: fmt.Sprintf("calls, %d connections", s.calls), beside: beside[a.name],
			run: func(s settings) (result, error) {
				return measured(nil, a.store, func(begin func() error) (int, result, error) {
					defer f.profile(&site{name: a.name, store: a.store}, "calls")()
					return load(a.store.addr, a.work, s.calls, s.span, begin)
				})
			}})
	}
	for _, a := range all[:4] {
		turns = append(turns, &turn{name: a.name, group: fmt.Sprintf("Go programs, %d connections", s.calls), beside: beside[a.name],
			run: func(s settings) (result, error) { return f.called(a.name, a.store) }})
	}
	return turns, nil
}

// called has a Go program of its own make the calls.
func (f *farm) called(work string, store *program) (r result, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	p := f.command(f.s.webs, self, roleCalls, work, strconv.Itoa(f.s.calls), f.s.span.String(), store.addr)
	return measured(nil, store, func(begin func() error) (n int, r result, err error) {
		if err := begin(); err != nil {
			return 0, r, err
		}
		out, err := p.command.Output()
		if err != nil {
			return 0, r, fmt.Errorf("%w: %s", err, p.said.Bytes())
		}
		var c callsTook
		if err := json.Unmarshal(out, &c); err != nil {
			return 0, r, err
		}
		state := p.command.ProcessState
		return c.N, result{rate: c.Rate, p50: c.P50, p99: c.P99, web: (state.UserTime() + state.SystemTime()) / time.Duration(c.N)}, nil
	})
}

type callsTook struct {
	N        int
	Rate     float64
	P50, P99 time.Duration
}

// makeCalls is the role of the Go program.
func makeCalls(args []string) error {
	if len(args) != 4 {
		return errors.New("it takes WORK CONNECTIONS SPAN STORE")
	}
	conns, err := strconv.Atoi(args[1])
	span, err2 := time.ParseDuration(args[2])
	payload, err3 := payload()
	do, err4 := caller(args[0], args[3], conns, payload)
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return err
	}
	var mu sync.Mutex
	var all []time.Duration
	errs := make(chan error, conns)
	began := time.Now()
	for n := range conns {
		go func() {
			took := make([]time.Duration, 0, 1<<14)
			for at := time.Now(); at.Sub(began) < span; {
				if err := do(n); err != nil {
					errs <- err
					return
				}
				now := time.Now()
				took = append(took, now.Sub(at))
				at = now
			}
			mu.Lock()
			all = append(all, took...)
			mu.Unlock()
			errs <- nil
		}()
	}
	for range conns {
		err = errors.Join(err, <-errs)
	}
	if err != nil {
		return err
	}
	r, err := newResult(all, time.Since(began))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(callsTook{len(all), r.rate, r.p50, r.p99})
}

// caller does a call, or a cycle of two, for session n.
func caller(work, store string, conns int, payload []byte) (func(n int) error, error) {
	ctx := context.Background()
	var c *client.Client
	var p *redis.Pool
	switch work {
	case apiRead, apiCycle:
		var err error
		if c, err = newClient(store); err != nil {
			return nil, err
		}
	default:
		p = pool(store)
		p.MaxIdle, p.MaxActive = conns, conns
	}
	key := func(n int) session.Key { return session.Key{App: app, ID: id(n)} }
	get := func(n int) error {
		conn := p.Get()
		defer conn.Close()
		b, err := redis.Bytes(conn.Do("GET", id(n)))
		if err == nil && len(b) != len(payload) {
			err = fmt.Errorf("%d bytes came, and not %d", len(b), len(payload))
		}
		return err
	}
	switch work {
	case apiRead:
		return func(n int) error {
			item, err := c.Get(ctx, key(n))
			if err == nil && len(item.Payload) != len(payload) {
				err = fmt.Errorf("%d bytes came, and not %d", len(item.Payload), len(payload))
			}
			return err
		}, nil
	case apiCycle:
		return func(n int) error {
			item, err := c.GetExclusive(ctx, key(n))
			if err != nil {
				return err
			}
			return c.SetAndRelease(ctx, key(n), session.Value{Payload: item.Payload, Timeout: item.Timeout}, session.IfCookie(item.Cookie))
		}, nil
	case redisRead:
		return get, nil
	case redisCycle:
		return func(n int) error {
			if err := get(n); err != nil {
				return err
			}
			conn := p.Get()
			defer conn.Close()
			_, err := conn.Do("SETEX", id(n), minutes*60, payload)
			return err
		}, nil
	}
	return nil, fmt.Errorf("no work %q", work)
}

// id is that of session n of the API turns.
func id(n int) string {
	const digits = "abcdefghijklmnopqrstuvwxyz012345"
	b := []byte("callsofbenchmarkaaaaaaaa")
	for i := len(b) - 1; n > 0; i-- {
		b[i] = digits[n%len(digits)]
		n /= len(digits)
	}
	return string(b)
}

// payload is a session as our pages have it.
func payload() ([]byte, error) {
	c := &aspnetser.Collection{Form: aspnetser.FormPlain, Timeout: minutes}
	for key, x := range contents() {
		v, err := aspnetser.ValueOf(x)
		if err != nil {
			return nil, err
		}
		c.Set(key, v)
	}
	return c.Append(nil)
}

// fillBridge makes the sessions, or renews them.
func fillBridge(store string, payload []byte, n int) error {
	c, err := newClient(store)
	if err != nil {
		return err
	}
	defer c.Close()
	for n := range n {
		err := c.SetAndRelease(context.Background(), session.Key{App: app, ID: id(n)}, session.Value{Payload: payload, Timeout: minutes}, session.Insert())
		if err != nil {
			return err
		}
	}
	return nil
}

func fillRedis(store string, payload []byte, n int) error {
	p := pool(store)
	defer p.Close()
	conn := p.Get()
	defer conn.Close()
	for n := range n {
		if _, err := conn.Do("SETEX", id(n), minutes*60, payload); err != nil {
			return err
		}
	}
	return nil
}

// apiWork are calls of the HTTP API.
type apiWork struct {
	payload []byte
	calls   []string
}

func (w apiWork) steps() int { return len(w.calls) }

func (w apiWork) ask(out []byte, n, step, cookie int) []byte {
	const patch = `{"set":{"Visits":{"type":"Int32","value":41}}}`
	verb, rest := w.calls[step], ""
	if verb == "lock" {
		verb, rest = "POST", "/lock"
	}
	out = append(append(out, verb...), " /v1/apps/"+app+"/sessions/"...)
	out = append(append(append(out, id(n)...), rest...), " HTTP/1.1\r\nHost: bridge\r\nAuthorization: Bearer "+secret+"\r\nAccept: application/octet-stream\r\n"...)
	switch w.calls[step] {
	case "lock":
		out = append(out, "Content-Length: 0\r\n"...)
	case "PUT":
		out = append(out, "Content-Type: application/octet-stream\r\nAspstate-Timeout: 20\r\nAspstate-Lock: "...)
		out = append(strconv.AppendInt(out, int64(cookie), 10), "\r\nContent-Length: "...)
		out = append(strconv.AppendInt(out, int64(len(w.payload)), 10), "\r\n\r\n"...)
		return append(out, w.payload...)
	case "PATCH":
		out = append(out, "Content-Type: application/json\r\nContent-Length: "...)
		return append(append(strconv.AppendInt(out, int64(len(patch)), 10), "\r\n\r\n"...), patch...)
	}
	return append(out, "\r\n"...)
}

func (w apiWork) answered(in []byte, _, step int) (size, cookie int, err error) {
	status := okay
	if w.calls[step] == "PUT" || w.calls[step] == "PATCH" {
		status = noContent
	}
	a, err := readAnswer(in, status)
	if err == nil && a.n > 0 && status == okay && len(a.body) != len(w.payload) {
		err = fmt.Errorf("%d bytes came, and not %d", len(a.body), len(w.payload))
	}
	return a.n, number(a.head, "\r\nAspstate-Lock: "), err
}

// redisWork are commands of Redis.
type redisWork struct {
	payload  []byte
	commands []string
}

func (w redisWork) steps() int { return len(w.commands) }

func (w redisWork) ask(out []byte, n, step, _ int) []byte {
	if w.commands[step] == "GET" {
		return fmt.Appendf(out, "*2\r\n$3\r\nGET\r\n$24\r\n%s\r\n", id(n))
	}
	out = fmt.Appendf(out, "*4\r\n$5\r\nSETEX\r\n$24\r\n%s\r\n$4\r\n1200\r\n$%d\r\n", id(n), len(w.payload))
	return append(append(out, w.payload...), "\r\n"...)
}

func (w redisWork) answered(in []byte, _, step int) (size, token int, err error) {
	want := "+OK\r\n"
	size = len(want)
	if w.commands[step] == "GET" {
		want = "$" + strconv.Itoa(len(w.payload)) + "\r\n"
		size = len(want) + len(w.payload) + 2
	}
	switch {
	case len(in) >= len(want) && string(in[:len(want)]) != want:
		return 0, 0, fmt.Errorf("unexpected answer %.80q", in)
	case len(in) < size:
		return 0, 0, nil
	}
	return size, 0, nil
}
