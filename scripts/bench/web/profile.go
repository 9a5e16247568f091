//go:build linux

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// profile begins to take the processor profiles of a web server and its bridge, if they are wanted and there are none yet. What
// it returns waits for them.
func (f *farm) profile(s *site, what string) (wait func()) {
	from := map[string]string{}
	if f.s.profiles != "" {
		if s.web != nil {
			from["web"] = s.web.addr
		}
		if s.store != nil {
			from["store"] = s.store.profiles
		}
	}
	errs := make(chan error)
	n := 0
	for who, at := range from {
		name := filepath.Join(f.s.profiles, fileName(who+"-"+what+"-"+s.name)+".pprof")
		if _, err := os.Stat(name); err == nil || at == "" {
			continue
		}
		n++
		go func() { errs <- f.take(at, name) }()
	}
	return func() {
		for range n {
			if err := <-errs; err != nil {
				fmt.Fprintln(os.Stderr, "no profile:", err)
			}
		}
	}
}

// take takes a profile for as long as a turn is.
func (f *farm) take(at, name string) error {
	resp, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", strings.TrimPrefix(at, "tcp:"), max(1, int(f.s.span.Seconds()))))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, resp.Body)
	return err
}
