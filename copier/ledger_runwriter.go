package copier

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	runBuffer = 256 << 10
	// runSyncEvery spreads the writing of a long run, so that the syncs of the log do not wait behind all of it.
	runSyncEvery = 8 << 20
)

// runWriter writes a run record by record.
type runWriter struct {
	f        stateFile
	number   uint64
	most     int // ids in the index
	buf      []byte
	block    int // where the present block begins in buf
	blocks   int64
	count    int64
	stride   int64
	index    []byte
	unsynced int
}

// writeRun writes the entries of the sources, in which later ones win, as run number and opens it. The file is durable
// under its name when the caller has saved the state that names it. interrupt, if there is one, is asked now and then and
// ends the writing by an error.
func (l *ledger) writeRun(number uint64, sources []entrySource, interrupt ...func() error) (*ledgerRun, error) {
	path := l.path(runName(number))
	temp := path + tempSuffix
	f, err := l.files.create(temp)
	if err != nil {
		return nil, fmt.Errorf("writing a run: %w", err)
	}
	w := &runWriter{f: f, number: number, most: l.opt.indexEntries, stride: 1}
	w.buf = append(w.buf, l.fileHeader(runMagic, number)...)
	w.block = len(w.buf)
	err = w.copy(newMergedSource(sources), interrupt)
	if err == nil {
		err = w.finish()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = l.files.rename(temp, path)
	}
	if err != nil {
		return nil, fmt.Errorf("writing a run: %w", errors.Join(err, l.files.remove(temp)))
	}
	return openRun(l, number)
}

func (w *runWriter) copy(entries entrySource, interrupt []func() error) error {
	for {
		e, ok, err := entries.next()
		if err != nil || !ok {
			return err
		}
		if err := w.add(e); err != nil {
			return err
		}
		if w.count%(64*blockRecords) == 0 {
			for _, ask := range interrupt {
				if err := ask(); err != nil {
					return err
				}
			}
		}
	}
}

func (w *runWriter) add(e ledgerEntry) error {
	if len(w.buf) == w.block && w.blocks%w.stride == 0 {
		if len(w.index) == w.most*idLen {
			w.halveIndex()
		}
		if w.blocks%w.stride == 0 {
			w.index = append(w.index, e.ID[:]...)
		}
	}
	w.buf = appendRecord(w.buf, e)
	w.count++
	if len(w.buf)-w.block == blockData {
		return w.endBlock()
	}
	return nil
}

// halveIndex keeps every second id.
func (w *runWriter) halveIndex() {
	kept := w.index[:0]
	for i := 0; i < len(w.index); i += 2 * idLen {
		kept = append(kept, w.index[i:i+idLen]...)
	}
	w.index, w.stride = kept, w.stride*2
}

func (w *runWriter) endBlock() error {
	w.buf = binary.LittleEndian.AppendUint32(w.buf, blockSum(w.number, w.blocks, w.buf[w.block:]))
	w.blocks++
	w.block = len(w.buf)
	if len(w.buf) < runBuffer {
		return nil
	}
	return w.write()
}

func (w *runWriter) write() error {
	if _, err := w.f.Write(w.buf); err != nil {
		return err
	}
	w.unsynced += len(w.buf)
	w.buf, w.block = w.buf[:0], 0
	if w.unsynced < runSyncEvery {
		return nil
	}
	w.unsynced = 0
	return w.f.Sync()
}

// finish writes index and footer and syncs.
func (w *runWriter) finish() error {
	if len(w.buf) > w.block {
		if err := w.endBlock(); err != nil {
			return err
		}
	}
	foot := []byte(footerMagic)
	foot = binary.LittleEndian.AppendUint64(foot, uint64(w.count))
	foot = binary.LittleEndian.AppendUint32(foot, uint32(w.stride))
	foot = binary.LittleEndian.AppendUint32(foot, uint32(len(w.index)/idLen))
	foot = binary.LittleEndian.AppendUint32(foot, footerSum(w.number, w.index, foot))
	w.buf = append(append(w.buf, w.index...), foot...)
	if err := w.write(); err != nil {
		return err
	}
	return w.f.Sync()
}
