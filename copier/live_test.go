package copier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// farm is an application at work on the source of a bench: it does something before and after each call of the copier to
// one of the stores, so that anything comes between any two steps.
type farm struct {
	*bench
	rng     *rand.Rand
	ids     int
	stopped bool
	held    map[session.Key]int32 // sessions that a slow request has locked, and its cookies
	calls   int
	crash   int // the call that is cut off; 0: none
	keep    string
	turn    chan struct{}    // taken by who is at work; no mutex, which would stop the time
	own     []session.Record // that the target's application has made
	noted   func()           // the source's account of changes; nil: it keeps none
}

var (
	errKilled = errors.New("killed")
	errDead   = fmt.Errorf("no process any more: %w", errKilled)
)

// step is called before and after each call of the copier. It is where a process dies.
func (f *farm) step() error {
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	if f.noted != nil {
		f.noted()
		defer f.noted()
	}
	if f.calls++; f.calls == f.crash {
		f.snapshot()
		return errKilled
	}
	if f.crash > 0 && f.calls > f.crash { // a dead process does nothing
		return errDead
	}
	for !f.stopped && f.rng.IntN(3) > 0 {
		f.act()
	}
	return nil
}

// snapshot keeps checkpoint and ledger as a killed process leaves them.
func (f *farm) snapshot() {
	list := filepath.Join(f.o.State+".ledger", manifestName)
	for {
		f.keep = filepath.Join(f.t.TempDir(), "checkpoint")
		if b, err := os.ReadFile(f.o.State); err == nil {
			if err := os.WriteFile(f.keep, b, 0o600); err != nil {
				f.t.Fatal(err)
			}
		}
		before, err := os.ReadFile(list)
		if err != nil {
			return
		}
		err = os.CopyFS(f.keep+".ledger", os.DirFS(f.o.State+".ledger"))
		if after, _ := os.ReadFile(list); err == nil && bytes.Equal(before, after) {
			return
		} // else the ledger was merging
	}
}

// act is one thing that a user does, or that time does.
func (f *farm) act() {
	ctx, s := context.Background(), f.from
	k := f.source(f.rng.IntN(f.ids))
	value := func() session.Value {
		return session.Value{Payload: fixtures.Blob(fixtures.Blobs[f.rng.IntN(len(fixtures.Blobs))]), Timeout: int32(1 + f.rng.IntN(20))}
	}
	switch f.rng.IntN(12) {
	case 0:
		_ = s.CreateUninitialized(ctx, k, value())
	case 1, 2: // made, or made again under its old id
		_ = s.SetAndRelease(ctx, k, value(), session.Insert())
	case 3:
		_, _ = s.Get(ctx, k)
	case 4, 5, 6: // a request
		if item, err := s.GetExclusive(ctx, k); err == nil {
			_ = s.SetAndRelease(ctx, k, value(), session.IfCookie(item.Cookie))
		}
	case 7: // one of several at a time, that takes no lock: two writes in one tick look the same
		if item, err := s.Get(ctx, k); err == nil {
			v := value()
			v.Timeout = item.Timeout
			_ = s.SetAndRelease(ctx, k, v, session.IfCookie(item.Cookie))
		}
	case 8: // a slow request begins
		if item, err := s.GetExclusive(ctx, k); err == nil {
			f.held[k] = item.Cookie
		}
	case 9: // and one ends
		f.release()
	case 10:
		if item, err := s.GetExclusive(ctx, k); err == nil {
			_ = s.Remove(ctx, k, session.IfCookie(item.Cookie))
		}
	default:
		time.Sleep(time.Duration(f.rng.IntN(int(3 * time.Second))))
		if f.rng.IntN(10) == 0 {
			_, _ = s.Sweep(ctx, 1000)
			_, _ = f.to.Sweep(ctx, 1000)
		}
		if f.rng.IntN(20) == 0 {
			r := f.record(f.target(900+len(f.own)), fixtures.Blob("empty"))
			r.Expires = session.At(time.Now()).AddMinutes(10000)
			f.put(f.to, r)
			f.own = append(f.own, *f.row(f.to, r.Key))
		}
	}
}

// release ends the slow request of the session that comes first: by a write, or without one.
func (f *farm) release() {
	for _, k := range slices.SortedFunc(maps.Keys(f.held), func(a, b session.Key) int { return strings.Compare(a.ID, b.ID) }) {
		cookie := f.held[k]
		delete(f.held, k)
		if f.rng.IntN(2) == 0 {
			_ = f.from.ReleaseExclusive(context.Background(), k, cookie)
		} else {
			_ = f.from.SetAndRelease(context.Background(), k, session.Value{Payload: fixtures.Blob("typical"), Timeout: 20}, session.IfCookie(cookie))
		}
		return
	}
}

// farmEnd is a store as the copier sees it while the farm works. A source shows no revisions, as a table of SQL Server.
type farmEnd struct {
	*memstore.Store
	f     *farm
	plain bool
}

func (e *farmEnd) Scan(ctx context.Context, req session.ScanRequest) (pg session.Page, err error) {
	if err = e.f.step(); err != nil {
		return pg, err
	}
	if pg, err = e.Store.Scan(ctx, req); err != nil {
		return pg, err
	}
	for i := range pg.Records {
		e.hide(&pg.Records[i])
	}
	return pg, e.f.step()
}

func (e *farmEnd) hide(r *session.Record) {
	if e.plain {
		r.Revision = 0
	}
}

func (e *farmEnd) Peek(ctx context.Context, ks []session.Key) ([]*session.Record, error) {
	if err := e.f.step(); err != nil {
		return nil, err
	}
	rs, err := e.Store.Peek(ctx, ks)
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		if r != nil {
			e.hide(r)
		}
	}
	return rs, e.f.step()
}

func (e *farmEnd) Apply(ctx context.Context, cs []session.Change) ([]session.Outcome, error) {
	if err := e.f.step(); err != nil {
		e.f.turn <- struct{}{}
		defer func() { <-e.f.turn }()
		if err == errKilled && e.f.rng.IntN(2) == 0 { // the call that was cut off: some of it is done, and nobody hears of it
			_, _ = e.Store.Apply(ctx, cs[:e.f.rng.IntN(len(cs)+1)])
		}
		return nil, err
	}
	outs, err := e.Store.Apply(ctx, cs)
	if err != nil {
		return nil, err
	}
	return outs, e.f.step()
}

func newFarm(t *testing.T, seed uint64) *farm {
	clock := memstore.Options{ServesExpired: true}
	from, to := memstore.New(clock), memstore.New(clock)
	t.Cleanup(func() { from.Close(); to.Close() })
	f := &farm{bench: newBenchOf(t, from, to), rng: rand.New(rand.NewPCG(seed, 7)), held: map[session.Key]int32{}, turn: make(chan struct{}, 1)}
	f.ids = 10 + f.rng.IntN(60)
	f.o.Source, f.o.Target = &farmEnd{from, f, f.rng.IntN(4) > 0}, &farmEnd{to, f, false}
	f.o.PageRows, f.o.Workers = 3+f.rng.IntN(30), 1
	f.o.AllowDeletions = true // a farm as small as this is emptied now and then
	f.o.Follow.Small = time.Hour
	f.o.Follow.RebuildLedger = true // killed before there was one
	if f.rng.IntN(3) == 0 {
		f.o.ToCompressed = TargetYes
	}
	f.o.Stage = func(_ context.Context, s Stage, _ Facts) error {
		if s == StageFreeze {
			for len(f.held) > f.rng.IntN(3) { // some requests never end
				f.release()
			}
			f.stopped = true
		}
		return nil
	}
	for range 200 {
		f.act()
	}
	for _, r := range f.own { // of before the copy: not here
		f.remove(f.to, r.Key)
	}
	f.own = nil
	return f
}

// TestFollowAFarm follows applications that do everything sessions allow, with processes killed at any call, and then
// cuts over: the target has what the source has, and what is the target's own.
func TestFollowAFarm(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { followAFarm(newFarm(t, seed), seed) })
		})
	}
}

func followAFarm(f *farm, seed uint64) {
	t := f.t
	for range f.rng.IntN(6) {
		f.calls, f.crash = 0, 1+f.rng.IntN(120)
		f.keep, f.stopped = "", false
		s := NewSteering(0)
		if f.rng.IntN(2) == 0 {
			s.CutOver()
		}
		rep, err := f.followOnce(s)
		if f.keep != "" {
			f.o.State = f.keep
		}
		switch {
		case err == nil && rep.Freeze != nil:
			f.check(seed)
			return
		case !errors.Is(err, errKilled):
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	f.crash, f.stopped = 0, false
	s := NewSteering(0)
	after := 1 + f.rng.IntN(6)
	f.onPass(func(p PassDone) {
		if p.Pass >= after {
			s.CutOver()
		}
	})
	if rep, err := f.followOnce(s); err != nil || rep.Freeze == nil {
		t.Fatalf("seed %d: %v, %+v", seed, err, rep)
	}
	f.check(seed)
}

func (f *farm) followOnce(s *Steering) (rep Report, err error) {
	j, err := Prepare(f.t.Context(), f.o)
	if err != nil {
		return rep, err
	}
	rep, err = j.Follow(f.t.Context(), s)
	_ = j.Close() // of what was killed, nobody looks at what close leaves
	return rep, err
}

func (f *farm) check(seed uint64) {
	f.crash, f.stopped, f.o.Observe = 0, true, nil
	now := session.At(time.Now())
	want := map[session.Key]*session.Record{}
	f.all(f.from, func(r session.Record) {
		if r.Expires >= now { // others are served until the next purge, which may be the target's
			p, err := f.o.From.Spelling.Parse(r.Key)
			if err != nil {
				f.t.Fatal(err)
			}
			if r.Key, err = f.o.To.Spelling.Spell(p.Key, layout.RuleAsync21); err != nil {
				f.t.Fatal(err)
			}
			want[r.Key] = &r
		}
	})
	for i := range f.own {
		want[f.own[i].Key] = &f.own[i]
	}
	f.all(f.to, func(r session.Record) {
		w := want[r.Key]
		delete(want, r.Key)
		switch {
		case w == nil && r.Expires >= now:
			f.t.Errorf("seed %d: %v lives on in the target", seed, r.Key)
		case w != nil:
			if as := compare(w, &r, true); as != nil {
				f.t.Errorf("seed %d: %v differs in %v:\n%+v\n%+v", seed, r.Key, as, w.Fence(), r.Fence())
			}
		}
	})
	for k := range want {
		f.t.Errorf("seed %d: %v is lost", seed, k)
	}
}

func (f *farm) all(s *memstore.Store, do func(session.Record)) {
	pg, err := s.Scan(context.Background(), session.ScanRequest{Limit: 10_000})
	if err != nil || pg.Next != "" {
		f.t.Fatal(err)
	}
	for _, r := range pg.Records {
		do(r)
	}
}
