package copier

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// idSet collects the ids that a pass has seen in the source, and gives them back in their order, each once. It keeps bites
// of a bounded size in memory and the others, sorted, in files beside the checkpoint. They are worth nothing after a crash:
// the next pass collects anew, and removes what was left.
type idSet struct {
	path string // of the files, up to their numbers
	bite int    // ids in memory

	mu    sync.Mutex
	ids   []idHash
	files []*os.File
}

// idsInMemory take 4 MB.
const idsInMemory = 1 << 18

const seenSuffix = ".seen-"

func newIDSet(state string) (*idSet, error) {
	s := &idSet{path: state + seenSuffix, bite: idsInMemory}
	left, err := filepath.Glob(globOf(s.path) + "*")
	if err != nil {
		return nil, err
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("removing what an earlier pass has left: %w", err)
		}
	}
	return s, nil
}

// globOf keeps the letters of a path from meaning anything to filepath.Glob but themselves.
func globOf(path string) string {
	var b []byte
	for i := range len(path) {
		if path[i] == '*' || path[i] == '?' || path[i] == '[' {
			b = append(b, '[', path[i], ']')
		} else {
			b = append(b, path[i])
		}
	}
	return string(b)
}

// add takes ids in. It may be called by several goroutines.
func (s *idSet) add(ids []idHash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(ids) > 0 {
		n := min(len(ids), s.bite-len(s.ids))
		s.ids, ids = append(s.ids, ids[:n]...), ids[n:]
		if len(s.ids) == s.bite {
			if err := s.spill(); err != nil {
				return fmt.Errorf("keeping the ids of a pass: %w", err)
			}
		}
	}
	return nil
}

// spill writes what is in memory to a file, sorted; under mu.
func (s *idSet) spill() error {
	s.sort()
	f, err := os.OpenFile(fmt.Sprint(s.path, len(s.files)), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	s.files = append(s.files, f)
	w := bufio.NewWriterSize(f, 1<<16)
	for i := range s.ids {
		if _, err := w.Write(s.ids[i][:]); err != nil {
			return err
		}
	}
	s.ids = s.ids[:0]
	return w.Flush()
}

func (s *idSet) sort() {
	slices.SortFunc(s.ids, idHash.compare)
}

// close removes the files.
func (s *idSet) close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close(), os.Remove(f.Name()))
	}
	return errors.Join(errs...)
}

// sorted begins to read the ids. Nothing may be added any more.
func (s *idSet) sorted() (*idReader, error) {
	s.sort()
	r := &idReader{rest: s.ids}
	for _, f := range s.files {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		r.files = append(r.files, bufio.NewReaderSize(f, 1<<16))
		r.heads = append(r.heads, nil)
	}
	for i := range r.files {
		if err := r.advance(i); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// idReader merges the bites of an idSet.
type idReader struct {
	rest  []idHash
	files []*bufio.Reader
	heads []*idHash // nil: the file is at its end
}

func (r *idReader) advance(i int) error {
	var id idHash
	_, err := io.ReadFull(r.files[i], id[:])
	if errors.Is(err, io.EOF) {
		r.heads[i] = nil
		return nil
	}
	r.heads[i] = &id
	return err
}

// has says whether an id is in the set. Each call must ask for a greater id than the one before.
func (r *idReader) has(id idHash) (found bool, err error) {
	for len(r.rest) > 0 && r.rest[0].compare(id) <= 0 {
		found = found || r.rest[0] == id
		r.rest = r.rest[1:]
	}
	for i := range r.files {
		for r.heads[i] != nil && r.heads[i].compare(id) <= 0 {
			found = found || *r.heads[i] == id
			if err := r.advance(i); err != nil {
				return false, fmt.Errorf("reading the ids of a pass: %w", err)
			}
		}
	}
	return found, nil
}
