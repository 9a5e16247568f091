package aspnetser

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

func TestInflate(t *testing.T) {
	plain := map[string][]byte{}
	for _, c := range blobs.All(t) {
		plain[c.Name] = c.Bin
	}
	plain["net20-typical"], plain["net20-incompressible"] = plain["typical"], plain["o-byte-array-10k"]
	seen := 0
	for _, c := range blobs.All(t) {
		if !c.Compressed {
			continue
		}
		seen++
		want := plain[strings.TrimPrefix(c.Name, "z-")]
		if got, err := Inflate([]byte("x"), c.Bin, Options{}); err != nil || !bytes.Equal(got, append([]byte("x"), want...)) {
			t.Errorf("%s: %d bytes, %v", c.Name, len(got), err)
		}
		// Every cut loses either data or the end mark.
		for n := 0; n < len(c.Bin)-1; n += 1 + len(c.Bin)/200 {
			var bad *MalformedError
			if _, err := Inflate(nil, c.Bin[:n], Options{}); !errors.As(err, &bad) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s cut after %d bytes: %v", c.Name, n, err)
			}
		}
	}
	if seen < 10 {
		t.Fatalf("%d compressed cases only", seen)
	}
}

// The standard library inflates what Deflate writes, and leaves exactly the FF.
func TestDeflate(t *testing.T) {
	for _, c := range blobs.All(t) {
		out, err := Deflate([]byte("x"), c.Bin)
		if err != nil {
			t.Fatal(err)
		}
		r := bytes.NewReader(out[1:])
		back, err := io.ReadAll(flate.NewReader(r))
		if err != nil || !bytes.Equal(back, c.Bin) {
			t.Errorf("%s: came back as %d bytes, %v", c.Name, len(back), err)
		}
		if rest, _ := io.ReadAll(r); !bytes.Equal(rest, []byte{0xff}) || out[0] != 'x' {
			t.Errorf("%s: % x behind the deflate data", c.Name, rest)
		}
	}
}

// Sizes about the one from which blobs are inflated twice.
func TestInflateLarge(t *testing.T) {
	for _, n := range []int{eager - 1, eager, eager + 1, 3*eager + 17} {
		plain := bytes.Repeat([]byte("abcdefgh-"), n/9+1)[:n]
		packed, err := Deflate(nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		for _, dst := range [][]byte{nil, []byte("before")} {
			got, err := Inflate(dst, packed, Options{})
			if err != nil || !bytes.Equal(got, append(dst, plain...)) {
				t.Errorf("%d bytes came back as %d, %v", n, len(got)-len(dst), err)
			}
			_, consumed, err := inflate(dst, packed, int64(n))
			if err != nil || consumed != len(packed)-1 {
				t.Errorf("%d bytes: %d of %d consumed, %v", n, consumed, len(packed), err)
			}
			if _, _, err := inflate(dst, packed, int64(n)-1); err == nil {
				t.Errorf("%d bytes are taken under a limit of %d", n, n-1)
			}
			if _, _, err := inflate(dst, packed[:len(packed)-4], int64(n)); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes, cut: %v", n, err)
			}
		}
	}
}

// Pools are shared: many goroutines, forms and broken blobs at once (for the race detector).
func TestConcurrentUse(t *testing.T) {
	all := blobs.All(t)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range all {
				c := all[(i+g*16)%len(all)]
				want := FormPlain
				if c.Compressed {
					want = FormCompressed
				}
				if form, err := Examine(c.Bin, Options{}); form != want || err != nil {
					t.Errorf("%s: %v, %v", c.Name, form, err)
				}
				if _, err := Examine(c.Bin[:len(c.Bin)/2], Options{}); err == nil {
					t.Errorf("%s cut in half is taken", c.Name)
				}
				s, err := Decode(c.Bin, Options{})
				if err != nil {
					t.Error(err)
					continue
				}
				if _, err := s.Append(nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// Inflaters are used again: what one blob left behind must not decide about the next.
func TestInflateRemembersNothing(t *testing.T) {
	// A block with a distance table, and one that declares an empty one and refers back all the same.
	broken := emptyDistanceTable(t)
	var want string
	for i, c := range blobs.All(t) {
		if _, err := Inflate(nil, c.Bin, Options{}); (err == nil) != c.Compressed {
			t.Errorf("%s: %v", c.Name, err)
		}
		_, err := Inflate(nil, broken, Options{})
		if err == nil {
			t.Fatalf("after %s a reference back without a table is taken", c.Name)
		}
		if i == 0 {
			want = err.Error()
		}
		if err.Error() != want {
			t.Fatalf("after %s the error is %v, before it was %v", c.Name, err, want)
		}
	}
}

// emptyDistanceTable is deflate data of one dynamic block with the codes 'a', end and length 3, and no distance code at
// all, that uses length 3 (RFC 1951, 3.2.7).
func emptyDistanceTable(t *testing.T) []byte {
	t.Helper()
	var out []byte
	n := 0
	bit := func(v, width int) {
		for i := range width {
			if n%8 == 0 {
				out = append(out, 0)
			}
			out[n/8] |= byte(v>>i&1) << (n % 8)
			n++
		}
	}
	bit(1, 1)       // last block
	bit(2, 2)       // dynamic
	bit(258-257, 5) // literal codes 0 to 257
	bit(0, 5)       // one distance code
	bit(18-4, 4)    // 18 lengths of lengths, in the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1
	for _, l := range []int{0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2} {
		bit(l, 3)
	}
	// Codes of two bits, most significant first: 0 is 00, 1 is 01, 2 is 10, 18 is 11.
	code := func(c int) { bit(c>>1, 1); bit(c&1, 1) }
	zeros := func(n int) { code(3); bit(n-11, 7) }
	zeros(97)
	code(1) // 'a': one bit
	zeros(138)
	zeros(20)
	code(2) // end: two bits
	code(2) // length 3: two bits
	code(0) // the distance code is not used
	bit(0, 1)
	bit(0, 1)
	bit(0, 1) // three times 'a' is 0
	bit(1, 1)
	bit(1, 1) // length 3 is 11
	bit(0, 1) // a distance
	bit(1, 1)
	bit(0, 1) // end is 10
	return append(out, 0, 0, 0xff)
}
