//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"time"
)

// The turns of -page.
const (
	withoutPage = "cycle, without a page"
	another     = "cycle, another without" // the control: what two processes differ in anyway
	pageUnseen  = "cycle, page, nobody looks"
	pageSeen    = "cycle, page, somebody looks"
)

// pageEvery is how often the page's script asks for it again.
const pageEvery = 5 * time.Second

// pageCost measures page cycles of a bridge with a page, at which somebody looks or nobody, and of two without, in turns. Each round has
// processes of its own, in alternating order: two of the same kind differ by more than what is looked for.
func pageCost(s settings) error {
	names := []string{withoutPage, pageUnseen, pageSeen, another}
	took := make([][]result, len(names))
	for round := range s.rounds {
		one, err := pageRound(s, round%2 == 1)
		if err != nil {
			return err
		}
		for i, r := range one {
			took[i] = append(took[i], r)
			fmt.Fprintf(os.Stderr, "round %d: %-28s %9.0f /s, p99 %6.2f ms, %5.1f µs of the server's processor time each\n",
				round+1, names[i], r.rate, r.p99.Seconds()*1e3, r.cpu.Seconds()*1e6)
		}
	}
	fmt.Println("| ratio, median of the rounds' (least – most) | wanted | rate | processor time of a cycle |")
	fmt.Println("|---|---|---|---|")
	for _, c := range []struct {
		what         string
		ours, theirs int
	}{
		{"somebody looks to nobody does", 2, 1}, {"nobody looks to without a page", 1, 0}, {"somebody looks to without a page", 2, 0},
		{"control: without a page to another without", 3, 0},
	} {
		var rates, times []float64
		for i := range s.rounds {
			a, b := took[c.ours][i], took[c.theirs][i]
			rates, times = append(rates, a.rate/b.rate), append(times, a.cpu.Seconds()/b.cpu.Seconds())
		}
		fmt.Printf("| %s | rate 0.98 or more | %s | %s |\n", c.what, spread(rates), spread(times))
	}
	return nil
}

// pageRound is a round, in the order of the names.
func pageRound(s settings, turned bool) ([]result, error) {
	f, err := newFarm(s)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	page := l.Addr().String()
	l.Close()
	order := []int{0, 1, 2, 3}
	if turned {
		slices.Reverse(order)
	}
	servers := make([]*server, len(order))
	for _, i := range order {
		switch {
		case i == 0 || i == 3:
			servers[i], err = f.bridge(s)
		case servers[1] == nil:
			servers[1], err = f.bridge(s, "--page", page)
			servers[2] = servers[1]
		}
		if err != nil {
			return nil, err
		}
	}
	took := make([]result, len(order))
	for _, i := range order {
		over := func() error { return nil }
		if i == 2 {
			if over, err = look("http://" + page + "/sessions"); err != nil {
				return nil, err
			}
		}
		took[i], err = cycles.run(servers[i], s)
		if seen := over(); err == nil {
			err = seen
		}
		if err != nil {
			return nil, err
		}
	}
	return took, nil
}

func spread(v []float64) string {
	return fmt.Sprintf("%.3f (%.3f – %.3f)", median(v), slices.Min(v), slices.Max(v))
}

// look has a program of its own, like this one, look at a page until over is called: a browser is none of the load's either.
func look(address string) (over func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(self, "-look", address, "-load-cpus", "")
	var said bytes.Buffer
	c.Stderr = &said
	in, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	return func() error {
		in.Close()
		if err := c.Wait(); err != nil {
			return fmt.Errorf("looking at the page: %w\n%s", err, said.Bytes())
		}
		return nil
	}, err
}

// looks asks for a page again and again, as a browser does that has it open, until its input ends.
func looks(address string) error {
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	for tick := time.NewTicker(pageEvery); ; {
		r, err := http.Get(address)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK {
			return fmt.Errorf("the page answers %s, %w", r.Status, err)
		}
		select {
		case <-ended:
			return nil
		case <-tick.C:
		}
	}
}
