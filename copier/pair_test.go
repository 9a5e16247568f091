package copier

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

var shop = layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/3/ROOT/shop"}}

var portal = layout.Application{Name: "portal", AppIDs: []string{"/LM/W3SVC/1/ROOT"}}

// bench is a pair of tables with a clock, and the options of a copy between them.
type bench struct {
	t        testing.TB
	now      time.Time
	from, to *memstore.Store
	o        Options
	how      VerifyOptions // without pauses
	events   []Event
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)}
	clock := memstore.Options{Now: func() time.Time { return b.now }, ServesExpired: true}
	b.from, b.to = memstore.New(clock), memstore.New(clock)
	t.Cleanup(func() { b.from.Close(); b.to.Close() })
	b.setOptions()
	b.o.Now = func() time.Time { return b.now }
	b.o.PageRows, b.o.Workers = 7, 3
	return b
}

// newBenchOf is a bench between two stores that keep the time themselves, with pages as they come.
func newBenchOf(t testing.TB, from, to *memstore.Store) *bench {
	b := &bench{t: t, now: time.Now(), from: from, to: to}
	b.setOptions()
	return b
}

func (b *bench) setOptions() {
	t := b.t
	b.o = Options{
		Source: b.from, Target: b.to, ToRule: layout.RuleAsync21,
		From:  End{Title: "source", Identity: b.from.Identity(), Layout: byName(t, layout.FrameworkCompat), Spelling: spelling(t, layout.RuleInbox, layout.RuleAsyncX64)},
		To:    End{Title: "target", Identity: b.to.Identity(), Layout: byName(t, layout.InMemory), Spelling: spelling(t, layout.RuleAsync21)},
		State: filepath.Join(t.TempDir(), "checkpoint"),
		Observe: func(e Event) {
			b.events = append(b.events, e)
		},
	}
	b.how.Settle = -1
}

func byName(t testing.TB, name string) *layout.Layout {
	t.Helper()
	l, err := layout.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func spelling(t testing.TB, rules ...layout.IDRule) *layout.Spelling {
	t.Helper()
	return spellingOf(t, []layout.Application{shop, portal}, rules...)
}

// spellingOf is spelling for other applications.
func spellingOf(t testing.TB, apps []layout.Application, rules ...layout.IDRule) *layout.Spelling {
	t.Helper()
	r, err := layout.NewRegistry(apps...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := layout.NewSpelling(r, rules...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (b *bench) spell(app, raw string, rule layout.IDRule) session.Key {
	b.t.Helper()
	k, err := b.o.From.Spelling.Spell(session.Key{App: app, ID: raw}, rule)
	if err != nil {
		b.t.Fatal(err)
	}
	return k
}

// record makes a live session under a stored key.
func (b *bench) record(k session.Key, payload []byte) session.Record {
	now := session.At(b.now)
	return session.Record{
		Key: k, Payload: payload, Timeout: 20, Created: now - 7*session.Minute - 1, Expires: now.AddMinutes(19) + 2,
		Lock: session.Lock{Cookie: 5, Since: now - session.Minute},
	}
}

// put writes a row as it is, whatever is there.
func (b *bench) put(s *memstore.Store, r session.Record) {
	b.t.Helper()
	c := session.Change{Record: r}
	if old := b.row(s, r.Key); old != nil {
		f := old.Fence()
		c.Expect = &f
	}
	outs, err := s.Apply(b.t.Context(), []session.Change{c})
	if err != nil || outs[0].Result == session.Conflict {
		b.t.Fatalf("writing %v: %v, %+v", r.Key, err, outs)
	}
}

func (b *bench) remove(s *memstore.Store, k session.Key) {
	b.t.Helper()
	f := b.row(s, k).Fence()
	outs, err := s.Apply(b.t.Context(), []session.Change{{Record: session.Record{Key: k}, Delete: true, Expect: &f}})
	if err != nil || outs[0].Result != session.Applied {
		b.t.Fatalf("removing %v: %v, %+v", k, err, outs)
	}
}

func (b *bench) row(s *memstore.Store, k session.Key) *session.Record {
	b.t.Helper()
	rs, err := s.Peek(b.t.Context(), []session.Key{k})
	if err != nil {
		b.t.Fatal(err)
	}
	return rs[0]
}

func raw(i int) string { return fmt.Sprintf("%024d", i) }

// fill puts n live sessions of shop into the source and returns their raw ids.
func (b *bench) fill(n int) {
	for i := range n {
		b.put(b.from, b.record(b.spell("shop", raw(i), layout.RuleInbox), fixtures.Blob(fixtures.Blobs[i%8])))
	}
}

func (b *bench) run() (Report, error) {
	b.t.Helper()
	b.events = nil
	j, err := Prepare(b.t.Context(), b.o)
	if err != nil {
		return Report{}, err
	}
	defer j.Close()
	return j.Run(b.t.Context())
}

func (b *bench) mustRun() Report {
	b.t.Helper()
	r, err := b.run()
	if err != nil {
		b.t.Fatal(err)
	}
	c := r.Counters
	if sum := c.Copied + c.Updated + c.Unchanged + c.SkippedExpired + c.Superseded + c.Refused; c.Scanned != sum && c.TargetOwned == 0 {
		b.t.Errorf("of %d rows scanned %d are accounted for: %+v", c.Scanned, sum, c)
	}
	return r
}

// refusedBy runs and returns the names of the checks that refused.
func (b *bench) refusedBy() []string {
	b.t.Helper()
	_, err := b.run()
	var refused *RefusedError
	if err != nil && !errors.As(err, &refused) {
		b.t.Fatalf("want a refusal, got %v", err)
	}
	var names []string
	if refused != nil {
		for _, c := range refused.Checks {
			names = append(names, c.Name)
			if c.Remedy == "" {
				b.t.Errorf("check %s refuses and names no remedy", c.Name)
			}
		}
	}
	return names
}

func want(t *testing.T, got Report, want Counters) {
	t.Helper()
	want.Bytes = got.Bytes
	if got.Counters != want {
		t.Errorf("got  %+v\nwant %+v", got.Counters, want)
	}
}

// equal checks that the target row of a session says what its source row says.
func (b *bench) equal(app, id string) {
	b.t.Helper()
	src, dst := b.row(b.from, b.spell(app, id, layout.RuleInbox)), b.row(b.to, b.spell(app, id, layout.RuleAsync21))
	if src == nil || dst == nil {
		b.t.Fatalf("session %s: source %v, target %v", id, src, dst)
	}
	w := *src
	w.Key, w.Revision = dst.Key, dst.Revision
	if as := compare(&w, dst, false); as != nil {
		b.t.Errorf("session %s differs in %v:\n%+v\n%+v", id, as, w, *dst)
	}
}
