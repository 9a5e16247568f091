package copier

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestLedgerRunWithWrongContent: all checksums are right, and still this program does not write such a run.
func TestLedgerRunWithWrongContent(t *testing.T) {
	var es []ledgerEntry
	for i := range 200 {
		es = append(es, testEntry(i, 1))
	}
	sortByID(es)
	var good []byte
	for _, e := range es {
		good = appendRecord(good, e)
	}
	for i := 0; i < len(es); i += blockRecords {
		good = append(good, es[i].ID[:]...) // the index, stride 1
	}
	index := 200 * recordSize
	for name, v := range map[string]struct {
		change        func(b []byte) []byte
		count, stride uint32
		fine          bool
	}{
		"nothing is wrong": {func(b []byte) []byte { return b }, 200, 1, true},
		"two ids the wrong way": {func(b []byte) []byte {
			copy(b[10*recordSize:], good[11*recordSize:12*recordSize])
			copy(b[11*recordSize:], good[10*recordSize:11*recordSize])
			return b
		}, 200, 1, false},
		"an id twice": {func(b []byte) []byte {
			copy(b[90*recordSize:], good[89*recordSize:90*recordSize])
			copy(b[index+idLen:], good[89*recordSize:][:idLen])
			return b
		}, 200, 1, false},
		"a record is malformed":     {func(b []byte) []byte { b[7*recordSize-1] = 2; return b }, 200, 1, false},
		"the index is wrong":        {func(b []byte) []byte { b[index+idLen+15]++; return b }, 200, 1, false},
		"an index too short":        {func(b []byte) []byte { return b[:len(b)-idLen] }, 200, 1, false},
		"a stride that is too long": {func(b []byte) []byte { return b }, 200, 2, false},
		"no stride":                 {func(b []byte) []byte { return b }, 200, 0, false},
		"a count too high":          {func(b []byte) []byte { return b }, 201, 1, false},
		"a count far too high":      {func(b []byte) []byte { return b }, 1 << 31, 1, false},
		"no records":                {func(b []byte) []byte { return nil }, 0, 1, false},
	} {
		m := newForgetfulFS()
		l := closedLedger(m, 0)
		m.put(filepath.Join("d", runName(7)), sealRun(l, 7, v.change(bytes.Clone(good)), v.count, v.stride))
		r, err := openRun(l, 7)
		n := 0
		if err == nil {
			for s, ok := (&runSource{r: r}), true; ok && err == nil; n++ {
				_, ok, err = s.next()
			}
			n-- // the end is no record
		}
		if !v.fine {
			wantStateError(t, name, err, StateDamaged)
		} else if err != nil || n != 200 {
			t.Errorf("%s: %d records, %v", name, n, err)
		}
	}
}
