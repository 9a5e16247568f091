package copier

import (
	"bytes"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/session"
)

// Aspect is a part of a session in which two stores can differ.
type Aspect string

// Aspects, in the order in which they are reported.
const (
	AspectMissing Aspect = "missing" // the target has no such session
	AspectExtra   Aspect = "extra"   // the source has no such session
	AspectSuffix  Aspect = "suffix"  // the target has it under another id rule or another id of its application
	AspectID      Aspect = "id"      // spelled in another letter case
	AspectPayload Aspect = "payload"
	AspectTimeout Aspect = "timeout"
	AspectCreated Aspect = "created"
	AspectExpires Aspect = "expires"
	AspectLock    Aspect = "lock" // locked, cookie or date
	AspectFlags   Aspect = "flags"
)

// compare returns the aspects in which got is not what want says, Revision aside: it is each store's own.
func compare(want, got *session.Record, anyForm bool) []Aspect {
	var as []Aspect
	if want.Key != got.Key {
		as = append(as, AspectID)
	}
	if !samePayload(want.Payload, got.Payload, anyForm) {
		as = append(as, AspectPayload)
	}
	if want.Timeout != got.Timeout {
		as = append(as, AspectTimeout)
	}
	if want.Created != got.Created {
		as = append(as, AspectCreated)
	}
	if want.Expires != got.Expires {
		as = append(as, AspectExpires)
	}
	if want.Lock != got.Lock {
		as = append(as, AspectLock)
	}
	if want.Flags != got.Flags {
		as = append(as, AspectFlags)
	}
	return as
}

// samePayload compares bytes; with anyForm two payloads are also the same when they inflate to the same bytes. That is
// for runs that change the compression: the deflater of another version of this program makes other bytes.
func samePayload(a, b []byte, anyForm bool) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if !anyForm {
		return false
	}
	most := int64(max(len(a), len(b))) // either may be the long plain form of the other
	pa, okA := plain(a, most, aspnetser.CompressionAuto)
	pb, okB := plain(b, most, aspnetser.CompressionAuto)
	return okA && okB && bytes.Equal(pa, pb)
}

// plain returns the uncompressed form of a payload that can be decoded, if it is at most as long as most or the codec's own limit.
func plain(p []byte, most int64, stored aspnetser.Compression) ([]byte, bool) {
	o := aspnetser.Options{Compressed: stored, MaxInflated: max(most, aspnetser.DefaultMaxInflated)}
	switch form, err := aspnetser.Examine(p, o); {
	case err != nil:
		return nil, false
	case form == aspnetser.FormPlain:
		return p, true
	}
	out, err := aspnetser.Inflate(nil, p, o)
	return out, err == nil
}
