package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// resting remembers who made it rest.
type resting map[string]int

func (r resting) Pause(who string)  { r[who]++ }
func (r resting) Resume(who string) { r[who]-- }

func TestPauseFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pause")
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		run := resting{}
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
			if run["pause file"] != want {
				t.Errorf("second %d: paused %d times, want %d", round, run["pause file"], want)
			}
		}
		stop()
		<-ended
	})
}
