//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"time"
)

// The turns of -page.
const (
	withoutPage = "cycle, without a page"
	pageUnseen  = "cycle, page, nobody looks"
	pageSeen    = "cycle, page, somebody looks"
)

// pageEvery is how often the page's script asks for it again.
const pageEvery = 5 * time.Second

// pageCost measures page cycles of a bridge with a page, at which somebody looks or nobody, and of one without, in turns.
func pageCost(s settings) error {
	f, err := newFarm(s)
	if err != nil {
		return err
	}
	defer f.stop()
	plain, err := f.bridge(s)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	page := l.Addr().String()
	l.Close()
	paged, err := f.bridge(s, "--page", page)
	if err != nil {
		return err
	}
	turns := []turn{{name: withoutPage, server: plain}, {name: pageUnseen, server: paged}, {name: pageSeen, server: paged}}
	for round := range s.rounds {
		for i := range turns {
			t := &turns[i]
			if round%2 == 1 {
				t = &turns[len(turns)-1-i]
			}
			over := func() error { return nil }
			if t.name == pageSeen {
				over = look("http://" + page + "/sessions")
			}
			r, err := cycles.run(t.server, s)
			if seen := over(); err == nil {
				err = seen
			}
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			t.took = append(t.took, r)
			fmt.Fprintf(os.Stderr, "round %d: %-28s %9.0f /s, p99 %6.2f ms, %5.1f µs of the server's processor time each\n",
				round+1, t.name, r.rate, r.p99.Seconds()*1e3, r.cpu.Seconds()*1e6)
		}
	}
	fmt.Println("| ratio, median of the rounds' (least – most) | wanted | rate | processor time of a cycle |")
	fmt.Println("|---|---|---|---|")
	for _, c := range []struct {
		what         string
		ours, theirs int
	}{{"somebody looks to nobody does", 2, 1}, {"nobody looks to without a page", 1, 0}, {"somebody looks to without a page", 2, 0}} {
		var rates, times []float64
		for i := range s.rounds {
			a, b := turns[c.ours].took[i], turns[c.theirs].took[i]
			rates, times = append(rates, a.rate/b.rate), append(times, a.cpu.Seconds()/b.cpu.Seconds())
		}
		fmt.Printf("| %s | rate 0.98 or more | %s | %s |\n", c.what, spread(rates), spread(times))
	}
	return nil
}

func spread(v []float64) string {
	return fmt.Sprintf("%.3f (%.3f – %.3f)", median(v), slices.Min(v), slices.Max(v))
}

// look asks for a page again and again, as a browser does that has it open, until over is called.
func look(address string) (over func() error) {
	stop, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		for tick := time.NewTicker(pageEvery); ; {
			r, err := http.Get(address)
			if err == nil {
				_, err = io.Copy(io.Discard, r.Body)
				r.Body.Close()
				if err == nil && r.StatusCode != http.StatusOK {
					err = fmt.Errorf("the page answers %s", r.Status)
				}
			}
			if err != nil {
				ended <- err
				return
			}
			select {
			case <-stop:
				ended <- nil
				return
			case <-tick.C:
			}
		}
	}()
	return func() error {
		close(stop)
		return <-ended
	}
}
