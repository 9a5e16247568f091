package aspnetser

import (
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// View is a value as a person sees it: a List<string> is a list of three strings, where its record says _items, _size
// and _version. Views of session items, of graphs and of what is inside of them are had with [Session.View], [ViewOf]
// and [View.Lookup].
//
// A View reads the graph that it is of whenever it is used and is valid as long as that; see [nrbf.Value]. It is for one
// goroutine at a time.
type View struct {
	v    nrbf.Value
	item *Value // an item that has no graph
	made *made  // what no record stands for, or v in another shape
}

// made is a view that is put together: a row of a table, a bit of a BitArray.
type made struct {
	shape shape
	json  func(dst []byte) []byte
}

// ViewOf returns the view of a value of a graph.
func ViewOf(v nrbf.Value) View { return View{v: v} }

// viewOfItem returns the view of an item's value.
func viewOfItem(v *Value) View {
	if g, ok := v.Graph(); ok {
		return View{v: g.Root()}
	}
	return View{item: v}
}

// Value returns the value of the graph that the view is of. ok is false where no single value stands for what is seen: a
// row of a DataTable, a bit of a BitArray, an item that is no Object.
func (w View) Value() (v nrbf.Value, ok bool) {
	if w.item != nil || w.made != nil && w.v.IsNull() {
		return nrbf.Value{}, false
	}
	return w.v, true
}

// id tells objects apart, as nrbf.Value.ID does.
func (w View) id() (int, bool) { return w.v.ID() }

// ViewOptions limits what is shown of a value. In each field 0 is the default, and a negative number no limit.
//
// What is read in order to show tables has a limit that is no option: 8 MiB of XML, or of streams inside of a DataSet in
// binary format, in one view; in the text of a session, for all of it together. A DataTable or DataSet beyond that is shown
// member by member, and says so with its size. [View.Lookup] reads up to 32 MiB.
type ViewOptions struct {
	// Indent is how many blanks each line but the first begins with, besides those that show what is inside of what.
	Indent int

	// MaxElements is the most elements, entries or rows that are shown of one list, map or table. Default 50.
	MaxElements int

	// MaxText is the most characters of a text; of a longer one the size is given. Default 120.
	MaxText int

	// MaxDepth is how many values may stand one inside another. Default 32, and at most 256.
	MaxDepth int

	// MaxBytes is about how many bytes are written, a line more or less. Default 65,536.
	MaxBytes int
}

const (
	defaultViewElements = 50
	defaultViewText     = 120
	defaultViewDepth    = 32
	maxViewDepth        = 256 // views recurse
	defaultViewBytes    = 64 << 10
	noViewLimit         = 1<<31 - 1

	maxViewMembers = 200 // members of one object, columns of a schema
	maxViewColumns = 24  // columns that are shown side by side
	shownCell      = 40  // characters of a cell

	// maxViewXML is the most bytes of XML, and of streams inside byte arrays, that one view reads. Many tables may refer to
	// one long text.
	maxViewXML = 8 << 20
)

func (o ViewOptions) filled() ViewOptions {
	fill := func(n *int, byDefault, most int) {
		switch {
		case *n < 0:
			*n = most
		case *n == 0:
			*n = byDefault
		}
		*n = min(*n, most)
	}
	fill(&o.MaxElements, defaultViewElements, noViewLimit)
	fill(&o.MaxText, defaultViewText, noViewLimit)
	fill(&o.MaxDepth, defaultViewDepth, maxViewDepth)
	fill(&o.MaxBytes, defaultViewBytes, noViewLimit)
	o.Indent = min(max(o.Indent, 0), 64)
	return o
}

// AppendGraphText appends a value of a graph for people, as [View.AppendText] does.
func AppendGraphText(dst []byte, v nrbf.Value, o ViewOptions) []byte {
	return ViewOf(v).AppendText(dst, o)
}
