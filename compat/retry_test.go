package compat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
)

var (
	deadlock  = mssql.Error{Number: 1205, Class: 13}
	duplicate = mssql.Error{Number: 2627, Class: 14}
)

func TestRetryDo(t *testing.T) {
	lost := error(mssql.StreamError{InnerError: io.EOF})
	for _, v := range []struct {
		name       string
		idempotent bool
		errs       []error // of the calls, one after the other; then nil
		attempts   int     // that Retry allows
		calls      int
		want       error // errors.Is, or nil
	}{
		{"at once", false, nil, 5, 1, nil},
		{"deadlocks", false, []error{deadlock, deadlock}, 5, 3, nil},
		{"too many", false, []error{deadlock, deadlock, deadlock}, 3, 3, deadlock},
		{"once only", false, []error{deadlock}, 0, 1, deadlock},
		{"give up", true, []error{duplicate}, 5, 1, duplicate},
		{"give up after", true, []error{deadlock, duplicate}, 5, 2, duplicate},
		{"unknown write", false, []error{lost}, 5, 1, ErrUnknownOutcome},
		{"unknown write after a deadlock", false, []error{deadlock, lost}, 5, 2, ErrUnknownOutcome},
		{"unknown read", true, []error{lost, lost}, 5, 3, nil},
		{"unknown read too often", true, []error{lost, lost}, 2, 2, lost},
	} {
		t.Run(v.name, func(t *testing.T) {
			calls, waits := 0, 0
			r := Retry{Attempts: v.attempts, Sleep: func(context.Context, time.Duration) error { waits++; return nil }}
			err := r.Do(t.Context(), v.idempotent, func(context.Context) error {
				calls++
				if calls <= len(v.errs) {
					return v.errs[calls-1]
				}
				return nil
			})
			switch {
			case calls != v.calls || waits != v.calls-1:
				t.Errorf("%d calls and %d waits, want %d calls", calls, waits, v.calls)
			case v.want == nil && err != nil, v.want == ErrUnknownOutcome && !errors.Is(err, v.want):
				t.Errorf("%v, want %v", err, v.want)
			case v.want != nil && Classify(err) != Classify(v.errs[len(v.errs)-1]):
				t.Errorf("the class of %v has changed", err)
			}
			if errors.Is(err, ErrUnknownOutcome) != (v.want == ErrUnknownOutcome) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestRetryStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := Retry{Attempts: 9}.Do(ctx, true, func(context.Context) error { calls++; cancel(); return deadlock })
	if calls != 1 || Number(err) != 1205 {
		t.Errorf("the context ended in a call: %d calls, %v", calls, err)
	}
	calls = 0
	r := Retry{Attempts: 9, Sleep: func(context.Context, time.Duration) error { return context.Canceled }}
	err = r.Do(t.Context(), true, func(context.Context) error { calls++; return deadlock })
	if calls != 1 || !errors.Is(err, context.Canceled) || Classify(err) != Again {
		t.Errorf("the context ended in a wait: %d calls, %v", calls, err)
	}
}

func TestRetryWaits(t *testing.T) {
	for _, v := range []struct {
		name   string
		r      Retry
		err    error
		jitter float64
		want   []time.Duration
	}{
		{"conflict", Retry{Base: 10 * time.Millisecond, Max: 50 * time.Millisecond}, deadlock, 1,
			[]time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond, 50 * time.Millisecond, 50 * time.Millisecond}},
		{"jitter", Retry{Base: 10 * time.Millisecond, Max: 50 * time.Millisecond}, deadlock, 0,
			[]time.Duration{5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 25 * time.Millisecond, 25 * time.Millisecond}},
		{"lost connection", Retry{Base: 10 * time.Millisecond, Max: 50 * time.Millisecond}, io.EOF, 1,
			[]time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}},
	} {
		var got []time.Duration
		v.r.Attempts = 6
		v.r.Jitter = func() float64 { return v.jitter }
		v.r.Sleep = func(_ context.Context, d time.Duration) error { got = append(got, d); return nil }
		v.r.Do(t.Context(), true, func(context.Context) error { return v.err })
		if !slices.Equal(got, v.want) {
			t.Errorf("%s: %v, want %v", v.name, got, v.want)
		}
	}
}

// Every layout of a table of SQL Server has its numbers, and none is for a layout that does not exist.
func TestProviderRetry(t *testing.T) {
	for _, l := range layout.All() {
		if r := retryOf(l); (l.Form != layout.FormNative) != (r.Attempts > 0) {
			t.Errorf("%s: %+v", l.Name, r)
		}
	}
	for id := range providerRetry {
		if _, err := layout.ByReference(id); err != nil {
			t.Error(err)
		}
	}
}

// What the server quotes of a row does not reach whoever prints the error; its number and what it means do.
func TestErrorsQuoteNoRow(t *testing.T) {
	id := "q3m0zv5kd2xw1ea4tyh5rb0c2014c0f1"
	e := mssql.Error{Number: 2627, Class: 14, Message: "Violation of PRIMARY KEY constraint 'PK'. The duplicate key value is (" + id + ")."}
	err := fmt.Errorf("writing 3 rows: %w", (Retry{}).Do(t.Context(), true, func(context.Context) error { return e }))
	if text := fmt.Sprintf("%v %s %+v %q", err, err, err, err); strings.Contains(text, id) || !strings.Contains(text, "2627") {
		t.Error(text)
	}
	if !isDuplicate(err) || Classify(err) != GiveUp {
		t.Errorf("%v is no duplicate any more", err)
	}
}

// Who is told of attempts that are made again hears why, and nothing that a row has.
func TestRetryIsNoted(t *testing.T) {
	telling := mssql.Error{Number: 41302, Message: "the row q3m0zv5kd2xw1ea4tyh5rb0c was changed"}
	var said []string
	errs := []error{deadlock, mssql.Error{Number: 1222}, telling, mssql.Error{Number: 40501}, mssql.StreamError{InnerError: io.EOF}}
	want := []string{"deadlock", "lock timeout", "conflict", "error 40501", "lost connection"}
	r := Retry{
		Attempts: 9, Sleep: func(context.Context, time.Duration) error { return nil },
		Noted: func(what string) { said = append(said, what) },
	}
	calls := 0
	err := r.Do(t.Context(), true, func(context.Context) error {
		if calls++; calls <= len(errs) {
			return errs[calls-1]
		}
		return nil
	})
	if err != nil || !slices.Equal(said, want) {
		t.Errorf("%q, %v", said, err)
	}
}
