package compat

import (
	"bufio"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// listing is what a scan over a memory-optimized table goes by. The key of such a table is a hash: reading it in ranges
// would look at every row for each range. So one statement lists the ids, fences and lengths of all rows in order; the
// list is kept in a temporary file, and pages fetch their payloads by id. A list is as old as its statement: rows that
// have gone since are left out, others come with what they are now.
//
// Session ids are credentials, so the file is encrypted under a key that nobody keeps.
type listing struct {
	file *os.File
	dec  *gob.Decoder
	next session.Cursor // where it stands
	end  bool           // nothing is left
	peek *listed        // read from the file and not served yet
}

// listed is one row of a listing.
type listed struct {
	Row  layout.Row // without payload
	Size int64      // of the payload, in bytes
}

// scanListed serves a page from a listing, which is begun where there is none at this place.
func (t *Table) scanListed(ctx context.Context, req session.ScanRequest, after *string, want func(column) bool) (pg session.Page, err error) {
	l := t.listings.take(req.After)
	if l == nil {
		if l, err = t.enumerate(ctx, after); err != nil {
			return pg, err
		}
	}
	var rows []listed
	var size int64
	for len(rows) < max(1, req.Limit) && (len(rows) == 0 || req.Bytes <= 0 || size < int64(req.Bytes)) {
		e, err := l.read()
		if err != nil {
			return pg, errors.Join(err, l.close())
		}
		if e == nil {
			break
		}
		rows = append(rows, *e)
		size += e.Size
	}
	if len(rows) > 0 {
		if pg, err = t.fetch(ctx, rows, want); err != nil {
			return session.Page{}, errors.Join(err, l.close())
		}
		l.next = cursorOf(rows[len(rows)-1].Row.SessionID)
	}
	if last, err := l.atEnd(); last || err != nil {
		return pg, errors.Join(err, l.close())
	}
	pg.Next = l.next
	return pg, t.listings.put(l)
}

// fetch makes the page of some listed rows.
func (t *Table) fetch(ctx context.Context, rows []listed, want func(column) bool) (pg session.Page, err error) {
	if !want(column{payload: true}) {
		for i := range rows {
			rec, err := t.recordOf(&rows[i].Row, want)
			if err != nil {
				return pg, err
			}
			pg.Records = append(pg.Records, rec)
		}
		return pg, nil
	}
	for at := 0; at < len(rows); at += keysPerStatement {
		some := rows[at:min(len(rows), at+keysPerStatement)]
		keys := make([]session.Key, len(some))
		for i := range some {
			keys[i].ID = some[i].Row.SessionID
		}
		text, args := t.lookUp(layout.OpLook, keys, want, "")
		recs := make([]*session.Record, len(some))
		bad := make([]error, len(some))
		anew := func() { clear(recs); clear(bad) }
		err := t.readAnew(ctx, text, args, want, anew, func(n int, row *layout.Row) error {
			rec, err := t.recordOf(row, want)
			var damaged *layout.CorruptError
			if errors.As(err, &damaged) {
				bad[n] = err
				return nil
			}
			recs[n] = &rec
			return err
		})
		if err != nil {
			return session.Page{}, err
		}
		for i := range some {
			switch {
			case bad[i] != nil:
				pg.Damaged = append(pg.Damaged, session.Damage{Key: keys[i], Err: bad[i]})
			case recs[i] != nil:
				pg.Records = append(pg.Records, *recs[i])
			}
		}
	}
	return pg, nil
}

// enumerate runs the statement and keeps its rows.
func (t *Table) enumerate(ctx context.Context, after *string) (*listing, error) {
	word, text, args := "", "SELECT "+t.sizeColumn()+", "+t.list("s", noPayload)+"\nFROM "+t.name()+" s", []any(nil)
	if after != nil {
		word, text, args = layout.WordAfter, text+" WHERE s.[SessionId] > @p1", []any{*after}
	}
	text = t.mark(layout.OpList, word) + text + " ORDER BY s.[SessionId]"
	var l *listing
	err := t.o.Retry.Do(ctx, true, func(ctx context.Context) (err error) {
		w, err := newSpool()
		if err != nil {
			return err
		}
		rows, err := t.server.db.QueryContext(ctx, text, args...)
		if err != nil {
			return errors.Join(err, w.drop())
		}
		err = t.each(rows, noPayload, func(n int, row *layout.Row) error {
			return w.enc.Encode(listed{*row, int64(n)})
		})
		if err != nil {
			return errors.Join(err, w.drop())
		}
		l, err = w.turn()
		return err
	})
	return l, err
}

// sizeColumn is the length of a row's payload in bytes.
func (t *Table) sizeColumn() string {
	switch t.layout.Form {
	case layout.FormChunks:
		return "s.[ItemSize]"
	case layout.FormShortLong:
		return "ISNULL(DATALENGTH(s.[SessionItemShort]), 0) + ISNULL(DATALENGTH(s.[SessionItemLong]), 0)"
	case layout.FormItem:
		return "ISNULL(DATALENGTH(s.[SessionItem]), 0)"
	}
	return "ISNULL(DATALENGTH(s.[SessionItemLong]), 0)"
}

// spool is a listing that is being written.
type spool struct {
	file *os.File
	buf  *bufio.Writer
	enc  *gob.Encoder
	key  [32]byte
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "aspstate-list-*")
	if err != nil {
		return nil, err
	}
	s := &spool{file: f}
	rand.Read(s.key[:])
	s.buf = bufio.NewWriterSize(cipher.StreamWriter{S: stream(s.key), W: f}, 1<<16)
	s.enc = gob.NewEncoder(s.buf)
	return s, nil
}

// stream is the key stream of a file that is written and read once, from its beginning.
func stream(key [32]byte) cipher.Stream {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has a right length
	}
	return cipher.NewCTR(b, make([]byte, aes.BlockSize))
}

// turn ends the writing and begins the reading.
func (s *spool) turn() (*listing, error) {
	err := s.buf.Flush()
	if err == nil {
		_, err = s.file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, s.drop())
	}
	r := bufio.NewReaderSize(cipher.StreamReader{S: stream(s.key), R: s.file}, 1<<16)
	return &listing{file: s.file, dec: gob.NewDecoder(r)}, nil
}

func (s *spool) drop() error { return dropFile(s.file) }

func dropFile(f *os.File) error { return errors.Join(f.Close(), os.Remove(f.Name())) }

// read returns the next row; nil at the end.
func (l *listing) read() (*listed, error) {
	if e := l.peek; e != nil {
		l.peek = nil
		return e, nil
	}
	if l.end {
		return nil, nil
	}
	var e listed
	if err := l.dec.Decode(&e); errors.Is(err, io.EOF) {
		l.end = true
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("reading the list of rows: %w", err)
	}
	return &e, nil
}

func (l *listing) atEnd() (bool, error) {
	e, err := l.read()
	l.peek = e
	return e == nil, err
}

func (l *listing) close() error { return dropFile(l.file) }

// listings are those that scans may go on with.
type listings struct {
	mu   sync.Mutex
	open []*listing
}

// mostListings bounds the scans that go on at once without listing anew.
const mostListings = 4

// take returns the listing that stands at a cursor, for the caller alone; nil where there is none.
func (ls *listings) take(at session.Cursor) *listing {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for i, l := range ls.open {
		if at != "" && l.next == at {
			ls.open = append(ls.open[:i], ls.open[i+1:]...)
			return l
		}
	}
	return nil
}

// put keeps a listing for the next page, and gives up the oldest one where there are too many.
func (ls *listings) put(l *listing) error {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.open = append(ls.open, l)
	if len(ls.open) <= mostListings {
		return nil
	}
	oldest := ls.open[0]
	ls.open = ls.open[1:]
	return oldest.close()
}

func (ls *listings) close() (err error) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.open {
		err = errors.Join(err, l.close())
	}
	ls.open = nil
	return err
}
