package park_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/park"
	"github.com/aspstate/aspstate/session/storetest"
)

// plain is a store without any ability: it cannot wait, whatever stands behind it.
type plain struct{ session.Store }

func TestStore(t *testing.T) {
	r := storetest.Ordinary()
	r.Needs = storetest.Waits
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		clock := storetest.NewClock()
		s := memstore.New(memstore.Options{Now: clock.Now})
		t.Cleanup(func() { s.Close() })
		return storetest.Subject{Store: park.New(plain{s}, park.Options{}), Clock: clock}
	}, r)
}

var key = session.Key{App: "shop", ID: "lit3py55t21z5v55vlm25s55"}

// locked makes a store with one session, which is locked under the returned cookie.
func locked(t *testing.T, o park.Options) (s *park.Store, inner session.Store, cookie int32) {
	t.Helper()
	inner = memstore.New(memstore.Options{})
	s = park.New(plain{inner}, o)
	if err := s.SetAndRelease(t.Context(), key, session.Value{Payload: []byte{1}, Timeout: 20}, session.Insert()); err != nil {
		t.Fatal(err)
	}
	item, err := s.GetExclusive(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return s, inner, item.Cookie
}

// visit is a wait of a client in a goroutine of its own.
func visit(t *testing.T, s *park.Store, client string, wait time.Duration) <-chan int32 {
	got := make(chan int32, 1)
	go func() {
		item, err := s.WaitExclusive(park.Client(t.Context(), client), key, wait)
		var refused *session.LockedError
		if err != nil && !errors.As(err, &refused) {
			t.Errorf("%s: %v", client, err)
		}
		got <- item.Cookie // 0: it was sent away
	}()
	synctest.Wait()
	return got
}

// sentAway waits as a client in vain.
func sentAway(t *testing.T, s *park.Store, client string) {
	t.Helper()
	got := visit(t, s, client, time.Second)
	time.Sleep(time.Second)
	synctest.Wait()
	expect(t, got, 0, client)
}

func release(t *testing.T, s session.Store, cookie int32) {
	t.Helper()
	if err := s.ReleaseExclusive(t.Context(), key, cookie); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func expect(t *testing.T, got <-chan int32, want int32, who string) {
	t.Helper()
	select {
	case c := <-got:
		if c != want {
			t.Errorf("%s gets cookie %d, want %d", who, c, want)
		}
	default:
		t.Errorf("%s is waiting, and should have cookie %d", who, want)
	}
}

// TestAPlaceIsKept: who was sent away and asks again in time is served before those who came later.
func TestAPlaceIsKept(t *testing.T) {
	for _, c := range []struct {
		name  string
		back  time.Duration // after it was sent away
		first bool
	}{{"in time", 500 * time.Millisecond, true}, {"too late", 800 * time.Millisecond, false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _, cookie := locked(t, park.Options{})
				sentAway(t, s, "early")
				late := visit(t, s, "late", time.Minute)
				time.Sleep(c.back)
				early := visit(t, s, "early", time.Minute)
				release(t, s, cookie)
				first, second := early, late
				if !c.first {
					first, second = late, early
				}
				expect(t, first, cookie+1, "the first")
				release(t, s, cookie+1)
				expect(t, second, cookie+2, "the second")
			})
		})
	}
}

// TestAKeptPlaceHoldsNobodyUp for longer than it is kept.
func TestAKeptPlaceHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, cookie := locked(t, park.Options{})
		sentAway(t, s, "gone")
		stays := visit(t, s, "stays", time.Minute)
		release(t, s, cookie)
		if _, err := s.GetExclusive(t.Context(), key); err == nil {
			t.Error("a newcomer overtakes")
		}
		time.Sleep(750*time.Millisecond + time.Millisecond)
		synctest.Wait()
		expect(t, stays, cookie+1, "stays")
	})
}

func TestTooManyAreSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, cookie := locked(t, park.Options{Limit: 2})
		a, b := visit(t, s, "a", time.Minute), visit(t, s, "b", time.Minute)
		expect(t, visit(t, s, "c", time.Minute), 0, "c")
		release(t, s, cookie)
		expect(t, a, cookie+1, "a")
		release(t, s, cookie+1)
		expect(t, b, cookie+2, "b")
	})
}

// TestWhoGoesAwayLosesItsPlace at once.
func TestWhoGoesAwayLosesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, cookie := locked(t, park.Options{})
		ctx, cancel := context.WithCancel(park.Client(t.Context(), "gone"))
		over := make(chan error, 1)
		go func() {
			_, err := s.WaitExclusive(ctx, key, time.Minute)
			over <- err
		}()
		synctest.Wait()
		stays := visit(t, s, "stays", time.Minute)
		cancel()
		if err := <-over; !errors.Is(err, context.Canceled) {
			t.Errorf("who goes away gets %v", err)
		}
		release(t, s, cookie)
		expect(t, stays, cookie+1, "stays")
	})
}

// TestReleasesBehindOurBack are seen: the store has other clients.
func TestReleasesBehindOurBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, inner, cookie := locked(t, park.Options{})
		a, b := visit(t, s, "a", time.Minute), visit(t, s, "b", time.Minute)
		release(t, inner, cookie)
		time.Sleep(250 * time.Millisecond)
		synctest.Wait()
		expect(t, a, cookie+1, "a")
		if len(b) > 0 {
			t.Error("b was served before its turn")
		}
		release(t, s, cookie+1)
		expect(t, b, cookie+2, "b")
	})
}

// TestForcedRelease: anybody who knows the cookie of an old lock may give it back, and the queue goes on.
func TestForcedRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, cookie := locked(t, park.Options{})
		time.Sleep(2 * time.Minute)
		_, err := s.WaitExclusive(park.Client(t.Context(), "page"), key, 2*time.Second)
		var refused *session.LockedError
		if !errors.As(err, &refused) || refused.Cookie != cookie {
			t.Fatalf("a page that waits for a dead one gets %v", err)
		}
		if age := time.Since(refused.Since.Time()); age < 110*time.Second {
			t.Errorf("the lock seems to be %v old", age)
		}
		release(t, s, refused.Cookie)
		expect(t, visit(t, s, "page", time.Second), cookie+1, "the page")
	})
}

// TestWhoComesBackNeedNotWait: the lock was given back while its place was kept, and nobody is before it.
func TestWhoComesBackNeedNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, cookie := locked(t, park.Options{})
		sentAway(t, s, "page")
		release(t, s, cookie)
		if _, err := s.GetExclusive(park.Client(t.Context(), "other"), key); err == nil {
			t.Error("another overtakes")
		}
		item, err := s.GetExclusive(park.Client(t.Context(), "page"), key)
		if err != nil || item.Cookie != cookie+1 {
			t.Errorf("who comes back gets %+v, %v", item, err)
		}
		release(t, s, cookie+1)
		if _, err := s.GetExclusive(t.Context(), key); err != nil {
			t.Errorf("its place is kept although it has come: %v", err)
		}
	})
}

// TestNoPlaceAtARemovedSession: it is gone for whoever asks.
func TestNoPlaceAtARemovedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, cookie := locked(t, park.Options{})
		sentAway(t, s, "page")
		if err := s.Remove(t.Context(), key, session.IfCookie(cookie)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.GetExclusive(t.Context(), key); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("a removed session: %v", err)
		}
	})
}

// TestWhoIsSentAwayLearnsOfTheLatestLock, which another client has taken since it came.
func TestWhoIsSentAwayLearnsOfTheLatestLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, cookie := locked(t, park.Options{})
		first := visit(t, s, "first", time.Minute)
		over := make(chan error, 1)
		go func() {
			_, err := s.WaitExclusive(park.Client(t.Context(), "second"), key, 2*time.Second)
			over <- err
		}()
		synctest.Wait()
		release(t, s, cookie)
		expect(t, first, cookie+1, "first")
		var refused *session.LockedError
		if err := <-over; !errors.As(err, &refused) || refused.Cookie != cookie+1 {
			t.Errorf("the second is told %v, the lock has cookie %d", err, cookie+1)
		}
	})
}

// slow is a store whose locks take a while, and which tells when one is being taken.
type slow struct {
	session.Store
	taking chan struct{}
	goOn   chan struct{}
}

func (s *slow) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := s.Store.GetExclusive(ctx, k)
	if err != nil {
		return item, err
	}
	s.taking <- struct{}{}
	select {
	case <-s.goOn:
		return item, nil
	case <-ctx.Done():
		return session.Item{}, ctx.Err()
	}
}

// TestNoLockIsLeftWithNobody: the client goes away in the very moment in which the store gives it the lock.
func TestNoLockIsLeftWithNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := memstore.New(memstore.Options{})
		st := &slow{inner, make(chan struct{}), make(chan struct{})}
		s := park.New(st, park.Options{})
		if err := s.SetAndRelease(t.Context(), key, session.Value{Payload: []byte{1}, Timeout: 20}, session.Insert()); err != nil {
			t.Fatal(err)
		}
		item, err := inner.GetExclusive(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() {
			_, err := s.WaitExclusive(ctx, key, time.Minute)
			over <- err
		}()
		synctest.Wait()
		release(t, inner, item.Cookie)
		<-st.taking
		cancel()
		synctest.Wait()
		close(st.goOn)
		if err := <-over; !errors.Is(err, context.Canceled) {
			t.Errorf("who has gone gets %v", err)
		}
		if _, err := inner.GetExclusive(t.Context(), key); err != nil {
			t.Errorf("the lock is held by nobody: %v", err)
		}
	})
}

// TestRemovedAtTheLastMoment: one whose time is up when the session has just been removed is told of a lock that there was.
func TestRemovedAtTheLastMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, inner, cookie := locked(t, park.Options{})
		slow := &slowly{Store: inner, by: 20 * time.Millisecond}
		s.Store = slow
		var run sync.WaitGroup
		for range 6 {
			run.Go(func() {
				_, err := s.WaitExclusive(t.Context(), key, 100*time.Millisecond)
				var refused *session.LockedError
				if errors.As(err, &refused) && refused.Cookie == 0 {
					t.Errorf("refused by a lock that never was: %v", err)
				}
			})
		}
		time.Sleep(95 * time.Millisecond)
		if err := s.Remove(t.Context(), key, session.IfCookie(cookie)); err != nil {
			t.Error(err)
		}
		run.Wait()
	})
}

// slowly takes its time for a lock.
type slowly struct {
	session.Store
	by time.Duration
}

func (s *slowly) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	time.Sleep(s.by)
	return s.Store.GetExclusive(ctx, k)
}
