package aspnetser

import (
	"slices"
	"testing"
	"time"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

// BenchmarkRatios runs the operations of the other benchmarks in turns, twenty times each, and reports how their median
// times compare, so that noise of the machine hits all of them alike: docs/performance.md.
func BenchmarkRatios(b *testing.B) {
	for _, c := range benchmarkCases(b) {
		b.Run(c.Name, func(b *testing.B) {
			const turns = 20
			ops := []func(){copyCase(b, c), indexCase(b, c), decodeCase(b, c), encodeCase(b, c), jsonCase(b, c)}
			took := make([][]time.Duration, len(ops))
			for b.Loop() {
				for i, op := range ops {
					from := time.Now()
					for range turns {
						op()
					}
					took[i] = append(took[i], time.Since(from))
				}
			}
			for i := range took {
				slices.Sort(took[i])
			}
			ratio := func(i, j int) float64 { return float64(took[i][len(took[i])/2]) / float64(took[j][len(took[j])/2]) }
			b.ReportMetric(ratio(1, 0), "index/copy")    // at most 10
			b.ReportMetric(ratio(4, 2), "json/decode")   // at least 10
			b.ReportMetric(ratio(2, 3), "decode/encode") // at least 1
		})
	}
}

func copyCase(_ *testing.B, c blobs.Case) func() {
	dst := make([]byte, len(c.Bin))
	return func() { copy(dst, c.Bin) }
}

func indexCase(b *testing.B, c blobs.Case) func() {
	var x Index
	return func() {
		if err := x.Read(c.Bin, Options{}); err != nil {
			b.Fatal(err)
		}
		n := 0
		for i := range x.Len() {
			n += len(x.Key(i)) + len(x.Slot(i))
		}
		if n == 0 {
			b.Fatal("no keys, no slots")
		}
	}
}

func decodeCase(b *testing.B, c blobs.Case) func() {
	return func() {
		if _, err := Decode(c.Bin, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func encodeCase(b *testing.B, c blobs.Case) func() {
	s, err := Decode(c.Bin, Options{})
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		if out, err := s.Append(nil); err != nil || len(out) != len(c.Bin) {
			b.Fatal(err)
		}
	}
}

// jsonCase decodes the same content from the JSON form, into structs as far as its shape is known beforehand.
func jsonCase(b *testing.B, c blobs.Case) func() {
	s, err := Decode(c.Bin, Options{})
	if err != nil {
		b.Fatal(err)
	}
	text := AppendJSON(nil, s)
	if c.Name == "primitives" {
		return func() { decodeJSON[*string](b, text, len(s.Items)) }
	}
	return func() { decodeJSON[any](b, text, len(s.Items)) }
}
