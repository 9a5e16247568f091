package copier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// faulty stands between the copier and a store and does wrong what it is told to.
type faulty struct {
	*memstore.Store
	apply func([]session.Change) (do []session.Change, after error) // changes that go through, and the error afterwards
	peek  func([]*session.Record)
	scan  func(*session.Page)
}

func (f *faulty) Apply(ctx context.Context, cs []session.Change) ([]session.Outcome, error) {
	if f.apply == nil {
		return f.Store.Apply(ctx, cs)
	}
	do, after := f.apply(cs)
	outs, err := f.Store.Apply(ctx, do)
	if err == nil && after == nil && len(do) < len(cs) { // says that all were written
		for _, c := range cs[len(do):] {
			fence := f.After(c)
			outs = append(outs, session.Outcome{Result: session.Applied, Current: &fence})
		}
	}
	return outs, errors.Join(err, after)
}

func (f *faulty) Peek(ctx context.Context, ks []session.Key) ([]*session.Record, error) {
	rs, err := f.Store.Peek(ctx, ks)
	if f.peek != nil {
		f.peek(rs)
	}
	return rs, err
}

func (f *faulty) Scan(ctx context.Context, r session.ScanRequest) (session.Page, error) {
	pg, err := f.Store.Scan(ctx, r)
	if f.scan != nil {
		f.scan(&pg)
	}
	return pg, err
}

// A target that loses or changes what it was given is found out.
func TestWhatTheTargetDoesWrongIsFound(t *testing.T) {
	victim := layout.Suffix(layout.RuleAsync21, shop.AppIDs[0])
	hit := func(r *session.Record) bool { return r != nil && r.Key.ID == raw(3)+victim }
	for name, c := range map[string]struct {
		fault func(*faulty)
		finds Aspect
	}{
		"acknowledges a row and does not write it": {func(f *faulty) {
			f.apply = func(cs []session.Change) ([]session.Change, error) { return cs[:len(cs)-1], nil }
		}, AspectMissing},
		"changes a byte": {func(f *faulty) {
			f.peek = func(rs []*session.Record) {
				for _, r := range rs {
					if hit(r) {
						r.Payload = append(bytes.Clone(r.Payload[:len(r.Payload)-1]), 0)
					}
				}
			}
		}, AspectPayload},
		"rounds to whole seconds": {func(f *faulty) {
			f.peek = func(rs []*session.Record) {
				for _, r := range rs {
					if hit(r) {
						r.Created -= r.Created % session.Second
					}
				}
			}
		}, AspectCreated},
		"forgets the mark": {func(f *faulty) {
			f.peek = func(rs []*session.Record) {
				for _, r := range rs {
					if hit(r) {
						r.Flags ^= session.Uninitialized
					}
				}
			}
		}, AspectFlags},
		"forgets the cookie": {func(f *faulty) {
			f.peek = func(rs []*session.Record) {
				for _, r := range rs {
					if hit(r) {
						r.Lock.Cookie = 0
					}
				}
			}
		}, AspectLock},
		"shortens the life": {func(f *faulty) {
			f.peek = func(rs []*session.Record) {
				for _, r := range rs {
					if hit(r) {
						r.Expires -= session.Minute
					}
				}
			}
		}, AspectExpires},
	} {
		b := newBench(t)
		b.fill(20)
		f := &faulty{Store: b.to}
		c.fault(f)
		b.o.Target = f
		r := b.mustRun()
		told := ""
		for _, e := range b.events {
			if n, ok := e.(Notice); ok && n.Kind == NoticeDifference {
				told += n.Text
			}
		}
		if r.Differences == 0 || !strings.Contains(told, string(c.finds)) {
			t.Errorf("a target that %s: %d differences, %q", name, r.Differences, told)
		}
	}
}

// A row that vanishes between its verification and the end of the run is missed by the count.
func TestRowsThatVanishAreCounted(t *testing.T) {
	b := newBench(t)
	b.fill(20)
	for i := range 20 { // long-lived, so that no purge can be the reason
		r := *b.row(b.from, b.spell("shop", raw(i), layout.RuleInbox))
		r.Expires += 600 * session.Minute
		b.put(b.from, r)
	}
	f := &faulty{Store: b.to}
	f.scan = func(pg *session.Page) {
		for i, r := range pg.Records {
			if strings.HasPrefix(r.Key.ID, raw(7)) {
				pg.Records = append(pg.Records[:i:i], pg.Records[i+1:]...)
				return
			}
		}
	}
	b.o.Target = f
	if r := b.mustRun(); r.Differences != 1 {
		t.Errorf("differences: %d", r.Differences)
	}
}

// A run that fails at any write, before or after it took place, is made good by the next one.
func TestFailingWritesAreMadeGood(t *testing.T) {
	errDown := errors.New("the server is gone")
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		b := newBench(t)
		b.fill(60)
		f := &faulty{Store: b.to}
		b.o.Target = f
		b.o.Workers = 1 + r.IntN(3)
		for range 6 {
			left := r.IntN(6)
			f.apply = func(cs []session.Change) ([]session.Change, error) {
				if left--; left > 0 {
					return cs, nil
				}
				switch r.IntN(3) {
				case 0:
					return nil, errDown // nothing was written
				case 1:
					return cs[:len(cs)/2], errDown // the reply was lost half-way
				}
				return cs, errDown // all was written, the reply was lost
			}
			b.o.Workers = 1 // the fault's random numbers are not for several goroutines
			if _, err := b.run(); err != nil && !errors.Is(err, errDown) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if r.IntN(2) == 0 { // the source goes on meanwhile
				k := b.spell("shop", raw(r.IntN(60)), layout.RuleInbox)
				if row := b.row(b.from, k); row != nil {
					row.Lock.Cookie++
					row.Payload = fixtures.Blob("p-all")
					b.put(b.from, *row)
				}
			}
		}
		f.apply = nil
		b.o.Workers = 3
		b.mustRun() // ends the interrupted pass
		rep := b.mustRun()
		if rep.Differences != 0 || rep.TargetOwned != 0 || rep.Copied+rep.Updated != 0 && rep.Unchanged == 0 {
			t.Errorf("seed %d: %+v", seed, rep.Counters)
		}
		for i := range 60 {
			b.equal("shop", raw(i))
		}
		if n, _ := b.to.Count(t.Context()); n != 60 {
			t.Errorf("seed %d: %d rows in the target", seed, n)
		}
	}
}

// Memory: pages in flight are bounded, and marks come in order, however the workers finish.
func TestPagesAreBoundedAndMarkedInOrder(t *testing.T) {
	b := newBench(t)
	b.fill(300)
	const workers = 3
	p := &pager{from: b.from, what: "source", limit: 5, workers: workers, pace: NewSteering(0)}
	inFlight, most := make(chan struct{}, 1000), 0
	r := rand.New(rand.NewPCG(1, 1))
	lazy := make(chan int, 1)
	lazy <- 0
	seen, rows := map[session.Cursor]bool{}, 0
	err := p.run(t.Context(), "", func(ctx context.Context, got session.Page) (tally, error) {
		inFlight <- struct{}{}
		n := <-lazy
		spin := r.IntN(3000)
		lazy <- n + 1
		for range spin { // let others overtake
			_ = fmt.Sprint(spin)
		}
		return tally{Counters: Counters{Scanned: int64(len(got.Records))}}, nil
	}, func(next session.Cursor, n int, done tally) error {
		most = max(most, len(inFlight))
		<-inFlight
		if int64(n) != done.Scanned {
			t.Errorf("a mark of %d rows says %d", n, done.Scanned)
		}
		rows += n
		if next != "" && seen[next] {
			t.Errorf("marked twice: %q", next)
		}
		seen[next] = true
		return nil
	})
	if err != nil || rows != 300 {
		t.Fatalf("%v, %d rows", err, rows)
	}
	if most > 2*workers {
		t.Errorf("%d pages were in flight", most)
	}
}

func TestTheFirstErrorStopsThePages(t *testing.T) {
	b := newBench(t)
	b.fill(200)
	bad := errors.New("bad page")
	p := &pager{from: b.from, what: "source", limit: 5, workers: 3, pace: NewSteering(0)}
	marked := 0
	err := p.run(t.Context(), "", func(_ context.Context, got session.Page) (tally, error) {
		for _, r := range got.Records {
			if strings.HasPrefix(r.Key.ID, raw(77)) {
				return tally{}, bad
			}
		}
		return tally{}, nil
	}, func(session.Cursor, int, tally) error { marked++; return nil })
	if marked >= 40 || !errors.Is(err, bad) {
		t.Errorf("%v after %d pages", err, marked)
	}
	atMark := errors.New("bad mark")
	err = p.run(t.Context(), "", func(context.Context, session.Page) (tally, error) { return tally{}, nil },
		func(session.Cursor, int, tally) error { return atMark })
	if !errors.Is(err, atMark) {
		t.Errorf("an error of mark: %v", err)
	}
	f := &faulty{Store: b.from}
	p.from = &failingScan{f}
	err = p.run(t.Context(), "", func(context.Context, session.Page) (tally, error) { return tally{}, nil },
		func(session.Cursor, int, tally) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "reading source") {
		t.Errorf("an error of reading: %v", err)
	}
}

type failingScan struct{ *faulty }

func (f *failingScan) Scan(ctx context.Context, r session.ScanRequest) (session.Page, error) {
	if r.After != "" {
		return session.Page{}, errors.New("connection reset")
	}
	return f.faulty.Scan(ctx, r)
}
