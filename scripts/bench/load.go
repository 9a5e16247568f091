//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"
)

// protocol writes requests and takes answers apart.
type protocol interface {
	// request appends what a phase asks for session k. token is what the phase before gave: a lock.
	request(out []byte, p phase, k, token int) []byte
	// answer looks at what has come. n is the length of the answer, 0 while it is not whole.
	answer(in []byte, p phase) (n, token int, err error)
	// enter is what a new connection begins with.
	enter(*socket) error
}

// phase is one request of a load.
type phase uint8

const (
	get   phase = iota // read without a lock
	take               // lock and read
	store              // write and release
	make_              // write what is not there yet
)

// load is a kind of work: phases that follow each other.
type load []phase

var (
	reads  = load{get}
	cycles = load{take, store}
)

// result is what a turn gave.
type result struct {
	rate float64 // a second
	p99  time.Duration
	cpu  time.Duration // of the server's, for each
}

// conn is one connection. It asks the next thing when the last is answered.
type conn struct {
	*socket
	n, k, at, token int
	began           time.Time
}

// run has all connections work for the span, each on sessions of its own. One thread serves them all, whichever has an
// answer, as redis-benchmark does.
func (l load) run(srv *server, s settings) (result, error) {
	poll, err := syscall.EpollCreate1(0)
	if err != nil {
		return result{}, err
	}
	defer syscall.Close(poll)
	conns := map[int32]*conn{}
	for n := range s.conns {
		c, err := srv.dial()
		if err != nil {
			return result{}, err
		}
		defer c.close()
		if err := l.once(srv, c, n); err != nil {
			return result{}, err
		}
		conns[int32(c.fd)] = &conn{socket: c, n: n}
		if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, c.fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(c.fd)}); err != nil {
			return result{}, err
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	took := make([]time.Duration, 0, 1<<20)
	ask := func(c *conn, now time.Time) error {
		if c.at == 0 {
			c.k, c.began = r.IntN(s.sessions/s.conns)*s.conns+c.n, now
		}
		return c.write(srv.request(c.out[:0], l[c.at], c.k, c.token))
	}
	before, err := srv.processorTime()
	if err != nil {
		return result{}, err
	}
	began := time.Now()
	for _, c := range conns {
		if err := ask(c, began); err != nil {
			return result{}, err
		}
	}
	events := make([]syscall.EpollEvent, s.conns)
	for now := began; now.Sub(began) < s.span; {
		ready, err := syscall.EpollWait(poll, events, 10_000)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return result{}, err
		case ready == 0:
			return result{}, errors.New("nothing is answered for 10 s")
		}
		for _, e := range events[:ready] {
			c := conns[e.Fd]
			if err := c.read(); err != nil {
				return result{}, err
			}
			n, token, err := srv.answer(c.in, l[c.at])
			switch {
			case err != nil:
				return result{}, err
			case n == 0:
				continue
			case n < len(c.in):
				return result{}, fmt.Errorf("%d bytes came that nobody asked for", len(c.in)-n)
			}
			now = time.Now()
			c.in, c.token = c.in[:0], token
			if c.at++; c.at == len(l) {
				c.at = 0
				took = append(took, now.Sub(c.began))
			}
			if err := ask(c, now); err != nil {
				return result{}, err
			}
		}
	}
	span := time.Since(began)
	for _, c := range conns { // what is under way is brought to its end: locks would stay
		for token, at := 0, c.at; at < len(l); at++ {
			if at > c.at {
				if err := c.write(srv.request(c.out[:0], l[at], c.k, token)); err != nil {
					return result{}, err
				}
			}
			if token, err = c.whole(srv, l[at]); err != nil {
				return result{}, err
			}
		}
	}
	after, err := srv.processorTime()
	if err != nil {
		return result{}, err
	}
	if len(took) == 0 {
		return result{}, errors.New("nothing was done")
	}
	slices.Sort(took)
	return result{float64(len(took)) / span.Seconds(), took[len(took)*99/100], (after - before) / time.Duration(len(took))}, nil
}

// once does the work of a load on session k, before anything is measured: some servers have much to do at first.
func (l load) once(srv *server, c *socket, k int) error {
	token := 0
	for _, p := range l {
		if err := c.write(srv.request(c.out[:0], p, k, token)); err != nil {
			return err
		}
		var err error
		if token, err = c.whole(srv, p); err != nil {
			return err
		}
	}
	return nil
}
