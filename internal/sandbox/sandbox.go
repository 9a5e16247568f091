// Package sandbox is where the commands work when no connection is given: a directory with one embedded store a layout.
//
// Each store keeps the columns of its layout (SessionItemShort and SessionItemLong, chunks, Initialized …) through package
// compat/layout, so that what a migration does to rows really happens. A store that is read first is seeded with sessions
// whose payloads are real .NET blobs: several applications, sizes, ages, locks, uninitialized, expired and colliding rows.
// All is deterministic but for the base instant, which is stored with the directory; most sessions live for a day.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// DefaultDir is the sandbox of the working directory.
const DefaultDir = "aspstate-sandbox"

// DefaultSessions is how many rows a store is seeded with.
const DefaultSessions = 2000

// version of the directory's form.
const version = 1

// Errors that callers tell apart.
var (
	ErrNotSandbox = errors.New("not a sandbox of this version")
	// ErrSeeded: the store has been seeded with another number of sessions.
	ErrSeeded = errors.New("the sandbox was seeded otherwise")
)

// Dir is an open sandbox directory.
type Dir struct {
	path string
	base session.Instant // the sandbox's "now"
	now  func() time.Time
}

type header struct {
	Sandbox int       `json:"aspstate_sandbox"`
	Base    time.Time `json:"base"`
}

// Open opens the sandbox in path, and makes it where path is absent or empty. With reset it is emptied first.
func Open(path string, reset bool, now func() time.Time) (*Dir, error) {
	d := &Dir{path: path, now: now}
	err := d.load()
	if err == nil && reset {
		if err := d.empty(); err != nil {
			return nil, fmt.Errorf("resetting sandbox %q: %w", path, err)
		}
		err = fs.ErrNotExist
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = d.make()
	}
	if err != nil {
		return nil, fmt.Errorf("opening sandbox %q: %w", path, err)
	}
	return d, nil
}

const headerName = "sandbox.json"

func (d *Dir) file() string { return filepath.Join(d.path, headerName) }

func (d *Dir) load() error {
	raw, err := os.ReadFile(d.file())
	if err != nil {
		return err
	}
	var h header
	if err := json.Unmarshal(raw, &h); err != nil || h.Sandbox != version {
		return ErrNotSandbox
	}
	d.base = session.At(h.Base)
	return nil
}

// make writes the header of a new sandbox. A directory that holds anything else is left alone.
func (d *Dir) make() error {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	there, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, e := range there {
		switch {
		case e.Name() == headerName: // somebody was faster
			return d.load()
		case !strings.HasPrefix(e.Name(), headerName):
			return fmt.Errorf("%w: it holds other files", ErrNotSandbox)
		}
	}
	base := d.now().UTC().Truncate(time.Second)
	raw, err := json.Marshal(header{Sandbox: version, Base: base})
	if err != nil {
		return err
	}
	d.base = session.At(base)
	return replaceFile(d.file(), raw)
}

// empty removes the stores, if none is in use: first the marks, then the stores, the header last. Killed on the way, it
// leaves a sandbox whose stores are made anew.
func (d *Dir) empty() error {
	for _, l := range layout.Names() {
		if _, err := os.Stat(d.store(l)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s, err := memstore.Open(d.store(l), memstore.Options{})
		if err == nil {
			err = s.Close()
		}
		if errors.Is(err, memstore.ErrInUse) {
			return err
		}
	}
	for _, l := range layout.Names() {
		if err := os.Remove(d.marker(l)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	there, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, e := range there {
		if e.Name() == headerName {
			continue
		}
		if err := os.RemoveAll(filepath.Join(d.path, e.Name())); err != nil {
			return err
		}
	}
	return os.Remove(d.file())
}

// replaceFile writes a file as a whole or not at all, after a crash too.
func replaceFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(data, '\n'))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// Path returns the directory.
func (d *Dir) Path() string { return d.path }

func (d *Dir) store(layoutName string) string { return filepath.Join(d.path, layoutName) }

func (d *Dir) marker(layoutName string) string { return filepath.Join(d.path, layoutName+".json") }

// mark says how a store of the sandbox came to be. It is written last: a store without it was interrupted and is made anew.
type mark struct {
	Seeded   bool `json:"seeded"`
	Sessions int  `json:"sessions"`
}

// Exists says whether the sandbox has a store of the layout.
func (d *Dir) Exists(layoutName string) bool {
	_, err := os.Stat(d.marker(layoutName))
	return err == nil
}

// Table opens the store of a layout. A store that is not there is made: seeded with that many sessions if seed is set
// (0: DefaultSessions), otherwise empty. One that was seeded with another number gives ErrSeeded, unless sessions is 0.
func (d *Dir) Table(ctx context.Context, layoutName string, seed bool, sessions int) (*Table, error) {
	l, err := layout.ByName(layoutName)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Table, error) {
		return nil, fmt.Errorf("opening sandbox %q, store %s: %w", d.path, layoutName, err)
	}
	raw, err := os.ReadFile(d.marker(layoutName))
	switch {
	case err == nil:
		var m mark
		if err := json.Unmarshal(raw, &m); err != nil {
			return fail(fmt.Errorf("%w: %s is damaged", ErrNotSandbox, filepath.Base(d.marker(layoutName))))
		}
		if seed && m.Seeded && sessions != 0 && sessions != m.Sessions {
			return fail(fmt.Errorf("%w: with %d sessions", ErrSeeded, m.Sessions))
		}
		if _, err := os.Stat(d.store(layoutName)); err != nil {
			return fail(fmt.Errorf("%w: its folder is gone", ErrNotSandbox))
		}
		t, err := openTable(d.store(layoutName), l, d.now)
		if err != nil {
			return fail(err)
		}
		return t, nil
	case !errors.Is(err, fs.ErrNotExist):
		return fail(err)
	}
	if sessions == 0 {
		sessions = DefaultSessions
	}
	t, err := d.makeTable(ctx, l, seed, sessions)
	if err != nil {
		return fail(err)
	}
	return t, nil
}

// makeTable makes a store from the beginning, whatever an interrupted attempt has left.
func (d *Dir) makeTable(ctx context.Context, l *layout.Layout, seed bool, sessions int) (*Table, error) {
	dir := d.store(l.Name)
	switch t, err := openTable(dir, l, d.now); {
	case err == nil:
		if err := t.Close(); err != nil {
			return nil, err
		}
	case errors.Is(err, memstore.ErrInUse):
		return nil, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	t, err := openTable(dir, l, d.now)
	if err != nil {
		return nil, err
	}
	if err := d.fill(ctx, t, seed, sessions); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// fill seeds a new store, if it shall be, and marks it as whole.
func (d *Dir) fill(ctx context.Context, t *Table, seed bool, sessions int) error {
	m := mark{}
	if seed {
		m = mark{Seeded: true, Sessions: sessions}
		if err := t.seed(ctx, d.base, sessions); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return replaceFile(d.marker(t.layout.Name), raw)
}
