package memstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/aspstate/aspstate/session"
)

// Peek implements session.Peeker. It shows sessions as they are in memory, on disk already or not.
func (s *Store) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	records := make([]*session.Record, len(keys))
	for i, k := range keys {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("peeking: %w", err)
		}
		hash := s.hash(s.seed, k)
		sh := s.shard(hash)
		sh.mu.Lock()
		closed := sh.closed
		if e := sh.find(hash, k); e != nil {
			r := e.record()
			records[i] = &r
		}
		sh.mu.Unlock()
		if closed {
			return nil, ErrClosed
		}
	}
	return records, nil
}

// Count implements session.Counter. It is exact.
func (s *Store) Count(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("counting: %w", err)
	}
	return s.count.Load(), nil
}

// Bytes returns what Options.MaxBytes is compared with: payloads and bookkeeping.
func (s *Store) Bytes() int64 { return s.bytes.Load() }

// place is where a session stands in the order of scans: by hash, and by a second one where the first are equal.
type place struct{ first, second uint64 }

func (s *Store) placeOf(e *entry) place { return place{e.hash, s.second(e)} }

// second is the second hash of a session. It is seldom needed.
func (s *Store) second(e *entry) uint64 {
	return hashKey([2]uint64{^s.seed[1], s.seed[0]}, e.key()) // hash, app and id never change
}

// compare compares the place of a session with another.
func (s *Store) compare(e *entry, p place) int {
	if e.hash != p.first {
		return cmp.Compare(e.hash, p.first)
	}
	return cmp.Compare(s.second(e), p.second)
}

// cursor is the place in 32 hex digits: no part of an id.
func (p place) cursor() session.Cursor {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], p.first)
	binary.BigEndian.PutUint64(b[8:], p.second)
	return session.Cursor(hex.EncodeToString(b[:]))
}

func parseCursor(c session.Cursor) (place, error) {
	b, err := hex.DecodeString(string(c))
	if err != nil || len(b) != 16 {
		return place{}, fmt.Errorf("cursor %q is not of an embedded store", c)
	}
	return place{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}, nil
}

// Scan implements session.Scanner. Records are ordered by a keyed hash of their keys; the key of the hash is kept with
// the directory. A page holds no lock longer than it takes to look through one shard.
func (s *Store) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	if req.Limit < 1 {
		return session.Page{}, fmt.Errorf("scanning: limit %d is below 1", req.Limit)
	}
	var after place
	begin := req.After == ""
	if !begin {
		var err error
		if after, err = parseCursor(req.After); err != nil {
			return session.Page{}, fmt.Errorf("scanning: %w", err)
		}
	}
	page := session.Page{Records: make([]session.Record, 0, s.expected(req))}
	var next []*entry
	bytes := 0
	for i := int(after.first >> (64 - shardBits)); i < shardCount; i++ {
		if err := ctx.Err(); err != nil {
			return session.Page{}, fmt.Errorf("scanning: %w", err)
		}
		var err error
		if next, err = s.candidates(next[:0], i, after, begin); err != nil {
			return session.Page{}, err
		}
		for _, e := range next {
			r, there := s.copyOf(i, e)
			if !there {
				continue
			}
			page.Records = append(page.Records, r)
			bytes += len(r.Payload)
			if len(page.Records) == req.Limit || req.Bytes > 0 && bytes >= req.Bytes {
				page.Next = s.placeOf(e).cursor()
				return page, nil
			}
		}
	}
	return page, nil
}

// expected is how many records a page will have, about.
func (s *Store) expected(req session.ScanRequest) int {
	n := max(0, int(s.count.Load()))
	if each := int(s.bytes.Load()) / max(1, n); req.Bytes > 0 && each > 0 {
		n = min(n, req.Bytes/each+1)
	}
	return min(n, req.Limit)
}

// candidates lists the sessions of a shard after a place, in order.
func (s *Store) candidates(found []*entry, i int, after place, begin bool) ([]*entry, error) {
	sh := &s.shards[i]
	sh.mu.Lock()
	closed := sh.closed
	for hash, e := range sh.byHash {
		if hash < after.first {
			continue
		}
		for ; e != nil; e = e.next {
			found = append(found, e)
		}
	}
	sh.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	slices.SortFunc(found, func(a, b *entry) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Compare(s.second(a), s.second(b))
	})
	if !begin {
		n, at := slices.BinarySearchFunc(found, after, s.compare)
		if at {
			n++
		}
		found = found[n:]
	}
	return found, nil
}

// copyOf copies an entry if it is still there.
func (s *Store) copyOf(i int, e *entry) (session.Record, bool) {
	sh := &s.shards[i]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return e.record(), e.state&gone == 0
}
