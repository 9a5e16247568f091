package layout

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
)

// Async 1.0 stores the whole memory buffer it has serialized into, not the used part of it (sql-layouts.md 4). The
// buffer begins with 7000 bytes and grows from there; behind the payload it is zero, or, with compression, shows what is
// left of the plain payload that was in the same buffer before.

// tailFrom is the least length of such a buffer. Anything shorter was written by somebody else, and exactly.
const tailFrom = 7000

// maxInflated bounds the work of looking for the end of a compressed payload. Beyond it the tail is kept.
const maxInflated = 16 << 20

// trimTail returns the payload at the start of a buffer. On any doubt it is the whole buffer (sql-layouts.md 16.3 T). The
// result aliases the buffer.
func trimTail(b []byte) ([]byte, []Note) {
	if len(b) < tailFrom {
		return b, nil
	}
	// Should a plain payload look like a compressed one too, then that ends no later: its FF is not among the zeros.
	end := plainEnd(b)
	if end == 0 {
		end = compressedEnd(b, maxInflated)
	}
	switch end {
	case 0:
		return b, []Note{{NoteKeptTail, fmt.Sprintf("where the payload ends within %d bytes is not certain: all are kept", len(b))}}
	case len(b):
		return b, nil
	}
	return b[:end:end], []Note{{NoteTrimmedTail, fmt.Sprintf("%d unused bytes behind a payload of %d were left out", len(b)-end, end)}}
}

// plainEnd returns the length of an uncompressed payload without static objects that has nothing but zeros behind it;
// 0 if there is none.
func plainEnd(b []byte) int {
	n, err := containerLength(bufio.NewReader(bytes.NewReader(b)))
	if err != nil || len(bytes.Trim(b[n:], "\x00")) > 0 {
		return 0
	}
	return int(n)
}

// compressedEnd returns the length of a compressed payload (session-blob.md 7: deflate data and one FF); 0 if there is
// none. What has been inflated must be one whole payload without static objects, of fewer than limit bytes, and nothing
// else.
func compressedEnd(b []byte, limit int64) int {
	src := bytes.NewReader(b) // a ByteReader: the inflater takes no byte that it does not need
	inflated := bufio.NewReader(io.LimitReader(flate.NewReader(src), limit))
	if n, err := containerLength(inflated); err != nil || n == limit {
		return 0 // at the limit nobody knows whether the stream ends
	}
	if _, err := inflated.ReadByte(); err != io.EOF {
		return 0
	}
	n := len(b) - src.Len()
	if n == len(b) || b[n] != 0xFF {
		return 0
	}
	return n + 1
}

// containerLength reads one payload (session-blob.md 2 and 3) up to and including its FF and returns its length. Static
// objects have no length that could be read without their values; they are an error, and so is everything that the
// provider does not write. Memory does not depend on what the bytes claim.
func containerLength(r *bufio.Reader) (int64, error) {
	c := container{r: r}
	c.skip(4) // timeout
	hasItems, hasStatics := c.u8(), c.u8()
	if hasItems > 1 || hasStatics != 0 {
		c.fail()
	}
	if hasItems == 1 {
		count, nullKey := c.i32(), c.i32()
		keys := count
		if nullKey >= 0 && nullKey < count {
			keys-- // the null key takes no bytes
		}
		c.skipKeys(keys)
		c.skip(4 * (int64(count) - 1)) // ends of all items but the last; no items at all fails
		c.skip(int64(c.i32()))         // the last end is the size of the value area
	}
	if c.u8() != 0xFF {
		c.fail()
	}
	return c.n, c.err
}

// container is a cursor with a sticky error.
type container struct {
	r   *bufio.Reader
	n   int64
	err error
}

func (c *container) fail() {
	if c.err == nil {
		c.err = io.ErrUnexpectedEOF
	}
}

func (c *container) u8() byte {
	if c.err != nil {
		return 0
	}
	b, err := c.r.ReadByte()
	if err != nil {
		c.err = err
		return 0
	}
	c.n++
	return b
}

func (c *container) i32() int32 {
	return int32(binary.LittleEndian.Uint32([]byte{c.u8(), c.u8(), c.u8(), c.u8()}))
}

func (c *container) skip(n int64) {
	if n < 0 {
		c.fail()
	}
	for c.err == nil && n > 0 {
		k, err := c.r.Discard(int(min(n, 1<<20)))
		c.n, n = c.n+int64(k), n-int64(k)
		c.err = err
	}
}

// skipKeys skips strings: a length in groups of seven bits, then the bytes (session-blob.md 1).
func (c *container) skipKeys(count int32) {
	for ; count > 0 && c.err == nil; count-- {
		var n uint32
		for shift := 0; ; shift += 7 {
			b := c.u8()
			if shift == 28 && b > 0x0F {
				c.fail()
			}
			n |= uint32(b&0x7F) << shift
			if b&0x80 == 0 || c.err != nil {
				break
			}
		}
		c.skip(int64(int32(n)))
	}
}
