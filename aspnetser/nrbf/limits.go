package nrbf

// Limits keep the time and memory of decoding within a bounded multiple of the stream. In each 0 means the default and a
// negative number no limit. A stream over a limit gives a *LimitError; it may be sound. Microsoft's reader has none of
// them (session-blob.md 5).
type Limits struct {
	// MaxMemory is the most bytes that the values, objects and names of a graph may take in memory, or 12 times the stream's
	// size where that is more; the copy of the stream comes on top. A value takes 16 bytes, also one of a run of nulls, which
	// is 5 bytes of the stream however long it is. Default DefaultMaxMemory.
	MaxMemory int

	// MaxDepth is the most objects that may stand one inside another in the stream. Objects behind references are not
	// inside. Nothing recurses over it; each takes 20 bytes. Default DefaultMaxDepth.
	MaxDepth int

	// MaxExpanded is the most bytes that names and texts may take when every mention of them is spelt out, as JSON does, or
	// 32 times the size of the stream where that is more. A string of a megabyte can be mentioned by 5 bytes. Default
	// DefaultMaxExpanded.
	MaxExpanded int
}

// Default limits. Of the real fixtures over 10 KB the one that takes most is o-wide, with 10 times its size.
const (
	DefaultMaxMemory   = 8 << 20
	DefaultMaxDepth    = 1 << 20 // fixture nrbf-depth-bomb has 50,000
	DefaultMaxExpanded = 64 << 20
)

// What the parts of a graph are counted as, in bytes: their size, and what tables of them take.
const (
	memoryGraph   = 352 // of each stream
	memoryValue   = 16  // once in the graph, and once on the stack of the reader at its highest
	memoryObject  = 36  // with its id
	memoryText    = 24
	memoryClass   = 64
	memoryMember  = 56
	memoryArray   = 88
	memoryBound   = 8 // a length and a lower bound
	memoryLibrary = 40
	memoryMark    = 32
	memorySparse  = 48 // an id out of the usual order
)

func limit(set, byDefault, atLeast int) int64 {
	switch {
	case set < 0:
		return 1<<63 - 1
	case set == 0:
		set = byDefault
	}
	return int64(max(set, atLeast))
}
