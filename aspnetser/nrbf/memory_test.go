package nrbf

import (
	"bytes"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// hostile returns streams that make much of few bytes, of about n bytes each.
func hostile(n int) map[string][]byte {
	fill := func(start []byte, unit func(i int) []byte) []byte {
		b := append(bytes.Clone(head), start...)
		for i := 0; len(b) < n; i++ {
			b = append(b, unit(i)...)
		}
		return append(b, recordEnd)
	}
	array := func(count int) []byte { return made(rec(recordObjectArray), 1, count) }
	const many = 1<<31 - 1
	bools := func(members int) []byte {
		b := made(rec(recordSystemClass), 2, "C", members)
		b = append(b, make([]byte, members)...) // names of no bytes
		b = append(b, make([]byte, members)...) // Primitive
		return append(b, bytes.Repeat([]byte{byte(PrimitiveBoolean)}, members)...)
	}
	return map[string][]byte{
		"nulls one by one":           fill(array(n-len(head)-9), func(int) []byte { return []byte{recordNull} }),
		"runs of nulls":              fill(array(many), func(int) []byte { return made(rec(recordNulls), 100_000) }),
		"strings of no bytes":        fill(array(many), func(i int) []byte { return made(rec(recordString), i+2, "") }),
		"strings with scattered ids": fill(array(many), func(i int) []byte { return made(rec(recordString), i*7919+2_000_000, "") }),
		"arrays of no elements":      fill(array(many), func(i int) []byte { return made(rec(recordObjectArray), i+2, 0) }),
		"nested arrays":              fill(nil, func(i int) []byte { return made(rec(recordObjectArray), i+1, 1) }),
		"rectangular arrays of rank 32": fill(array(many), func(i int) []byte {
			return append(made(rec(recordBinaryArray), i+2, byte(arrayRectangular), 32), append(make([]byte, 128), declObject)...)
		}),
		"arrays of no elements, record 7": fill(array(many), func(i int) []byte {
			return made(rec(recordBinaryArray), i+2, byte(arraySingle), 1, 0, byte(declObject))
		}),
		"classes without members":   fill(array(many), func(i int) []byte { return made(rec(recordSystemClass), i+2, "", 0) }),
		"instances without members": fill(append(array(many), made(rec(recordSystemClass), 2, "", 0)...), func(i int) []byte { return made(rec(recordClassWithID), i+3, 2) }),
		"members": fill(array(many), func(i int) []byte {
			return append(made(rec(recordSystemClass), i+2, "", 100), append(make([]byte, 100), bytes.Repeat([]byte{declObject}, 100)...)...)
		}),
		"instances of 10,000 Booleans": fill(append(array(many), append(bools(10_000), make([]byte, 10_000)...)...), func(i int) []byte {
			return append(made(rec(recordClassWithID), i+3, 2), make([]byte, 10_000)...)
		}),
		"libraries":  fill(array(many), func(i int) []byte { return made(rec(recordLibrary), i+1, "") }),
		"no nulls":   fill(array(many), func(int) []byte { return []byte{recordNulls256, 0} }),
		"Decimals":   fill(made(rec(recordPrimitiveArray), 1, (n-27)/2, byte(PrimitiveDecimal)), func(int) []byte { return []byte{1, '1'} }),
		"long name":  fill(append(array(many), made(rec(recordSystemClass), 2, strings.Repeat("n", 100_000), 0)...), func(i int) []byte { return made(rec(recordClassWithID), i+3, 2) }),
		"one string": fill(append(array(many), made(rec(recordString), 2, strings.Repeat("n", 100_000))...), func(i int) []byte { return made(rec(recordReference), 2) }),
		"references": fill(array(many), func(i int) []byte { return made(rec(recordReference), 1) }),
	}
}

// No stream, sound or not, takes more memory than 64 MB and 20 times its size; nor does its JSON, written out in pieces.
func TestMemory(t *testing.T) {
	const mb = 1 << 20
	for _, size := range []int{mb, 8 * mb} {
		if size > mb && testing.Short() {
			continue
		}
		for name, b := range hostile(size) {
			high, kept := allocated(func() {
				g, _, err := Decode(b, Limits{})
				if err != nil {
					return
				}
				FlushJSON(nil, g.Root(), func(p []byte) []byte { return p[:0] })
			})
			t.Logf("%s: %d bytes: peak %d MB, %d in all", name, len(b), high/mb, kept/mb)
			if most := 64*mb + 20*len(b); high > most {
				t.Errorf("%s: %d bytes take %d MB", name, len(b), high/mb)
			}
		}
	}
}

// allocated runs f with a garbage collector that waits until the heap has doubled, and returns by how much the process
// grew at most and all that was allocated.
func allocated(f func()) (high, all int) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		top := uint64(0)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			metrics.Read(sample)
			top = max(top, sample[0].Value.Uint64())
			select {
			case <-stop:
				peak <- top
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(stop)
	top := <-peak
	runtime.ReadMemStats(&after)
	return max(int(top)-int(before.HeapAlloc), 0), int(after.TotalAlloc - before.TotalAlloc)
}
