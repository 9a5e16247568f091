package aspnetser

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// rawText is a key or a name as it lies in the blob.
type rawText struct {
	raw  span // its bytes
	form lenForm
	null bool // the null key, which takes no bytes
	odd  bool // its text is not its bytes but
	text span // these, in scratch.text
}

// scratch holds the tables of one container while it is read. It is taken from a pool, so that reading many blobs
// allocates little.
type scratch struct {
	stored int // bytes of the blob, compressed where it is
	odd    int // bytes of keys and names that are not UTF-8

	keys     []rawText
	statics  []rawStatic
	graphs   *nrbf.Decoder // of the blob at hand; nil before its first Object
	graphErr error         // of the last faultGraph
	text     []byte        // decoded text of odd keys and names
	inflated []byte        // for Examine, which keeps none of it

	unchecked bool // do not look for equal keys

	// For finding equal keys.
	seeds [3]uint64
	table []uint64
	a, b  []byte
}

var scratches = sync.Pool{New: func() any {
	return &scratch{seeds: [3]uint64{rand.Uint64(), rand.Uint64() | 1, rand.Uint64() | 1}}
}}

// maxKept is the most bytes a table may have that goes back to the pool: one huge blob shall not pin its tables.
const maxKept = 1 << 20

func newScratch() *scratch { return scratches.Get().(*scratch) }

func (sc *scratch) release() {
	sc.reset()
	if cap(sc.keys)*64+cap(sc.statics)*256+cap(sc.text)+cap(sc.table)*8+cap(sc.a)+cap(sc.b)+cap(sc.inflated) > maxKept {
		return
	}
	scratches.Put(sc)
}

// reset makes ready for another blob.
func (sc *scratch) reset() {
	sc.keys, sc.text, sc.graphErr, sc.odd = sc.keys[:0], sc.text[:0], nil, 0
	sc.dropStatics()
	if sc.graphs != nil {
		sc.graphs.Close()
		sc.graphs = nil
	}
}

// dropStatics forgets the static objects, whose graphs the pool shall not keep.
func (sc *scratch) dropStatics() {
	clear(sc.statics)
	sc.statics = sc.statics[:0]
}

// decoder returns the one decoder of all graphs of a blob. Its limits grow with the size of the blob as it is stored:
// a few bytes may inflate to many.
func (sc *scratch) decoder(o Options) *nrbf.Decoder {
	if sc.graphs == nil {
		sc.graphs = nrbf.NewDecoder(o.Graph, sc.stored)
	}
	return sc.graphs
}

// maxOddText is how many bytes of keys and names that are not UTF-8 a blob may have that is smaller itself.
const maxOddText = 1 << 20

// readText reads a str that belongs to the decoder d.
func (sc *scratch) readText(cur *cursor, fl field, d *textDecoder) rawText {
	var t rawText
	t.raw, t.form = cur.text(fl)
	if raw := t.raw.of(cur.b); !d.plain(raw) {
		// It may become three times as long, and a small compressed blob may hold much of it.
		if sc.odd += len(raw); sc.odd > max(maxOddText, sc.stored) {
			cur.fail(faultOddText, fl, t.raw.off, int64(max(maxOddText, sc.stored)))
			return t
		}
		t.odd = true
		t.text.off = len(sc.text)
		sc.text = d.appendText(sc.text, raw)
		t.text.n = len(sc.text) - t.text.off
	}
	return t
}

// bytes returns the text of t as UTF-8.
func (sc *scratch) bytes(blob []byte, t *rawText) []byte {
	if t.odd {
		return t.text.of(sc.text)
	}
	return t.raw.of(blob)
}

// duplicate looks for two texts that are equal without regard to case, and returns the first pair it meets, i before j.
// Null keys equal nothing. Time is linear whatever the texts are: the hash is seeded at random.
//
// Microsoft compares keys by the invariant culture's collation. This is Unicode simple case folding (strings.EqualFold),
// which differs in corners: composed and decomposed letters are kept apart here.
func (sc *scratch) duplicate(blob []byte, texts []rawText) (i, j int, found bool) {
	if len(texts) < 2 {
		return 0, 0, false
	}
	size := 4
	for size < 2*len(texts) {
		size *= 2
	}
	if cap(sc.table) < size {
		sc.table = make([]uint64, size)
	}
	sc.table = sc.table[:size]
	clear(sc.table)
	for j := range texts {
		t := &texts[j]
		if t.null {
			continue
		}
		text := sc.bytes(blob, t)
		h := sc.hash(text)
		entry := h&^0xffffffff | uint64(j+1)
		slot := int(h) & (size - 1)
		for ; sc.table[slot] != 0; slot = (slot + 1) & (size - 1) {
			e := sc.table[slot]
			if (e^entry)>>32 != 0 {
				continue
			}
			sc.a = appendFold(sc.a[:0], text)
			i := int(e&0xffffffff) - 1
			if sc.b = appendFold(sc.b[:0], sc.bytes(blob, &texts[i])); bytes.Equal(sc.a, sc.b) {
				return i, j, true
			}
		}
		sc.table[slot] = entry
	}
	return 0, 0, false
}

// hash is the same for texts that are equal without regard to case. Its seeds are random, so that nobody can choose keys
// that collide.
func (sc *scratch) hash(text []byte) uint64 {
	if !ascii(text) {
		sc.a = appendFold(sc.a[:0], text) // may fold to ASCII: the Kelvin sign is a K
		text = sc.a
	}
	h := sc.seeds[0] ^ uint64(len(text))
	for ; len(text) > 8; text = text[8:] {
		h = mix(h^caseless(binary.LittleEndian.Uint64(text)), sc.seeds[1])
	}
	return mix(mix(h^caseless(upTo8(text)), sc.seeds[1]), sc.seeds[2])
}

func ascii(text []byte) bool {
	for ; len(text) >= 8; text = text[8:] {
		if binary.LittleEndian.Uint64(text)&0x8080808080808080 != 0 {
			return false
		}
	}
	return upTo8(text)&0x8080808080808080 == 0
}

// upTo8 returns up to 8 bytes as one number. Texts of one length give one number only if they are the same.
func upTo8(text []byte) uint64 {
	switch n := len(text); {
	case n == 8:
		return binary.LittleEndian.Uint64(text)
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(text)) | uint64(binary.LittleEndian.Uint32(text[n-4:]))<<32
	case n > 0:
		return uint64(text[0]) | uint64(text[n/2])<<8 | uint64(text[n-1])<<16
	}
	return 0
}

// caseless sets the bit that tells small letters from capitals; that other characters become equal too does no harm.
func caseless(eight uint64) uint64 { return eight | 0x2020202020202020 }

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// appendFold appends s with every letter replaced by the first of those that differ from it by case only.
func appendFold(dst, s []byte) []byte {
	for i, c := range s {
		if c >= utf8.RuneSelf {
			return appendFoldRunes(dst, s[i:])
		}
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func appendFoldRunes(dst, s []byte) []byte {
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		s = s[size:]
		first := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			first = min(first, next)
		}
		dst = utf8.AppendRune(dst, first)
	}
	return dst
}
