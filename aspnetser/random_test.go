package aspnetser

import (
	"math/rand/v2"
	"testing"
)

// Blobs put together at random from sound and odd parts: they come much further than what a fuzzer makes of bytes.
func TestRandomBlobs(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 27))
	decoded, whole := 0, 0
	for range 30000 {
		blob := randomBlob(r)
		o := Options{Compressed: CompressionNo}
		if s, err := Decode(blob, o); err == nil {
			decoded++
			if s.Err() == nil {
				whole++
			}
		}
		checkDecode(t, blob, o)
		out, _ := AppendOffsets(nil, blob, o)
		checkTiles(t, out, blob, o)
		if t.Failed() {
			t.Fatalf("% x", blob)
		}
	}
	if decoded < 10000 || whole < 3000 || whole > 25000 {
		t.Errorf("%d decoded, %d of them whole: the parts are badly chosen", decoded, whole)
	}
}

// pick returns one of several, the first more often than the others.
func pick[T any](r *rand.Rand, usual T, others ...T) T {
	if i := r.IntN(8 * (len(others) + 1)); i < len(others) {
		return others[i]
	}
	return usual
}

func randomBlob(r *rand.Rand) []byte {
	b := rawBlob{flags: [2]byte{pick[byte](r, 1, 0, 2, 255), pick[byte](r, 0, 1, 1, 1, 128)}, null: -1}
	n := r.IntN(5)
	b.count = pick(r, int32(n), 0, -1)
	b.null = pick(r, b.null, 0, 1, int32(r.IntN(6)), -7)
	for i := range n {
		if b.count > 0 && i == int(b.null) {
			continue
		}
		b.keys = append(b.keys, randomText(r, i)...)
	}
	for range n {
		b.values = append(b.values, randomValue(r)...)
		b.ends = append(b.ends, pick(r, int32(len(b.values)), 0, -1, int32(r.IntN(40)), int32(len(b.values)-1)))
	}
	if n > 0 {
		b.ends[n-1] = int32(len(b.values))
	}
	if b.count <= 0 {
		b.keys, b.ends, b.values = nil, nil, nil
	}
	if b.flags[1] != 0 {
		b.static = randomStatics(r)
	}
	blob := b.bytes()
	switch pick(r, 0, 1, 2, 3) {
	case 1:
		return append(blob, byte(r.Uint32()))
	case 2:
		return blob[:r.IntN(len(blob)+1)]
	case 3:
		blob[r.IntN(len(blob))] = byte(r.Uint32())
	}
	return blob
}

func randomText(r *rand.Rand, i int) []byte {
	text := pick(r, string(rune('a'+i)), "", "K", "k", "\xff", "é", "a\xe4", "\xb8", "\xb8\xad", "\xf0\x9f", "\x98\x80", "\xed\xa0\x80", "中")
	form := pick[lenForm](r, 0, 2, 5, 5|3<<3)
	return append(appendLen7(nil, uint32(len(text)), form), text...)
}

func randomValue(r *rand.Rand) []byte {
	typ := byte(1 + r.IntN(21))
	typ = pick(r, typ, 0, 22, 255)
	v := []byte{typ}
	switch Type(typ) {
	case TypeString:
		v = append(v, randomText(r, r.IntN(20))...)
	case TypeObject:
		stream := append(header(), recordObjectArray, 1, 0, 0, 0, 2, 0, 0, 0)
		stream = append(stream, pick(r, []byte{recordNull, recordNull, recordEnd}, nil, []byte{recordNull, recordEnd},
			[]byte{9, 1, 0, 0, 0, recordNull, recordEnd}, []byte{9, 2, 0, 0, 0, recordNull, recordEnd})...)
		if r.IntN(20) == 0 {
			stream[r.IntN(len(stream))] = byte(r.Uint32())
		}
		v = append(v, stream...)
	case TypeChar:
		v = append(v, pick(r, "c", "é", "中", "\x80", "\xff", "\xc3", "\xe4\xb8", "\xed\xa0\x80", "😀")...)
	case TypeIntPtr, TypeUIntPtr:
		v = append(v, make([]byte, pick(r, 8, 4, 5))...)
	case TypeDecimal:
		v = append(v, byte(r.Uint32()), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, pick[byte](r, 0, 1), 0, byte(r.IntN(30)), pick[byte](r, 0, 128, 64))
	default:
		if int(typ) < len(fixedSize) {
			for range fixedSize[typ] {
				v = append(v, pick[byte](r, 0, 1, byte(r.Uint32())))
			}
		}
	}
	return append(v, pick(r, "", "\x00", "slack")...)
}

func randomStatics(r *rand.Rand) []byte {
	n := r.IntN(4)
	b := []byte{byte(n), 0, 0, 0}
	if n == 0 && r.IntN(2) == 0 {
		b[3] = 0x80
	}
	for i := range n {
		b = append(b, randomText(r, i)...)
		if r.IntN(3) == 0 {
			b = append(b, 0)
			b = append(b, randomText(r, 9)...)
			b = append(b, pick[byte](r, 0, 1, 2))
			continue
		}
		b = append(b, pick[byte](r, 1, 3))
		v := randomValue(r)
		b = append(b, v...)
	}
	return b
}
