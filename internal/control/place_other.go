//go:build !unix

package control

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// places: the profile's directory for this machine, which Windows gives to this user alone.
func places() []string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(dir, "aspstate-control")}
}

func alone(string, fs.FileInfo) error { return nil }

func bind(path string) (*net.UnixListener, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err == nil {
		l.SetUnlinkOnClose(false)
	}
	return l, err
}
