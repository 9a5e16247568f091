package cutover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
)

// TestMovers: several rows are moved at a time, each once, no faster than the rate; one that fails ends the pass.
func TestMovers(t *testing.T) {
	var keys []session.Key
	for i := range 100 {
		keys = append(keys, key(fmt.Sprint(i)))
	}
	for _, movers := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			s := &Store{o: Options{Movers: movers, Rate: 100}}
			var mu sync.Mutex
			var seen []session.Key
			at, most := 0, 0
			began := time.Now()
			err := s.eachOf(t.Context(), keys, func(k session.Key) error {
				if err := s.pace(t.Context()); err != nil {
					return err
				}
				mu.Lock()
				seen, at = append(seen, k), at+1
				most = max(most, at)
				mu.Unlock()
				time.Sleep(35 * time.Millisecond)
				mu.Lock()
				at--
				mu.Unlock()
				return nil
			})
			took := time.Since(began)
			if movers == 1 && (!slices.Equal(seen, keys) || took != 100*35*time.Millisecond) {
				t.Errorf("one mover: %d rows in their order, %v", len(seen), took)
			}
			slices.SortFunc(seen, func(a, b session.Key) int { return slices.Index(keys, a) - slices.Index(keys, b) })
			if err != nil || !slices.Equal(seen, keys) || most != movers || took < 950*time.Millisecond || movers == 4 && took > 1100*time.Millisecond {
				t.Errorf("%d movers: %d rows, %d at a time, %v, %v", movers, len(seen), most, took, err)
			}

			broken := errors.New("broken")
			n := 0
			err = s.eachOf(t.Context(), keys, func(session.Key) error {
				mu.Lock()
				defer mu.Unlock()
				n++
				return broken
			})
			if !errors.Is(err, broken) || n > movers {
				t.Errorf("%d movers: %d rows after a failure, %v", movers, n, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.eachOf(ctx, keys, func(session.Key) error { return s.pace(ctx) }); !errors.Is(err, context.Canceled) {
				t.Errorf("%d movers, stopped: %v", movers, err)
			}
		})
	}
}
