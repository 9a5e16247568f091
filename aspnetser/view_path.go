package aspnetser

import (
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// PathError says which part of a path leads nowhere, and what is there instead.
type PathError struct {
	Path    string
	Offset  int    // of the part, in bytes from the start of the path
	Segment string // the part as it is written: cart, .Lines, [0]; "" for the end of the path
	Reason  string // may name items, members and columns, but no values and no keys of dictionaries
}

// Error names path, part and reason: path "cart.Lines[7]": [7]: List<OrderLine> (3) has [0] to [2].
func (e *PathError) Error() string {
	s := "path " + nrbf.QuoteCut(e.Path, 200) + ": "
	if e.Segment != "" && e.Segment != e.Path {
		s += printable(e.Segment, 80) + ": "
	}
	return s + e.Reason
}

// segment is one part of a path.
type segment struct {
	text   string // as written
	offset int
	name   string // of .name, ["name"], [name] and, as written, [5]
	index  []int  // of [5] and [1,2]
	quoted bool
	square bool // in brackets
}

// parsePath takes a path apart; the grammar is in the comment of View.Lookup.
func parsePath(path string) (segments []segment, err error) {
	for at := 0; at < len(path); {
		s := segment{offset: at}
		rest := path[at:]
		var tail, why string
		switch {
		case rest[0] == '[':
			s.square = true
			tail, why = s.bracket(rest[1:])
		case rest[0] == '.':
			tail, why = s.word(rest[1:])
		case at == 0:
			tail, why = s.word(rest)
		default:
			why = "a dot or a bracket is missing"
		}
		end := len(path) - len(tail)
		if s.text = path[at:end]; why != "" {
			return nil, &PathError{Path: path, Offset: at, Segment: s.text, Reason: why}
		}
		segments = append(segments, s)
		at = end
	}
	return segments, nil
}

// word reads a name up to the next dot or bracket, or one in quotes.
func (s *segment) word(rest string) (tail, why string) {
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		s.quoted = true
		return s.quote(rest)
	}
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		end = len(rest)
	}
	if end == 0 {
		return rest, "a name is missing"
	}
	s.name = rest[:end]
	return rest[end:], ""
}

// quote reads a text in quotes, with the escapes of the text view.
func (s *segment) quote(rest string) (tail, why string) {
	q := rest[0]
	var b strings.Builder
	for rest = rest[1:]; rest != ""; {
		if rest[0] == q {
			s.name = b.String()
			return rest[1:], ""
		}
		c, multibyte, tail, err := strconv.UnquoteChar(rest, q)
		if err != nil {
			return "", "an escape that is none"
		}
		if rest = tail; c < 0x80 || multibyte {
			b.WriteRune(c)
		} else {
			b.WriteByte(byte(c))
		}
	}
	return "", "a quote is missing"
}

// bracket reads what stands in brackets, and the closing one.
func (s *segment) bracket(rest string) (tail, why string) {
	rest = strings.TrimLeft(rest, " ")
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		s.quoted = true
		if rest, why = s.quote(rest); why != "" {
			return rest, why
		}
		if rest = strings.TrimLeft(rest, " "); !strings.HasPrefix(rest, "]") {
			return rest, "a closing bracket is missing"
		}
		return rest[1:], ""
	}
	end := strings.IndexByte(rest, ']')
	if end < 0 {
		return "", "a closing bracket is missing"
	}
	s.name = strings.TrimSpace(rest[:end])
	for part := range strings.SplitSeq(s.name, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || len(s.index) == maxDimensions {
			s.index = nil
			break
		}
		s.index = append(s.index, n)
	}
	return rest[end+1:], ""
}

const maxDimensions = 32 // of an array, as in .NET
