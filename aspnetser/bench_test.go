package aspnetser

import (
	"encoding/json"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

// The timing sessions of fixtures/blobs.
func benchmarkCases(b *testing.B) []blobs.Case {
	var cases []blobs.Case
	for _, c := range blobs.All(b) {
		if c.Name == "typical" || c.Name == "primitives" {
			cases = append(cases, c)
		}
	}
	if len(cases) != 2 {
		b.Fatal("the timing sessions are gone")
	}
	return cases
}

func timed(b *testing.B, do func(b *testing.B, c blobs.Case) func()) {
	for _, c := range benchmarkCases(b) {
		b.Run(c.Name, func(b *testing.B) {
			f := do(b, c)
			b.SetBytes(int64(len(c.Bin)))
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkCopy(b *testing.B) { timed(b, copyCase) }

func BenchmarkIndex(b *testing.B) { timed(b, indexCase) }

func BenchmarkExamine(b *testing.B) {
	timed(b, func(b *testing.B, c blobs.Case) func() {
		return func() {
			if _, err := Examine(c.Bin, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkExamineCompressed(b *testing.B) {
	timed(b, func(b *testing.B, c blobs.Case) func() {
		packed, err := Deflate(nil, c.Bin)
		if err != nil {
			b.Fatal(err)
		}
		return func() {
			if _, err := Examine(packed, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOpen opens a session, reads one item and writes the session, as a request does.
func BenchmarkOpen(b *testing.B) {
	timed(b, func(b *testing.B, c blobs.Case) func() {
		key := open(b, c.Bin, Options{}).Keys()[3]
		var out []byte
		return func() {
			s, err := Open(c.Bin, Options{})
			if err != nil {
				b.Fatal(err)
			}
			if _, err = s.Get(key); err != nil {
				b.Fatal(err)
			}
			if out, err = s.Append(out[:0]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) { timed(b, decodeCase) }

func BenchmarkEncode(b *testing.B) { timed(b, encodeCase) }

func BenchmarkJSON(b *testing.B) { timed(b, jsonCase) }

// decodeJSON decodes a session whose values are of type V.
func decodeJSON[V any](b *testing.B, text []byte, items int) {
	var v struct {
		Format                     int
		Compressed                 bool
		Timeout                    int32
		HasItems, HasStaticObjects bool
		Items                      []struct {
			Key   *string
			Type  string
			Value V
		}
	}
	if err := json.Unmarshal(text, &v); err != nil || len(v.Items) != items {
		b.Fatal(err)
	}
}

func BenchmarkDeflate(b *testing.B) {
	timed(b, func(b *testing.B, c blobs.Case) func() {
		return func() {
			if _, err := Deflate(nil, c.Bin); err != nil {
				b.Fatal(err)
			}
		}
	})
}
