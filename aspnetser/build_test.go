package aspnetser

import (
	"encoding/binary"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Record types, [MS-NRBF] 2.1.2.1.
const (
	recordClassWithID = 1
	recordSystemClass = 4
	recordNull        = 10
	recordEnd         = 11
	recordNulls       = 14
	recordObjectArray = 16
)

// header is the header record of a stream with root id 1.
func header() []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte{0}, 1), 0xff, 0xff, 0xff, 0xff)
	return append(b, 1, 0, 0, 0, 0, 0, 0, 0)
}

// emptyArray is the stream of an object[0].
func emptyArray() []byte {
	return append(header(), recordObjectArray, 1, 0, 0, 0, 0, 0, 0, 0, recordEnd)
}

func graphOfStream(t testing.TB, stream []byte) *nrbf.Graph {
	t.Helper()
	g, n, err := nrbf.Decode(stream, nrbf.Limits{})
	if err != nil || n != len(stream) {
		t.Fatalf("%d of %d bytes, %v", n, len(stream), err)
	}
	return g
}

// rawBlob puts a plain blob together from its parts, right or wrong.
type rawBlob struct {
	flags     [2]byte
	count     int32
	null      int32
	keys      []byte // with their lengths
	ends      []int32
	values    []byte
	static    []byte // with the count
	noTrailer bool
}

func (r rawBlob) bytes() []byte {
	b := []byte{20, 0, 0, 0, r.flags[0], r.flags[1]}
	if r.flags[0] != 0 {
		b = binary.LittleEndian.AppendUint32(b, uint32(r.count))
		if r.count > 0 {
			b = binary.LittleEndian.AppendUint32(b, uint32(r.null))
		}
		b = append(b, r.keys...)
		for _, e := range r.ends {
			b = binary.LittleEndian.AppendUint32(b, uint32(e))
		}
		b = append(b, r.values...)
	}
	b = append(b, r.static...)
	if !r.noTrailer {
		b = append(b, trailer)
	}
	return b
}

// withItems is a blob of items with the keys given and the values one after the other.
func withItems(keys []string, values ...[]byte) rawBlob {
	r := rawBlob{flags: [2]byte{1, 0}, count: int32(len(keys)), null: -1}
	for _, k := range keys {
		r.keys = append(appendLen7(r.keys, uint32(len(k)), 0), k...)
	}
	for _, v := range values {
		r.values = append(r.values, v...)
		r.ends = append(r.ends, int32(len(r.values)))
	}
	return r
}

// withStatics is a blob without items and with the static objects given.
func withStatics(count int32, entries ...[]byte) rawBlob {
	r := rawBlob{flags: [2]byte{0, 1}, static: binary.LittleEndian.AppendUint32(nil, uint32(count))}
	for _, e := range entries {
		r.static = append(r.static, e...)
	}
	return r
}

// int32Value is the value n as it is stored.
func int32Value(n int32) []byte {
	return binary.LittleEndian.AppendUint32([]byte{byte(TypeInt32)}, uint32(n))
}
