package layout

import (
	"bytes"
	"compress/flate"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

// buffer is what async 1.0 stores: a buffer of 7000 bytes, or that doubled as often as it must be.
func buffer(payload, before []byte) []byte {
	n := 7000
	for n < len(payload) || n < len(before) {
		n *= 2
	}
	b := make([]byte, n)
	copy(b, before) // what was in the buffer before
	copy(b, payload)
	return b
}

func deflated(t testing.TB, plain []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), 0xFF)
}

func inflated(t testing.TB, b []byte) []byte {
	t.Helper()
	plain, err := io.ReadAll(flate.NewReader(bytes.NewReader(b)))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func checkTail(t *testing.T, why string, stored, want []byte, kind NoteKind) {
	t.Helper()
	rec, notes, err := v10.Record(&Row{Item: stored}, Zone{})
	if err != nil {
		t.Fatalf("%s: %v", why, err)
	}
	if !bytes.Equal(rec.Payload, want) {
		t.Errorf("%s: %d bytes became %d, want %d", why, len(stored), len(rec.Payload), len(want))
	}
	var expect []NoteKind
	if kind != "" {
		expect = []NoteKind{kind}
	}
	if !slices.Equal(kinds(notes), expect) {
		t.Errorf("%s: notes %v, want %q", why, notes, kind)
	}
}

// TestRealTails puts every blob of the fixtures into a buffer as async 1.0 does.
func TestRealTails(t *testing.T) {
	trimmed, kept := 0, 0
	for _, c := range blobs.All(t) {
		plain := c.Bin
		if c.Compressed {
			plain = inflated(t, c.Bin)
		}
		stored, want, kind := buffer(c.Bin, nil), c.Bin, NoteTrimmedTail
		if c.Compressed {
			stored = buffer(c.Bin, plain)
		}
		switch {
		case len(plain) > 5 && plain[5] != 0: // static objects
			want, kind = stored, NoteKeptTail
			kept++
		case c.Name == "s-has-items-count-0", c.Name == "s-bool-2":
			want, kind = stored, NoteKeptTail // the provider does not write that: doubt
			kept++
		default:
			trimmed++
		}
		checkTail(t, c.Name, stored, want, kind)
		// Stored exactly, by us: it stays as it is, and where it could be a buffer there is at most a doubt.
		if rec, _, err := v10.Record(&Row{Item: c.Bin}, Zone{}); err != nil || !bytes.Equal(rec.Payload, c.Bin) {
			t.Errorf("%s stored exactly: %d bytes became %d, %v", c.Name, len(c.Bin), len(rec.Payload), err)
		}
		if !c.Compressed && kind == NoteTrimmedTail {
			for _, level := range []int{flate.NoCompression, flate.BestSpeed, flate.BestCompression, flate.HuffmanOnly} {
				z := deflated(t, plain, level)
				checkTail(t, c.Name+" compressed", buffer(z, plain), z, NoteTrimmedTail)
			}
		}
	}
	if trimmed < 100 || kept < 5 {
		t.Errorf("%d trimmed, %d kept", trimmed, kept)
	}
}

// TestDoubtfulTails: nothing that a reader could need may go.
func TestDoubtfulTails(t *testing.T) {
	empty := []byte{20, 0, 0, 0, 0, 0, 0xFF}
	item := []byte("\x14\x00\x00\x00\x01\x00\x01\x00\x00\x00\xff\xff\xff\xff\x03key\x07\x00\x00\x00\x01\x05value\xff")
	long := []byte("\x14\x00\x00\x00\x01\x00\x01\x00\x00\x00\xff\xff\xff\xff\x03key\x70\x17\x00\x00\x01\xed\x2e" + strings.Repeat("v", 5997) + "\xff")
	z := deflated(t, long, flate.DefaultCompression)
	at := func(b []byte, i int, v byte) []byte { b = slices.Clone(b); b[i] = v; return b }
	keep := func(why string, stored []byte) { t.Helper(); checkTail(t, why, stored, stored, NoteKeptTail) }

	checkTail(t, "the smallest payload", buffer(empty, nil), empty, NoteTrimmedTail)
	checkTail(t, "one item", buffer(item, nil), item, NoteTrimmedTail)
	checkTail(t, "a long item", buffer(long, nil), long, NoteTrimmedTail)
	checkTail(t, "compressed over what was there before", buffer(z, long), z, NoteTrimmedTail)
	checkTail(t, "compressed, zeros behind", buffer(z, nil), z, NoteTrimmedTail)
	checkTail(t, "shorter than any buffer", append(slices.Clone(empty), 0, 0, 0), append(slices.Clone(empty), 0, 0, 0), "")

	keep("something behind a plain payload", at(buffer(item, nil), 6999, 1))
	keep("static objects", at(buffer(item, nil), 5, 1))
	keep("no FF", at(buffer(empty, nil), 6, 0xFE))
	keep("zeros", make([]byte, 7000))
	keep("noise", noise(7000))
	keep("a count without end", buffer([]byte("\x14\x00\x00\x00\x01\x00\xff\xff\xff\x7f\xff\xff\xff\xff"), nil))
	keep("a value area beyond the end", buffer(at(item, 20, 0x70), nil))
	keep("a negative end", buffer(at(item, 21, 0x80), nil))
	keep("a key of negative length", buffer([]byte("\x14\x00\x00\x00\x01\x00\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x0f"), nil))
	key := func(length string) []byte { // an item whose key is empty, its length written so
		return buffer([]byte("\x14\x00\x00\x00\x01\x00\x01\x00\x00\x00\xff\xff\xff\xff"+length+"\x01\x00\x00\x00\x15\xff"), nil)
	}
	checkTail(t, "a key length of five bytes", key("\x80\x80\x80\x80\x00"), key("\x80\x80\x80\x80\x00")[:25], NoteTrimmedTail)
	keep("a key of negative length, else whole", key("\xff\xff\xff\xff\x0f"))
	keep("a negative end, else whole", buffer([]byte("\x14\x00\x00\x00\x01\x00\x01\x00\x00\x00\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff"), nil))
	keep("no items, else whole", buffer([]byte("\x14\x00\x00\x00\x01\x00\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x00\xff"), nil))
	keep("a key length of six bytes", key("\x80\x80\x80\x80\x80\x00"))
	keep("a key length with bits beyond the 32nd", key("\x80\x80\x80\x80\x10"))
	keep("compressed, no FF behind", at(buffer(z, nil), len(z)-1, 0xFE))
	keep("compressed, more inflated than one payload", buffer(deflated(t, append(slices.Clone(long), 0), flate.DefaultCompression), nil))
	keep("compressed, static objects", buffer(deflated(t, at(long, 5, 1), flate.DefaultCompression), nil))
	keep("compressed, cut short", buffer(z[:len(z)-4], nil))
}

// TestMalformedTails: whatever is broken inside, bytes are only ever cut off behind a payload that was read to its end.
func TestMalformedTails(t *testing.T) {
	for _, c := range malformed.All(t) {
		stored := buffer(c.Bin, nil)
		rec, notes, err := v10.Record(&Row{Item: stored}, Zone{})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if !bytes.HasPrefix(stored, rec.Payload) || len(bytes.Trim(stored[len(rec.Payload):], "\x00")) > 0 {
			t.Errorf("%s: %d bytes of %d became %d", c.Name, len(c.Bin), len(stored), len(rec.Payload))
		}
		if len(notes) != 1 {
			t.Errorf("%s: notes %v", c.Name, notes)
		}
	}
}

// TestInflatingIsBounded: at the limit nobody knows whether the stream ends, whatever byte comes next.
func TestInflatingIsBounded(t *testing.T) {
	plain := []byte("\x14\x00\x00\x00\x01\x00\x01\x00\x00\x00\xff\xff\xff\xff\x03key\x0a\x00\x00\x00\x01\x08........\xff")
	size := int64(len(plain))
	for seed := range 100 {
		copy(plain[24:32], noise(8+seed))
		z := deflated(t, plain, flate.BestSpeed)
		stored := append(slices.Clone(z), 0xFF, 0xFF)
		if got := compressedEnd(stored, size+1); got != len(z) {
			t.Fatalf("below the limit: %d of %d", got, len(z))
		}
		for limit := range size + 1 {
			if got := compressedEnd(stored, limit); got != 0 {
				t.Fatalf("limit %d of %d: %d", limit, size, got)
			}
		}
	}
}
