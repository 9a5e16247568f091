//go:build linux

// Command bench measures the bridge's State Server front beside Redis on one machine, in turns, and prints ratios.
//
//	go run ./scripts/bench                     # page cycles and reads, volatile and durable; needs redis-server
//	go run ./scripts/bench -idle 10000         # memory of that many idle connections beside busy ones; needs no Redis
//	go run ./scripts/bench -tds                # the SQL front beside the State Server front, and beside a SQL Server if
//	                                           # ASPSTATE_TEST_SQLSERVER names one; with -idle: its memory
//	go run ./scripts/bench -page -span 20s     # page cycles of a bridge at whose status page somebody looks, or nobody
//
// Both servers are programs of their own, started here on free ports, on a processor of their own: one, since Redis has one
// thread. The load has another: one thread over raw sockets, which asks the next thing on each connection when the last is
// answered. What Redis does is the same work: a page cycle is two Lua scripts by EVALSHA (take the lock and get; check
// the lock, set and release), a read is GET. redis-benchmark runs beside as a control: it says what a client in C
// reaches, and so whether ours keeps Redis waiting.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

// settings are the load.
type settings struct {
	conns, sessions, size, rounds int
	span                          time.Duration
	servers                       string // processors of the servers; empty: all
	sql                           bool   // -tds
	engine                        string // DSN of a SQL Server; empty: none
}

func main() {
	var s settings
	flag.IntVar(&s.conns, "conns", 50, "busy connections")
	flag.IntVar(&s.sessions, "sessions", 10_000, "sessions")
	flag.IntVar(&s.size, "size", 2048, "bytes of a payload")
	flag.IntVar(&s.rounds, "rounds", 5, "rounds of turns")
	flag.DurationVar(&s.span, "span", 3*time.Second, "length of a turn")
	flag.StringVar(&s.servers, "server-cpus", "0", "processors of each server, as taskset -c takes them; empty: all")
	own := flag.String("load-cpus", "1", "processors of the load; empty: all")
	idle := flag.Int("idle", 0, "measure the memory of so many idle connections instead")
	flag.BoolVar(&s.sql, "tds", false, "measure the SQL front instead")
	page := flag.Bool("page", false, "measure what the status page costs instead")
	at := flag.String("look", "", "look at the page at this address instead: for -page, which starts it")
	flag.Parse()
	s.engine = os.Getenv("ASPSTATE_TEST_SQLSERVER")
	if err := moveTo(*own); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	run := compare
	if *idle > 0 {
		run = func(s settings) error { return idleMemory(s, *idle) }
	}
	if *page {
		run = pageCost
	}
	if *at != "" {
		run = func(settings) error { return looks(*at) }
	}
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// turn is one server under one kind of load, measured once a round.
type turn struct {
	name   string
	server *server
	load   load
	took   []result
}

// compare runs all turns in each round, in alternating order.
func compare(s settings) error {
	f, err := newFarm(s)
	if err != nil {
		return err
	}
	defer f.stop()
	which, all := f.turns, besideRedis
	if s.sql {
		which, all = f.sqlTurns, besideSQL
	}
	turns, err := which(s)
	if err != nil {
		return err
	}
	var control []result
	for round := range s.rounds {
		for i := range turns {
			t := &turns[i]
			if round%2 == 1 {
				t = &turns[len(turns)-1-i]
			}
			r, err := t.load.run(t.server, s)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			t.took = append(t.took, r)
			fmt.Fprintf(os.Stderr, "round %d: %-28s %9.0f /s, p99 %6.2f ms, %5.1f µs of the server's processor time each\n",
				round+1, t.name, r.rate, r.p99.Seconds()*1e3, r.cpu.Seconds()*1e6)
		}
		if s.sql {
			continue
		}
		r, err := f.redisBenchmark(s)
		if err != nil {
			return err
		}
		control = append(control, r)
		fmt.Fprintf(os.Stderr, "round %d: %-28s %9.0f /s, p99 %6.2f ms\n", round+1, "redis-benchmark GET", r.rate, r.p99.Seconds()*1e3)
	}
	report(turns, all, control)
	return nil
}

// comparison is of two turns, with what is wanted.
type comparison struct{ what, ours, theirs, rate, p99 string }

var (
	besideRedis = []comparison{
		{"page cycle, bridge to Redis", cycleMemory, cycleRedis, "2 or more", "below 1"},
		{"read, bridge to Redis", readMemory, readRedis, "1 or more", "below 1"},
		{"page cycle, bridge durable (interval) to volatile", cycleInterval, cycleMemory, "0.7 or more", "–"},
		{"page cycle, bridge durable (interval) to Redis (appendonly everysec)", cycleInterval, cycleAppend, "above 1", "below 1"},
	}
	besideSQL = []comparison{
		{"page cycle, SQL front to State Server front", cycleSQL, cycleMemory, "0.5 or more", "–"},
		{"read, SQL front to State Server front", readSQL, readMemory, "–", "–"},
		{"page cycle, SQL front to the T-SQL engine", cycleSQL, cycleEngine, "3 or more", "–"},
	}
)

// report prints the comparisons of turns that were taken.
func report(turns []turn, all []comparison, control []result) {
	named := func(name string) []result {
		if i := slices.IndexFunc(turns, func(t turn) bool { return t.name == name }); i >= 0 {
			return turns[i].took
		}
		return nil
	}
	fmt.Println("| ratio, median of the rounds' | wanted | rate | p99 |")
	fmt.Println("|---|---|---|---|")
	for _, r := range all {
		if named(r.theirs) == nil {
			continue
		}
		rate, p99 := ratios(named(r.ours), named(r.theirs))
		fmt.Printf("| %s | rate %s, p99 %s | %.2f | %.2f |\n", r.what, r.rate, r.p99, rate, p99)
	}
	if control == nil {
		return
	}
	rate, p99 := ratios(control, named(readRedis))
	fmt.Printf("| control: redis-benchmark GET to our client's | – | %.2f | %.2f |\n", rate, p99)
}

// ratios are the medians over the rounds.
func ratios(a, b []result) (rate, p99 float64) {
	var rates, p99s []float64
	for i := range a {
		rates = append(rates, a[i].rate/b[i].rate)
		p99s = append(p99s, a[i].p99.Seconds()/b[i].p99.Seconds())
	}
	return median(rates), median(p99s)
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
