package copier

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const damagedLedgerBatch = 5 // entries in each frame of the log

// ledgerToDamage makes a ledger as a killed process leaves it: run 2 with 200 records in three blocks, of which the index
// names two; run 4 with 40; log 5 with three frames.
func ledgerToDamage(t testing.TB) (*forgetfulFS, map[idHash]ledgerEntry) {
	t.Helper()
	m, want := newForgetfulFS(), map[idHash]ledgerEntry{}
	opt := ledgerOptions{files: m, indexEntries: 2}
	put := func(l *ledger, from, n int, version uint32) {
		for i := range n {
			e := testEntry(from+i, version)
			noError(t, l.put([]ledgerEntry{e}))
			want[e.ID] = e
		}
		noError(t, l.sync())
	}
	l := mustOpen(t, "d", opt)
	put(l, 0, 200, 1)
	noError(t, l.close())
	l = mustOpen(t, "d", opt)
	put(l, 180, 40, 2)
	noError(t, l.close())
	l = mustOpen(t, "d", opt)
	for i := range 3 {
		put(l, 210+20*i, damagedLedgerBatch, 3)
	}
	killed := m.copy()
	noError(t, l.close())
	names, err := killed.list("d")
	noError(t, err)
	if got := strings.Join(names, " "); got != "log-00000005 run-00000002 run-00000004 state.json" {
		t.Fatalf("the ledger to damage has the files %s", got)
	}
	return killed, want
}

// readAll opens a ledger and reads everything, in both ways.
func readAll(files *forgetfulFS, fingerprint [32]byte, ids []idHash) (map[idHash]ledgerEntry, error) {
	l, err := openLedgerWith("d", fingerprint, ledgerOptions{files: files, indexEntries: 2})
	if err != nil {
		return nil, err
	}
	all, err := ledgerContents(l, ids)
	return all, errors.Join(err, l.close())
}

func idsOf(of map[idHash]ledgerEntry) (list []idHash) {
	for id := range of {
		list = append(list, id)
	}
	return list
}

func wantStateError(t *testing.T, name string, err error, kind StateKind) {
	t.Helper()
	var s *StateError
	if !errors.As(err, &s) || s.Kind != kind || s.Hint == "" || s.Path == "" || strings.Contains(s.Error(), "\n") {
		t.Errorf("%s: want a StateError %q, got %v", name, kind, err)
	}
}

// damagedCopy gives a copy of m in which one file was changed; nil removes it.
func damagedCopy(m *forgetfulFS, name string, change func([]byte) []byte) *forgetfulFS {
	c := m.copy()
	path := filepath.Join("d", name)
	if data := change(c.names[path].data); data == nil {
		delete(c.names, path)
	} else {
		c.put(path, data)
	}
	return c
}

func TestLedgerEveryByteCounts(t *testing.T) {
	m, want := ledgerToDamage(t)
	pool := idsOf(want)
	stride := 1
	if testing.Short() {
		stride = 7
	}
	lastFrame := len(m.names[filepath.Join("d", logName(5))].data) - frameHeader - damagedLedgerBatch*recordSize
	lost := 0
	for _, name := range []string{manifestName, logName(5), runName(2), runName(4)} {
		for i := 0; i < len(m.names[filepath.Join("d", name)].data); i += stride {
			d := damagedCopy(m, name, func(b []byte) []byte { b[i] ^= 1 << (i % 8); return b })
			before := d.copy()
			got, err := readAll(d, testEnds, pool)
			if name == logName(5) && i >= lastFrame {
				// Looks like a frame torn by a crash. This is what the comment at frameMark says cannot be seen.
				if err != nil || len(got) != len(want)-damagedLedgerBatch {
					t.Fatalf("%s, byte %d: %d ids, %v", name, i, len(got), err)
				}
				lost++
				continue
			}
			wantStateError(t, fmt.Sprintf("%s, byte %d", name, i), err, StateDamaged)
			if strings.HasPrefix(err.Error(), "opening") {
				sameFiles(t, d, before)
			}
			if t.Failed() {
				return
			}
		}
	}
	if lost == 0 {
		t.Error("the last frame was not met")
	}
}

func sameFiles(t *testing.T, got, want *forgetfulFS) {
	t.Helper()
	for n, node := range want.names {
		if now := got.names[n]; now == nil || !bytes.Equal(now.data, node.data) {
			t.Errorf("%s was changed or deleted", n)
		}
	}
	if len(got.names) != len(want.names) {
		t.Errorf("%d files, there were %d", len(got.names), len(want.names))
	}
}

func TestLedgerCutOff(t *testing.T) {
	m, want := ledgerToDamage(t)
	pool := idsOf(want)
	frame := frameHeader + damagedLedgerBatch*recordSize
	for _, name := range []string{manifestName, logName(5), runName(2), runName(4)} {
		whole := len(m.names[filepath.Join("d", name)].data)
		for n := 0; n < whole; n += 3 {
			got, err := readAll(damagedCopy(m, name, func(b []byte) []byte { return b[:n] }), testEnds, pool)
			if name == logName(5) && n >= fileHeaderLen {
				frames := (n - fileHeaderLen) / frame
				if missing := (3 - frames) * damagedLedgerBatch; err != nil || len(got) > len(want) || len(got) < len(want)-missing {
					t.Fatalf("%s, %d bytes: %d ids, %v", name, n, len(got), err)
				}
				continue
			}
			wantStateError(t, fmt.Sprintf("%s, %d bytes", name, n), err, StateDamaged)
		}
	}
}

func TestLedgerDamage(t *testing.T) {
	m, want := ledgerToDamage(t)
	gone := func([]byte) []byte { return nil }
	version := func(n uint32) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[8:], n)
			binary.LittleEndian.PutUint32(b[fileHeaderLen-4:], crc32.Checksum(b[:fileHeaderLen-4], castagnoli))
			return b
		}
	}
	state := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte {
			text := string(b[:len(b)-stateTail])
			if !strings.Contains(text, from) {
				t.Fatalf("%s is not in %s", from, text)
			}
			return sealed(strings.Replace(text, from, to, 1))
		}
	}
	other := newForgetfulFS()
	foreign, err := openLedgerWith("d", [32]byte{9}, ledgerOptions{files: other})
	noError(t, err)
	noError(t, foreign.put([]ledgerEntry{testEntry(1, 1)}))
	noError(t, foreign.close())
	for name, v := range map[string]struct {
		file   string
		change func([]byte) []byte
		kind   StateKind
	}{
		"a run is missing":              {runName(2), gone, StateDamaged},
		"the later run is missing":      {runName(4), gone, StateDamaged},
		"the log is missing":            {logName(5), gone, StateDamaged},
		"the state is missing":          {manifestName, gone, StateDamaged},
		"a run of another ledger":       {runName(2), func([]byte) []byte { return other.names[filepath.Join("d", runName(2))].data }, StateDamaged},
		"a run in place of another":     {runName(4), func([]byte) []byte { return m.names[filepath.Join("d", runName(2))].data }, StateDamaged},
		"a run in place of the log":     {logName(5), func([]byte) []byte { return m.names[filepath.Join("d", runName(2))].data }, StateDamaged},
		"a run and more":                {runName(2), func(b []byte) []byte { return append(b, 0) }, StateDamaged},
		"a run of a newer version":      {runName(4), version(2), StateNewer},
		"a run of version 0":            {runName(4), version(0), StateDamaged},
		"a log of a newer version":      {logName(5), version(7), StateNewer},
		"state of a newer version":      {manifestName, state(`"version":1`, `"version":2`), StateNewer},
		"state of something else":       {manifestName, state(`"ledger"`, `"checkpoint"`), StateForeign},
		"state that is a text":          {manifestName, func([]byte) []byte { return []byte("x\n") }, StateForeign},
		"state that is huge":            {manifestName, func([]byte) []byte { return make([]byte, maxManifest+1) }, StateForeign},
		"state that is empty":           {manifestName, func([]byte) []byte { return []byte{} }, StateDamaged},
		"state of other ends":           {manifestName, state(`"fingerprint":"01`, `"fingerprint":"02`), StateForeign},
		"a number that was not out":     {manifestName, state(`"next":6`, `"next":5`), StateDamaged},
		"a number used twice":           {manifestName, state(`"number":4`, `"number":2`), StateDamaged},
		"a number used by run and log":  {manifestName, state(`"logs":[5]`, `"logs":[4]`), StateDamaged},
		"number 0":                      {manifestName, state(`"logs":[5]`, `"logs":[0]`), StateDamaged},
		"a run with a wrong count":      {manifestName, state(`"count":40`, `"count":41`), StateDamaged},
		"a run with nothing":            {manifestName, state(`"count":40`, `"count":0`), StateDamaged},
		"more ids than there can be":    {manifestName, state(`"distinct":220`, `"distinct":241`), StateDamaged},
		"fewer ids than there must be":  {manifestName, state(`"distinct":220`, `"distinct":199`), StateDamaged},
		"an unknown key":                {manifestName, state(`"next"`, `"more":1,"next"`), StateDamaged},
		"a log of zeros from its start": {logName(5), func(b []byte) []byte { clear(b); return b }, StateDamaged},
	} {
		_, err := readAll(damagedCopy(m, v.file, v.change), testEnds, idsOf(want))
		wantStateError(t, name, err, v.kind)
	}

	_, err = readAll(m.copy(), [32]byte{9}, nil)
	wantStateError(t, "other ends", err, StateForeign)
	for name, d := range map[string]*forgetfulFS{
		"as it is": m.copy(),
		"with left-overs": func() *forgetfulFS {
			d := m.copy()
			for _, n := range []string{runName(3), runName(99), logName(4), runName(6) + tempSuffix, manifestName + tempSuffix} {
				d.put(filepath.Join("d", n), []byte("left over"))
			}
			return d
		}(),
		"with a torn frame":   damagedCopy(m, logName(5), func(b []byte) []byte { return append(b, frameMark+"\x05\x00"...) }),
		"with zeros appended": damagedCopy(m, logName(5), func(b []byte) []byte { return append(b, make([]byte, 3000)...) }),
		"with a file of others": func() *forgetfulFS {
			d := m.copy()
			d.put(filepath.Join("d", "desktop.ini"), []byte("x"))
			return d
		}(),
	} {
		got, err := readAll(d, testEnds, idsOf(want))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameContents(t, got, want)
		names, err := d.list("d")
		noError(t, err)
		names = slices.DeleteFunc(names, func(n string) bool { return n == "desktop.ini" })
		// The log has become a run of 15, and 40 < 4*15, 200 < 4*55: they are merged. When close comes first it takes
		// another number.
		if s := strings.Join(names, " "); s != "run-00000008 state.json" && s != "run-00000009 state.json" {
			t.Errorf("%s: the folder holds %s", name, s)
		}
	}
}

// TestLedgerLogBiggerThanATornFrame: more than a frame can hold after the last good frame is not a torn frame.
func TestLedgerLogBiggerThanATornFrame(t *testing.T) {
	m, _ := ledgerToDamage(t)
	_, err := readAll(damagedCopy(m, logName(5), func(b []byte) []byte { return append(b, make([]byte, maxFrame+1)...) }), testEnds, nil)
	wantStateError(t, "too much after the last frame", err, StateDamaged)
}

// TestLedgerDamagedBlockStopsWriters: a put that has to look into a damaged block, and a merge of one, stop the ledger.
func TestLedgerDamagedBlockStopsWriters(t *testing.T) {
	m := newForgetfulFS()
	var all []ledgerEntry
	var asked []idHash
	for i := range 1000 {
		all, asked = append(all, testEntry(i, 1)), append(asked, testID(i))
	}
	l := mustOpen(t, "d", ledgerOptions{files: m})
	noError(t, l.put(all))
	noError(t, l.close())
	m = damagedCopy(m, runName(2), func(b []byte) []byte { b[fileHeaderLen+blockSize+10] ^= 1; return b }) // in block 1

	l = mustOpen(t, "d", ledgerOptions{files: m})
	es, found, err := l.get(asked[:1]) // the least id
	if err != nil || !found[0] || es[0] != all[0] {
		t.Errorf("an undamaged block: %+v, %v, %v", es, found, err)
	}
	_, _, err = l.get(asked)
	wantStateError(t, "get", err, StateDamaged)
	wantStateError(t, "each", l.each(func(ledgerEntry) error { return nil }), StateDamaged)
	noError(t, l.put(all[:1]))
	wantStateError(t, "put", l.put(all), StateDamaged)
	wantStateError(t, "a put after that", l.put(all[:1]), StateDamaged)
	wantStateError(t, "sync", l.sync(), StateDamaged)
	wantStateError(t, "close", l.close(), StateDamaged)

	// All these ids belong into block 0, so that only the merge meets the damage.
	l = mustOpen(t, "d", ledgerOptions{files: m, tableEntries: 260})
	var low []ledgerEntry
	for i := range 260 {
		low = append(low, ledgerEntry{ID: idHash{14: byte(i >> 8), 15: byte(i)}})
	}
	noError(t, l.put(low))
	l.worker.Wait() // it ends by the error
	wantStateError(t, "put after a merge", l.put(low), StateDamaged)
	wantStateError(t, "sync after a merge", l.sync(), StateDamaged)
	wantStateError(t, "close after a merge", l.close(), StateDamaged)
}

// TestLedgerErrorsStay: after one failed write nothing is written any more, though writing would work.
func TestLedgerErrorsStay(t *testing.T) {
	m := newForgetfulFS()
	l := mustOpen(t, "d", ledgerOptions{files: m})
	noError(t, l.put([]ledgerEntry{testEntry(1, 1)}))
	noError(t, l.sync())
	m.fail = failOnceAt(m.ops + 1)
	noError(t, l.put([]ledgerEntry{testEntry(2, 1)}))
	for what, err := range map[string]error{
		"the failed sync": l.sync(), "another": l.sync(), "put": l.put([]ledgerEntry{testEntry(3, 1)}),
	} {
		if !errors.Is(err, errPowerCut) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ops := m.ops
	if err := l.close(); !errors.Is(err, errPowerCut) {
		t.Errorf("close: %v", err)
	}
	if m.ops != ops {
		t.Error("close wrote something")
	}
	got, err := readAll(m, testEnds, []idHash{testID(1)})
	if err != nil || len(got) != 1 {
		t.Errorf("afterwards: %d ids, %v", len(got), err)
	}
}
