package compat

import (
	"errors"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// TestSparesRenewals: what a renewal would not gain a step for is not written, what is written is written ahead, and nothing but
// free sessions that have been used is read that way.
func TestSparesRenewals(t *testing.T) {
	for _, c := range installables {
		l, err := layout.ByName(c.o.Layout)
		if err != nil {
			t.Fatal(err)
		}
		if l.Clock != layout.ClockSQLUTC {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			x := madeTable(t, "h_renew_"+c.name, c.o, false)
			for _, step := range []time.Duration{time.Second, time.Minute} {
				x.renewing = renewingOf(step)
				sparesRenewals(t, x)
			}
		})
	}
}

func sparesRenewals(t *testing.T, x *Table) {
	const timeout = 20
	ctx, k, r := t.Context(), session.Key{ID: "renewed" + layout.Suffix(layout.RuleAsync21, "/LM/W3SVC/1/ROOT")}, x.renewing
	if err := x.empty(ctx); err != nil {
		t.Fatal(err)
	}
	if err := x.SetAndRelease(ctx, k, session.Value{Payload: []byte("x"), Timeout: timeout}, session.Insert()); err != nil {
		t.Fatal(err)
	}
	// left sets how much of the session's life is left over its timeout, and reads it back as the table has it.
	left := func(over time.Duration) session.Instant {
		t.Helper()
		if _, err := x.server.db.ExecContext(ctx, "UPDATE "+x.name()+" SET [Expires] = "+due("", over)); err != nil {
			t.Fatal(err)
		}
		return expiresOf(t, x, k)
	}
	for name, touch := range map[string]func() error{
		"Get": func() error {
			item, err := x.Get(ctx, k)
			if err == nil && (string(item.Payload) != "x" || item.Timeout != timeout || item.Uninitialized) {
				return errors.New("another item")
			}
			return err
		},
		"ResetTimeout": func() error { return x.ResetTimeout(ctx, k) },
	} {
		soon := r.ahead - r.step/10 // nine tenths of a step before it is due
		before := left(soon)
		if err := touch(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if after := expiresOf(t, x, k); after != before && r.step > time.Second { // within a second the machine may have slept
			t.Errorf("step %v: %s wrote what gains a tenth of it: %v", r.step, name, after.Sub(before))
		}
		for _, over := range []time.Duration{r.ahead - r.step - time.Second, r.ahead + time.Hour} { // due; of another timeout
			before := left(over)
			if err := touch(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if gain := expiresOf(t, x, k).Sub(before); gain < r.ahead-over || gain > r.ahead-over+time.Hour/2 {
				t.Errorf("step %v: %s at %v over the timeout moved Expires by %v, want %v and the time it took", r.step, name, over, gain, r.ahead-over)
			}
		}
	}
	left(r.ahead)
	item, err := x.GetExclusive(ctx, k)
	if err != nil {
		t.Fatal(err)
	}
	left(r.ahead)
	var locked *session.LockedError
	if _, err := x.Get(ctx, k); !errors.As(err, &locked) || locked.Cookie != item.Cookie {
		t.Errorf("step %v: Get of a locked session: %v", r.step, err)
	}
	if err := x.Remove(ctx, k, session.IfCookie(item.Cookie)); err != nil {
		t.Fatal(err)
	}
	if err := x.ResetTimeout(ctx, k); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("step %v: ResetTimeout of no session: %v", r.step, err)
	}
	if err := x.CreateUninitialized(ctx, k, session.Value{Payload: []byte("x"), Timeout: timeout}); err != nil {
		t.Fatal(err)
	}
	left(r.ahead)
	for _, want := range []bool{true, false} {
		left(r.ahead)
		if item, err := x.Get(ctx, k); err != nil || item.Uninitialized != want {
			t.Errorf("step %v: Get gives the mark %v, want %v (%v)", r.step, item.Uninitialized, want, err)
		}
	}
}

func expiresOf(t *testing.T, x *Table, k session.Key) session.Instant {
	t.Helper()
	r, err := session.PeekOne(t.Context(), x, k)
	if err != nil || r == nil {
		t.Fatalf("%v: %v", k, err)
	}
	return r.Expires
}
