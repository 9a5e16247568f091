package nrbf

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxMappingDepth is how deep objects may stand one inside another when they are mapped to Go values or made of them, as
// in encoding/json. The elements of a collection count as inside it, whatever stands between them in the stream. Graphs
// have no such limit (fixture nrbf-depth-bomb has 300,000): what is deeper can be reached through Value.
const MaxMappingDepth = 10_000

// MappingError says where a value does not go into a Go type, or a Go value cannot be written. All errors of Unmarshal
// and Marshal are such.
type MappingError struct {
	// Path is the way from the root to the value: cart.Lines[2].Price. Members are called by their .NET names, with
	// backing fields as the properties that they back; elements have their index in the collection; [#2] is the third
	// entry of a dictionary, the keys of which are not spelt out. Of long paths the middle is left out.
	Path string

	// Reason says what is wrong, without the place. It names types and numbers, never texts.
	Reason string

	// Err is what an Unmarshaler, a Marshaler or a TextUnmarshaler returned, or the *BuildError of a new graph, or nil.
	Err error
}

// Error names path and reason: cart.Lines[2].Price: Decimal 12.5 does not fit int32.
func (e *MappingError) Error() string { return e.Path + ": " + e.Reason }

// Unwrap returns Err.
func (e *MappingError) Unwrap() error { return e.Err }

// step is one step of a path: to a member, an element or an entry.
type step struct {
	member string
	index  int // of an element; of an entry its complement
}

// trail is where a mapping is.
type trail struct {
	root  string
	steps []step
	depth int
}

func (t *trail) member(name string) { t.steps = append(t.steps, step{member: name}) }
func (t *trail) element(i int)      { t.steps = append(t.steps, step{index: i}) }
func (t *trail) entry(i int)        { t.steps = append(t.steps, step{index: ^i}) }
func (t *trail) back()              { t.steps = t.steps[:len(t.steps)-1] }

// enter goes one object deeper.
func (t *trail) enter() error {
	if t.depth == MaxMappingDepth {
		return t.fail("more than %d objects one inside another", MaxMappingDepth)
	}
	t.depth++
	return nil
}

func (t *trail) leave() { t.depth-- }

func (t *trail) fail(format string, args ...any) error { return t.failWith(nil, format, args...) }

func (t *trail) failWith(cause error, format string, args ...any) error {
	return &MappingError{Path: t.path(), Reason: fmt.Sprintf(format, args...), Err: cause}
}

func (t *trail) path() string {
	root := t.root
	if root == "" {
		root = "root"
	}
	b := []byte(root)
	for i, s := range t.steps {
		if len(t.steps) > 2*pathSteps && i >= pathSteps && i < len(t.steps)-pathSteps {
			if i == pathSteps {
				b = append(b, "…"...)
			}
			continue
		}
		switch {
		case s.member != "":
			b = append(append(b, '.'), shortName(s.member)...)
		case s.index < 0:
			b = append(strconv.AppendInt(append(b, "[#"...), int64(^s.index), 10), ']')
		default:
			b = append(strconv.AppendInt(append(b, '['), int64(s.index), 10), ']')
		}
	}
	return string(b)
}

// shortName is a member's name for people: a property instead of its backing field, cut where it is long.
func shortName(member string) string {
	base, rest := cutBase(member)
	if base != "" {
		base += "+"
	}
	if property, ok := backed(rest); ok {
		rest = property
	}
	return cutName(base + rest)
}

// cutName is a name that somebody chose who may have meant harm, fit for an error.
func cutName(s string) string {
	if q := QuoteCut(s, 100); q != strconv.Quote(s) || strings.Trim(q, `"`) != s {
		return q
	}
	return s
}

// className returns a class's name without its generic arguments, for an error.
func shortClass(name string) string {
	if i := strings.IndexByte(name, '['); i > 0 && strings.HasPrefix(name[i:], "[[") {
		name = name[:i]
	}
	return cutName(name)
}

// describeValue names what a value is: its type, and of numbers what they are.
func describeValue(v Value) string {
	switch v.Kind() {
	case KindNull:
		return "null"
	case KindString:
		return "String"
	case KindPrimitive:
		return atomOf(v).describe()
	case KindClass:
		return shortClass(v.ClassName())
	}
	name, _ := v.ElementType()
	return shortClass(name) + "[" + strings.Repeat(",", len(v.Lengths())-1) + "]"
}
