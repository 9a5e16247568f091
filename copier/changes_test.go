package copier

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// diary is a source that tells what has changed. It notes that before each call of the copier, which sees no other states.
type diary struct {
	Source
	rows *memstore.Store
	step func() error // before and after the positions is a time in which things happen; nil: nothing does
	rng  *rand.Rand   // nil: it tells what it must
	off  bool         // nobody has turned it on

	mu      sync.Mutex
	seed    maphash.Seed
	version int
	changed map[session.Key]int   // the version at which a row was changed last
	state   map[session.Key]noted // the rows as they were
	oldest  int                   // from where changes are kept
	given   int                   // the last version that it has given as a position
	asked   []string              // the positions of its calls
}

// noted is what tells two states of a row apart.
type noted struct {
	fence   session.Fence
	payload uint64
}

func newDiary(s Source, rows *memstore.Store) *diary {
	return &diary{Source: s, rows: rows, changed: map[session.Key]int{}, state: map[session.Key]noted{}, seed: maphash.MakeSeed()}
}

func (d *diary) note() {
	d.mu.Lock()
	defer d.mu.Unlock()
	pg, err := d.rows.Scan(context.Background(), session.ScanRequest{Limit: 100_000})
	if err != nil {
		panic(err)
	}
	now := make(map[session.Key]noted, len(pg.Records))
	for i := range pg.Records {
		r := &pg.Records[i]
		now[r.Key] = noted{r.Fence(), maphash.Bytes(d.seed, r.Payload)}
		if old, there := d.state[r.Key]; !there || old != now[r.Key] {
			d.version++
			d.changed[r.Key] = d.version
		}
	}
	for k := range d.state {
		if _, there := now[k]; !there {
			d.version++
			d.changed[k] = d.version
		}
	}
	d.state = now
}

func (d *diary) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	d.note()
	return d.Source.Scan(ctx, req)
}

func (d *diary) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	d.note()
	return d.Source.Peek(ctx, keys)
}

// Changes may tell of what came after the position, and leave out, for once, what was committed as the position was taken.
func (d *diary) Changes(_ context.Context, since string) (ch session.Changes, err error) {
	if d.step != nil {
		if err := d.step(); err != nil {
			return ch, err
		}
	}
	d.note()
	at, err := d.from(since)
	if err != nil {
		return ch, err
	}
	told, next := d.since(at), d.version
	if d.step != nil {
		if err := d.step(); err != nil {
			return ch, err
		}
	}
	d.note()
	if d.rng != nil && d.rng.IntN(2) == 0 {
		for k, v := range d.since(next) {
			told[k] = v
		}
	}
	for k, v := range told {
		if d.rng == nil || v <= d.given || v > next || d.rng.IntN(4) > 0 {
			ch.Keys = append(ch.Keys, k)
		}
	}
	d.given, ch.Next = next, strconv.Itoa(next)
	if since == "" {
		ch.Keys = nil
	}
	return ch, nil
}

func (d *diary) from(since string) (at int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, since)
	if since != "" {
		at, err = strconv.Atoi(since)
	}
	switch {
	case d.off:
		return 0, session.ErrUntracked
	case err != nil:
		return 0, err
	case since != "" && at < d.oldest:
		return 0, session.ErrTooOld
	}
	return at, nil
}

func (d *diary) since(at int) map[session.Key]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[session.Key]int{}
	for k, v := range d.changed {
		if v > at {
			all[k] = v
		}
	}
	return all
}

// forget makes all positions so far too old.
func (d *diary) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	d.oldest = d.version
}

// keepDiary makes the source of a farm one that tells what has changed.
func (f *farm) keepDiary(fullEvery time.Duration) *diary {
	d := newDiary(f.o.Source, f.from)
	d.step, d.rng = f.step, f.rng
	f.noted = d.note
	f.o.Source, f.o.Follow.FullEvery = d, fullEvery
	return d
}

// TestFollowAFarmThatTracks is TestFollowAFarm over a source that tells what has changed, and now and then forgets it.
func TestFollowAFarmThatTracks(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 5
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFarm(t, seed)
				d := f.keepDiary(time.Duration(1+f.rng.IntN(100)) * time.Second)
				stage := f.o.Stage
				f.o.Stage = func(ctx context.Context, s Stage, fs Facts) error {
					if f.rng.IntN(3) == 0 {
						d.forget()
					}
					return stage(ctx, s, fs)
				}
				followAFarm(f, seed)
			})
		})
	}
}

// TestChangesAloneMakeTheEndsEqual: without the passes over all rows, too, two passes after the farm has come to rest the
// target has what the source has, wherever the process was killed in between.
func TestChangesAloneMakeTheEndsEqual(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { changesAlone(t, seed) })
		})
	}
}

func changesAlone(t *testing.T, seed uint64) {
	f := newFarm(t, seed)
	f.keepDiary(1000 * time.Hour)
	for range f.rng.IntN(5) {
		f.calls, f.crash, f.keep = 0, 1+f.rng.IntN(120), ""
		if _, err := f.followOnce(NewSteering(0)); !errors.Is(err, errKilled) {
			t.Fatalf("seed %d: %v", seed, err)
		}
		f.o.State = f.keep
	}
	f.calls, f.crash = 0, 0
	ctx, cancel := context.WithCancel(t.Context())
	rest, tracked := 2+f.rng.IntN(6), 0
	f.onPass(func(p PassDone) {
		if p.Tracked {
			tracked++
		}
		switch tracked {
		case rest:
			f.stopped = true
		case rest + 2:
			f.check(seed)
			cancel()
		}
	})
	j, err := Prepare(ctx, f.o)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if _, err := j.Follow(ctx, NewSteering(0)); !errors.Is(err, context.Canceled) {
		t.Fatalf("seed %d: %v", seed, err)
	}
}

// tracked is a bench whose source tells what has changed.
func tracked(t *testing.T) (*bench, *diary) {
	b := newBench(t)
	d := newDiary(b.from, b.from)
	b.o.Source = d
	return b, d
}

// until runs a following copy that is stopped once the function says so; it returns its passes.
func (b *bench) until(done func(PassDone) bool) (passes []PassDone, err error) {
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	b.onPass(func(p PassDone) {
		passes = append(passes, p)
		if done(p) {
			cancel()
		}
	})
	j, err := Prepare(ctx, b.o)
	if err != nil {
		return nil, err
	}
	defer j.Close()
	if _, err = j.Follow(ctx, nil); errors.Is(err, context.Canceled) {
		err = nil
	}
	return passes, err
}

func TestAPassOverChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, d := tracked(t)
		b.fill(40)
		passes, err := b.until(func(p PassDone) bool {
			switch p.Pass {
			case 1:
				b.write(b.source(1))
				b.remove(b.from, b.source(2))
				b.put(b.from, b.record(b.source(77), fixtures.Blob("p-all")))
				b.put(b.from, b.record(session.Key{ID: "of nobody"}, fixtures.Blob("empty")))
				b.remove(b.from, session.Key{ID: "of nobody"})
			case 2:
				b.equal("shop", raw(1))
				b.equal("shop", raw(77))
				if b.row(b.to, b.target(2)) != nil {
					t.Error("a removed session stayed")
				}
				b.put(b.from, b.record(b.source(2), fixtures.Blob("empty"))) // the id comes again
			case 3:
				b.equal("shop", raw(2))
			}
			return p.Pass == 4
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range passes {
			if p.Tracked != (i > 0) {
				t.Errorf("pass %d: tracked %v", p.Pass, p.Tracked)
			}
		}
		if p := passes[1]; p.Lag.Rows != 2 || p.Deleted != 1 || p.Counters.Scanned != 2 {
			t.Errorf("the second pass: %+v", p)
		}
		if c := passes[3].Counters; c.Scanned != 1 {
			t.Errorf("each change is told to two passes: %+v", c)
		}
		if d.asked[0] != "" || d.asked[1] != d.asked[2] || d.asked[2] == d.asked[3] {
			t.Errorf("positions %q", d.asked)
		}
	})
}

func TestAllRowsAreLookedAtNowAndThen(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*bench, *diary)
		full   map[int]bool // passes over all rows
		notice bool
	}{
		"in time":                 {nil, map[int]bool{1: true, 4: true}, false},
		"the clock was set back":  {func(b *bench, _ *diary) { b.now = b.now.Add(-time.Hour) }, map[int]bool{1: true, 3: true}, false},
		"the position is too old": {func(_ *bench, d *diary) { d.forget() }, map[int]bool{1: true, 3: true}, true},
		"it was turned off":       {func(_ *bench, d *diary) { d.off = true }, map[int]bool{1: true, 3: true, 4: true, 5: true}, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, d := tracked(t)
			b.o.Follow.FullEvery = 10 * time.Minute
			b.fill(10)
			passes, err := b.until(func(p PassDone) bool {
				switch {
				case p.Pass == 2 && c.change != nil:
					c.change(b, d)
				case p.Pass == 3 && c.change == nil:
					b.now = b.now.Add(10 * time.Minute)
				}
				return p.Pass == 5
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range passes {
				if p.Tracked == c.full[p.Pass] {
					t.Errorf("%s: pass %d: tracked %v", name, p.Pass, p.Tracked)
				}
			}
			told := false
			for _, e := range b.events {
				n, is := e.(Notice)
				told = told || is && n.Kind == NoticeTracking
			}
			if told != c.notice {
				t.Errorf("%s: somebody was told: %v", name, told)
			}
		})
	}
}

// A position outlives the process, but for a pass over all rows that did not come to its end.
func TestThePositionIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := tracked(t)
		b.fill(20)
		if _, err := b.until(func(p PassDone) bool { return p.Pass == 2 }); err != nil {
			t.Fatal(err)
		}
		b.write(b.source(3))
		b.remove(b.from, b.source(4))
		passes, err := b.until(func(PassDone) bool { return true })
		if err != nil || !passes[0].Tracked || passes[0].Lag.Rows != 1 || passes[0].Deleted != 1 {
			t.Fatalf("the next run: %v, %+v", err, passes)
		}
		b.now = b.now.Add(time.Hour)
		broken := errors.New("lost")
		good := b.o.Source
		b.o.Source = &brokenAfter{diary: good.(*diary), pages: 3 + 2, err: broken} // 3 of the census
		if _, err := b.until(func(PassDone) bool { return false }); !errors.Is(err, broken) {
			t.Fatalf("a pass over all rows that is cut off: %v", err)
		}
		if c, err := loadCheckpoint(b.o.State); err != nil || c.Changes != nil {
			t.Errorf("it kept a position: %v, %+v", err, c.Changes)
		}
		b.o.Source = good
		if passes, err = b.until(func(PassDone) bool { return true }); err != nil || passes[0].Tracked {
			t.Errorf("and the run after it: %v, %+v", err, passes)
		}
	})
}

// brokenAfter gives some pages and then an error.
type brokenAfter struct {
	*diary
	pages int
	err   error
}

func (s *brokenAfter) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	if s.pages--; s.pages < 0 {
		return session.Page{}, s.err
	}
	return s.diary.Scan(ctx, req)
}

func TestAPassOverChangesRefusesMassDeletions(t *testing.T) {
	for _, c := range []struct {
		rows, gone int
		allowed    bool
		refused    bool
	}{{300, 290, false, true}, {300, 290, true, false}, {300, 140, false, false}, {20, 20, false, true}, {20, 19, false, false}} {
		synctest.Test(t, func(t *testing.T) {
			b, _ := tracked(t)
			b.o.PageRows, b.o.AllowDeletions = 50, c.allowed
			b.fill(c.rows)
			passes, err := b.until(func(p PassDone) bool {
				if p.Pass == 1 {
					for i := range c.gone {
						b.remove(b.from, b.source(i))
					}
				}
				return p.Pass == 2
			})
			var refused *RefusedError
			switch there := b.row(b.to, b.target(5)) != nil; {
			case c.refused != (errors.As(err, &refused) && refused.Checks[0].Name == "deletions") || c.refused != there:
				t.Errorf("%d of %d gone: %v, a copy is there: %v", c.gone, c.rows, err, there)
			case !c.refused && (err != nil || passes[1].Deleted != int64(c.gone) || !passes[1].Tracked):
				t.Errorf("%d of %d gone: %v, %+v", c.gone, c.rows, err, passes)
			}
		})
	}
}

// A row of an application that nobody knows may be the one that seems to be gone, whichever pass has seen it.
func TestAPassOverChangesKeepsWhatMayBeUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := tracked(t)
		b.o.SkipUnknown = true
		b.fill(10)
		if _, err := b.until(func(p PassDone) bool {
			switch p.Pass {
			case 2:
				b.put(b.from, b.record(session.Key{ID: raw(50) + "00000bad"}, fixtures.Blob("empty")))
			case 3:
				b.remove(b.from, b.source(1))
			}
			return p.Pass == 4
		}); err != nil {
			t.Fatal(err)
		}
		if b.row(b.to, b.target(1)) == nil {
			t.Error("a session was removed while a row belonged to nobody")
		}
	})
}

// What the target has removed as well is given up, so that the id may come again.
func TestAPassOverChangesGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := tracked(t)
		b.fill(10)
		if _, err := b.until(func(p PassDone) bool {
			switch p.Pass {
			case 1:
				b.remove(b.from, b.source(1))
				b.remove(b.to, b.target(1))
			case 2:
				b.put(b.from, b.record(b.source(1), fixtures.Blob("empty")))
			}
			return p.Pass == 3
		}); err != nil {
			t.Fatal(err)
		}
		b.equal("shop", raw(1))
	})
}

// Rows that lose, damaged rows and those of applications that were not chosen are judged as by any pass.
func TestAPassOverChangesJudgesAsOthersDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := tracked(t)
		b.o.Apps = []string{"shop"}
		b.fill(10)
		b.fillApp("portal", 100, 5)
		loser := b.spell("shop", raw(3), layout.RuleAsyncX64)
		var lost Counters
		passes, err := b.until(func(p PassDone) bool {
			switch p.Pass {
			case 1:
				b.put(b.from, b.record(loser, fixtures.Blob("p-all")))
				b.write(b.spell("portal", raw(101), layout.RuleInbox))
				b.remove(b.from, b.spell("portal", raw(102), layout.RuleInbox))
			case 2:
				lost = p.Counters
				b.remove(b.from, b.source(3)) // the winner is logged out of: its loser must not come in its place
			}
			return p.Pass == 4
		})
		if err != nil {
			t.Fatal(err)
		}
		if lost.Superseded != 1 || lost.Scanned != 1 || passes[1].Deleted != 0 {
			t.Errorf("the second pass: %+v", passes[1])
		}
		if b.row(b.to, b.target(3)) != nil || passes[2].Deleted != 1 {
			t.Errorf("the third: %+v", passes[2])
		}
	})
}

func TestPartitionsTellChanges(t *testing.T) {
	b := newBench(t)
	first, second := newDiary(b.from, b.from), newDiary(b.to, b.to)
	ps := Partitions{Parts: []Source{first, second}, Layout: b.o.From.Layout, Now: b.o.Now}
	ask := func(since string) session.Changes {
		t.Helper()
		ch, err := ps.Changes(t.Context(), since)
		if err != nil {
			t.Fatal(err)
		}
		return ch
	}
	b.put(b.from, b.record(b.source(1), nil))
	at := ask("").Next
	b.put(b.from, b.record(b.source(2), nil))
	b.put(b.to, b.record(b.source(2), nil)) // moved
	b.put(b.to, b.record(b.source(3), nil))
	ch := ask(at)
	if len(ch.Keys) != 2 {
		t.Errorf("changes %v", ch.Keys)
	}
	if again := ask(ch.Next); len(again.Keys) != 0 {
		t.Errorf("told again: %v", again.Keys)
	}
	more := ps
	more.Parts = []Source{first, second, first}
	if _, err := more.Changes(t.Context(), at); !errors.Is(err, session.ErrTooOld) {
		t.Errorf("a position of other partitions: %v", err)
	}
	second.forget()
	if _, err := ps.Changes(t.Context(), at); !errors.Is(err, session.ErrTooOld) {
		t.Errorf("one part has forgotten: %v", err)
	}
	ps.Parts = []Source{first, b.to}
	if _, err := ps.Changes(t.Context(), ""); !errors.Is(err, session.ErrUntracked) {
		t.Errorf("a part that tells nothing: %v", err)
	}
}

// Checkpoints of before are read: they have no position.
func TestACheckpointWithoutPosition(t *testing.T) {
	path := t.TempDir() + "/cp"
	old := sealed(`{"aspstate":"checkpoint","version":1,"content":{"from":"f","to":"t","plan":"p","phase":"follow","cursor":"","pass":3,` +
		`"counters":{},"complete":false,"saved":"2026-03-01T11:30:01Z"}`)
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := loadCheckpoint(path); err != nil || c.Changes != nil || c.Pass != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	if err := saveCheckpoint(path, checkpoint{Changes: &position{Last: "a\xff"}}); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("a position of other bytes: %v", err)
	}
}
