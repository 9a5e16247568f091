package aspnetser

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// AppendText appends the session for people: a line about the whole, a line an item and a static object, and the
// warnings. What is inside of an Object follows on lines of its own, as [View.AppendText] has it. Long texts are cut and
// carry their size; control characters are escaped.
func AppendText(dst []byte, s *Session) []byte {
	dst = fmt.Appendf(dst, "%s session, timeout %s, %s", s.Form, minutes(s.Timeout), plural(len(s.Items), "item"))
	if len(s.Static) > 0 {
		dst = append(dst, ", "+plural(len(s.Static), "static object")...)
	}
	dst = append(dst, '\n')
	width := 0
	for i := range s.Items {
		width = max(width, utf8.RuneCountInString(s.Items[i].show()))
	}
	for i := range s.Static {
		width = max(width, utf8.RuneCountInString(s.Static[i].show()))
	}
	width = min(width, 32)
	views := newSessionViews()
	defer views.budget.close()
	for i := range s.Items {
		it := &s.Items[i]
		dst = fmt.Appendf(dst, "  %-*s  %-11s  ", width, it.show(), it.Value.Type())
		dst = append(views.append(dst, &it.Value), '\n')
	}
	for i := range s.Static {
		o := &s.Static[i]
		if o.HasInstance {
			dst = fmt.Appendf(dst, "  %-*s  %-11s  ", width, o.show(), o.Value.Type())
			dst = append(views.append(dst, &o.Value), '\n')
			continue
		}
		late := ""
		if o.LateBound {
			late = ", late bound"
		}
		dst = fmt.Appendf(dst, "  %-*s  not created: %s%s\n", width, o.show(), nrbf.QuoteCut(o.ObjectType, 80), late)
	}
	if len(s.Warnings) == 0 {
		return dst
	}
	dst = append(dst, "warnings:\n"...)
	for _, w := range s.Warnings {
		dst = append(dst, "  "+w.String()+"\n"...)
	}
	if s.MoreWarnings > 0 {
		dst = fmt.Appendf(dst, "  and %d more\n", s.MoreWarnings)
	}
	return dst
}

func minutes(n int32) string { return plural(int(n), "minute") }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// show returns the key for people.
func (it *Item) show() string {
	if it.NullKey {
		return "null"
	}
	return nrbf.QuoteCut(it.Key, 60)
}

func (o *StaticObject) show() string { return "static " + nrbf.QuoteCut(o.Name, 60) }

const (
	shownText  = 60 // characters of a text
	shownBytes = 16 // of an Object
)

// appendShown appends the value for people, on one line: of an Object the type and size.
func (v *Value) appendShown(dst []byte) []byte {
	switch v.Type() {
	case TypeNull:
		return append(dst, "null"...)
	case TypeString:
		dst = append(dst, nrbf.QuoteCut(v.text, shownText)...)
		if n := utf8.RuneCountInString(v.text); n > shownText {
			dst = fmt.Appendf(dst, " (%d characters, %d bytes)", n, len(v.text))
		}
		return dst
	case TypeChar:
		return strconv.AppendQuoteRune(dst, utf16.Decode([]uint16{uint16(v.lo)})[0])
	case TypeDateTime:
		return append(dst, nrbf.ShowDateTime(int64(v.lo))...)
	case TypeTimeSpan:
		return append(dst, nrbf.ShowTimeSpan(int64(v.lo))...)
	case TypeSingle:
		return append(dst, nrbf.ShowFloat(v.lo, 32)...)
	case TypeDouble:
		return append(dst, nrbf.ShowFloat(v.lo, 64)...)
	case TypeObject:
		return append(dst, nrbf.QuoteCut(v.graph.Root().Show(), shownText)+", "+plural(v.graph.Size(), "byte")...)
	case TypeUndecodable:
		if len(v.stored()) > 0 {
			dst = fmt.Appendf(dst, "type id %d, ", v.id)
		}
		return append(dst, showBytes(v.stored())+": "+v.shownReason()...)
	case TypeIntPtr, TypeUIntPtr:
		return fmt.Appendf(v.appendScalar(dst), " (%d bytes)", v.aux)
	}
	return v.appendScalar(dst)
}

// shownReason is why the item is Undecodable, with the offset.
func (v *Value) shownReason() string {
	if f := v.fault(-1); f.code == faultOverlap {
		return "slots that overlap" + at(int64(f.off), false)
	}
	return v.err(-1, "", false).Error()
}

func showBytes(b []byte) string {
	s := plural(len(b), "byte")
	if len(b) == 0 {
		return s
	}
	if len(b) > shownBytes {
		return fmt.Sprintf("%s, % x …", s, b[:shownBytes])
	}
	return fmt.Sprintf("%s, % x", s, b)
}
