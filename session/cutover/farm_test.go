package cutover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// farm is two stores and the bridges between them, in a synctest bubble.
type farm struct {
	t        *testing.T
	old, new *memstore.Store
	oldSide  session.Store // what bridges see of old; nil: it
	options  Options
	bridges  []*Store
}

const shop = "shop"

func newFarm(t *testing.T, bridges int) *farm {
	t.Helper()
	f := &farm{t: t, old: memstore.New(memstore.Options{ServesExpired: true}), new: memstore.New(memstore.Options{ServesExpired: true})}
	t.Cleanup(func() { f.close() })
	for range bridges {
		f.join()
	}
	return f
}

func (f *farm) close() {
	for _, b := range f.bridges {
		b.Close()
	}
	f.bridges = nil
	f.old.Close()
	f.new.Close()
}

// join adds a bridge.
func (f *farm) join() *Store {
	f.t.Helper()
	o := f.options
	o.Holder = fmt.Sprintf("b%d", len(f.bridges)+1)
	if o.Old == nil {
		o.Old = f.old
	}
	if f.oldSide != nil {
		o.Old = f.oldSide
	}
	if o.New == nil {
		o.New = f.new
	}
	if o.Control == nil {
		o.Control = f.new
	}
	if os.Getenv("CUTOVER_LOG") != "" {
		o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s, err := Open(f.t.Context(), o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.bridges = append(f.bridges, s)
	return s
}

// die ends a bridge as a crash does: nothing is given back.
func (s *Store) die() {
	s.cancel()
	s.tasks.Wait()
	s.until.Store(&time.Time{})
}

func key(id string) session.Key { return session.Key{App: shop, ID: id} }

func val(s string) session.Value { return session.Value{Payload: []byte(s), Timeout: 20} }

func (f *farm) ok(err error, what string, args ...any) {
	f.t.Helper()
	if err != nil {
		f.t.Fatalf("%s: %v", fmt.Sprintf(what, args...), err)
	}
}

// to changes the phase, by the first bridge, and lets calls time enough that it becomes known.
func (f *farm) to(p Phase) {
	f.t.Helper()
	f.request(Request{Phase: p})
}

func (f *farm) request(r Request) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 2*time.Minute)
	defer cancel()
	f.ok(f.bridges[0].Change(ctx, shop, r), "changing to %v", r.Phase)
}

// emptied waits until the mover has moved all.
func (f *farm) emptied(s *memstore.Store) {
	f.t.Helper()
	for range 600 {
		n, err := s.Count(f.t.Context())
		f.ok(err, "counting")
		if n == 0 {
			return
		}
		time.Sleep(time.Second)
	}
	f.t.Fatal("the mover does not come to an end")
}

// path is the way from proxy to a phase.
func (f *farm) path(p Phase) {
	f.t.Helper()
	ways := map[Phase][]Phase{
		Proxy: nil, Prepare: {Prepare}, Handoff: {Prepare, Handoff}, Handback: {Prepare, Handoff, Handback},
		Mirror: {Prepare, Handoff, Mirror}, Done: {Prepare, Handoff, Mirror, Done},
	}
	for _, next := range ways[p] {
		if next == Mirror {
			f.emptied(f.old)
			time.Sleep(2 * time.Minute) // what cannot be listed must have timed out
		}
		f.request(Request{Phase: next, OldTimeout: 1})
	}
}

func isLocked(err error) bool {
	var l *session.LockedError
	return errors.As(err, &l)
}

// row looks at a row of a store; nil: none.
func (f *farm) row(s *memstore.Store, k session.Key) *session.Record {
	f.t.Helper()
	r, err := session.PeekOne(context.Background(), s, k)
	if errors.Is(err, session.ErrNotFound) {
		return nil
	}
	f.ok(err, "peeking")
	return r
}
