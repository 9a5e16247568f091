package aspnetser

const (
	sessionViewBytes = 4 << 20 // of the views of all Objects of a session
	itemIndent       = 2       // of what is inside of an item's Object, besides the two blanks of every level
)

// sessionViews shows the Objects of one session. What there is to read and to write is limited for all of them together.
type sessionViews struct {
	budget viewBudget
	bytes  int // that may still be written
}

func newSessionViews() *sessionViews {
	return &sessionViews{budget: newViewBudget(maxViewXML), bytes: sessionViewBytes}
}

// append writes a value for the line of an item: one line for most, and the lines of what is inside for an Object, unless
// so much has been written that nobody reads on.
func (s *sessionViews) append(dst []byte, v *Value) []byte {
	g, ok := v.Graph()
	if !ok || s.bytes <= 0 {
		return v.appendShown(dst)
	}
	o := ViewOptions{Indent: itemIndent, MaxText: shownText, MaxBytes: min(defaultViewBytes, s.bytes)}
	t := newViewWriter(o, &s.budget)
	before := len(dst)
	dst = t.appendText(dst, ViewOf(g.Root()))
	s.bytes -= len(dst) - before
	return dst
}
