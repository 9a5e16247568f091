package cli

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// resting remembers who made it rest.
type resting struct {
	mu sync.Mutex
	by map[string]int
}

func (r *resting) add(who string, n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.by[who] += n
	return r.by[who]
}

func (r *resting) Pause(who string)  { r.add(who, 1) }
func (r *resting) Resume(who string) { r.add(who, -1) }

func TestPauseFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pause")
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		run := &resting{by: map[string]int{}}
		ended := make(chan struct{})
		go func() { watchPauseFile(ctx, path, run); close(ended) }()
		for round, want := range []int{0, 1, 1, 0} {
			switch round {
			case 1:
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			case 3:
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(pauseFileEvery)
			synctest.Wait()
			if got := run.add("pause file", 0); got != want {
				t.Errorf("second %d: paused %d times, want %d", round, got, want)
			}
		}
		stop()
		<-ended
	})
}
