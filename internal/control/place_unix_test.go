//go:build unix

package control

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// Sockets lie where nobody else can put or open one.
func TestPrivateDirectory(t *testing.T) {
	run, tmp := home(t)
	dir := filepath.Join(run, "aspstate")
	s := listen(t, Options{})
	if filepath.Dir(s.Path()) != dir {
		t.Errorf("the socket is %s", s.Path())
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700, s.Path(): 0o600} {
		if i, err := os.Lstat(path); err != nil || i.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, i.Mode(), err)
		}
	}
	// Who has no runtime directory is found by who has one, but not the other way round.
	t.Setenv("XDG_RUNTIME_DIR", "")
	other := listen(t, Options{})
	if want := filepath.Join(tmp, "aspstate-"+strconv.Itoa(os.Geteuid())); filepath.Dir(other.Path()) != want {
		t.Errorf("without a runtime directory the socket is %s", other.Path())
	}
	t.Setenv("XDG_RUNTIME_DIR", run)
	if found, err := Running(t.Context()); err != nil || len(found) != 2 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestForeignDirectoryIsRefused(t *testing.T) {
	_, tmp := home(t)
	t.Setenv("XDG_RUNTIME_DIR", "")
	dir := filepath.Join(tmp, "aspstate-"+strconv.Itoa(os.Geteuid()))
	elsewhere := t.TempDir()
	for what, plant := range map[string]func() error{
		"others may enter it": func() error { return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o770)) },
		"a link":              func() error { return os.Symlink(elsewhere, dir) },
		"a file":              func() error { return os.WriteFile(dir, nil, 0o600) },
		"another's": func() error {
			if os.Geteuid() != 0 {
				return errors.ErrUnsupported
			}
			return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, 12345, 12345))
		},
	} {
		if err := plant(); errors.Is(err, errors.ErrUnsupported) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		var foreign *ForeignError
		if _, err := Listen(Options{}); !errors.As(err, &foreign) {
			t.Errorf("%s: a server: %v", what, err)
		}
		if _, err := Running(t.Context()); !errors.As(err, &foreign) {
			t.Errorf("%s: a client: %v", what, err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := os.ReadDir(elsewhere); len(left) != 0 {
		t.Errorf("behind the link: %v", left)
	}
	// A runtime directory that is another user's (sudo -E) is not used.
	if os.Geteuid() == 0 {
		run := t.TempDir()
		if err := os.Chown(run, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		t.Setenv("XDG_RUNTIME_DIR", run)
		if s := listen(t, Options{}); filepath.Dir(s.Path()) != dir {
			t.Errorf("the socket is %s", s.Path())
		}
	}
}
