package nrbf

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// BuildError says that a new graph cannot be written, and where. All errors of EncodeStream and AppendStream are such.
type BuildError struct {
	Path   string // from the root on: root.Lines._items[3].Price; of long ones the middle is left out
	Reason string // what is wrong, without the place; names types and holds no values
}

// Error names path and reason: building root.Placed: DateTime ticks out of range.
func (e *BuildError) Error() string { return "building " + e.Path + ": " + e.Reason }

// pathSteps are the most steps that a path spells out at its end, and as many at its start.
const pathSteps = 12

func (e *encoder) fail(format string, args ...any) {
	if e.err == nil {
		e.err = &BuildError{e.path(), fmt.Sprintf(format, args...)}
	}
}

// failAt fails at a member or element of the innermost level.
func (e *encoder) failAt(i int, format string, args ...any) {
	e.levels[len(e.levels)-1].next = i + 1
	e.fail(format, args...)
}

// path returns where the encoder is: the way by which the object being written was mentioned first, and the place inside
// of it.
func (e *encoder) path() string {
	var ways [][]int32 // from each object to the next, the last first
	var here []int32
	for i := range e.levels {
		if next := e.levels[i].next; next > 0 {
			here = append(here, int32(next-1))
		}
	}
	ways = append(ways, here)
	for at := int32(e.head); at > 0; at = e.queue[at].parent {
		end := int32(len(e.steps))
		if int(at)+1 < len(e.queue) {
			end = e.queue[at+1].step
		}
		ways = append(ways, e.steps[e.queue[at].step:end])
	}
	var object any
	if len(e.queue) > 0 {
		object = e.queue[0].object
	}
	var steps []string
	for _, way := range slices.Backward(ways) {
		for _, i := range way {
			var step string
			step, object = into(object, int(i))
			steps = append(steps, step)
		}
	}
	if n := len(steps); n > 2*pathSteps {
		steps = slices.Concat(steps[:pathSteps], []string{"…"}, steps[n-pathSteps:])
	}
	return "root" + strings.Join(steps, "")
}

// into returns member or element i of an object, and the step to it: .Name, [3] or [0,2].
func into(object any, i int) (step string, value any) {
	switch o := object.(type) {
	case *Instance:
		return "." + o.Class.Members[i].Name, dropNil(o.Values[i])
	case *Array:
		return "[" + o.index(i) + "]", o.value(i)
	}
	return "", nil
}

// index returns the indexes of an element.
func (a *Array) index(i int) string {
	lengths := a.lengths(a.count())
	out := make([]string, len(lengths))
	for d, length := range slices.Backward(lengths) {
		n := i % length
		i /= length
		if d < len(a.Lower) {
			n += a.Lower[d]
		}
		out[d] = strconv.Itoa(n)
	}
	return strings.Join(out, ",")
}
