//go:build unix

package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// reloads gives one for each SIGHUP until the context ends.
func reloads(ctx context.Context) <-chan struct{} {
	signals, out := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		defer close(out)
		defer signal.Stop(signals)
		for {
			select {
			case <-ctx.Done():
				return
			case <-signals:
				out <- struct{}{}
			}
		}
	}()
	return out
}
