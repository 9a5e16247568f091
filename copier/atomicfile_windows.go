package copier

import (
	"errors"
	"syscall"
)

// Windows error codes, winerror.h.
const (
	errorSharingViolation syscall.Errno = 32
	errorLockViolation    syscall.Errno = 33
)

// syncFolder does nothing: Windows cannot flush a folder, NTFS journals names by itself and in order.
func syncFolder(string) error { return nil }

// isBusy tells whether a rename or a remove failed because somebody else has the file open.
func isBusy(err error) bool {
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, errorSharingViolation) || errors.Is(err, errorLockViolation)
}
