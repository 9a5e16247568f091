package traffic

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// farmOver plays on a store until it has done a number of pages, and checks it.
func farmOver(t *testing.T, s session.Store, p session.Peeker, pages int64) []string {
	t.Helper()
	var made atomic.Int64
	newKey := func() session.Key { return session.Key{App: "shop", ID: fmt.Sprintf("new%d", made.Add(1))} }
	var keys []session.Key
	for range 20 {
		k := newKey()
		body, err := fresh(0)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetAndRelease(t.Context(), k, session.Value{Payload: body, Timeout: 20}, session.Insert()); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	f := Start(t.Context(), Options{Stores: []session.Store{s}, Keys: keys, NewKey: newKey, Seed: 7, Workers: 4, Patience: time.Second})
	for f.Result().Pages < pages {
		time.Sleep(time.Millisecond) // until it has, however long that takes
	}
	f.Stop()
	if r := f.Result(); r.Failures > 0 || r.Calls == 0 || r.P99 < r.P50 || r.Most < r.P99 {
		t.Errorf("result %+v", r)
	}
	bad, err := f.Check(t.Context(), p, func(k session.Key) (session.Key, error) { return k, nil })
	if err != nil {
		t.Fatal(err)
	}
	return bad
}

func TestAGoodStorePasses(t *testing.T) {
	s := memstore.New(memstore.Options{})
	defer s.Close()
	if bad := farmOver(t, s, s, 2000); len(bad) > 0 {
		t.Errorf("%d complaints, the first: %s", len(bad), bad[0])
	}
}

// forgetful acknowledges a change now and then without making it.
type forgetful struct {
	*memstore.Store
	n       atomic.Int64
	removes bool
}

func (s *forgetful) SetAndRelease(ctx context.Context, k session.Key, v session.Value, c session.Condition) error {
	if c.Kind() == session.KindIfCookie && !s.removes && s.n.Add(1)%50 == 0 {
		return s.ReleaseExclusive(ctx, k, c.Cookie())
	}
	return s.Store.SetAndRelease(ctx, k, v, c)
}

func (s *forgetful) Remove(ctx context.Context, k session.Key, c session.Condition) error {
	if s.removes {
		return s.ReleaseExclusive(ctx, k, c.Cookie())
	}
	return s.Store.Remove(ctx, k, c)
}

func TestABadStoreIsFoundOut(t *testing.T) {
	for name, want := range map[string]string{"visits": "were acknowledged", "removal": "removed"} {
		t.Run(name, func(t *testing.T) {
			s := &forgetful{Store: memstore.New(memstore.Options{}), removes: name == "removal"}
			defer s.Close()
			bad := farmOver(t, s, s, 3000)
			if len(bad) == 0 || !strings.Contains(strings.Join(bad, "\n"), want) {
				t.Errorf("complaints: %q", bad)
			}
		})
	}
}

func TestQuantiles(t *testing.T) {
	var x timings
	for us := range 10_000 {
		x.add(time.Duration(us) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 5 * time.Millisecond, 0.99: 9900 * time.Microsecond} {
		got := x.quantile(q)
		if got < want*7/8 || got > want*9/8 {
			t.Errorf("quantile %v is %v, want about %v", q, got, want)
		}
	}
	for us := uint64(0); us < 1<<20; us = us*9/8 + 1 {
		i := step(us)
		if us > upper(i) || i > 0 && us <= upper(i-1) {
			t.Fatalf("%d µs at step %d, of %d to %d", us, i, upper(i-1)+1, upper(i))
		}
	}
}
