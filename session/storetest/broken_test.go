package storetest

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// recorder is a TB that notes failures instead of failing.
type recorder struct {
	ctx context.Context

	mu       sync.Mutex
	failures []string
	skipped  bool
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
	r.mu.Unlock()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skipf(string, ...any) {
	r.mu.Lock()
	r.skipped = true
	r.mu.Unlock()
	runtime.Goexit()
}

// outcomes runs the whole suite and returns the failures of each check that had some.
func outcomes(t *testing.T, open func(clock *Clock) session.Store, rules Rules) map[string][]string {
	t.Helper()
	failed := map[string][]string{}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			c.in(t, func(t *testing.T) {
				clock := NewClock()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel() // for goroutines that wait on, if the check gave up
				r := &recorder{ctx: ctx}
				done := make(chan struct{})
				go func() {
					defer close(done)
					c.run(newHarness(r, Subject{Store: open(clock), Clock: clock}, rules))
				}()
				<-done
				r.mu.Lock()
				defer r.mu.Unlock()
				if len(r.failures) > 0 {
					failed[c.name] = r.failures
				}
			})
		})
	}
	return failed
}

func sound(clock *Clock) session.Store { return memstore.New(memstore.Options{Now: clock.Now}) }

func soundRules() Rules {
	r := Ordinary()
	r.CountsExactly, r.Needs = true, AllAbilities
	return r
}

// TestSoundStorePasses is the other half of the tests below: the recorder records nothing without cause.
func TestSoundStorePasses(t *testing.T) {
	for name, failures := range outcomes(t, sound, soundRules()) {
		t.Errorf("%s: %s", name, strings.Join(failures, "\n"))
	}
}

// TestEachRuleIsTested turns each rule around for a store that is not otherwise: the suite has to see it.
func TestEachRuleIsTested(t *testing.T) {
	turns := map[string]func(r *Rules){
		"FirstCookie":   func(r *Rules) { r.FirstCookie = 0 },
		"SinceSlack":    nil, // a tolerance: more of it is no claim
		"Conditions":    func(r *Rules) { r.Conditions = []session.ConditionKind{session.KindIfCookie, session.KindIfFree} },
		"Ahead":         func(r *Rules) { r.Ahead = session.Second },
		"MaxPayload":    func(r *Rules) { r.MaxPayload = 7000 },
		"Needs":         nil, // TestMissingAbilities
		"CountsExactly": nil, // likewise: TestBrokenStores
		"Remote":        nil, // what the store stands on: no claim of its own
		"Alone":         nil, // likewise
	}
	for i := range reflect.TypeFor[Rules]().NumField() {
		field := reflect.TypeFor[Rules]().Field(i)
		turn, known := turns[field.Name]
		if !known {
			if field.Type.Kind() != reflect.Bool {
				t.Fatalf("rule %s: this test does not know how to turn it around", field.Name)
			}
			turn = func(r *Rules) {
				v := reflect.ValueOf(r).Elem().Field(i)
				v.SetBool(!v.Bool())
			}
		}
		if turn == nil {
			continue
		}
		t.Run(field.Name, func(t *testing.T) {
			r := soundRules()
			turn(&r)
			if len(outcomes(t, sound, r)) == 0 {
				t.Errorf("a store that does not follow the rule passes")
			}
		})
	}
}

// bare hides the abilities.
type bare struct{ session.Store }

func TestMissingAbilities(t *testing.T) {
	for a := Peeks; a <= Clocks; a <<= 1 {
		r := Ordinary()
		open := func(clock *Clock) session.Store { return bare{sound(clock)} }
		if failed := outcomes(t, open, r); len(failed) > 0 {
			t.Errorf("a store without abilities fails: %v", failed)
		}
		if r.Needs = a; len(outcomes(t, open, r)) == 0 {
			t.Errorf("a store passes without ability %d, which it has to have", a)
		}
	}
}

// TestBrokenStores breaks one thing at a time. The named check has to see it; others may.
func TestBrokenStores(t *testing.T) {
	if raceDetector {
		t.Skip("these stores are broken on purpose, and some of them race")
	}
	flaws := maps.Clone(flawsOfVerbs)
	maps.Copy(flaws, flawsOfAbilities)
	maps.Copy(flaws, flawsOfControl)
	if len(flaws) != len(flawsOfVerbs)+len(flawsOfAbilities)+len(flawsOfControl) {
		t.Error("two flaws have one name")
	}
	for name, b := range flaws {
		t.Run(name, func(t *testing.T) {
			failed := outcomes(t, func(clock *Clock) session.Store {
				return b.breaks(newFlawed(clock))
			}, soundRules())
			if len(failed[b.seen]) == 0 {
				t.Errorf("check %q does not see it; these see something: %v", b.seen, reflect.ValueOf(failed).MapKeys())
			}
		})
	}
}
