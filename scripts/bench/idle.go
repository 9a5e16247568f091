package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// idleMemory reports what a bridge has from the system with that many idle connections and s.conns busy ones.
func idleMemory(s settings, idle int) error {
	f, err := newFarm(s)
	if err != nil {
		return err
	}
	defer f.stop()
	srv, err := f.bridge(s)
	if err != nil {
		return err
	}
	before, err := resident(srv)
	if err != nil {
		return err
	}
	for n := range idle {
		c, err := srv.connect()
		if err != nil {
			return err
		}
		defer c.close()
		if err := c.get(n % s.sessions); err != nil { // it has been used, as those of ASP.NET's pools have
			return err
		}
	}
	quiet, err := resident(srv)
	if err != nil {
		return err
	}
	r, err := load(cycle).run(srv, s)
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

// resident is the memory of a process in MiB.
func resident(s *server) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(b), "VmRSS:")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, errors.New("the system does not tell of a process's memory")
	}
	kib, err := strconv.Atoi(fields[0])
	return kib >> 10, err
}
