package control

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

const suffix = ".sock"

// longestPath is what fits into an address on every system: 104 bytes with its end on macOS, 108 on Linux and Windows.
const longestPath = 103

// ForeignError says that a directory is not this user's alone: whoever owns it could put a socket of his own there.
type ForeignError struct{ Dir, Why string }

func (e *ForeignError) Error() string { return fmt.Sprintf("directory %s: %s", e.Dir, e.Why) }

// private makes the directory, if it is not there, and says whether it is this user's alone.
func private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return owned(dir)
}

// owned says whether a directory is one that this user alone can write to and enter.
func owned(dir string) error {
	i, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !i.IsDir():
		return &ForeignError{dir, "it is none, but " + i.Mode().Type().String()}
	}
	return alone(dir, i)
}

// name makes the name of a socket of this process. It may have several, and several processes have the same id where
// containers share the directory.
func name() string {
	var b [4]byte
	rand.Read(b[:])
	return strconv.Itoa(os.Getpid()) + "-" + hex.EncodeToString(b[:]) + suffix
}

// address makes a path absolute, so that it is a file's: one that begins with @ would be open to everybody on Linux.
func address(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err == nil && len(abs) > longestPath {
		err = fmt.Errorf("the path of a socket has at most %d bytes, and %s has %d", longestPath, abs, len(abs))
	}
	return abs, err
}
