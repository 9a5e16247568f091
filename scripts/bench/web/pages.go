//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// site is a contender's web server with sessions that are there already.
type site struct {
	name       string
	web, store *program
	cookies    []string // NAME=VALUE, of each session
	visits     []int    // as the last page showed it
	counts     bool
}

// entry is a contender on a store, and what of ours it is compared with.
type entry struct {
	kind, store string
	beside      []string
}

// entries are all that are measured. What our middleware costs by itself is seen beside the bare handler.
var entries = []entry{
	{bare, "", []string{named(ours, bridgeMemory), named(inMemory, "")}},
	{ours, bridgeMemory, nil},
	{ours, bridgeDurable, nil},
	{inMemory, "", nil},
	{gorilla, redisMemory, []string{named(ours, bridgeMemory)}},
	{tuned, redisMemory, []string{named(ours, bridgeMemory)}},
	{scsRedis, redisMemory, []string{named(ours, bridgeMemory)}},
	{sliding, redisMemory, []string{named(ours, bridgeMemory)}},
	{tuned, redisDurable, []string{named(ours, bridgeDurable)}},
	{scsRedis, redisDurable, []string{named(ours, bridgeDurable)}},
}

func named(kind, store string) string {
	if store == "" {
		return kind
	}
	return kind + ", " + store
}

// pageTurns starts the web servers and their stores.
func (f *farm) pageTurns(s settings) (turns []*turn, err error) {
	var sites []*site
	var taking []entry
	for _, e := range entries {
		if s.only.MatchString(named(e.kind, e.store)) {
			made, err := f.site(e, slices.Max(s.concurrent))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", named(e.kind, e.store), err)
			}
			sites, taking = append(sites, made), append(taking, e)
		}
	}
	for _, kind := range []string{"cycle", "read"} {
		for _, n := range s.concurrent {
			for i, e := range taking {
				if e.kind == sliding && kind == "cycle" {
					continue // as without: it writes anyway
				}
				site := sites[i]
				turns = append(turns, &turn{name: named(e.kind, e.store), group: fmt.Sprintf("%s, %d sessions", kind, n), beside: e.beside,
					run: func(s settings) (result, error) { return f.visit(site, kind, n) }})
			}
		}
	}
	return turns, nil
}

// site starts one and makes its sessions.
func (f *farm) site(e entry, sessions int) (*site, error) {
	store, err := f.store(e.store)
	if err != nil {
		return nil, err
	}
	at := ""
	if store != nil {
		at = store.addr
	}
	web, err := f.own(f.s.webs, roleWeb, e.kind, at)
	if err != nil {
		return nil, err
	}
	s := &site{name: named(e.kind, e.store), web: web, store: store, counts: e.kind != bare, visits: make([]int, sessions)}
	for range sessions {
		a, err := once(web.addr, "GET /start HTTP/1.1\r\nHost: shop\r\n\r\n")
		if err != nil {
			return nil, err
		}
		cookie, err := cookieOf(a.head)
		if err != nil && s.counts {
			return nil, err
		}
		s.cookies = append(s.cookies, cookie)
	}
	return s, nil
}

func cookieOf(head []byte) (string, error) {
	_, text, ok := bytes.Cut(head, []byte("\r\nSet-Cookie: "))
	if !ok {
		return "", errors.New("the answer has no cookie")
	}
	text, _, _ = bytes.Cut(text, []byte("\r\n"))
	c, err := http.ParseSetCookie(string(text))
	if err != nil {
		return "", err
	}
	return c.Name + "=" + c.Value, nil
}

// visit loads a site.
func (f *farm) visit(s *site, kind string, n int) (result, error) {
	v := &visitors{site: s, cycle: kind == "cycle"}
	for _, cookie := range s.cookies[:n] {
		v.requests = append(v.requests, "GET /"+kind+" HTTP/1.1\r\nHost: shop\r\nUser-Agent: load\r\nAccept: text/html\r\nCookie: "+cookie+"\r\n\r\n")
	}
	return measured(s.web, s.store, func(begin func() error) (int, result, error) {
		defer f.profile(s, fmt.Sprintf("%s-%d", kind, n))()
		return load(s.web.addr, v, n, f.s.span, begin)
	})
}

// visitors ask for pages. They see that no visit is forgotten.
type visitors struct {
	*site
	cycle    bool
	requests []string
}

func (v *visitors) steps() int { return 1 }

func (v *visitors) ask(out []byte, n, _, _ int) []byte { return append(out, v.requests[n]...) }

func (v *visitors) answered(in []byte, n, _ int) (size, token int, err error) {
	a, err := readAnswer(in, okay)
	if err != nil || a.n == 0 || !v.counts {
		return a.n, 0, err
	}
	got, want := number(a.body, "visit "), v.visits[n]
	if v.cycle {
		want++
	}
	if got != want {
		return 0, 0, fmt.Errorf("session %d has had %d visits, and not %d", n, got, want)
	}
	v.visits[n] = got
	return a.n, 0, nil
}

func fileName(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", r) {
			return r
		}
		return '_'
	}, text)
}
