package cutover

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session"
)

// TestBetweenSteps lets another bridge do something whole before each call that a request makes to the stores. Where it has
// to wait for the lock of the first one's move, that one is away for as long: its deadline passes.
func TestBetweenSteps(t *testing.T) {
	ctx := context.Background()
	one := key("one")
	requests := map[string]func(s *Store, c int32) error{
		"Get":          func(s *Store, _ int32) error { _, err := s.Get(ctx, one); return err },
		"GetExclusive": func(s *Store, _ int32) error { _, err := s.GetExclusive(ctx, one); return err },
		"Set":          func(s *Store, c int32) error { return s.SetAndRelease(ctx, one, val("after"), session.IfCookie(c)) },
		"Remove":       func(s *Store, c int32) error { return s.Remove(ctx, one, session.IfCookie(c)) },
		"Release":      func(s *Store, c int32) error { return s.ReleaseExclusive(ctx, one, c) },
		"push":         func(s *Store, _ int32) error { return s.round(ctx) },
	}
	others := map[string]func(s *Store, c int32) (acked string, err error){
		"write": func(s *Store, c int32) (string, error) {
			item, err := s.GetExclusive(ctx, one)
			if err != nil {
				return "", err
			}
			return "two", s.SetAndRelease(ctx, one, val("two"), session.IfCookie(item.Cookie))
		},
		"remove": func(s *Store, c int32) (string, error) {
			item, err := s.GetExclusive(ctx, one)
			if err != nil {
				return "", err
			}
			return "gone", s.Remove(ctx, one, session.IfCookie(item.Cookie))
		},
		"make anew": func(s *Store, c int32) (string, error) {
			item, err := s.GetExclusive(ctx, one)
			if err != nil {
				return "", err
			}
			if err := s.Remove(ctx, one, session.IfCookie(item.Cookie)); err != nil {
				return "", err
			}
			return "anew", s.SetAndRelease(ctx, one, val("anew"), session.Insert())
		},
		"break the lock": func(s *Store, c int32) (string, error) {
			if err := s.ReleaseExclusive(ctx, one, c); err != nil {
				return "", err
			}
			item, err := s.GetExclusive(ctx, one)
			if err != nil {
				return "", err
			}
			return "two", s.SetAndRelease(ctx, one, val("two"), session.IfCookie(item.Cookie))
		},
		"push": func(s *Store, c int32) (string, error) { return "", s.round(ctx) },
	}
	for _, p := range []Phase{Prepare, Handoff, Handback, Mirror} {
		if testing.Short() && p != Handoff {
			continue
		}
		for name, request := range requests {
			for what, other := range others {
				for _, locked := range []bool{false, true} {
					t.Run(fmt.Sprintf("%v/%s/%s/locked %v", p, name, what, locked), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							for at := 0; between(t, p, request, other, locked, at); at++ {
							}
						})
					})
				}
			}
		}
	}
}

func between(t *testing.T, p Phase, request func(*Store, int32) error, other func(*Store, int32) (string, error), locked bool, at int) bool {
	f, plan := faultyFarm(t, false)
	defer f.close()
	cookie := f.prepared(p, locked, false)
	plan.arm(at, false, false)
	var acked string
	var otherErr error
	plan.hook = func() {
		plan.mu.Lock()
		plan.armed = false
		plan.mu.Unlock()
		acked, otherErr = other(f.bridges[1], cookie)
		plan.mu.Lock()
		plan.armed = true
		plan.mu.Unlock()
	}
	err := request(f.bridges[0], cookie)
	calls := plan.disarm()
	time.Sleep(10 * time.Second)
	item, readErr := f.bridges[1].Get(t.Context(), key("one"))
	got := string(item.Payload)
	if errors.Is(readErr, session.ErrNotFound) {
		got = "gone"
	} else if isLocked(readErr) {
		got = ""
	}
	what := fmt.Sprintf("before %v of %v: first %v, other %q %v", calls[min(at, len(calls)):min(at+1, len(calls))], calls, err, acked, otherErr)
	if otherErr == nil && acked != "" && got != acked && got != "" {
		t.Errorf("%s; in the end %q", what, got)
	}
	if !told(otherErr) {
		t.Errorf("%s: the other failed", what)
	}
	f.goOn(p, what, got, got == "gone", false)
	return len(calls) > at
}
