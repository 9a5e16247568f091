package park_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/session/park"
)

// TestQueues: who waits is shown in order, also the place that is kept for one who was sent away, and nobody afterwards.
func TestQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, cookie := locked(t, park.Options{})
		began := time.Now()
		visit(t, s, "web1", time.Second)
		time.Sleep(300 * time.Millisecond)
		second := visit(t, s, "web2", 10*time.Second)
		qs := s.Queues()
		if len(qs) != 1 || qs[0].Key != key || len(qs[0].Waiting) != 2 {
			t.Fatalf("%+v", qs)
		}
		w := qs[0].Waiting
		if w[0] != (park.Waiting{Client: "web1", Since: began}) || w[1] != (park.Waiting{Client: "web2", Since: began.Add(300 * time.Millisecond)}) {
			t.Errorf("%+v", w)
		}
		time.Sleep(time.Second) // web1 has been sent away
		if w := s.Queues()[0].Waiting; !w[0].Away || w[1].Away {
			t.Errorf("%+v", w)
		}
		if err := s.ReleaseExclusive(t.Context(), key, cookie); err != nil {
			t.Fatal(err)
		}
		if got := <-second; got == 0 {
			t.Error("web2 did not get the lock")
		}
		time.Sleep(time.Second)
		if qs := s.Queues(); len(qs) != 0 {
			t.Errorf("%+v", qs)
		}
	})
}
