package memstore

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

const storeKind = "aspstate embedded session store"

// description is the content of storeFile.
type description struct {
	Kind     string `json:"kind"`
	Version  int    `json:"version"`
	Identity string `json:"identity"` // 32 hex digits
	Seed     string `json:"seed"`     // 32 hex digits: key of the hash that orders scans
}

// storeVersion is the version of the directory as a whole.
const storeVersion = 1

// describe reads storeFile; where there is none, it begins a new store. Until publish has been called nobody has used it,
// and if that never happens, the next Open begins again.
func (d *directory) describe() (ds description, fresh bool, err error) {
	b, err := d.read(storeFile)
	if errors.Is(err, fs.ErrNotExist) {
		ds, err = d.begin()
		return ds, true, err
	}
	if err != nil {
		return ds, false, err
	}
	if err := json.Unmarshal(b, &ds); err != nil {
		return ds, false, fmt.Errorf("%w: %s: %w", ErrDamaged, storeFile, err)
	}
	switch {
	case ds.Kind != storeKind:
		return ds, false, fmt.Errorf("%w: %s is of kind %q", ErrFormat, storeFile, ds.Kind)
	case ds.Version != storeVersion:
		return ds, false, fmt.Errorf("%w: %s has version %d, this program knows %d", ErrFormat, storeFile, ds.Version, storeVersion)
	}
	return ds, false, nil
}

// begin drafts storeFile. A database without it or its draft has lost it; one with the draft was never used.
func (d *directory) begin() (description, error) {
	names, err := d.fs.List(d.file(databaseDir))
	if err != nil {
		return description{}, err
	}
	_, noDraft := d.fs.Stat(d.file(storeFile + draft))
	for _, name := range names {
		if name == lockFile {
			continue
		}
		if noDraft != nil {
			return description{}, fmt.Errorf("%w: %s is missing", ErrDamaged, storeFile)
		}
		if err := d.fs.Remove(d.fs.PathJoin(d.path, databaseDir, name)); err != nil {
			return description{}, err
		}
	}
	var random [32]byte
	rand.Read(random[:])
	ds := description{
		Kind: storeKind, Version: storeVersion, Identity: hex.EncodeToString(random[:16]), Seed: hex.EncodeToString(random[16:]),
	}
	b, err := json.MarshalIndent(ds, "", "  ")
	if err != nil {
		return ds, err
	}
	return ds, d.draft(storeFile, b)
}

// publish makes the new store a store.
func (d *directory) publish() error { return d.undraft(storeFile) }
