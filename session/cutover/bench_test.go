package cutover

import (
	"testing"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// BenchmarkProxy is a read through a bridge in proxy, beside one without.
func BenchmarkProxy(b *testing.B) {
	old, fresh := memstore.New(memstore.Options{}), memstore.New(memstore.Options{})
	defer old.Close()
	defer fresh.Close()
	s, err := Open(b.Context(), Options{Old: old, New: fresh, Control: fresh, Holder: "b1"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.SetAndRelease(b.Context(), key("one"), val("x"), session.Insert()); err != nil {
		b.Fatal(err)
	}
	for name, store := range map[string]session.Store{"through": s, "without": old} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.Get(b.Context(), key("one")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
