package nrbf

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// edits is what changes of strings need to know, so that each takes the same time in a large graph as in a small one.
type edits struct {
	mentions []int32 // by text: how many references name it

	// The references to each text in the order of the stream: those to text t are refs[at[t]:at[t+1]], of which the ones
	// before next[t] are none any more.
	refs, at, next []int32

	owners []int32 // objects that have cells, by their first cell
}

// editing returns the edits, which are made once.
func (g *Graph) editing() *edits {
	if g.edits != nil {
		return g.edits
	}
	n := len(g.texts)
	e := &edits{mentions: make([]int32, n), at: make([]int32, n+1)}
	g.inOrder(func(i int32) {
		if c := &g.cells[i]; c.kind == cellRef && c.ref < 0 {
			e.mentions[-1-c.ref]++
		}
	})
	for t, count := range e.mentions {
		e.at[t+1] = e.at[t] + count
	}
	e.next = slices.Clone(e.at[:n])
	e.refs = make([]int32, e.at[n])
	g.inOrder(func(i int32) {
		if c := &g.cells[i]; c.kind == cellRef && c.ref < 0 {
			e.refs[e.next[-1-c.ref]] = i
			e.next[-1-c.ref]++
		}
	})
	copy(e.next, e.at)
	for i := range g.objects {
		if o := &g.objects[i]; o.n > 0 && !o.isPacked() {
			e.owners = append(e.owners, int32(i))
		}
	}
	slices.SortFunc(e.owners, func(a, b int32) int { return cmp.Compare(g.objects[a].first, g.objects[b].first) })
	g.edits = e
	return e
}

// inOrder calls f for every cell in the order of the stream: what is inside an object comes before what follows it.
func (g *Graph) inOrder(f func(i int32)) {
	stack := []span{g.top}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.n == 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		i := top.first
		top.first, top.n = i+1, top.n-1
		f(i)
		if c := &g.cells[i]; c.kind == cellObject {
			if o := &g.objects[c.ref]; !o.isPacked() {
				stack = append(stack, span{o.first, o.n})
			}
		}
	}
}

// place puts a string or null in cell i, which has a string or null.
func (g *Graph) place(i int32, s string, null bool) error {
	e, c := g.editing(), &g.cells[i]
	isRoot := c.kind == cellString && g.cells[g.root].ref == textTarget(c.ref)
	if c.kind == cellString && e.mentions[c.ref] == 0 && !null && !isRoot {
		g.texts[c.ref] = text{s: s}
		return nil
	}
	if !null && g.lastID == math.MaxInt32 {
		return fmt.Errorf("setting a string: no object id is left: %w", ErrRange)
	}
	if c.kind == cellString && (e.mentions[c.ref] > 0 && g.twice || e.mentions[c.ref] == 0 && isRoot) {
		return fmt.Errorf("setting a string: it is the root too, or its id is used twice: %w", ErrType)
	}
	switch {
	case c.kind == cellNull:
		g.splitNulls(i)
	case c.kind == cellRef:
		e.mentions[-1-c.ref]--
	case e.mentions[c.ref] > 0:
		g.moveString(i)
	}
	marked := c.mark
	if null {
		*c = cell{mark: marked}
		return nil
	}
	g.lastID++
	*c = cell{kind: cellString, bits: uint64(uint32(g.lastID)), ref: int32(len(g.texts)), mark: marked}
	g.texts = append(g.texts, text{s: s})
	e.mentions = append(e.mentions, 0)
	return nil
}

// moveString makes the first of the references to the string of cell i the place where it stands. It has to be the first:
// .NET reads a string before what refers to it.
func (g *Graph) moveString(i int32) {
	e, c := g.edits, &g.cells[i]
	for {
		r := &g.cells[e.refs[e.next[c.ref]]]
		e.next[c.ref]++
		if r.kind == cellRef && r.ref == textTarget(c.ref) {
			e.mentions[c.ref]--
			r.kind, r.ref, r.bits = cellString, c.ref, c.bits
			return
		}
	}
}

// splitNulls takes cell i out of its run of nulls.
func (g *Graph) splitNulls(i int32) {
	if g.cells[i].as == asUsual {
		return
	}
	if next := &g.cells[i+1]; next.kind == cellNull && next.as == asMoreNulls {
		next.as = uint8(next.ref)
	}
}

// takesString says whether the type of cell i's place lets a string stand there.
func (e *edits) takesString(g *Graph, i int32) bool {
	n, found := slices.BinarySearchFunc(e.owners, i, func(o, i int32) int { return cmp.Compare(g.objects[o].first, i) })
	if !found {
		n--
	}
	if n < 0 {
		return false
	}
	o, kind := &g.objects[e.owners[n]], uint8(declObject)
	switch {
	case i >= o.first+o.n:
		return false
	case o.isClass():
		kind = g.membersOf(&g.classes[o.info])[i-o.first].decl.kind
	case o.record == recordBinaryArray:
		kind = g.arrays[o.info].elem.kind
	}
	return kind == declString || kind == declObject
}
