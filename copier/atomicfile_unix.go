//go:build !windows

package copier

import (
	"errors"
	"os"
	"syscall"
)

// syncFolder makes the names in a folder durable. Some network and user-space file systems have no such thing and answer
// EINVAL or ENOTSUP; they are taken as they are.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// isBusy: here an open file can be renamed and removed.
func isBusy(error) bool { return false }
