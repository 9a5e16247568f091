package copier

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// mayForget says whether --start-over may remove the checkpoint and the ledger: only what is ours, of this very copy, and
// in nobody's use. saved and err are what loading the checkpoint gave.
func (j *Job) mayForget(saved *checkpoint, err error) error {
	foreign := &StateError{
		Path: j.o.State, Kind: StateForeign, Detail: "it is not of this copy, so it is not started over",
		Hint: "give another --checkpoint FILE",
	}
	var state *StateError
	switch {
	case errors.As(err, &state) && state.Kind == StateForeign:
		return foreign
	case err != nil && state == nil:
		return err
	case saved != nil && (saved.From != j.o.fromPrint() || saved.To != j.o.toPrint()):
		return foreign
	}
	names, err := os.ReadDir(j.ledgerDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	foreign.Path = j.ledgerDir()
	for _, n := range names {
		if !ledgerFile(n.Name()) {
			return foreign
		}
	}
	l, err := openLedger(j.ledgerDir(), j.o.fingerprint())
	switch {
	case errors.As(err, &state):
		if state.Kind == StateForeign {
			return foreign
		}
		return nil
	case err != nil:
		return err
	}
	return l.close()
}

// ledgerFile says whether a file of this name belongs to a ledger.
func ledgerFile(name string) bool {
	name = strings.TrimSuffix(name, ".tmp")
	return isPart(name) || name == manifestName || name == lockName
}

// forget removes the checkpoint and the ledger.
func (j *Job) forget() error {
	if err := os.Remove(j.o.State); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	names, err := os.ReadDir(j.ledgerDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, n := range names {
		if !ledgerFile(n.Name()) {
			return fmt.Errorf("%q is no ledger's", filepath.Join(j.ledgerDir(), n.Name()))
		}
		if err := os.Remove(filepath.Join(j.ledgerDir(), n.Name())); err != nil {
			return err
		}
	}
	return os.Remove(j.ledgerDir())
}
