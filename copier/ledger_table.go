package copier

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/aspstate/aspstate/session"
)

// recordSize is the size of an entry in logs and runs, little-endian:
//
//	 0  16  id
//	16   8  hash of the fence before
//	24   8  hash of the fence after
//	32   8  Expires, in ticks of session.Instant
//	40   4  pass
//	44   1  1 if done, else 0
const recordSize = 45

func appendRecord(dst []byte, e ledgerEntry) []byte {
	dst = append(dst, e.ID[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, e.Before)
	dst = binary.LittleEndian.AppendUint64(dst, e.After)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Expires))
	dst = binary.LittleEndian.AppendUint32(dst, e.Pass)
	if e.Done {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// decodeRecord reads the first record of b, which has at least recordSize bytes. Every record but those with another last
// byte than 0 and 1 is good.
func decodeRecord(b []byte) (e ledgerEntry, ok bool) {
	e = ledgerEntry{
		ID:      idHash(b),
		Before:  binary.LittleEndian.Uint64(b[16:]),
		After:   binary.LittleEndian.Uint64(b[24:]),
		Expires: session.Instant(binary.LittleEndian.Uint64(b[32:])),
		Pass:    binary.LittleEndian.Uint32(b[40:]),
		Done:    b[44] == 1,
	}
	return e, b[44] <= 1
}

// ledgerTable holds recent entries in memory.
type ledgerTable struct {
	entries map[idHash]ledgerEntry
	fresh   int64 // ids that were in no run and no older table when they were put
}

func newTable() *ledgerTable { return &ledgerTable{entries: make(map[idHash]ledgerEntry)} }

// sorted returns a copy, by id.
func (t *ledgerTable) sorted() []ledgerEntry { return sortByID(slices.Collect(maps.Values(t.entries))) }

func sortByID(es []ledgerEntry) []ledgerEntry {
	slices.SortFunc(es, func(a, b ledgerEntry) int { return a.ID.compare(b.ID) })
	return es
}

// entrySource yields entries by id, each id once. ok is false at the end.
type entrySource interface {
	next() (e ledgerEntry, ok bool, err error)
}

type tableSource struct{ rest []ledgerEntry }

func (s *tableSource) next() (ledgerEntry, bool, error) {
	if len(s.rest) == 0 {
		return ledgerEntry{}, false, nil
	}
	e := s.rest[0]
	s.rest = s.rest[1:]
	return e, true, nil
}

// mergedSource yields every id of its sources once. Where several have it the last one counts.
type mergedSource struct {
	sources []entrySource
	heads   []ledgerEntry
	live    []bool
	begun   bool
}

func newMergedSource(sources []entrySource) *mergedSource {
	return &mergedSource{sources: sources, heads: make([]ledgerEntry, len(sources)), live: make([]bool, len(sources))}
}

func (m *mergedSource) advance(i int) (err error) {
	m.heads[i], m.live[i], err = m.sources[i].next()
	return err
}

func (m *mergedSource) next() (ledgerEntry, bool, error) {
	if !m.begun {
		m.begun = true
		for i := range m.sources {
			if err := m.advance(i); err != nil {
				return ledgerEntry{}, false, err
			}
		}
	}
	least := -1
	for i := range m.sources {
		if m.live[i] && (least < 0 || m.heads[i].ID.compare(m.heads[least].ID) <= 0) {
			least = i
		}
	}
	if least < 0 {
		return ledgerEntry{}, false, nil
	}
	e := m.heads[least]
	for i := range m.sources {
		if m.live[i] && m.heads[i].ID == e.ID {
			if err := m.advance(i); err != nil {
				return ledgerEntry{}, false, err
			}
		}
	}
	return e, true, nil
}
