package copier

import (
	"bytes"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

// Hostile payloads neither panic nor take time out of proportion, a payload is the same as itself in either form, and what
// nobody can decode only as its bytes.
func FuzzSameSession(f *testing.F) {
	add := func(b []byte) {
		if len(b) <= 16<<10 {
			f.Add(b, fixtures.Blob("typical"))
			f.Add(b, b)
		}
	}
	for _, c := range blobs.All(f) {
		add(c.Bin)
	}
	for _, c := range malformed.All(f) {
		add(c.Bin)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		const auto = aspnetser.CompressionAuto
		same := sameSession(a, b, auto)
		if !sameSession(a, a, auto) || same != sameSession(b, a, auto) {
			t.Fatal("not reflexive, or not symmetric")
		}
		p, okA := plain(a, int64(len(a)), auto)
		q, okB := plain(b, int64(len(b)), auto)
		switch {
		case !okA || !okB:
			if same != bytes.Equal(a, b) {
				t.Fatal("what nobody can decode is compared otherwise than by its bytes")
			}
			return
		case same:
			x, _ := aspnetser.Decode(p, aspnetser.Options{Compressed: aspnetser.CompressionNo})
			y, _ := aspnetser.Decode(q, aspnetser.Options{Compressed: aspnetser.CompressionNo})
			if !bytes.Equal(p, q) && (x == nil || y == nil || !aspnetser.Equal(x, y)) {
				t.Fatal("different sessions are called the same")
			}
		case bytes.Equal(p, q):
			t.Fatal("one session in two forms is called two")
		}
	})
}
