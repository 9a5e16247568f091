package copier

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// lockFile opens a file that it creates with share mode 0, so that nobody else can open it: that is the lock. Windows
// closes the handle when the process ends, however it ends. Taken: ErrStateInUse.
func lockFile(path string) (io.Closer, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, fmt.Errorf("locking %q: %w", path, err)
	}
	const shareNothing = 0
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, shareNothing, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errorSharingViolation) {
		return nil, fmt.Errorf("locking %q: %w", path, ErrStateInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("locking %q: %w", path, err)
	}
	return os.NewFile(uintptr(h), path), nil
}
