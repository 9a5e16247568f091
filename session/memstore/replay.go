package memstore

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Reading a journal. Every file but the last is good for exactly the length that the head of the next one says. The last
// may be torn, because the store stopped while it wrote; what is behind the last good frame was never acknowledged,
// unless a later frame promises it, and then the file is damaged.

// segmentFile is a journal file found in the directory.
type segmentFile struct {
	number uint32
	head   segmentHead
	size   int64
	good   int64 // length that must be good; -1: up to the first frame that is not
}

// findSegments lists the files that are needed, in order, and removes what an unclean stop left besides: a file whose
// head was not written yet, files that are not needed any more.
func findSegments(fs vfs.FS, dir string, identity [16]byte) ([]segmentFile, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, err
	}
	var files []segmentFile
	for _, name := range names {
		if n, ok := segmentNumber(name); ok {
			files = append(files, segmentFile{number: n, good: -1})
		}
	}
	slices.SortFunc(files, func(a, b segmentFile) int { return int(int64(a.number) - int64(b.number)) })
	for i := len(files) - 1; i >= 0; i-- {
		begun, err := files[i].readHead(fs, dir, identity)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", segmentName(files[i].number), err)
		}
		if !begun {
			if i != len(files)-1 {
				return nil, fmt.Errorf("%w: %s has no head", ErrDamaged, segmentName(files[i].number))
			}
			if err := fs.Remove(fs.PathJoin(dir, segmentName(files[i].number))); err != nil {
				return nil, err
			}
			files = files[:i]
			continue
		}
		if i+1 < len(files) {
			files[i].good = files[i+1].head.previous
			if files[i].number+1 != files[i+1].number {
				return nil, fmt.Errorf("%w: between %s and %s files are missing", ErrDamaged,
					segmentName(files[i].number), segmentName(files[i+1].number))
			}
		}
		if files[i].number == files[len(files)-1].head.first {
			for _, old := range files[:i] {
				if err := fs.Remove(fs.PathJoin(dir, segmentName(old.number))); err != nil {
					return nil, err
				}
			}
			return files[i:], nil
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: there is no journal", ErrDamaged)
	}
	return nil, fmt.Errorf("%w: %s is missing", ErrDamaged, segmentName(files[len(files)-1].head.first))
}

func segmentNumber(name string) (uint32, bool) {
	digits, ok := strings.CutPrefix(name, "journal-")
	if !ok || len(digits) != 8 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil && n > 0
}

// readHead reads the first record of the file; false if the file was just being begun.
func (f *segmentFile) readHead(fs vfs.FS, dir string, identity [16]byte) (bool, error) {
	r, closeFile, err := openFrames(fs, dir, f.number)
	if err != nil {
		return false, err
	}
	defer closeFile()
	f.size = r.size
	body, err := r.next()
	if err != nil {
		return false, err
	}
	if body == nil {
		broken, err := r.brokenPromise()
		if broken {
			return false, fmt.Errorf("%w: its head is", ErrDamaged)
		}
		return false, err
	}
	record, _, ok := cutBytes(body)
	if !ok {
		return false, fmt.Errorf("%w: its head is", ErrDamaged)
	}
	if f.head, err = parseSegmentHead(record); err != nil {
		if errors.Is(err, ErrFormat) {
			return false, err
		}
		return false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if f.head.number != f.number || f.head.identity != identity {
		return false, fmt.Errorf("%w: it is of another store or has another name", ErrDamaged)
	}
	return true, nil
}

func openFrames(fs vfs.FS, dir string, number uint32) (*frameReader, func() error, error) {
	file, err := fs.Open(fs.PathJoin(dir, segmentName(number)), vfs.SequentialReadsOption)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return &frameReader{r: file, size: info.Size()}, file.Close, nil
}

// eachBody calls visit with the body of each good frame of the file, without the head, and sets good to the length of
// the good part. The bodies are the visitor's to keep.
func (f *segmentFile) eachBody(fs vfs.FS, dir string, visit func(body []byte) error) error {
	r, closeFile, err := openFrames(fs, dir, f.number)
	if err != nil {
		return err
	}
	defer closeFile()
	for first := true; f.good < 0 || r.offset < f.good; {
		body, err := r.next()
		if err != nil {
			return err
		}
		if body == nil {
			return f.tornAt(r)
		}
		if first {
			_, body, _ = cutBytes(body) // the head, which readHead has checked
			first = false
		}
		if err := visit(body); err != nil {
			return fmt.Errorf("frame before offset %d: %w", r.offset, err)
		}
	}
	if r.offset > f.good {
		return fmt.Errorf("%w: offset %d is in the middle of a frame", ErrDamaged, f.good)
	}
	return nil
}

// tornAt decides about a file without a good frame at r.offset.
func (f *segmentFile) tornAt(r *frameReader) error {
	if f.good >= 0 {
		return fmt.Errorf("%w: no good frame at offset %d, %d bytes should be good", ErrDamaged, r.offset, f.good)
	}
	broken, err := r.brokenPromise()
	if err != nil {
		return err
	}
	if broken {
		return fmt.Errorf("%w: no good frame at offset %d, but later ones say it was on disk", ErrDamaged, r.offset)
	}
	f.good = r.offset
	return nil
}

// eachRecord splits a body.
func eachRecord(body []byte, visit func(record []byte) error) error {
	for len(body) > 0 {
		record, rest, ok := cutBytes(body)
		if !ok {
			return fmt.Errorf("%w: it runs over the end of its frame", errRecord)
		}
		if err := visit(record); err != nil {
			return err
		}
		body = rest
	}
	return nil
}
