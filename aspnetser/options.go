package aspnetser

import "github.com/aspstate/aspstate/aspnetser/nrbf"

// Options says how to read a blob. The zero value finds out about compression and has every limit on.
//
// In each limit 0 means the default and a negative number means no limit. A blob over a limit gives a *LimitError. The
// limits keep time and memory within a bounded multiple of the input; a blob over them may still be sound.
type Options struct {
	Compressed Compression

	// MaxItems is the most items a session may have. A decoded item takes some 100 bytes of memory, however few it has in
	// the blob. Default DefaultMaxItems.
	MaxItems int

	// MaxStaticObjects is the same for static objects. Default DefaultMaxStaticObjects.
	MaxStaticObjects int

	// MaxInflated and MaxRatio limit what a compressed blob may inflate to: MaxInflated bytes, or MaxRatio times its own
	// size where that is more. Either being negative switches both off. Defaults DefaultMaxInflated and DefaultMaxRatio.
	MaxInflated int64
	MaxRatio    int

	// Graph limits what the Objects of a blob may take, all of them together.
	Graph nrbf.Limits
}

// Default limits. Microsoft's reader has none (session-blob.md 7 and 8; fixtures count-huge, z-bomb-string, z-bomb-zeros).
const (
	DefaultMaxItems         = 1 << 16
	DefaultMaxStaticObjects = 1 << 14
	DefaultMaxInflated      = 8 << 20 // bytes; fixture z-big is ratio 206, so that a ratio alone cannot do
	DefaultMaxRatio         = 5
)

// maxTable is what a stored count, an i32, can reach at most.
const maxTable = 1<<31 - 1

func limit(set, byDefault, none int64) int64 {
	switch {
	case set < 0:
		return none
	case set == 0:
		return byDefault
	}
	return set
}

func (o Options) maxItems() int64 { return limit(int64(o.MaxItems), DefaultMaxItems, maxTable) }

func (o Options) maxStatics() int64 {
	return limit(int64(o.MaxStaticObjects), DefaultMaxStaticObjects, maxTable)
}

// maxInflated is the limit for a blob of n compressed bytes. Without a limit it is what a .NET array can hold.
func (o Options) maxInflated(n int) int64 {
	if o.MaxInflated < 0 || o.MaxRatio < 0 {
		return maxTable
	}
	byRatio := limit(int64(o.MaxRatio), DefaultMaxRatio, 0) * int64(n)
	return min(max(limit(o.MaxInflated, DefaultMaxInflated, 0), byRatio), maxTable)
}
