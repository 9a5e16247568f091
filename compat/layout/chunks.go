package layout

import (
	"cmp"
	"slices"
)

// join puts sqlinmemory's payload together. The package's own reader strings together whatever chunks it finds; so a
// damaged set is refused here by the integrity check of sql-layouts.md 9.
func (l *Layout) join(row *Row) ([]byte, error) {
	size, n := row.ItemSize, int64(len(row.Chunks))
	switch {
	case size < 0:
		return nil, l.corrupt(row, DamageSize, "ItemSize is %d", size)
	case size <= ShortLimit && n > 0:
		return nil, l.corrupt(row, DamageOrphanChunk, "ItemSize is %d, and there are %d chunks", size, n)
	case size <= ShortLimit && row.Item == nil:
		return nil, l.corrupt(row, DamageNoPayload, "ItemSize is %d, and Item is NULL", size)
	case size <= ShortLimit && int64(len(row.Item)) != size:
		return nil, l.corrupt(row, DamageSize, "ItemSize is %d, and Item has %d bytes", size, len(row.Item))
	case size <= ShortLimit:
		return row.Item, nil
	case row.Item != nil:
		return nil, l.corrupt(row, DamageSize, "ItemSize is %d, and Item is not NULL", size)
	}
	want := (size-1)/ShortLimit + 1
	chunks := slices.SortedFunc(slices.Values(row.Chunks), func(a, b Chunk) int { return cmp.Compare(a.ID, b.ID) })
	for i, c := range chunks {
		switch {
		case i > 0 && c.ID == chunks[i-1].ID:
			return nil, l.corrupt(row, DamageDuplicateChunk, "chunk %d is there twice", c.ID)
		case c.ID < 1 || int64(c.ID) > want:
			return nil, l.corrupt(row, DamageOrphanChunk, "ItemSize is %d, and there is a chunk %d", size, c.ID)
		}
	}
	if n < want {
		gap := 0 // ids are distinct and in range by now: the first gap is where place and id part
		for gap < len(chunks) && int(chunks[gap].ID) == gap+1 {
			gap++
		}
		return nil, l.corrupt(row, DamageMissingChunk, "ItemSize is %d, and chunk %d is missing", size, gap+1)
	}
	for i, c := range chunks {
		if length := min(ShortLimit, size-int64(i)*ShortLimit); int64(len(c.Item)) != length {
			return nil, l.corrupt(row, DamageChunkSize, "chunk %d of %d has %d bytes, not %d", c.ID, want, len(c.Item), length)
		}
	}
	b := make([]byte, 0, size)
	for _, c := range chunks {
		b = append(b, c.Item...)
	}
	return b, nil
}

// cut makes chunks of exactly 7000 bytes, but for the last. They alias b.
func cut(b []byte) []Chunk {
	chunks := make([]Chunk, 0, (len(b)+ShortLimit-1)/ShortLimit)
	for part := range slices.Chunk(b, ShortLimit) {
		chunks = append(chunks, Chunk{ID: int32(len(chunks)) + 1, Item: part})
	}
	return chunks
}
