//go:build linux

package main

import (
	"fmt"
)

// idleMemory reports what a bridge has from the system with that many idle connections and s.conns busy ones.
func idleMemory(s settings, idle int) error {
	f, err := newFarm(s)
	if err != nil {
		return err
	}
	defer f.stop()
	open := f.bridge
	if s.sql {
		open = f.sqlFront
	}
	srv, err := open(s)
	if err != nil {
		return err
	}
	before, err := resident(srv)
	if err != nil {
		return err
	}
	for n := range idle {
		c, err := srv.dial()
		if err != nil {
			return err
		}
		defer c.close()
		if err := c.ask(srv, get, n%s.sessions); err != nil { // it has been used, as those of ASP.NET's pools have
			return err
		}
	}
	quiet, err := resident(srv)
	if err != nil {
		return err
	}
	r, err := cycles.run(srv, s)
	if err != nil {
		return err
	}
	busy, err := resident(srv)
	if err != nil {
		return err
	}
	payloads := s.sessions * s.size >> 20
	fmt.Printf("%d sessions, %d MiB of payloads. Resident: %d MiB; with %d idle connections %d MiB; with %d busy ones besides %d MiB (%.0f page cycles a second, p99 %.1f ms)\n",
		s.sessions, payloads, before, idle, quiet, s.conns, busy, r.rate, r.p99.Seconds()*1e3)
	return nil
}
