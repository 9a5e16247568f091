//go:build linux

package main

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// work is what a load asks for on each of its connections, again and again.
type work interface {
	// ask appends the request of a step of worker n. token is what the step before gave.
	ask(out []byte, n, step, token int) []byte
	// answered looks at what has come. size is the length of the whole answer, 0 while it is not there.
	answered(in []byte, n, step int) (size, token int, err error)
	steps() int
}

// worker has a connection, and asks the next thing when the last is answered.
type worker struct {
	*socket
	n, step, token int
	began          time.Time
}

// load has so many workers at work for the span. One thread serves them all, whichever has an answer, as redis-benchmark does.
// Before it calls begin, everybody has done it once: connections are open by then, on either side of the web server. n is what
// was done until the last had finished.
func load(at string, w work, workers int, span time.Duration, begin func() error) (n int, r result, err error) {
	l := &loader{work: w, all: map[int32]*worker{}, events: make([]syscall.EpollEvent, workers), took: make([]time.Duration, 0, 1<<18)}
	defer l.close()
	if err := l.open(at, workers); err != nil {
		return 0, r, err
	}
	if err := l.run(0); err != nil {
		return 0, r, err
	}
	l.n, l.took = 0, l.took[:0]
	if err := begin(); err != nil {
		return 0, r, err
	}
	if err := l.run(span); err != nil {
		return 0, r, err
	}
	r, err = newResult(l.took, span)
	return l.n, r, err
}

type loader struct {
	work
	poll   int
	all    map[int32]*worker
	events []syscall.EpollEvent
	n      int
	took   []time.Duration
}

func (l *loader) close() {
	for _, c := range l.all {
		c.close()
	}
	syscall.Close(l.poll)
}

func (l *loader) open(at string, workers int) (err error) {
	if l.poll, err = syscall.EpollCreate1(0); err != nil {
		return err
	}
	for n := range workers {
		c, err := dial(at)
		if err != nil {
			return err
		}
		l.all[int32(c.fd)] = &worker{socket: c, n: n}
		if err := syscall.EpollCtl(l.poll, syscall.EPOLL_CTL_ADD, c.fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(c.fd)}); err != nil {
			return err
		}
	}
	return nil
}

// run has everybody begin, and go on for the span. What is under way then is brought to its end: locks would stay.
func (l *loader) run(span time.Duration) error {
	began := time.Now()
	for _, c := range l.all {
		c.began = began
		if err := c.write(l.ask(c.out[:0], c.n, 0, 0)); err != nil {
			return err
		}
	}
	over := span == 0
	for busy := len(l.all); busy > 0; {
		ready, err := syscall.EpollWait(l.poll, l.events, 10_000)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return err
		case ready == 0:
			return errors.New("nothing is answered for 10 s")
		}
		for _, e := range l.events[:ready] {
			c := l.all[e.Fd]
			if err := c.read(); err != nil {
				return err
			}
			size, token, err := l.answered(c.in, c.n, c.step)
			if err != nil {
				return err
			}
			if size == 0 {
				continue
			}
			now := time.Now()
			c.in, c.token = c.in[:0], token
			if c.step++; c.step == l.steps() {
				c.step = 0
				l.n++
				if over = over || now.Sub(began) >= span; over {
					busy--
					continue
				}
				l.took = append(l.took, now.Sub(c.began))
				c.began = now
			}
			if err := c.write(l.ask(c.out[:0], c.n, c.step, c.token)); err != nil {
				return err
			}
		}
	}
	return nil
}

// once asks one thing on a connection of its own.
func once(at, request string) (a answer, err error) {
	c, err := dial(at)
	if err != nil {
		return a, err
	}
	defer c.close()
	if err := c.write([]byte(request)); err != nil {
		return a, err
	}
	for a.n == 0 && err == nil {
		if err = c.read(); err == nil {
			a, err = readAnswer(c.in, okay)
		}
	}
	if err != nil {
		return a, fmt.Errorf("asking %s: %w", at, err)
	}
	return a, nil
}
