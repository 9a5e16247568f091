//go:build linux

// Command web measures web pages with sessions on one machine, in turns, and prints ratios: our middleware over a bridge's HTTP API
// beside gorilla/sessions with boj/redistore and alexedwards/scs with its Redis store, and the HTTP API beside Redis. It is a
// module of its own, so that what it compares with is no dependency of aspstate.
//
//	cd scripts/bench/web && go run .           # pages, then calls; needs redis-server
//	go run . -pages=false                      # calls of the API alone
//	go run . -only 'bridge|scs' -profiles DIR  # fewer contenders; processor profiles of the web servers and bridges
//
// A page reads a session of about 2 KB, counts up one item of it and writes it back (cycle), or only reads (read). Each contender
// is a web server of its own, net/http with the same handler, and each store is a program of its own: a bridge as
// bridge.Server, httpapi and memstore make it, or Redis. The web server has one processor; the store and the load share the
// other. The load is one thread over raw sockets, which asks for the next page on each connection when the last one has come.
//
// What is not the same: our page cycle takes the session's lock, as ASP.NET's does, and no other page comes in between. The
// others have no locks: of two pages that write at once the last one wins, and nobody is told. Our reads renew the session; of
// the others only scs does when it has an IdleTimeout, and then it writes the whole session (the contender "sliding").
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// settings are those of a run.
type settings struct {
	rounds                int
	span                  time.Duration
	concurrent            []int // sessions at work at a time, each on a connection of its own
	calls                 int   // connections of the API turns
	pages, api            bool
	only                  *regexp.Regexp
	unix                  bool   // stores listen on sockets of the file system
	profiles              string // a folder; empty: none are taken
	webs, stores, loadsOn string // processors
}

func main() {
	if len(os.Args) > 1 && isRole(os.Args[1]) {
		role(os.Args[1], os.Args[2:])
		return
	}
	s, err := parse(os.Args[1:])
	if err == nil {
		err = moveTo(s.loadsOn)
	}
	if err == nil {
		err = compare(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "web:", err)
		os.Exit(1)
	}
}

func parse(args []string) (s settings, err error) {
	f := flag.NewFlagSet("web", flag.ExitOnError)
	f.IntVar(&s.rounds, "rounds", 5, "rounds of turns")
	f.DurationVar(&s.span, "span", 2*time.Second, "length of a turn")
	concurrent := f.String("sessions", "10,1000", "sessions at work at a time, one variant each")
	f.IntVar(&s.calls, "calls", 50, "connections of the API turns")
	f.BoolVar(&s.pages, "pages", true, "measure pages")
	f.BoolVar(&s.api, "api", true, "measure calls of the HTTP API beside Redis's")
	only := f.String("only", "", "contenders whose names match this")
	f.BoolVar(&s.unix, "unix", false, "reach the stores by sockets of the file system, not by TCP")
	f.StringVar(&s.profiles, "profiles", "", "folder for processor profiles of each turn; empty: none")
	f.StringVar(&s.webs, "web-cpus", "1", "processors of the web servers, as taskset -c takes them; empty: all")
	f.StringVar(&s.stores, "store-cpus", "0", "processors of the stores; empty: all")
	f.StringVar(&s.loadsOn, "load-cpus", "0", "processors of the load; empty: all")
	f.Parse(args)
	for text := range strings.SplitSeq(*concurrent, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return s, fmt.Errorf("-sessions: %q is no number of sessions", text)
		}
		s.concurrent = append(s.concurrent, n)
	}
	if s.rounds < 1 || s.calls < 1 {
		return s, fmt.Errorf("there must be a round and a connection")
	}
	s.only, err = regexp.Compile(*only)
	return s, err
}

// turn is a kind of work for a store or web server, measured once a round.
type turn struct {
	name   string
	group  string // turns that are compared with each other
	run    func(s settings) (result, error)
	took   []result
	beside []string // names of ours that it is compared with
}

func compare(s settings) error {
	turns, err := measure(s)
	if err == nil {
		report(turns)
	}
	return err
}

// measure runs all turns in each round, in alternating order.
func measure(s settings) (turns []*turn, err error) {
	f, err := newFarm(s)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	if s.pages {
		if turns, err = f.pageTurns(s); err != nil {
			return nil, err
		}
	}
	if s.api {
		more, err := f.apiTurns(s)
		if err != nil {
			return nil, err
		}
		turns = append(turns, more...)
	}
	for round := range s.rounds {
		for i := range turns {
			t := turns[i]
			if round%2 == 1 {
				t = turns[len(turns)-1-i]
			}
			r, err := t.run(s)
			if err != nil {
				return nil, fmt.Errorf("%s, %s: %w", t.group, t.name, err)
			}
			t.took = append(t.took, r)
			fmt.Fprintf(os.Stderr, "round %d: %-24s %-32s %8.0f /s, p50 %7.3f ms, p99 %7.3f ms, %6.1f + %5.1f µs\n", round+1, t.group, t.name,
				r.rate, ms(r.p50), ms(r.p99), us(r.web), us(r.store))
		}
	}
	return turns, nil
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }
func us(d time.Duration) float64 { return d.Seconds() * 1e6 }
