package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/compat/layout"
)

// A store of the sandbox is a memstore whose payload is the columns of the row that the memstore's own fields do not
// have: the id as it is spelled, and the payload in the layout's form. The form of the bytes:
//
//	version 1 · id · mask · [Short] · [Long] · [Item] · [ItemSize] · [chunks]
//
// where id and the byte columns are a uvarint length and bytes, a column stands only if its bit of the mask is set (NULL
// otherwise), ItemSize is a uvarint, and chunks are a uvarint count and then id (uvarint) and bytes of each.
const columnsVersion = 1

// Bits of the mask, in the order of the columns.
const (
	hasShort = 1 << iota
	hasLong
	hasItem
	hasSize
	hasChunks
)

var errColumns = errors.New("row of the sandbox is damaged")

// appendColumns writes the columns of a row.
func appendColumns(dst []byte, r *layout.Row) []byte {
	dst = appendBytes(append(dst, columnsVersion), []byte(r.SessionID))
	var mask byte
	for bit, there := range []bool{r.Short != nil, r.Long != nil, r.Item != nil, r.ItemSize != 0, r.Chunks != nil} {
		if there {
			mask |= 1 << bit
		}
	}
	dst = append(dst, mask)
	for _, column := range [][]byte{r.Short, r.Long, r.Item} {
		if column != nil {
			dst = appendBytes(dst, column)
		}
	}
	if r.ItemSize != 0 {
		dst = binary.AppendUvarint(dst, uint64(r.ItemSize))
	}
	if r.Chunks != nil {
		dst = binary.AppendUvarint(dst, uint64(len(r.Chunks)))
		for _, c := range r.Chunks {
			dst = appendBytes(binary.AppendUvarint(dst, uint64(uint32(c.ID))), c.Item)
		}
	}
	return dst
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// readColumns fills in the columns of a row. The row's bytes are those of src.
func readColumns(src []byte, r *layout.Row) error {
	c := columnReader{rest: src}
	if v := c.byte(); v != columnsVersion && c.err == nil {
		return fmt.Errorf("%w: version %d", errColumns, v)
	}
	r.SessionID = string(c.bytes())
	mask := c.byte()
	for _, column := range []struct {
		bit byte
		to  *[]byte
	}{{hasShort, &r.Short}, {hasLong, &r.Long}, {hasItem, &r.Item}} {
		if mask&column.bit != 0 {
			*column.to = c.bytes()
		}
	}
	if mask&hasSize != 0 {
		r.ItemSize = int64(c.uvarint())
	}
	if mask&hasChunks != 0 {
		n := c.uvarint()
		if n > uint64(len(c.rest)) { // each chunk takes two bytes at least
			return errColumns
		}
		r.Chunks = make([]layout.Chunk, n)
		for i := range r.Chunks {
			r.Chunks[i].ID = int32(c.uvarint())
			r.Chunks[i].Item = c.bytes()
		}
	}
	if c.err == nil && len(c.rest) > 0 {
		return fmt.Errorf("%w: %d bytes behind its end", errColumns, len(c.rest))
	}
	return c.err
}

// columnReader reads from the front of rest and stays failed after its first error.
type columnReader struct {
	rest []byte
	err  error
}

func (c *columnReader) byte() byte {
	if len(c.rest) == 0 {
		c.err = errColumns
		return 0
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b
}

func (c *columnReader) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 {
		c.err, c.rest = errColumns, nil
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

func (c *columnReader) bytes() []byte {
	n := c.uvarint()
	if c.err != nil || n > uint64(len(c.rest)) {
		c.err, c.rest = errColumns, nil
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}
