package aspnetser

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// AppendOffsets appends one line for every range of bytes in blob: offset, length, the first bytes in hex, what they are,
// and their value. Ranges follow one another without a gap. For a compressed blob the deflate data come first and then
// the inflated blob with offsets of its own.
//
// It works on damaged input too, up to the damage: what follows is one range that is not read, and the last line says
// what is wrong. The error is that of Examine; the lines are appended in any case. A table of ends that goes back leaves
// the value area as one range.
func AppendOffsets(dst []byte, blob []byte, o Options) ([]byte, error) {
	a := annotator{dst: dst, o: o}
	err := a.annotate(blob)
	return a.dst, err
}

// WriteOffsets is AppendOffsets for a writer, in memory that does not grow with the lines, which may be a hundred times the
// blob. An error of w is returned before any other.
func WriteOffsets(w io.Writer, blob []byte, o Options) error {
	a := annotator{out: flusher{w: w}, o: o}
	err := a.annotate(blob)
	if a.out.flush(a.dst); a.out.err != nil {
		return a.out.err
	}
	return err
}

// annotate writes the lines, and the last one about damage.
func (a *annotator) annotate(blob []byte) error {
	sc := newScratch()
	defer sc.release()
	r, err := read(blob, a.o, sc, nil)
	if err == nil {
		err = r.itemErr(a.o, sc)
	}
	sc.reset()
	a.all(blob, &r)
	if err != nil {
		a.dst = append(append(append(a.dst, "damage: "...), err.Error()...), '\n')
	}
	return err
}

// all writes the lines of blob, which r is a reading of, complete or not.
func (a *annotator) all(blob []byte, r *reading) {
	a.blob, a.sc.stored = blob, len(blob)
	a.dst = fmt.Appendf(a.dst, "%8s  %8s  %-25s  %-32s  %s\n", "offset", "length", "bytes", "field", "value")
	if r.tried == FormCompressed {
		n, what := len(blob), "as far as they go"
		if r.form == FormCompressed {
			n, what = len(blob)-len(r.padding), "sound"
		}
		inner := r.container.blob
		a.row(0, n, "deflate data", fmt.Sprintf("%s, inflated to %s", what, plural(len(inner), "byte")))
		if n < len(blob) {
			a.row(n, len(blob)-n, "padding", "not looked at, ff as a rule")
		}
		a.dst = append(a.dst, "inflated blob:\n"...)
		a.blob = inner
	}
	a.container()
	a.sc.reset()
}

// rowBytes is how many bytes of a range are shown.
const rowBytes = 8

// annotator walks a plain blob and writes a line a range.
type annotator struct {
	dst  []byte
	out  flusher
	blob []byte
	o    Options
	cur  cursor
	keys []span // of the items; {0, 0} for the null key, since no key lies at 0

	odd  []byte  // decoded text
	sc   scratch // for its decoder of graphs
	last span    // where the last text lies
}

// row writes the line of a range, if it has any bytes.
func (a *annotator) row(off, n int, field, value string) {
	if n > 0 {
		a.line(off, n, field, value)
	}
}

// line writes a line, also of no bytes.
func (a *annotator) line(off, n int, field, value string) {
	dst := appendPadded(a.dst, 8, off)
	dst = appendPadded(append(dst, "  "...), 8, n)
	dst = append(dst, "  "...)
	from := len(dst)
	for i, b := range a.blob[off : off+min(n, rowBytes)] {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
	}
	shown := len(dst) - from
	if n > rowBytes {
		dst = append(dst, " …"...)
		shown += 2
	}
	dst = append(dst, spaces[:27-shown]...)
	dst = append(dst, field...)
	if value != "" {
		dst = append(dst, spaces[:2+max(32-utf8.RuneCountInString(field), 0)]...)
		dst = append(dst, value...)
	}
	a.dst = a.out.full(append(dst, '\n'))
}

const spaces = "                                                                "

// appendPadded appends n, right-aligned in so many columns.
func appendPadded(dst []byte, columns, n int) []byte {
	var digits [20]byte
	s := strconv.AppendInt(digits[:0], int64(n), 10)
	dst = append(dst, spaces[:max(columns-len(s), 0)]...)
	return append(dst, s...)
}

// container writes the lines of the whole blob.
func (a *annotator) container() {
	a.cur = cursor{b: a.blob}
	a.i32(fieldTimeout)
	hasItems := a.u8(fieldHasItems)
	hasStatic := a.u8(fieldHasStatic)
	var names textDecoder
	if hasItems != 0 {
		a.items(&names)
	}
	if hasStatic != 0 {
		a.statics(&names)
	}
	at := a.cur.pos
	if a.cur.u8(fieldTrailer) == trailer {
		a.row(at, 1, "end byte", "")
		a.row(a.cur.pos, len(a.blob)-a.cur.pos, "after the end", "not looked at")
		return
	}
	a.row(at, len(a.blob)-at, "not read", "")
}

func (a *annotator) i32(fl field) int32 {
	at := a.cur.pos
	n := a.cur.i32(fl)
	if a.cur.ok() {
		a.row(at, 4, fl.String(), strconv.Itoa(int(n)))
	}
	return n
}

func (a *annotator) u8(fl field) byte {
	at := a.cur.pos
	b := a.cur.u8(fl)
	if a.cur.ok() {
		a.row(at, 1, fl.String(), strconv.FormatBool(b != 0))
	}
	return b
}

// text writes the length and the bytes of a str.
func (a *annotator) text(fl field, of string, d *textDecoder) {
	at := a.cur.pos
	s, _ := a.cur.text(fl)
	if !a.cur.ok() {
		a.cur.pos = at
		return
	}
	shown := s.of(a.blob)
	if !d.plain(shown) {
		shown = a.beginning(shown, d)
	}
	a.last = s
	a.row(at, s.off-at, of+" length", strconv.Itoa(s.n))
	a.row(s.off, s.n, of, quoteBytes(shown))
}

// beginning returns how a text begins that is not UTF-8. All of it goes through the decoder, piece by piece, since the
// next text may go on where it ends.
func (a *annotator) beginning(raw []byte, d *textDecoder) []byte {
	var rest []byte
	a.odd = a.odd[:0]
	for len(raw) > 0 {
		piece := raw[:min(len(raw), 4<<10)]
		raw = raw[len(piece):]
		if len(a.odd) == 0 {
			a.odd = d.appendText(a.odd, piece)
		} else {
			rest = d.appendText(rest[:0], piece)
		}
	}
	return a.odd
}

// quoteBytes is nrbf.QuoteCut for a text that may be long.
func quoteBytes(b []byte) string {
	const most = 40
	return nrbf.QuoteCut(string(b[:min(len(b), 4*most+4)]), most)
}

// label names item i with its key, as it is stored.
func (a *annotator) label(i int) string {
	k := a.keys[i]
	if k == (span{}) {
		return "item " + strconv.Itoa(i) + " null"
	}
	return "item " + strconv.Itoa(i) + " " + quoteBytes(k.of(a.blob))
}

func (a *annotator) items(names *textDecoder) {
	at := a.cur.pos
	count := int(a.i32(fieldCount))
	if !a.cur.ok() || count <= 0 {
		return
	}
	if int64(count) > a.o.maxItems() {
		a.cur.fail(faultMaxItems, fieldCount, at, int64(count))
		return
	}
	null := int(a.i32(fieldNullIndex))
	for i := 0; i < count && a.cur.ok(); i++ {
		if i == null {
			a.keys = append(a.keys, span{})
			continue
		}
		a.text(fieldKey, "item "+strconv.Itoa(i)+" key", names)
		a.keys = append(a.keys, a.last)
	}
	c := container{blob: a.blob, endsAt: a.cur.pos}
	ordered, last := true, 0
	for i := 0; i < count && a.cur.ok(); i++ {
		at := a.cur.pos
		end := int(a.cur.i32(fieldEnds))
		if !a.cur.ok() {
			return
		}
		a.row(at, 4, "item "+strconv.Itoa(i)+" end", strconv.Itoa(end)+" in the value area")
		ordered = ordered && end >= last
		last = end
	}
	if !a.cur.ok() {
		return
	}
	c.area = span{a.cur.pos, min(max(last, 0), len(a.blob)-a.cur.pos)}
	if ordered {
		for i := range count {
			a.item(&c, i)
		}
	} else {
		a.row(c.area.off, c.area.n, "value area", "the table of ends goes back, slots are not shown")
	}
	a.cur.pos = c.area.off + c.area.n
	if c.area.n != last {
		a.cur.fail(faultEndsPast, fieldEnds, a.cur.pos, int64(last))
	}
}

// item writes the lines of one slot, as far as it lies in the blob.
func (a *annotator) item(c *container, i int) {
	label := a.label(i)
	if start, end := c.slot(i); start >= c.area.n && end > start {
		return // behind the damage
	}
	var v rawValue
	slot, _, f := c.item(i, &v)
	if f.code != noFault {
		u := undecodable(v.typ, nil, f, nil)
		a.line(slot.off, slot.n, label, "cannot be decoded: "+u.shownReason())
		return
	}
	a.value(&v, slot.off, label, new(textDecoder))
	a.row(v.end, slot.off+slot.n-v.end, "slack", "not looked at")
}

// value writes the lines of a value whose type byte is at off.
func (a *annotator) value(v *rawValue, off int, label string, d *textDecoder) {
	a.row(off, 1, label, "type "+v.typ.String())
	switch v.typ {
	case TypeString:
		a.cur.pos = off + 1
		a.text(fieldString, "string", d)
		return
	case TypeObject:
		a.graph(v)
		return
	}
	shown := v.value(nil)
	a.row(off+1, v.end-off-1, "value", string(shown.appendShown(nil)))
}

// brokenStatic writes the lines of the static object that cannot be read, as far as it can be.
func (a *annotator) brokenStatic(s *rawStatic, i int, names *textDecoder, f fault) {
	if f.code != faultGraph {
		return
	}
	label := "static object " + strconv.Itoa(i)
	a.text(fieldName, label+" name", names)
	a.u8(fieldInstance)
	a.row(a.cur.pos, 1, label, "type "+TypeObject.String())
	s.value.text = span{f.off, len(a.blob) - f.off}
	a.graph(&s.value)
	a.cur.pos = s.value.end
}

// graph writes the lines of a record stream, up to its end or to the damage, and sets v.end to where that is.
func (a *annotator) graph(v *rawValue) {
	at := v.text.off
	n, err := a.sc.decoder(a.o).Trace(string(v.text.of(a.blob)), func(r nrbf.Range) {
		a.row(at+r.Offset, r.Length, spaces[:2+2*min(r.Depth, maxIndent)]+r.Field, r.Value)
	})
	v.end = at + n
	if err == nil {
		return
	}
	a.row(v.end, v.text.n-n, "not read", strings.TrimPrefix(fault{code: faultGraph, off: at}.err("", false, a.o, err).Error(), "Object, "))
	v.end = at + v.text.n
}

// maxIndent is how many levels of objects one inside another are shown.
const maxIndent = 8

// statics writes the lines of the section of static objects. It is read once for the places of the entries, and then
// shown.
func (a *annotator) statics(names *textDecoder) {
	start := a.cur.pos
	count := a.i32(fieldStaticCount)
	if !a.cur.ok() || count <= 0 {
		return
	}
	sc := newScratch()
	defer sc.release()
	sc.reset()
	sc.stored = a.sc.stored
	whole, ahead := cursor{b: a.blob, pos: start}, *names
	sc.readStatics(&whole, a.o, &ahead)
	for i := range sc.statics {
		s := &sc.statics[i]
		if last := i == len(sc.statics)-1; last && !whole.ok() {
			a.brokenStatic(s, i, names, whole.f)
			break
		}
		label := "static object " + strconv.Itoa(i)
		a.text(fieldName, label+" name", names)
		a.u8(fieldInstance)
		if s.instance == 0 {
			a.text(fieldTypeName, "type name", names)
			a.u8(fieldLateBound)
			continue
		}
		a.value(&s.value, a.cur.pos, label, names)
		if s.value.typ != TypeString {
			a.cur.pos = s.value.end
		}
	}
	if !whole.ok() {
		a.cur.f = whole.f
	}
}
