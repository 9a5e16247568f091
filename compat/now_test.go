package compat

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestServerClock: the server is asked once in a few seconds, half of the way counts, and a failure is not remembered.
func TestServerClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ahead, way = 90 * time.Second, 200 * time.Millisecond
		asked := 0
		broken := errors.New("broken")
		var fails error
		c := serverClock{kept: clockKept, asking: func(context.Context) (time.Time, error) {
			asked++
			time.Sleep(way)
			there := time.Now().Add(ahead)
			time.Sleep(way)
			return there, fails
		}}
		now := func(asks int) {
			t.Helper()
			at, err := c.now(t.Context())
			if err != nil || at.Sub(time.Now()) != ahead || asked != asks {
				t.Errorf("%v ahead, %v, asked %d times", at.Sub(time.Now()), err, asked)
			}
		}
		now(1)
		now(1)
		time.Sleep(clockKept)
		now(1)
		time.Sleep(1)
		fails = broken
		if _, err := c.now(t.Context()); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		fails = nil
		now(3)
	})
}
