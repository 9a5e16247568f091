//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"
)

// report prints what the turns gave, and ours beside theirs.
func report(turns []*turn) {
	fmt.Println("Medians of the rounds. Processor time is per page or call: of the web server or client, and of the store.")
	fmt.Println()
	fmt.Println("| turn | a second | p50 ms | p99 ms | web µs | store µs |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, t := range turns {
		fmt.Printf("| %s, %s | %.0f | %.3f | %.3f | %.1f | %.1f |\n", t.group, t.name,
			of(t, func(r result) float64 { return r.rate }),
			of(t, func(r result) float64 { return ms(r.p50) }), of(t, func(r result) float64 { return ms(r.p99) }),
			of(t, func(r result) float64 { return us(r.web) }), of(t, func(r result) float64 { return us(r.store) }))
	}
	fmt.Println()
	fmt.Println("Ours to theirs: medians of the rounds' ratios, and the least and the greatest of the rates'.")
	fmt.Println()
	fmt.Println("| ratio | rate | from | to | p50 | p99 |")
	fmt.Println("|---|---|---|---|---|---|")
	for _, their := range turns {
		for _, our := range turns {
			if our.group != their.group || !slices.Contains(their.beside, our.name) {
				continue
			}
			rates := ratios(our, their, func(r result) float64 { return r.rate })
			p50 := ratios(our, their, func(r result) float64 { return float64(r.p50) })
			p99 := ratios(our, their, func(r result) float64 { return float64(r.p99) })
			fmt.Printf("| %s: %s to %s | %.2f | %.2f | %.2f | %.2f | %.2f |\n", our.group, our.name, their.name,
				median(rates), slices.Min(rates), slices.Max(rates), median(p50), median(p99))
		}
	}
}

// of is the median of something over the rounds.
func of(t *turn, what func(result) float64) float64 {
	var all []float64
	for _, r := range t.took {
		all = append(all, what(r))
	}
	return median(all)
}

func ratios(a, b *turn, what func(result) float64) (all []float64) {
	for i := range a.took {
		all = append(all, what(a.took[i])/what(b.took[i]))
	}
	return all
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// result is what a turn gave.
type result struct {
	rate       float64 // a second
	p50, p99   time.Duration
	web, store time.Duration // processor time for each
}

// newResult makes one of the durations of all that was done. It sorts them.
func newResult(took []time.Duration, span time.Duration) (result, error) {
	if len(took) == 0 {
		return result{}, fmt.Errorf("nothing was done")
	}
	slices.Sort(took)
	return result{rate: float64(len(took)) / span.Seconds(), p50: took[len(took)/2], p99: took[len(took)*99/100]}, nil
}
