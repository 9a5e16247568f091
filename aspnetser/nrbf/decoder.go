package nrbf

import (
	"slices"
	"sync"
)

// Decoder decodes the streams of one blob one after the other. Its Limits count for all of them together, so that many
// small streams cost no more than one large one may, and it uses its memory again. It is for one goroutine at a time.
type Decoder struct{ r reader }

var decoders = sync.Pool{New: func() any { return &Decoder{r: reader{g: &Graph{}}} }}

// NewDecoder returns a Decoder for a blob of so many bytes: limits that grow with the size of the stream grow with that
// instead. Close must be called when it is not needed any more.
func NewDecoder(l Limits, size int) *Decoder {
	d := decoders.Get().(*Decoder)
	d.r.setLimits(l, size)
	return d
}

// Close gives the memory of the Decoder back. Graphs stay what they are.
func (d *Decoder) Close() {
	const maxKept = 32 << 20 // bytes; the collector empties the pool, and until then a huge stream after another needs no more
	r, g := &d.r, d.r.g
	if 16*(cap(r.stack)+cap(g.cells)+cap(r.frames)+cap(r.pending))+32*(cap(g.objects)+cap(g.texts))+64*(cap(g.members)+
		cap(g.classes)+cap(g.libs)+cap(g.arrays))+r.ids.size()+r.classes.size()+r.libs.size() > maxKept {
		return
	}
	d.r.reset("")
	clear(g.texts[:cap(g.texts)]) // they would keep the stream
	clear(g.members[:cap(g.members)])
	clear(g.classes[:cap(g.classes)])
	clear(g.libs[:cap(g.libs)])
	clear(g.arrays[:cap(g.arrays)])
	decoders.Put(d)
}

// Decode is the function Decode for a string, which is not copied: the graph keeps it.
func (d *Decoder) Decode(s string) (g *Graph, n int, err error) {
	if n, err = d.Check(s); err != nil {
		return nil, 0, err
	}
	const large = 1 << 12 // cells of a graph that is not worth copying
	if len(d.r.g.cells) > large {
		g, d.r.g = d.r.g, &Graph{}
	} else {
		g = d.r.g.clone(n)
	}
	return g, n, nil
}

// Check says what Decode says and keeps nothing.
func (d *Decoder) Check(s string) (n int, err error) {
	d.r.reset(s)
	d.r.run()
	if d.r.err != nil {
		return 0, d.r.err
	}
	return d.r.pos, nil
}

// Trace is the function Trace for a string.
func (d *Decoder) Trace(s string, emit func(Range)) (n int, err error) {
	d.r.reset(s)
	return d.r.trace(emit)
}

// clone returns a copy in tables that are no larger than needed; of a small graph they are one piece of memory. size is
// that of its stream. The bounds of arrays are shared.
func (g *Graph) clone(size int) *Graph {
	if size >= smallStream && len(g.cells) <= len(small{}.cells) && len(g.objects) <= len(small{}.objects) &&
		len(g.texts) <= len(small{}.texts) && len(g.classes) <= len(small{}.classes) && len(g.members) <= len(small{}.members) &&
		len(g.libs) <= len(small{}.libs) && len(g.marks) <= len(small{}.marks) && len(g.arrays) == 0 {
		s := &small{g: *g}
		s.g.cells, s.g.objects, s.g.texts = put(s.cells[:], g.cells), put(s.objects[:], g.objects), put(s.texts[:], g.texts)
		s.g.classes, s.g.members = put(s.classes[:], g.classes), put(s.members[:], g.members)
		s.g.libs, s.g.marks, s.g.arrays = put(s.libs[:], g.libs), put(s.marks[:], g.marks), nil
		return &s.g
	}
	c := *g
	c.cells, c.objects, c.arrays, c.texts = fit(g.cells), fit(g.objects), fit(g.arrays), fit(g.texts)
	c.classes, c.members, c.libs, c.marks = fit(g.classes), fit(g.members), fit(g.libs), fit(g.marks)
	return &c
}

// small is a graph with its tables, such as that of a short List<string> or of a DataTable in XML. It takes 1,280 bytes, so that
// streams of a few bytes are none.
type small struct {
	g       Graph
	cells   [14]cell
	objects [2]object
	texts   [5]text
	classes [2]class
	members [8]member
	libs    [1]library
	marks   [1]placedMark
}

const smallStream = 192 // bytes

func put[T any](to, from []T) []T { return slices.Clip(to[:copy(to, from)]) }

func fit[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return slices.Clone(s)
}

// Size is about how many bytes Append gives: exactly as many where nothing was changed.
func (g *Graph) Size() int {
	if g == nil {
		return 0
	}
	return len(g.stream)
}
