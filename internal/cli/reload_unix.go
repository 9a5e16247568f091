//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// reloads gives one for each SIGHUP from now on. It is never taken back: one that came between that and the end of the program
// would make it look killed.
func reloads() <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return signals
}
