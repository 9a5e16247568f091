package copier

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// manifest is the content of state.json, the list of the files that make up the ledger.
type manifest struct {
	Fingerprint string         `json:"fingerprint"` // hex
	Next        uint64         `json:"next"`        // higher than every number in use
	Distinct    int64          `json:"distinct"`    // ids in the runs
	Runs        []manifestPart `json:"runs"`        // oldest first
	Logs        []uint64       `json:"logs"`        // oldest first; none after an orderly close
}

type manifestPart struct {
	Number uint64 `json:"number"`
	Count  int64  `json:"count"` // records
}

var manifestForm = stateForm{kind: "ledger", version: 1, what: "ledger", hints: ledgerHints}

var ledgerHints = map[StateKind]string{
	StateDamaged: "put it back from a copy, or start over with --start-over: what the target holds then counts as its own",
	StateForeign: "give another --checkpoint FILE (its ledger lies beside it)",
	StateNewer:   "use the version of aspstate that wrote it, or start over with --start-over",
}

const (
	manifestName = "state.json"
	lockName     = "lock"
	// maxManifest is far above what some dozens of runs take; a bigger file is not read.
	maxManifest = 1 << 20
)

func logName(n uint64) string { return fmt.Sprintf("log-%08d", n) }
func runName(n uint64) string { return fmt.Sprintf("run-%08d", n) }

// isPart tells whether a file is one of the ledger's logs and runs, or the beginnings of one.
func isPart(name string) bool {
	number, ok := strings.CutPrefix(strings.TrimSuffix(name, tempSuffix), "log-")
	if !ok {
		number, ok = strings.CutPrefix(number, "run-")
	}
	return ok && len(number) >= 8 && strings.Trim(number, "0123456789") == ""
}

// take gives out a number.
func (m *manifest) take() uint64 {
	m.Next++
	return m.Next - 1
}

func manifestParts(runs []*ledgerRun) []manifestPart {
	ps := []manifestPart{}
	for _, r := range runs {
		ps = append(ps, manifestPart{r.number, r.count})
	}
	return ps
}

// refuseStrangers refuses a folder that has other things in it and no ledger.
func (l *ledger) refuseStrangers() error {
	names, err := l.files.list(l.dir)
	if err != nil || slices.Contains(names, manifestName) {
		return err
	}
	for _, n := range names {
		if !isPart(n) && n != lockName && n != manifestName+tempSuffix {
			return &StateError{l.dir, StateForeign, fmt.Sprintf("the folder has no ledger but other files in it, such as %q", n), ledgerHints[StateForeign]}
		}
	}
	return nil
}

// loadState reads state.json, or makes it when the folder is new, and deletes the files that it does not name.
func (l *ledger) loadState() error {
	path := l.path(manifestName)
	names, err := l.files.list(l.dir)
	if err != nil {
		return err
	}
	data, err := readSmall(l.files, path, maxManifest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if slices.ContainsFunc(names, isPart) {
			return manifestForm.fail(path, StateDamaged, "the file is missing, though the folder holds parts of a ledger")
		}
		return l.saveState(manifest{
			Fingerprint: hex.EncodeToString(l.fingerprint[:]), Next: 1, Runs: []manifestPart{}, Logs: []uint64{},
		})
	case errors.Is(err, errTooBig):
		return manifestForm.fail(path, StateForeign, "the file is too big for the state of a ledger")
	case err != nil:
		return err
	}
	var m manifest
	if err := manifestForm.decode(path, data, &m); err != nil {
		return err
	}
	if m.Fingerprint != hex.EncodeToString(l.fingerprint[:]) {
		return manifestForm.fail(path, StateForeign, "the ledger is of a copy between other stores, or with other id rules")
	}
	named, err := m.check(path)
	if err != nil {
		return err
	}
	l.state = m
	for _, n := range names {
		if isPart(n) && !named[n] {
			if err := l.files.remove(l.path(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// check refuses what this program does not write, and returns the names of all files.
func (m *manifest) check(path string) (named map[string]bool, err error) {
	named = map[string]bool{}
	var least, most int64
	add := func(number uint64, name string) {
		if number == 0 || number >= m.Next || named[logName(number)] || named[runName(number)] {
			err = manifestForm.fail(path, StateDamaged, "file number %d is in use twice or was never given out", number)
		}
		named[name] = true
	}
	for _, r := range m.Runs {
		add(r.Number, runName(r.Number))
		if r.Count < 1 {
			return nil, manifestForm.fail(path, StateDamaged, "run %d has %d records", r.Number, r.Count)
		}
		least, most = max(least, r.Count), most+r.Count
	}
	for _, n := range m.Logs {
		add(n, logName(n))
	}
	if err == nil && (m.Distinct < least || m.Distinct > most) {
		err = manifestForm.fail(path, StateDamaged, "it counts %d ids, the runs can have %d to %d", m.Distinct, least, most)
	}
	return named, err
}

// saveState replaces state.json and takes m over. The names of the files in m become durable before. The files of the old
// list are still there afterwards, and all the more after an error, when either list may be the one that counts.
func (l *ledger) saveState(m manifest) error {
	data, err := manifestForm.encode(m)
	if err != nil {
		return err
	}
	if err := l.files.syncDir(l.dir); err != nil {
		return err
	}
	if err := replaceFile(l.files, l.path(manifestName), data); err != nil {
		return err
	}
	l.state = m
	return nil
}

var errTooBig = errors.New("the file is too big")

// readSmall reads a file of at most most bytes.
func readSmall(files fileSystem, path string, most int64) (data []byte, err error) {
	size, err := files.size(path)
	if err != nil {
		return nil, err
	}
	if size > most {
		return nil, errTooBig
	}
	f, err := files.open(path)
	if err != nil {
		return nil, err
	}
	data = make([]byte, size)
	if _, err = f.ReadAt(data, 0); errors.Is(err, io.EOF) && size == 0 {
		err = nil
	}
	return data, errors.Join(err, f.Close())
}
