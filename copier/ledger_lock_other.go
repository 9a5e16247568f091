//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package copier

import (
	"errors"
	"fmt"
	"io"
)

// lockFile refuses: this system has no lock that surely ends with its process, and two copiers on one ledger lose
// entries.
func lockFile(path string) (io.Closer, error) {
	return nil, fmt.Errorf("locking %q: %w", path, errors.ErrUnsupported)
}
