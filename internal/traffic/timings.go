package traffic

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// timings counts durations in steps of an eighth of a power of two microseconds: memory does not grow with the traffic.
type timings struct {
	steps [8 * 40]atomic.Int64
	most  atomic.Int64
}

func (t *timings) add(d time.Duration) {
	us := max(0, d.Microseconds())
	t.steps[step(uint64(us))].Add(1)
	for {
		m := t.most.Load()
		if us <= m || t.most.CompareAndSwap(m, us) {
			return
		}
	}
}

// step is the place of a number of microseconds; numbers below 8 have their own.
func step(us uint64) int {
	if us < 8 {
		return int(us)
	}
	exp := bits.Len64(us) - 4 // the top four bits say which of eight steps
	return min(8*exp+int(us>>exp), 8*40-1)
}

// upper is the greatest number of microseconds at a place.
func upper(i int) uint64 {
	if i < 16 {
		return uint64(i)
	}
	exp := i/8 - 1
	return uint64(i%8+8+1)<<exp - 1
}

// quantile returns the duration that a share of the calls did not exceed, to an eighth.
func (t *timings) quantile(q float64) time.Duration {
	var all int64
	for i := range t.steps {
		all += t.steps[i].Load()
	}
	rest := int64(q * float64(all))
	for i := range t.steps {
		if rest -= t.steps[i].Load(); rest < 0 {
			return time.Duration(min(int64(upper(i)), t.most.Load())) * time.Microsecond
		}
	}
	return time.Duration(t.most.Load()) * time.Microsecond
}

// Result is what the farm has done so far.
type Result struct {
	Pages    int64
	Calls    int64
	Away     int64 // pages that did not get their lock in time
	Failures int64 // calls that ended with an error that is no outcome of the contract
	Failure  error // the first of them
	P50, P99 time.Duration
	Most     time.Duration
}

// Result tells what the farm has done so far.
func (f *Farm) Result() Result {
	r := Result{
		Pages: f.pages.Load(), Away: f.away.Load(), Failures: f.failures.Load(),
		P50: f.times.quantile(0.5), P99: f.times.quantile(0.99), Most: time.Duration(f.times.most.Load()) * time.Microsecond,
	}
	for i := range f.times.steps {
		r.Calls += f.times.steps[i].Load()
	}
	if err := f.failure.Load(); err != nil {
		r.Failure = *err
	}
	return r
}

// Forget begins the timings anew.
func (f *Farm) Forget() {
	for i := range f.times.steps {
		f.times.steps[i].Store(0)
	}
	f.times.most.Store(0)
}
