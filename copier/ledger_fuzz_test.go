package copier

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path/filepath"
	"slices"
	"testing"
)

// closedLedger is a ledger good for calling decoders: a folder and a fingerprint.
func closedLedger(files fileSystem, indexEntries int) *ledger {
	return &ledger{files: files, dir: "d", fingerprint: testEnds, opt: ledgerOptions{indexEntries: indexEntries}.withDefaults()}
}

// recordsOf makes entries of a fuzzer's bytes.
func recordsOf(data []byte) (es []ledgerEntry) {
	for len(data) >= recordSize {
		e, _ := decodeRecord(data)
		es, data = append(es, e), data[recordSize:]
	}
	return es
}

func stateErrorOrNil(t *testing.T, err error) {
	t.Helper()
	var s *StateError
	if err != nil && !errors.As(err, &s) {
		t.Fatalf("not a *StateError: %v", err)
	}
}

func someRecords(n int) (data []byte) {
	for i := range n {
		data = appendRecord(data, testEntry(i, uint32(i)))
	}
	return data
}

// FuzzLedgerLog reads bytes as the frames of a log, after a right header.
func FuzzLedgerLog(f *testing.F) {
	one := appendFrame(nil, 7, fileHeaderLen, someRecords(2))
	f.Add(appendFrame(one, 7, int64(fileHeaderLen+len(one)), someRecords(1)))
	f.Add([]byte(frameMark + "\xff\xff\xff\xff"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, frames []byte) {
		m := newForgetfulFS()
		l := closedLedger(m, 0)
		m.put(filepath.Join("d", logName(7)), append(l.fileHeader(logMagic, 7), frames...))
		stateErrorOrNil(t, replayLog(l, 7, newTable()))
	})
}

// FuzzLedgerLogTorn writes a log, cuts it off anywhere, perhaps changes a byte, and knows what has to come out.
func FuzzLedgerLogTorn(f *testing.F) {
	f.Add(someRecords(20), uint8(3), uint16(500), uint16(0), uint8(0))
	f.Add(someRecords(5), uint8(1), uint16(1000), uint16(70), uint8(1))
	f.Add(someRecords(300), uint8(200), uint16(60000), uint16(9100), uint8(255))
	f.Fuzz(func(t *testing.T, data []byte, perFrame uint8, cut, at uint16, xor uint8) {
		es := recordsOf(data)
		m := newForgetfulFS()
		l := closedLedger(m, 0)
		w, err := createLog(l, 7)
		noError(t, err)
		n := max(int(perFrame), 1)
		var records []byte
		for _, e := range es {
			records = appendRecord(records, e)
		}
		noError(t, w.write(records, n))
		node := m.names[filepath.Join("d", logName(7))]
		kept := max(min(int(cut), len(node.data)), fileHeaderLen)
		node.data = node.data[:kept]

		// The frames that are whole, and the one with the changed byte.
		whole, ends, changed := 0, []int{}, -1
		for at := fileHeaderLen; whole < len(es); {
			k := min(n, len(es)-whole)
			if at += frameHeader + k*recordSize; at > kept {
				break
			}
			whole, ends = whole+k, append(ends, at)
		}
		if i := int(at); i >= fileHeaderLen && i < kept && xor != 0 {
			node.data[i] ^= xor
			changed = len(ends)
			for f, end := range slices.Backward(ends) {
				if i < end {
					changed = f
				}
			}
		}
		got := newTable()
		err = replayLog(l, 7, got)
		if changed >= 0 && changed < len(ends)-1 {
			wantStateError(t, "a changed byte before a good frame", err, StateDamaged)
			return
		}
		if changed >= 0 && changed == len(ends)-1 {
			whole = changed * n // the last good one, taken for torn
		}
		if err != nil {
			t.Fatal(err)
		}
		want := map[idHash]ledgerEntry{}
		for _, e := range es[:whole] {
			want[e.ID] = e
		}
		sameContents(t, got.entries, want)
	})
}

// FuzzLedgerRun reads bytes as a run. With seal they are the inside of one, and all checksums are made right, or no
// change would come past them.
func FuzzLedgerRun(f *testing.F) {
	m := newForgetfulFS()
	var es []ledgerEntry
	for i := range 200 {
		es = append(es, testEntry(i, 1))
	}
	r, err := closedLedger(m, 2).writeRun(7, []entrySource{&tableSource{sortByID(es)}})
	noError(f, err)
	whole := m.names[r.path].data
	f.Add(whole, false, uint32(0), uint32(0))
	f.Add(unseal(r, whole), true, uint32(200), uint32(2))
	f.Add(whole[:300], false, uint32(0), uint32(0))
	f.Add([]byte{}, true, uint32(1), uint32(1))
	f.Fuzz(func(t *testing.T, data []byte, seal bool, count, stride uint32) {
		m := newForgetfulFS()
		l := closedLedger(m, 0)
		if seal {
			data = sealRun(l, 7, data, count, stride)
		}
		m.put(filepath.Join("d", runName(7)), data)
		r, err := openRun(l, 7)
		stateErrorOrNil(t, err)
		if err != nil {
			return
		}
		var all []ledgerEntry
		for s := (&runSource{r: r}); ; {
			e, ok, err := s.next()
			stateErrorOrNil(t, err)
			if err != nil || !ok {
				if err == nil && int64(len(all)) != r.count {
					t.Fatalf("%d records of %d", len(all), r.count)
				}
				break
			}
			if len(all) > 0 && bytes.Compare(all[len(all)-1].ID[:], e.ID[:]) >= 0 {
				t.Fatal("ids do not rise")
			}
			all = append(all, e)
		}
		for i, e := range append(all, ledgerEntry{}, ledgerEntry{ID: idHash{0: 0xff, 15: 0xff}}) {
			got, ok, err := newRunReader(r, 1).lookup(e.ID)
			stateErrorOrNil(t, err)
			if int64(len(all)) == r.count && i < len(all) && (!ok || got != e) {
				t.Fatalf("record %d: lookup gives %+v, %v, want %+v", i, got, ok, e)
			}
		}
		if int64(len(all)) == r.count && r.stride == 1 { // nothing was wrong: the same bytes again
			again, err := l.writeRun(7, []entrySource{&tableSource{all}})
			noError(t, err)
			if !bytes.Equal(m.names[again.path].data, data) {
				t.Fatal("the run is written differently")
			}
		}
	})
}

// unseal leaves the records and the index.
func unseal(r *ledgerRun, run []byte) (data []byte) {
	for i := range r.blocks() {
		at := fileHeaderLen + i*blockSize
		data = append(data, run[at:at+min(blockData, r.blocksEnd()-at-4)]...)
	}
	return append(data, run[r.blocksEnd():len(run)-footerLen]...)
}

func sealRun(l *ledger, number uint64, data []byte, count, stride uint32) []byte {
	run := l.fileHeader(runMagic, number)
	left := min(int(count)*recordSize, len(data))
	for i := int64(0); left > 0; i++ {
		n := min(left, blockData)
		run = binary.LittleEndian.AppendUint32(append(run, data[:n]...), blockSum(number, i, data[:n]))
		data, left = data[n:], left-n
	}
	foot := binary.LittleEndian.AppendUint64([]byte(footerMagic), uint64(count))
	foot = binary.LittleEndian.AppendUint32(foot, stride)
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(data)/idLen))
	foot = binary.LittleEndian.AppendUint32(foot, footerSum(number, data, foot))
	return append(append(run, data...), foot...)
}
