package nrbf

// Limits keep the time and memory of decoding within a bounded multiple of the stream. In each 0 means the default and a
// negative number no limit. A stream over a limit gives a *LimitError; it may be sound. Microsoft's reader has none of
// them (session-blob.md 5).
type Limits struct {
	// MaxValues is the most values a graph may have: members and elements, those of primitive arrays aside. Each takes 16
	// bytes of memory, however few it has in the stream. Default DefaultMaxValues.
	MaxValues int

	// MaxNulls is the most elements that runs of nulls may claim, or as many as the stream has bytes where that is more.
	// Default DefaultMaxNulls.
	MaxNulls int

	// MaxMembers is the most members that all class records together may declare. Default DefaultMaxMembers.
	MaxMembers int

	// MaxDepth is the most objects that may stand one inside another in the stream. Objects behind references are not
	// inside. Nothing recurses over it; each takes 32 bytes. Default DefaultMaxDepth.
	MaxDepth int

	// MaxExpanded is the most bytes that names and texts may take when every mention of them is spelt out, as views do, or
	// 16 times the size of the stream where that is more. A string of a megabyte can be mentioned by 5 bytes. Default
	// DefaultMaxExpanded.
	MaxExpanded int
}

// Default limits. The largest of the real fixtures has 21,000 values (o-wide).
const (
	DefaultMaxValues   = 1 << 22
	DefaultMaxNulls    = 1 << 20 // the spare places of a List<T> of 1,048,577 elements, whose capacity doubles, are one less
	DefaultMaxMembers  = 1 << 17
	DefaultMaxDepth    = 1 << 20 // fixture nrbf-depth-bomb has 300,000
	DefaultMaxExpanded = 16 << 20
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
