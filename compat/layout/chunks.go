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
	var total int64
	for i, c := range chunks {
		switch {
		case i > 0 && c.ID == chunks[i-1].ID:
			return nil, l.corrupt(row, DamageDuplicateChunk, "chunk %d is there twice", c.ID)
		case c.ID < 1 || int64(c.ID) > want:
			return nil, l.corrupt(row, DamageOrphanChunk, "ItemSize is %d, and there is a chunk %d", size, c.ID)
		}
	}
	for i := range want {
		// Ids are distinct and in range by now, so the first gap is where id and place part.
		if i >= n || int64(chunks[i].ID) != i+1 {
			return nil, l.corrupt(row, DamageMissingChunk, "ItemSize is %d, and chunk %d is missing", size, i+1)
		}
		length := min(ShortLimit, size-i*ShortLimit)
		if got := int64(len(chunks[i].Item)); got != length {
			return nil, l.corrupt(row, DamageChunkSize, "chunk %d of %d has %d bytes, not %d", i+1, want, got, length)
		}
		total += length
	}
	b := make([]byte, 0, total)
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
