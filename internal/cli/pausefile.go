package cli

import (
	"context"
	"os"
	"time"
)

// pauseFileEvery is how often a pause file is looked for.
const pauseFileEvery = time.Second

// pausable is a run that rests while anybody wants it to.
type pausable interface {
	Pause(who string)
	Resume(who string)
}

// watchPauseFile lets a run rest while a file exists, until the context ends. A file that cannot be looked at is there: who put it
// out of reach may have meant it.
func watchPauseFile(ctx context.Context, path string, run pausable) {
	const who = "pause file"
	there := false
	for tick := time.NewTicker(pauseFileEvery); ; {
		_, err := os.Stat(path)
		switch now := !os.IsNotExist(err); {
		case now && !there:
			run.Pause(who)
			there = true
		case !now && there:
			run.Resume(who)
			there = false
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}
