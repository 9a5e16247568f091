//go:build unix

package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// places are the directories where sockets of this user are, the one for new ones first. The runtime directory is the login's:
// a service, or a shell after su, has none, and is found all the same.
func places() []string {
	dirs := []string{filepath.Join(os.TempDir(), "aspstate-"+strconv.Itoa(os.Geteuid()))}
	run := os.Getenv("XDG_RUNTIME_DIR")
	if i, err := os.Stat(run); err == nil && filepath.IsAbs(run) && owner(i) == os.Geteuid() {
		dirs = append([]string{filepath.Join(run, "aspstate")}, dirs...)
	}
	return dirs
}

func owner(i fs.FileInfo) int {
	if s, ok := i.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}

func alone(dir string, i fs.FileInfo) error {
	switch {
	case owner(i) != os.Geteuid():
		return &ForeignError{dir, fmt.Sprintf("it belongs to user %d", owner(i))}
	case i.Mode().Perm()&0o077 != 0:
		return &ForeignError{dir, fmt.Sprintf("others may enter it (mode %#o)", i.Mode().Perm())}
	}
	return nil
}

// bind makes the socket under a name that nobody else can reach, and moves it to its place when it is complete: nobody
// can open it before it has its mode, and nobody finds one that does not answer yet.
func bind(path string) (l *net.UnixListener, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(dir)) }()
	at := filepath.Join(dir, "s")
	if len(at) > longestPath {
		return nil, fmt.Errorf("the path of a socket has at most %d bytes, and %s has %d", longestPath, at, len(at))
	}
	if l, err = net.ListenUnix("unix", &net.UnixAddr{Name: at, Net: "unix"}); err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err = os.Chmod(at, 0o600); err == nil {
		err = os.Rename(at, path)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(), os.Remove(at))
	}
	return l, nil
}
