package aspnetser

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"slices"
	"sync"

	kp "github.com/klauspost/compress/flate"
)

// Inflate appends the inner blob of a compressed one to dst: RFC 1951 data without any wrapper, session-blob.md 7. The
// bytes behind the deflate data, FF as a rule, are not looked at, and neither is what was inflated. Deflate data that is
// cut short is a *MalformedError, also where only its end mark is missing. Limits: Options.MaxInflated, Options.MaxRatio.
func Inflate(dst, blob []byte, o Options) ([]byte, error) {
	out, _, err := inflate(dst, blob, o.maxInflated(len(blob)))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Deflate appends the compressed form of plain to dst: RFC 1951 data and FF. It does not look at what plain is.
func Deflate(dst, plain []byte) ([]byte, error) {
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	d.out = dst
	d.w.Reset(d)
	if _, err := d.w.Write(plain); err != nil {
		return nil, err
	}
	if err := d.w.Close(); err != nil {
		return nil, err
	}
	dst, d.out = d.out, nil
	return append(dst, trailer), nil
}

// deflater is a compressor that appends to out. klauspost/compress deflates three times as fast as the standard library.
type deflater struct {
	w   *kp.Writer
	out []byte
}

func (d *deflater) Write(p []byte) (int, error) {
	d.out = append(d.out, p...)
	return len(p), nil
}

var deflaters = sync.Pool{New: func() any {
	w, err := kp.NewWriter(nil, kp.DefaultCompression)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	return &deflater{w: w}
}}

// inflater is a decompressor over bytes. flate reads a bytes.Reader byte by byte and no further than the data go, so that
// what is left of src afterwards is what stands behind them.
//
// It is the standard library's, though klauspost/compress (1.20.3) inflates faster: that one keeps the code table of the
// block before, also that of another blob when it is used again, where a block declares a table and leaves it empty, so
// that what it says of broken data depends on what it inflated before (TestInflateRemembersNothing).
type inflater struct {
	src  bytes.Reader
	r    io.ReadCloser
	sink []byte
}

var inflaters = sync.Pool{New: func() any {
	z := &inflater{sink: make([]byte, 32<<10)}
	z.r = flate.NewReader(&z.src)
	return z
}}

func (z *inflater) reset(blob []byte) error {
	z.src.Reset(blob)
	return z.r.(flate.Resetter).Reset(&z.src, nil)
}

// eager is how many inflated bytes are kept before it is known how many there are. What inflates to more is inflated
// twice, first only to count, so that a bomb costs time in proportion to the limit and no memory.
const eager = 1 << 20

// inflate appends what the deflate data at the start of blob inflate to, and returns how many bytes the data are. On an
// error out holds what could be had, of at most eager bytes.
func inflate(dst, blob []byte, most int64) (out []byte, consumed int, err error) {
	z := inflaters.Get().(*inflater)
	defer func() {
		z.src.Reset(nil) // the pool shall not pin the blob
		inflaters.Put(z)
	}()
	if err := z.reset(blob); err != nil {
		return dst, 0, err
	}
	start := len(dst)
	dst = slices.Grow(dst, min(max(4*len(blob), 512), eager))
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, len(dst)-start+512)
		}
		n, err := z.r.Read(dst[len(dst):min(cap(dst), start+eager+1)])
		dst = dst[:len(dst)+n]
		switch total := int64(len(dst) - start); {
		case total > most:
			return dst, 0, tooLarge(most)
		case err == io.EOF:
			return dst, len(blob) - z.src.Len(), nil
		case err != nil:
			return dst, 0, z.broken(blob, err)
		case total > eager:
			return z.large(dst, start, blob, most)
		}
	}
}

// large goes on where dst has become large: counts, and then inflates into a buffer of the right size.
func (z *inflater) large(dst []byte, start int, blob []byte, most int64) ([]byte, int, error) {
	total := int64(len(dst) - start)
	for {
		n, err := z.r.Read(z.sink)
		total += int64(n)
		if total > most {
			return dst, 0, tooLarge(most)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return dst, 0, z.broken(blob, err)
		}
	}
	if err := z.reset(blob); err != nil {
		return dst, 0, err
	}
	out := append(make([]byte, 0, start+int(total)), dst[:start]...)
	out = out[:start+int(total)]
	if _, err := io.ReadFull(z.r, out[start:]); err != nil {
		return dst, 0, z.broken(blob, err)
	}
	// The end of the data is only read when there is nothing more to give.
	if n, err := z.r.Read(z.sink); n > 0 || err != io.EOF {
		return dst, 0, z.broken(blob, err)
	}
	return out, len(blob) - z.src.Len(), nil
}

func tooLarge(most int64) error {
	return &LimitError{Limit: "MaxInflated, MaxRatio", What: "inflated bytes", Max: most, Item: -1, Static: -1}
}

func (z *inflater) broken(blob []byte, err error) error {
	e := &MalformedError{Offset: int64(len(blob) - z.src.Len()), Item: -1, Static: -1, Reason: "deflate data are corrupt"}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		e.Reason, e.cause = "deflate data are cut short", io.ErrUnexpectedEOF
	}
	return e
}
