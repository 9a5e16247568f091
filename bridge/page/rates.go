package page

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// points is how many samples a line shows: five minutes of five seconds.
const points = 60

// rates are made of counts.
type rates struct {
	mu     sync.Mutex
	at     time.Time
	counts map[verbOf]Calls
	now    map[verbOf]Rate // of the last span
	lines  map[string][]Rate
}

type verbOf struct{ front, verb string }

// Rate is of a second, over the last Options.Sample.
type Rate struct {
	Calls  float64 `json:"calls"`
	Locked float64 `json:"locked"`
	Errors float64 `json:"errors"`
}

func (r Rate) plus(o Rate) Rate {
	return Rate{r.Calls + o.Calls, r.Locked + o.Locked, r.Errors + o.Errors}
}

// add takes what was counted by a moment.
func (r *rates) add(at time.Time, counts []Calls) {
	r.mu.Lock()
	defer r.mu.Unlock()
	span, before := at.Sub(r.at).Seconds(), r.counts
	r.at, r.counts = at, make(map[verbOf]Calls, len(counts))
	for _, c := range counts {
		r.counts[verbOf{c.Front, c.Verb}] = c
	}
	if before == nil || span <= 0 {
		return
	}
	each := func(now, before uint64) float64 { return float64(now-min(now, before)) / span }
	r.now = make(map[verbOf]Rate, len(counts))
	fronts := map[string]Rate{}
	for of, c := range r.counts {
		was := before[of]
		rate := Rate{each(c.All, was.All), each(c.Locked, was.Locked), each(c.Failed, was.Failed)}
		r.now[of] = rate
		fronts[of.front] = fronts[of.front].plus(rate)
	}
	if r.lines == nil {
		r.lines = map[string][]Rate{}
	}
	for front, rate := range fronts {
		line := append(r.lines[front], rate)
		r.lines[front] = line[max(0, len(line)-points):]
	}
}

// VerbRate is how often a verb is called through a front.
type VerbRate struct {
	Front string `json:"front"`
	Verb  string `json:"verb"`
	Rate  Rate   `json:"rate"`
	Calls uint64 `json:"calls_total"` // since the beginning
}

// verbs are all that were called, by front and verb.
func (r *rates) verbs() (all []VerbRate) {
	all = []VerbRate{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for of, c := range r.counts {
		all = append(all, VerbRate{of.front, of.verb, r.now[of], c.All})
	}
	slices.SortFunc(all, func(a, b VerbRate) int { return cmp.Or(cmp.Compare(a.Front, b.Front), cmp.Compare(a.Verb, b.Verb)) })
	return all
}

// line is what was measured of a front, the newest last.
func (r *rates) line(front string) []Rate {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Rate{}, r.lines[front]...)
}

// total is of a front since the beginning.
func (r *rates) total(front string) (calls, failed uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for of, c := range r.counts {
		if of.front == front {
			calls, failed = calls+c.All, failed+c.Failed
		}
	}
	return calls, failed
}
