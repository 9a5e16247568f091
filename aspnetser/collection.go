package aspnetser

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// ErrNoItem is what Get gives for a key that no item has. ASP.NET gives null; here null is a value.
var ErrNoItem = errors.New("no such item")

// Collection is a session as ASP.NET's SessionStateItemCollection holds one: values by key, of which each is decoded when
// it is asked for, and then remembered. Append writes items that were not asked for as the bytes that they came in, also
// broken ones, and all others from their values, so that a Collection that was opened and not changed gives the same
// bytes; what was changed inside the graph of an Object is written too.
//
// Keys that differ by case only are one key, by Unicode simple case folding; see the package comment. Items are in the
// order in which they were first set. Setting one that exists keeps its place and the spelling of its key. The null key,
// which Session[null] of ASP.NET names, is a key of its own and not the empty one: see GetNull.
//
// The zero Collection is empty. A Collection is for one goroutine at a time, also for reading.
type Collection struct {
	Form    Form  // whether Append compresses; FormUnknown is written plain
	Timeout int32 // minutes; 20 where web.config says nothing

	s         Session // Items may have gaps, see Item.gone
	gaps      int
	keys      map[string]int // place in s.Items by folded key; nil before the first look-up
	null      int            // one more than the place of the item with the null key, 0: there is none; as keys is
	container container
	walks     []*walk // the loops over All that are under way
	inflated  bool    // the container is that of a compressed blob
	sc        scratch // its decoder of graphs
	o         Options
	folded    []byte
}

// Open opens a blob. What Microsoft's reader refuses when it opens one is an error here, and so is what breaks a limit of
// the container: see [Decode]. Static objects are decoded; no item is.
//
// The Collection refers to blob, which must not change while it is in use.
func Open(blob []byte, o Options) (*Collection, error) {
	sc := newScratch()
	defer sc.release()
	r, err := read(blob, o, sc, nil)
	if err != nil {
		return nil, err
	}
	c := &Collection{Form: r.form, Timeout: r.container.timeout, container: r.container, inflated: r.form == FormCompressed, o: o}
	c.s.open(&r, sc, &textPool{})
	for i := range c.s.Items {
		c.s.Items[i].at, c.s.Items[i].Value.typ = int32(i), typeStored
	}
	c.sc.graphs, sc.graphs = sc.graphs, nil // what the static objects took of the limits stays taken
	return c, nil
}

// typeStored marks a value that has not been decoded: it is the slot Item.at.
const typeStored Type = 254

// Len returns the number of items.
func (c *Collection) Len() int { return len(c.s.Items) - c.gaps }

// Get returns the value of the item with this key. The error is ErrNoItem where there is none. Where the item cannot be
// decoded it is a *MalformedError or *LimitError, and the Value is Undecodable; other items are not concerned. The graph
// of an Object may be changed in place.
func (c *Collection) Get(key string) (Value, error) {
	i, ok := c.find(key)
	if !ok {
		return Value{}, fmt.Errorf("item %s: %w", nrbf.QuoteCut(key, 40), ErrNoItem)
	}
	return c.value(i)
}

// GetNull is Get for the null key.
func (c *Collection) GetNull() (Value, error) {
	i, ok := c.findNull()
	if !ok {
		return Value{}, fmt.Errorf("item null: %w", ErrNoItem)
	}
	return c.value(i)
}

// value decodes the item at place i.
func (c *Collection) value(i int) (Value, error) {
	it := &c.s.Items[i]
	if it.Value.typ == typeStored {
		it.Value = Value{}
		c.s.decodeItem(&c.container, &c.sc, int(it.at), &it.Value, &textPool{}, c.o)
	}
	if it.Value.typ != TypeUndecodable {
		return it.Value, nil
	}
	return it.Value, it.Value.err(int(it.at), it.Key, c.inflated)
}

// Set sets the value of the item with this key, and makes the item, behind all others, if there is none. What cannot be
// written is refused by Append.
func (c *Collection) Set(key string, v Value) {
	if i, ok := c.find(key); ok {
		c.s.Items[i].Value = v
		return
	}
	c.keys[string(c.folded)] = len(c.s.Items)
	c.s.Items = append(c.s.Items, Item{Key: key, Value: v})
}

// SetNull is Set for the null key.
func (c *Collection) SetNull(v Value) {
	if i, ok := c.findNull(); ok {
		c.s.Items[i].Value = v
		return
	}
	c.s.Items = append(c.s.Items, Item{NullKey: true, Value: v})
	c.null = len(c.s.Items)
}

// Remove removes the item with this key and says whether there was one.
func (c *Collection) Remove(key string) bool {
	i, ok := c.find(key)
	if ok {
		delete(c.keys, string(c.folded))
		c.remove(i)
	}
	return ok
}

// RemoveNull is Remove for the null key.
func (c *Collection) RemoveNull() bool {
	i, ok := c.findNull()
	if ok {
		c.null = 0
		c.remove(i)
	}
	return ok
}

// remove leaves a gap, and closes all when half of the places are gaps, so that removing takes time in proportion to the
// items.
func (c *Collection) remove(i int) {
	c.s.Items[i] = Item{gone: true}
	if c.gaps++; 2*c.gaps >= len(c.s.Items) {
		c.compact()
	}
	c.emptied()
}

// Clear removes all items. Static objects stay.
func (c *Collection) Clear() {
	clear(c.s.Items)
	c.s.Items, c.gaps, c.keys, c.null = c.s.Items[:0], 0, nil, 0
	for _, w := range c.walks {
		*w = walk{}
	}
	c.emptied()
}

// emptied drops the flag of a collection that has lost its last item, as Microsoft's writer does.
func (c *Collection) emptied() {
	if c.Len() == 0 {
		c.s.HasItems, c.s.Oddities.HasItems = false, 0
	}
}

// compact closes the gaps.
func (c *Collection) compact() {
	if c.gaps == 0 {
		return
	}
	for _, w := range c.walks {
		*w = walk{c.live(w.next), c.live(w.end)}
	}
	n := 0
	for _, it := range c.s.Items {
		if !it.gone {
			c.s.Items[n] = it
			n++
		}
	}
	clear(c.s.Items[n:])
	c.s.Items, c.gaps, c.keys, c.null = c.s.Items[:n], 0, nil, 0
}

// live returns how many of the first n places are no gaps.
func (c *Collection) live(n int) int {
	live := 0
	for i := range c.s.Items[:n] {
		if !c.s.Items[i].gone {
			live++
		}
	}
	return live
}

// Keys returns the keys in order, without the null key, of which HasNull tells.
func (c *Collection) Keys() []string {
	keys := make([]string, 0, c.Len())
	for i := range c.s.Items {
		if it := &c.s.Items[i]; !it.gone && !it.NullKey {
			keys = append(keys, it.Key)
		}
	}
	return keys
}

// HasNull says whether there is an item with the null key.
func (c *Collection) HasNull() bool {
	_, ok := c.findNull()
	return ok
}

// walk is a loop over All: the place that it looks at next, and the one before which it ends.
type walk struct{ next, end int }

// All iterates over the items in order and decodes them. The error is that of Get.
//
// The loop may set and remove items. It visits those that there were when it began, each once and with the value that it has
// when its turn comes; not those that are removed before their turn, nor those that are new.
func (c *Collection) All() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		w := &walk{end: len(c.s.Items)}
		c.walks = append(c.walks, w)
		defer func() { c.walks = slices.DeleteFunc(c.walks, func(x *walk) bool { return x == w }) }()
		for w.next < w.end {
			i := w.next
			w.next++
			if c.s.Items[i].gone {
				continue
			}
			_, err := c.value(i)
			if !yield(c.s.Items[i], err) {
				return
			}
		}
	}
}

// StaticObjects returns the static objects, which Append writes as they are.
func (c *Collection) StaticObjects() []StaticObject { return c.s.Static }

// find returns the place of the item with this key. c.folded is the folded key afterwards.
func (c *Collection) find(key string) (i int, ok bool) {
	c.index()
	c.folded = appendFold(c.folded[:0], []byte(key))
	i, ok = c.keys[string(c.folded)]
	return i, ok
}

func (c *Collection) findNull() (i int, ok bool) {
	c.index()
	return c.null - 1, c.null > 0
}

// index makes the table of keys. Nobody can choose keys that collide in it: Go seeds its maps at random.
func (c *Collection) index() {
	if c.keys != nil {
		return
	}
	c.keys = make(map[string]int, c.Len())
	for i := range c.s.Items {
		switch it := &c.s.Items[i]; {
		case it.gone:
		case it.NullKey:
			c.null = i + 1
		default:
			c.folded = appendFold(c.folded[:0], []byte(it.Key))
			c.keys[string(c.folded)] = i
		}
	}
}

// Append encodes the collection and appends the blob to dst. It refuses what [Session.Append] refuses, and items that were
// not decoded where the table of ends goes back, whose bytes cannot be had; so does ASP.NET.
func (c *Collection) Append(dst []byte) ([]byte, error) {
	c.compact()
	c.s.Form, c.s.Timeout = c.Form, c.Timeout
	return c.s.appendTo(dst, &c.container)
}

// slotBytes returns what is written for a value that has not been decoded.
func (c *container) slotBytes(i int) ([]byte, error) {
	start, end := c.slot(i)
	switch {
	case start < 0: // reads as null
		return []byte{byte(TypeNull)}, nil
	case start > c.area.n:
		return nil, errors.New("it has no bytes that could be written: " + fault{code: faultSlotStart}.reason())
	case end < start:
		return nil, errors.New("it has no bytes that could be written: " + fault{code: faultSlotBack}.reason())
	}
	return c.blob[c.area.off+start : c.area.off+min(end, c.area.n)], nil
}
