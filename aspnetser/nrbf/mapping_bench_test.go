package nrbf

import "testing"

// BenchmarkUnmarshal is what a conversion costs beside the decoding of the same stream.
func BenchmarkUnmarshal(b *testing.B) {
	order := roots(b, "o-order")[0].g.Append(nil)
	wide := roots(b, "o-wide")[0].g.Append(nil)
	numbers, err := Marshal(make([]int32, 1<<16))
	if err != nil {
		b.Fatal(err)
	}
	ints := numbers.Append(nil)
	for _, c := range []struct {
		name   string
		stream []byte
		dst    func() any
	}{
		{"order/struct", order, func() any { return new(shopOrder) }},
		{"order/any", order, func() any { return new(any) }},
		{"wide/any", wide, func() any { return new(any) }},
		{"ints/slice", ints, func() any { return new([]int32) }},
	} {
		g, _, err := Decode(c.stream, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.stream)))
			b.ReportAllocs()
			for b.Loop() {
				if err := Unmarshal(g.Root(), c.dst()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/decoding", func(b *testing.B) {
			b.SetBytes(int64(len(c.stream)))
			for b.Loop() {
				if _, _, err := Decode(c.stream, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
