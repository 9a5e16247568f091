package aspnetser

import (
	"fmt"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Decode decodes a whole blob: container, items, static objects, and the graphs of Objects.
//
// What Microsoft's reader refuses when it opens a blob is an error here, and so is what breaks a limit. An item that
// cannot be decoded does not spoil the others: it becomes Undecodable and keeps its bytes, and Session.Err tells about it.
// Besides what Microsoft's reader refuses that are values of an unknown type, which it reads as null, and values that run
// over their slot, which it reads across the end. What it tolerates otherwise is kept and told in Warnings.
//
// Errors are *MalformedError or *LimitError. The Session may refer to the bytes of blob, which must not change while it
// is in use. All keys, texts and graphs of a Session share one piece of memory: who keeps a few texts of many sessions
// copies them with strings.Clone.
func Decode(blob []byte, o Options) (*Session, error) {
	sc := newScratch()
	defer sc.release()
	r, err := read(blob, o, sc, nil)
	if err != nil {
		return nil, err
	}
	s, c := &Session{}, &r.container
	var texts textPool
	texts.grow(len(sc.keyBytes(c)) + c.area.n)
	s.open(&r, sc, &texts)
	for i := range s.Items {
		s.decodeItem(c, sc, i, &s.Items[i].Value, &texts, o)
	}
	return s, nil
}

// open decodes what there is but the values of the items.
func (s *Session) open(r *reading, sc *scratch, texts *textPool) {
	c := &r.container
	s.Form, s.Timeout, s.HasItems, s.HasStatic = r.form, c.timeout, c.hasItems != 0, c.hasStatic != 0
	s.noteContainer(r)
	if n := c.items(); n > 0 {
		s.Items = make([]Item, n)
		s.decodeKeys(c, sc, texts.add(sc.keyBytes(c)))
	}
	if n := len(sc.statics); n > 0 {
		s.Static = make([]StaticObject, n)
		for i := range s.Static {
			s.decodeStatic(c, sc, i)
		}
	}
}

// noteContainer keeps the oddities of the container.
func (s *Session) noteContainer(r *reading) {
	c, odd := &r.container, &s.Oddities
	if c.hasItems > 1 {
		odd.HasItems = c.hasItems
		s.warn(-1, -1, 4, fmt.Sprintf("hasItems flag is %02x, read as true", c.hasItems))
	}
	if c.hasStatic > 1 {
		odd.HasStatic = c.hasStatic
		s.warn(-1, -1, 5, fmt.Sprintf("hasStaticObjects flag is %02x, read as true", c.hasStatic))
	}
	if c.hasItems != 0 && c.count <= 0 {
		odd.Count = c.count
		s.warn(-1, -1, 6, fmt.Sprintf("hasItems flag is set and the item count is %d", c.count))
	}
	if c.nullIndex != -1 && (c.nullIndex < 0 || c.nullIndex >= c.count) {
		odd.NullIndex = c.nullIndex
		s.warn(-1, -1, 10, fmt.Sprintf("null-key index %d of %d items: no item has the null key", c.nullIndex, c.count))
	}
	if c.hasStatic != 0 && c.staticCount <= 0 {
		odd.StaticCount = c.staticCount
		s.warn(-1, -1, c.end-5, fmt.Sprintf("hasStaticObjects flag is set and the count is %d", c.staticCount))
	}
	if c.end < len(c.blob) {
		odd.Trailing = c.blob[c.end:]
		s.warn(-1, -1, c.end, plural(len(odd.Trailing), "byte")+" after the end byte")
	}
	if p := r.padding; r.form == FormCompressed && (len(p) != 1 || p[0] != trailer) {
		s.warn(-1, -1, len(c.blob), plural(len(p), "byte")+" behind the deflate data, where one of ff should be")
	}
}

// keyBytes is where the keys are in the blob: side by side, but for their lengths.
func (sc *scratch) keyBytes(c *container) []byte {
	for i := range sc.keys {
		if !sc.keys[i].null {
			return c.blob[sc.keys[i].raw.off:c.endsAt]
		}
	}
	return nil
}

// decodeKeys makes the keys from all, the text of keyBytes.
func (s *Session) decodeKeys(c *container, sc *scratch, all string) {
	at := c.endsAt - len(all)
	for i := range s.Items {
		t, it := &sc.keys[i], &s.Items[i]
		if t.null {
			it.NullKey = true
			continue
		}
		if it.keyForm = t.form; t.form != 0 {
			s.warn(i, -1, t.raw.off, "key length takes more bytes than needed")
		}
		if t.odd {
			it.oddKey = sc.oddText(c.blob, t)
			it.Key = it.oddKey.text
			s.warn(i, -1, t.raw.off, "key is not UTF-8")
			continue
		}
		it.Key = all[t.raw.off-at:][:t.raw.n]
	}
}

func (sc *scratch) oddText(blob []byte, t *rawText) *oddText {
	return &oddText{text: string(t.text.of(sc.text)), stored: t.raw.of(blob)}
}

// decodeItem decodes the value of item i of the container into v, which is null.
func (s *Session) decodeItem(c *container, sc *scratch, i int, v *Value, texts *textPool, o Options) {
	if c.plainItem(i, v, texts) {
		return
	}
	var raw rawValue
	var g *nrbf.Graph
	slot, lost, f := c.item(i, &raw)
	if f.code == noFault && raw.typ == TypeObject {
		var n int
		var err error
		g, n, err = sc.decoder(o).Decode(texts.add(raw.text.of(c.blob)))
		f = sc.graphFault(i, &raw, err)
		raw.end = raw.text.off + n
	}
	if f.code != noFault {
		bytes := slot.of(c.blob)
		if lost {
			bytes = nil
		}
		*v = undecodable(raw.typ, bytes, f, sc.graphErr)
		return
	}
	if lost {
		s.warn(i, -1, c.endsAt+4*i-4, "slot starts before the value area, which makes the item null")
	}
	*v = raw.value(g)
	if raw.typ == TypeString {
		if b := raw.text.of(c.blob); utf8.Valid(b) {
			v.text = texts.add(b)
		} else {
			var own textDecoder
			v.text = string(own.appendText(nil, b))
			v.odd = &oddity{stored: b}
			s.warn(i, -1, raw.text.off, "string is not UTF-8")
		}
	}
	if end := slot.off + slot.n; raw.end < end && !lost {
		if v.odd == nil {
			v.odd = &oddity{}
		}
		v.odd.slack = c.blob[raw.end:end:end]
		verb := " of the slot are behind the value"
		if end-raw.end == 1 {
			verb = " of the slot is behind the value"
		}
		s.warn(i, -1, raw.end, plural(end-raw.end, "byte")+verb)
	}
	s.noteValue(i, -1, slot.off, &raw)
}

// value makes a Value without the text of a String. g is the graph of an Object.
func (raw *rawValue) value(g *nrbf.Graph) Value {
	return Value{typ: raw.typ, aux: raw.aux, form: raw.form, lo: raw.lo, hi: raw.hi, graph: g}
}

// noteValue warns about values that are stored oddly.
func (s *Session) noteValue(item, static, at int, raw *rawValue) {
	switch raw.typ {
	case TypeString:
		if raw.form != 0 {
			s.warn(item, static, at+1, "string length takes more bytes than needed")
		}
	case TypeBoolean:
		if raw.aux > 1 {
			s.warn(item, static, at+1, "Boolean byte is neither 0 nor 1, read as true")
		}
	case TypeChar:
		if raw.aux != 0 {
			s.warn(item, static, at+1, "Char is not UTF-8, read as U+FFFD")
		}
	case TypeIntPtr, TypeUIntPtr:
		if raw.aux == 4 {
			s.warn(item, static, at, raw.typ.String()+" of a 32-bit process, which a 64-bit one cannot read")
		}
	}
}

func (s *Session) decodeStatic(c *container, sc *scratch, i int) {
	raw, o := &sc.statics[i], &s.Static[i]
	text := func(t *rawText, what string, form *lenForm, odd **oddText) string {
		if *form = t.form; t.form != 0 {
			s.warn(-1, i, t.raw.off, what+" length takes more bytes than needed")
		}
		if !t.odd {
			return string(t.raw.of(c.blob))
		}
		*odd = sc.oddText(c.blob, t)
		s.warn(-1, i, t.raw.off, what+" is not UTF-8")
		return (*odd).text
	}
	o.Name = text(&raw.name, "name", &o.nameForm, &o.oddName)
	if o.HasInstance = raw.instance != 0; !o.HasInstance {
		o.ObjectType = text(&raw.typeName, "type name", &o.typeForm, &o.oddType)
		if o.LateBound = raw.late != 0; raw.late > 1 {
			o.lateByte = raw.late
			s.warn(-1, i, raw.typeName.raw.off+raw.typeName.raw.n, "lateBound flag is neither 0 nor 1, read as true")
		}
		return
	}
	if raw.instance > 1 {
		o.instanceByte = raw.instance
		s.warn(-1, i, raw.at-1, "hasInstance flag is neither 0 nor 1, read as true")
	}
	o.Value = raw.value.value(raw.graph)
	if raw.value.typ == TypeString {
		o.Value.text = text(&raw.text, "string", &o.Value.form, &o.oddStr)
	}
	if raw.value.typ != TypeString {
		s.noteValue(-1, i, raw.at, &raw.value)
	}
}
