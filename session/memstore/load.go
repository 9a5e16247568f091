package memstore

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"unique"

	"github.com/aspstate/aspstate/session"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// load reads the files into the store's shards and returns the highest Revision met. One goroutine reads, and several
// take the records in, each those of its own shards, so that the records of a session stay in order. Nobody else uses
// the store yet.
func (s *Store) load(fs vfs.FS, dir string, files []segmentFile) (uint64, error) {
	loaders := make([]*loader, max(1, min(runtime.GOMAXPROCS(0), 8)))
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var running sync.WaitGroup
	for i := range loaders {
		l := &loader{s: s, part: i, of: len(loaders), work: make(chan portion, 4), apps: map[string]unique.Handle[string]{}}
		loaders[i] = l
		running.Go(func() {
			for p := range l.work {
				if ctx.Err() == nil {
					if err := l.take(p); err != nil {
						cancel(err)
					}
				}
			}
		})
	}
	for i := range files {
		f := &files[i]
		err := f.eachBody(fs, dir, func(body []byte) error {
			for _, l := range loaders {
				l.work <- portion{f.number, body}
			}
			return ctx.Err()
		})
		if err != nil {
			cancel(fmt.Errorf("%s: %w", segmentName(f.number), err))
			break
		}
	}
	for _, l := range loaders {
		close(l.work)
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	var revision uint64
	for _, l := range loaders {
		if n := len(l.books); n > 0 {
			return 0, fmt.Errorf("%w: the payloads of %d sessions are missing", ErrDamaged, n)
		}
		revision = max(revision, l.revision)
		s.count.Add(l.count)
		s.bytes.Add(l.bytes)
	}
	return revision, nil
}

// portion is a frame on its way to a loader.
type portion struct {
	segment uint32
	body    []byte
}

// loader takes the records of every of-th shard.
type loader struct {
	s        *Store
	part, of int
	work     chan portion
	apps     map[string]unique.Handle[string]
	// books has the sessions of which a record without payload came and no full one yet: the full one was in a file that
	// is not needed any more, because another comes later.
	books    map[session.Key]struct{}
	revision uint64
	count    int64
	bytes    int64
}

func (l *loader) take(p portion) error {
	return eachRecord(p.body, func(record []byte) error {
		m, err := parseRecord(record)
		if err == nil && int(m.hash>>(16-shardBits))%l.of == l.part {
			err = l.put(p.segment, &m)
		}
		if err != nil {
			return fmt.Errorf("%s: %w: %w", segmentName(p.segment), ErrDamaged, err)
		}
		return nil
	})
}

func (l *loader) put(segment uint32, m *image) error {
	app, known := l.apps[string(m.app)]
	if !known {
		app = unique.Make(string(m.app))
		l.apps[app.Value()] = app
	}
	k := session.Key{App: app.Value(), ID: string(m.id)}
	hash := l.s.hash(l.s.seed, k)
	if hashStart(hash) != m.hash {
		return fmt.Errorf("%w: session %v is under hash %04x, not %04x", errRecord, k, m.hash, hashStart(hash))
	}
	sh := l.s.shard(hash)
	e := sh.find(hash, k)
	switch m.kind {
	case kindGone:
		delete(l.books, k)
		if e != nil {
			sh.remove(e)
			l.count--
			l.bytes -= e.size()
		}
		return nil
	case kindBook:
		if e == nil {
			if l.books == nil {
				l.books = map[session.Key]struct{}{}
			}
			l.books[k] = struct{}{}
			return nil
		}
		if e.revision != m.revision {
			return fmt.Errorf("%w: session %v has revision %d, its payload %d", errRecord, k, m.revision, e.revision)
		}
	case kindFull:
		delete(l.books, k)
		fresh := e == nil
		if fresh {
			e = &entry{hash: hash, app: app, id: k.ID}
			l.count++
		} else {
			l.bytes -= e.size()
		}
		e.segment = segment
		if cap(e.payload) >= len(m.payload) && cap(e.payload) <= len(m.payload)+len(m.payload)/4 {
			e.payload = append(e.payload[:0], m.payload...) // nobody has seen it yet
		} else {
			e.payload = slices.Clone(m.payload)
		}
		l.bytes += e.size()
		if fresh {
			e.expires = m.expires
			sh.add(e)
		}
	}
	e.created, e.expires, e.since, e.revision = m.created, m.expires, m.since, m.revision
	e.timeout, e.flags, e.cookie, e.epoch, e.locked = m.timeout, m.flags, m.cookie, m.epoch, m.locked
	sh.due.moved(e)
	l.revision = max(l.revision, m.revision)
	return nil
}
