//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// reloads gives one for each SIGHUP, until over is called.
func reloads() (again <-chan os.Signal, over func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return signals, func() { signal.Stop(signals) }
}
