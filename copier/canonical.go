package copier

import (
	"bytes"

	"github.com/aspstate/aspstate/aspnetser"
)

// sameSession says whether two payloads are one session to ASP.NET: the same bytes, the same inflated bytes, or, where
// both can be decoded whole, the same keys in the same order, typed values, timeout and static objects. What nobody can
// decode is the same only if its bytes are. from says how a is compressed; about b the bytes have to say.
//
// It takes time and memory in proportion to the payloads and, of compressed ones, to the codec's limits.
func sameSession(a, b []byte, from aspnetser.Compression) bool {
	if bytes.Equal(a, b) {
		return true
	}
	most := int64(max(len(a), len(b))) // either may be the long plain form of the other
	pa, okA := plain(a, most, from)
	if !okA {
		return false
	}
	pb, okB := plain(b, most, aspnetser.CompressionAuto)
	if !okB {
		return false
	}
	if bytes.Equal(pa, pb) {
		return true
	}
	x, ok := decoded(pa)
	if !ok {
		return false
	}
	y, ok := decoded(pb)
	return ok && aspnetser.Equal(x, y)
}

// decoded decodes a plain payload, if all of it can be.
func decoded(p []byte) (*aspnetser.Session, bool) {
	s, err := aspnetser.Decode(p, aspnetser.Options{Compressed: aspnetser.CompressionNo})
	if err != nil || s.Err() != nil {
		return nil, false
	}
	return s, true
}
