package main

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// client is one connection.
type client interface {
	get(k int) error
	cycle(k int) error // lock and get, then set and release
	close() error
}

// load is a kind of work.
type load func(c client, k int) error

func read(c client, k int) error  { return c.get(k) }
func cycle(c client, k int) error { return c.cycle(k) }

// result is what a turn gave.
type result struct {
	rate float64 // a second
	p99  time.Duration
}

// run has all connections work for the span, each on sessions of its own.
func (l load) run(srv *server, s settings) (result, error) {
	var (
		mu    sync.Mutex
		all   []time.Duration
		first error
		run   sync.WaitGroup
	)
	clients := make([]client, s.conns)
	for i := range clients {
		c, err := srv.connect()
		if err != nil {
			return result{}, err
		}
		defer c.close()
		clients[i] = c
	}
	began := time.Now()
	for n, c := range clients {
		run.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), uint64(began.UnixNano())))
			took := make([]time.Duration, 0, 1<<16)
			var err error
			for now := time.Now(); err == nil && now.Sub(began) < s.span; {
				err = l(c, r.IntN(s.sessions/s.conns)*s.conns+n)
				then := time.Now()
				took, now = append(took, then.Sub(now)), then
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			if first == nil {
				first = err
			}
		})
	}
	run.Wait()
	span := time.Since(began)
	if first != nil {
		return result{}, first
	}
	slices.Sort(all)
	return result{float64(len(all)) / span.Seconds(), all[len(all)*99/100]}, nil
}
