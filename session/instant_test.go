package session

import (
	"testing"
	"time"
)

func TestInstantComesBackToItsTick(t *testing.T) {
	for _, base := range []time.Time{
		time.Date(1753, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1899, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		b := At(base)
		if got := b.Time(); !got.Equal(base) {
			t.Fatalf("%v became %v", base, got)
		}
		for i := range Second {
			want := b + i
			exact := want.Time()
			for name, moment := range map[string]time.Time{
				"as it is":                           exact,
				"datetime by a driver, milliseconds": exact.Round(time.Millisecond),
				"datetime2(7)":                       exact.Truncate(100 * time.Nanosecond),
				"another zone":                       exact.In(time.FixedZone("", 5*3600+1800)),
			} {
				if got := At(moment); got != want {
					t.Fatalf("%v + %d ticks, %s: came back as %+d", base, i, name, got-want)
				}
			}
		}
	}
}

func TestInstantArithmetic(t *testing.T) {
	a := At(time.Date(2026, 11, 21, 4, 46, 14, 0, time.UTC))
	if got := a.AddMinutes(20).Sub(a); got != 20*time.Minute {
		t.Errorf("20 minutes later is %v later", got)
	}
	if got := (a + 1).Sub(a); got != 3333333*time.Nanosecond {
		t.Errorf("a tick is %v", got)
	}
	if got := a.Sub(a + 1); got != -3333333*time.Nanosecond {
		t.Errorf("a tick back is %v", got)
	}
	if got, want := (a + 1).String(), "2026-11-21T04:46:14.003Z"; got != want {
		t.Errorf("String gives %s, want %s", got, want)
	}
}

func TestKeyIsMasked(t *testing.T) {
	for k, want := range map[Key]string{
		{"shop", "q3m0zv5kd2xw1ea4tyh5rb0c"}: "shop/q3m0…",
		{"", "abcd"}:                         "****",
		{"", ""}:                             "",
	} {
		if got := k.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
