//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package copier

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// lockFile takes an exclusive lock on a file that it creates. The lock belongs to the open file and ends with it, so with
// the process at the latest; the file itself stays. Taken: ErrStateInUse.
func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		_ = f.Close() // nothing was written
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %q: %w", path, ErrStateInUse)
		}
		return nil, fmt.Errorf("locking %q: %w", path, err)
	}
}
