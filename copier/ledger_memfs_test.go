package copier

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// forgetfulFS is a file system in memory that loses in a crash what was not synced: contents not synced by Sync, and
// names not synced by syncDir, each for itself and in any order, which is harsher than real ones. It counts operations
// that change something and can fail from one of them on (a crash) or at one of them (a full disk).
type forgetfulFS struct {
	mu      sync.Mutex
	names   map[string]*memNode // as a running program sees them
	durable map[string]*memNode // as of the last syncDir of the folder
	changes []nameChange        // since then
	locked  map[string]bool
	ops     int
	fail    func(op int, what, path string) error // may be nil; called before each changing operation, without mu
}

type memNode struct {
	data   []byte
	synced int // bytes at the beginning that a crash leaves alone
}

type nameChange struct {
	dir  string
	sets map[string]*memNode // nil: the name goes
}

var errPowerCut = errors.New("power cut")

func newForgetfulFS() *forgetfulFS {
	return &forgetfulFS{names: map[string]*memNode{}, durable: map[string]*memNode{}, locked: map[string]bool{}}
}

// crash returns what a machine finds that starts again after a power cut, one of the many things that are possible.
func (m *forgetfulFS) crash(rng *rand.Rand) *forgetfulFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := map[string]*memNode{}
	for n, node := range m.durable {
		names[n] = node
	}
	for _, c := range m.changes {
		if rng.IntN(2) == 0 {
			continue
		}
		for n, node := range c.sets {
			if names[n] = node; node == nil {
				delete(names, n)
			}
		}
	}
	after := newForgetfulFS()
	for n, node := range names {
		kept := slices.Clone(node.data[:node.synced+rng.IntN(len(node.data)-node.synced+1)])
		for i := node.synced; i < len(kept); i += 16 {
			if rng.IntN(4) == 0 { // a sector that did not make it
				clear(kept[i:min(i+16, len(kept))])
			}
		}
		after.put(n, kept)
	}
	return after
}

// copy returns the file system as a process finds it that starts after another one was killed.
func (m *forgetfulFS) copy() *forgetfulFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := newForgetfulFS()
	for n, node := range m.names {
		after.put(n, slices.Clone(node.data))
	}
	return after
}

// put makes a durable file.
func (m *forgetfulFS) put(path string, data []byte) {
	node := &memNode{data: data, synced: len(data)}
	m.names[path], m.durable[path] = node, node
}

func (m *forgetfulFS) bytes() (n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, node := range m.names {
		n += int64(len(node.data))
	}
	return n
}

// step counts an operation and asks whether it fails.
func (m *forgetfulFS) step(what, path string) error {
	m.mu.Lock()
	m.ops++
	op, fail := m.ops, m.fail
	m.mu.Unlock()
	if fail == nil {
		return nil
	}
	return fail(op, what, path)
}

func (m *forgetfulFS) change(path string, sets map[string]*memNode) {
	for n, node := range sets {
		if m.names[n] = node; node == nil {
			delete(m.names, n)
		}
	}
	m.changes = append(m.changes, nameChange{filepath.Dir(path), sets})
}

func (m *forgetfulFS) makeDir(string) error { return nil }

func (m *forgetfulFS) lock(path string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locked[path] {
		return nil, ErrStateInUse
	}
	m.locked[path] = true
	return closeFunc(func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.locked, path)
		return nil
	}), nil
}

type closeFunc func() error

func (f closeFunc) Close() error { return f() }

func (m *forgetfulFS) create(path string) (stateFile, error) {
	if err := m.step("create", path); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	node := &memNode{}
	m.change(path, map[string]*memNode{path: node})
	return &memFile{m, node, path}, nil
}

func (m *forgetfulFS) open(path string) (stateFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	node := m.names[path]
	if node == nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return &memFile{m, node, path}, nil
}

func (m *forgetfulFS) rename(from, to string) error {
	if err := m.step("rename", to); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	node := m.names[from]
	if node == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	m.change(to, map[string]*memNode{from: nil, to: node})
	return nil
}

func (m *forgetfulFS) remove(path string) error {
	if err := m.step("remove", path); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names[path] != nil {
		m.change(path, map[string]*memNode{path: nil})
	}
	return nil
}

func (m *forgetfulFS) list(dir string) (names []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := range m.names {
		if filepath.Dir(n) == dir {
			names = append(names, filepath.Base(n))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (m *forgetfulFS) size(path string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names[path] == nil {
		return 0, &fs.PathError{Op: "stat", Path: path, Err: fs.ErrNotExist}
	}
	return int64(len(m.names[path].data)), nil
}

func (m *forgetfulFS) syncDir(dir string) error {
	if err := m.step("syncDir", dir); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes = slices.DeleteFunc(m.changes, func(c nameChange) bool {
		if c.dir != dir {
			return false
		}
		for n, node := range c.sets {
			if m.durable[n] = node; node == nil {
				delete(m.durable, n)
			}
		}
		return true
	})
	return nil
}

type memFile struct {
	m    *forgetfulFS
	node *memNode
	path string
}

func (f *memFile) Write(b []byte) (int, error) {
	err := f.m.step("write", f.path)
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err != nil { // half of it is done
		f.node.data = append(f.node.data, b[:len(b)/2]...)
		return len(b) / 2, err
	}
	f.node.data = append(f.node.data, b...)
	return len(b), nil
}

func (f *memFile) ReadAt(b []byte, at int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	n := copy(b, f.node.data[min(at, int64(len(f.node.data))):])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	if err := f.m.step("sync", f.path); err != nil {
		return err
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.node.synced = len(f.node.data)
	return nil
}

func (f *memFile) Close() error { return nil }

// powerCutAt fails everything from operation n on.
func powerCutAt(n int) func(int, string, string) error {
	return func(op int, what, path string) error {
		if op < n {
			return nil
		}
		return fmt.Errorf("%s %s: %w", what, path, errPowerCut)
	}
}

// failOnceAt fails operation n only.
func failOnceAt(n int) func(int, string, string) error {
	return func(op int, what, path string) error {
		if op != n {
			return nil
		}
		return fmt.Errorf("%s %s: %w", what, path, errPowerCut)
	}
}

// temps returns the temporary files that are there.
func (m *forgetfulFS) temps() (names []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := range m.names {
		if strings.HasSuffix(n, tempSuffix) {
			names = append(names, n)
		}
	}
	return names
}
