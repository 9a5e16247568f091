package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aspstate/aspstate/session"
)

// dirty are the marks of an application, by the hashes of their keys as sessions are: a mark is put in its place among a
// few, and a page of a listing costs what is on it. A mark needs 48 bytes besides its texts, which MaxBytes does not count.
type dirty struct {
	buckets [shardCount][]session.Mark // each sorted
	count   int
}

func compareMarks(a, b session.Mark) int {
	return cmp.Or(cmp.Compare(a.Key.ID, b.Key.ID), cmp.Compare(a.ID, b.ID))
}

// bucket is where the marks of a key are.
func (s *Store) bucket(k session.Key) int { return int(s.hash(s.seed, k) >> (64 - shardBits)) }

// mark puts a mark where it belongs, and says whether it was not there.
func (a *accord) mark(m session.Mark, bucket int) bool {
	d := a.dirty[m.Key.App]
	if d == nil {
		d = new(dirty)
		a.dirty[m.Key.App] = d
	}
	at, there := slices.BinarySearchFunc(d.buckets[bucket], m, compareMarks)
	if there {
		return false
	}
	d.buckets[bucket] = slices.Insert(d.buckets[bucket], at, m)
	d.count++
	return true
}

// unmark takes a mark away, and says whether it was there.
func (a *accord) unmark(m session.Mark, bucket int) bool {
	d := a.dirty[m.Key.App]
	if d == nil {
		return false
	}
	at, there := slices.BinarySearchFunc(d.buckets[bucket], m, compareMarks)
	if !there {
		return false
	}
	d.buckets[bucket] = slices.Delete(d.buckets[bucket], at, at+1)
	if len(d.buckets[bucket]) == 0 {
		d.buckets[bucket] = nil
	}
	d.count-- // an application without marks will have some again: its buckets stay
	return true
}

// Mark implements session.Controller. It does not wait for the disk: the writer sees to it that no later change is there
// without the mark.
func (s *Store) Mark(ctx context.Context, marks ...session.Mark) error {
	for i := range marks {
		if err := marks[i].Check(); err != nil {
			return err
		}
	}
	a, err := s.enterAccord(ctx)
	if err != nil {
		return err
	}
	defer a.mu.Unlock()
	for _, m := range marks {
		if a.mark(m, s.bucket(m.Key)) && s.writer != nil {
			s.writer.marked(m)
		}
	}
	return nil
}

// Unmark implements session.Controller. It does not wait for the disk: a mark that comes back in a crash does no harm.
func (s *Store) Unmark(ctx context.Context, marks ...session.Mark) error {
	a, err := s.enterAccord(ctx)
	if err != nil {
		return err
	}
	defer a.mu.Unlock()
	for _, m := range marks {
		if a.unmark(m, s.bucket(m.Key)) && s.writer != nil {
			s.writer.settle(accordRow{key: markKey(m), unmarked: &m})
		}
	}
	return nil
}

// Marks implements session.Controller. Marks are ordered by a keyed hash of their keys, as scans are.
func (s *Store) Marks(ctx context.Context, app string, after *session.Mark, limit int) ([]session.Mark, error) {
	if limit < 1 {
		return nil, fmt.Errorf("listing dirty keys: limit %d is below 1", limit)
	}
	a, err := s.enterAccord(ctx)
	if err != nil {
		return nil, err
	}
	defer a.mu.Unlock()
	d := a.dirty[app]
	if d == nil {
		return nil, nil
	}
	begin, at := 0, 0
	if after != nil {
		begin = s.bucket(after.Key)
		var there bool
		if at, there = slices.BinarySearchFunc(d.buckets[begin], *after, compareMarks); there {
			at++
		}
	}
	var page []session.Mark
	for b := begin; b < shardCount && len(page) < limit; b, at = b+1, 0 {
		some := d.buckets[b][at:]
		page = append(page, some[:min(len(some), limit-len(page))]...)
	}
	return page, nil
}

// isMarked tells the writer whether a mark is there.
func (s *Store) isMarked(m session.Mark) bool {
	s.accord.mu.Lock()
	defer s.accord.mu.Unlock()
	d := s.accord.dirty[m.Key.App]
	if d == nil {
		return false
	}
	_, there := slices.BinarySearchFunc(d.buckets[s.bucket(m.Key)], m, compareMarks)
	return there
}
