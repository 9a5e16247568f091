package memstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unique"

	"github.com/cockroachdb/pebble/v2"
)

// load reads all sessions into the store's shards and returns the highest Revision met. Several goroutines read, each a
// range of shards. Nobody else uses the store yet.
func (s *Store) load(db *pebble.DB) (uint64, error) {
	parts := max(1, min(runtime.GOMAXPROCS(0), 16))
	loaders := make([]loader, parts)
	errs := make([]error, parts)
	var running sync.WaitGroup
	for i := range loaders {
		begin, end := i*shardCount/parts, (i+1)*shardCount/parts
		loaders[i] = loader{s: s, apps: map[string]unique.Handle[string]{}}
		running.Go(func() { errs[i] = loaders[i].read(db, begin, end) })
	}
	running.Wait()
	var revision uint64
	for i := range loaders {
		revision = max(revision, loaders[i].revision)
		s.count.Add(loaders[i].count)
		s.bytes.Add(loaders[i].bytes)
	}
	return revision, errors.Join(errs...)
}

type loader struct {
	s        *Store
	apps     map[string]unique.Handle[string]
	revision uint64
	count    int64
	bytes    int64
}

// rows iterates over the rows of one kind of the shards in begin..end-1.
func rows(db *pebble.DB, row byte, begin, end int) (*pebble.Iterator, error) {
	bound := func(shard int) []byte {
		if shard == shardCount {
			return []byte{row + 1}
		}
		return binary.BigEndian.AppendUint64([]byte{row}, uint64(shard)<<(64-shardBits))
	}
	return db.NewIter(&pebble.IterOptions{LowerBound: bound(begin), UpperBound: bound(end)})
}

// read walks books and payloads side by side.
func (l *loader) read(db *pebble.DB, begin, end int) (err error) {
	books, err := rows(db, bookRow, begin, end)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, asDamaged(books.Close())) }()
	payloads, err := rows(db, payloadRow, begin, end)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, asDamaged(payloads.Close())) }()
	books.First()
	payloads.First()
	for ; books.Valid(); books.Next() {
		if !payloads.Valid() || !bytes.Equal(books.Key()[1:], payloads.Key()[1:]) {
			if err := errors.Join(books.Error(), payloads.Error()); err != nil {
				return asDamaged(err)
			}
			return fmt.Errorf("%w: a session without payload, or the other way round", ErrDamaged)
		}
		if err := l.take(books, payloads); err != nil {
			if errors.Is(err, errRow) {
				err = fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			return asDamaged(err)
		}
		payloads.Next()
	}
	if err := errors.Join(books.Error(), payloads.Error()); err != nil {
		return asDamaged(err)
	}
	if payloads.Valid() {
		return fmt.Errorf("%w: a payload without session", ErrDamaged)
	}
	return nil
}

// take takes in the session that both iterators stand at.
func (l *loader) take(books, payloads *pebble.Iterator) error {
	k, err := parseKey(books.Key())
	if err != nil {
		return err
	}
	app, known := l.apps[string(k.app)]
	if !known {
		app = unique.Make(string(k.app))
		l.apps[app.Value()] = app
	}
	e := &entry{hash: k.hash, app: app, id: string(k.id), state: onDisk}
	if want := l.s.hash(l.s.seed, e.key()); want != k.hash {
		return fmt.Errorf("%w: session %v is under hash %016x, not %016x", errRow, e.key(), k.hash, want)
	}
	book, err := books.ValueAndErr()
	if err != nil {
		return err
	}
	if err := readBook(book, e); err != nil {
		return fmt.Errorf("session %v: %w", e.key(), err)
	}
	payload, err := payloads.ValueAndErr()
	if err != nil {
		return err
	}
	if err := readPayload(payload, e); err != nil {
		return fmt.Errorf("session %v: %w", e.key(), err)
	}
	l.s.shard(e.hash).add(e)
	l.count++
	l.bytes += e.size()
	l.revision = max(l.revision, e.revision)
	return nil
}
