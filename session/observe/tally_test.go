package observe_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/observe"
)

// TestTally: calls are counted by layer, verb and outcome, and who took a lock is known while it is held.
func TestTally(t *testing.T) {
	store := memstore.New(memstore.Options{})
	defer store.Close()
	tally := observe.NewTally()
	front, other := tally.Store("stateserver", store), tally.Store("tds", store)
	ctx := observe.Client(t.Context(), "10.1.0.7")
	k, v := session.Key{App: "shop", ID: "one"}, session.Value{Payload: []byte("x"), Timeout: 20}
	if err := front.SetAndRelease(ctx, k, v, session.Insert()); err != nil {
		t.Fatal(err)
	}
	item, err := front.GetExclusive(ctx, k)
	if err != nil {
		t.Fatal(err)
	}
	if who, ok := tally.Taker(k, item.Cookie); !ok || who != (observe.Taker{Layer: "stateserver", Client: "10.1.0.7"}) {
		t.Errorf("the lock was taken by %+v, %v", who, ok)
	}
	if _, ok := tally.Taker(k, item.Cookie+1); ok {
		t.Error("another lock has the same taker")
	}
	var locked *session.LockedError
	if _, err := other.GetExclusive(t.Context(), k); !errors.As(err, &locked) {
		t.Fatal(err)
	}
	if err := other.ReleaseExclusive(t.Context(), k, item.Cookie); err != nil {
		t.Fatal(err)
	}
	if _, ok := tally.Taker(k, item.Cookie); ok {
		t.Error("a lock that was given back has a taker")
	}
	waited, err := other.(session.Waiter).WaitExclusive(t.Context(), k, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if who, ok := tally.Taker(k, waited.Cookie); !ok || who != (observe.Taker{Layer: "tds"}) {
		t.Errorf("the lock that was waited for was taken by %+v, %v", who, ok)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := front.Get(gone, k); err == nil {
		t.Error("a call whose caller has gone succeeds")
	}
	want := []observe.Count{
		{Layer: "stateserver", Verb: "get", Calls: 1, Canceled: 1},
		{Layer: "stateserver", Verb: "get_exclusive", Calls: 1},
		{Layer: "stateserver", Verb: "set_and_release", Calls: 1},
		{Layer: "tds", Verb: "get_exclusive", Calls: 1, Locked: 1},
		{Layer: "tds", Verb: "wait_exclusive", Calls: 1},
		{Layer: "tds", Verb: "release_exclusive", Calls: 1},
	}
	if got := tally.Counts(); !slices.Equal(got, want) {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

// TestTakersAreBounded: locks that are never given back here do not fill the memory.
func TestTakersAreBounded(t *testing.T) {
	tally := observe.NewTally()
	s := tally.Store("tds", always{})
	const many = 200_000
	for n := range many {
		if _, err := s.GetExclusive(t.Context(), session.Key{ID: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	known := 0
	for n := range many {
		if _, ok := tally.Taker(session.Key{ID: fmt.Sprint(n)}, 0); ok {
			known++
		}
	}
	if known == 0 || known > 64*1024 {
		t.Errorf("%d locks are remembered", known)
	}
}

// always gives every lock.
type always struct{ session.Store }

func (always) GetExclusive(context.Context, session.Key) (session.Item, error) {
	return session.Item{}, nil
}

// BenchmarkTally is what counting adds to a page cycle.
func BenchmarkTally(b *testing.B) {
	ctx := observe.Client(b.Context(), "10.1.0.7")
	keys := make([]session.Key, 10_000)
	for n := range keys {
		keys[n] = session.Key{App: "/LM/W3SVC/3/ROOT/shop", ID: fmt.Sprintf("lit3py55t21z5v55vlm%05d", n)}
	}
	tally := observe.NewTally()
	for name, s := range map[string]session.Store{"plain": nothing{}, "tallied": tally.Store("stateserver", nothing{})} {
		b.Run(name, func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				k := keys[n%len(keys)]
				s.GetExclusive(ctx, k)
				s.SetAndRelease(ctx, k, session.Value{}, session.IfFree(1))
			}
		})
	}
}

// nothing does nothing.
type nothing struct{ always }

func (nothing) SetAndRelease(context.Context, session.Key, session.Value, session.Condition) error {
	return nil
}
