package aspnetser

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Append encodes the session from its values and appends the blob to dst; a Session of FormCompressed is deflated. What
// Decode gave and nobody changed gives the same bytes again, oddities included; of a compressed one the same inflated
// bytes, whose deflate data are new, and FF.
//
// Undecodable items are written as the bytes of their slot, as ASP.NET writes back what it could not read. Where slots go
// back or overlap there are no such bytes, and Append refuses, as ASP.NET does. It also refuses what no reader could
// read: equal keys, two null keys, text that is not UTF-8, numbers out of the range of their type, a static object that
// is null. On an error the result is nil, and dst's spare capacity may have been written to.
func (s *Session) Append(dst []byte) ([]byte, error) { return s.appendTo(dst, nil) }

// appendTo is Append; c has the slots of values that have not been decoded.
func (s *Session) appendTo(dst []byte, c *container) ([]byte, error) {
	if s.Form != FormCompressed {
		return s.appendPlain(dst, c)
	}
	sc := newScratch()
	defer sc.release()
	plain, err := s.appendPlain(sc.inflated[:0], c)
	if err != nil {
		return nil, err
	}
	sc.inflated = plain
	return Deflate(dst, plain)
}

func (s *Session) appendPlain(dst []byte, c *container) ([]byte, error) {
	e := encoder{s: s, c: c, stored: s.storedTextHolds()}
	if err := e.checkNames(); err != nil {
		return nil, err
	}
	size := s.sizeHint()
	if c != nil {
		size += c.area.n
	}
	dst = slices.Grow(dst, size)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(s.Timeout))
	hasItems, hasStatic := s.HasItems || len(s.Items) > 0, s.HasStatic || len(s.Static) > 0
	dst = append(dst, flagByte(hasItems, s.Oddities.HasItems), flagByte(hasStatic, s.Oddities.HasStatic))
	var err error
	if hasItems {
		if dst, err = e.items(dst); err != nil {
			return nil, err
		}
	}
	if hasStatic {
		if dst, err = e.statics(dst); err != nil {
			return nil, err
		}
	}
	dst = append(dst, trailer)
	return append(dst, s.Oddities.Trailing...), nil
}

// sizeHint is about the size of the blob, rather more than less.
func (s *Session) sizeHint() int {
	n := 32 + len(s.Oddities.Trailing)
	for i := range s.Items {
		it := &s.Items[i]
		n += 4 + 5 + len(it.Key) + 1 + 16 + it.Value.sizeHint()
	}
	for i := range s.Static {
		o := &s.Static[i]
		n += 5 + len(o.Name) + 1 + 16 + len(o.ObjectType) + o.Value.sizeHint()
	}
	return n
}

// flagByte is how a flag is stored: as it was, if that still means the same.
func flagByte(set bool, as uint8) byte {
	switch {
	case !set:
		return 0
	case as > 1:
		return as
	}
	return 1
}

type encoder struct {
	s      *Session
	c      *container
	stored bool  // keys and names that are not UTF-8 can be written as they were stored
	width  uint8 // of the IntPtrs among the static objects, 0 before the first
}

// storedTextHolds says whether the stored bytes of odd keys and names still read as the text they stand for. They share
// one decoder, so that a key that was removed can change the next.
func (s *Session) storedTextHolds() bool {
	odd := false
	for i := range s.Items {
		odd = odd || s.Items[i].oddKey != nil
	}
	for i := range s.Static {
		o := &s.Static[i]
		odd = odd || o.oddName != nil || o.oddType != nil || o.oddStr != nil
	}
	if !odd {
		return true
	}
	var d textDecoder
	var buf []byte
	holds := func(text string, odd *oddText) bool {
		raw := []byte(text)
		if odd != nil && odd.text == text {
			raw = odd.stored
		}
		buf = d.appendText(buf[:0], raw)
		return string(buf) == text
	}
	for i := range s.Items {
		if it := &s.Items[i]; !it.NullKey && !holds(it.Key, it.oddKey) {
			return false
		}
	}
	for i := range s.Static {
		o := &s.Static[i]
		if !holds(o.Name, o.oddName) || !o.HasInstance && !holds(o.ObjectType, o.oddType) ||
			o.HasInstance && o.Value.typ == TypeString && !holds(o.Value.text, o.oddStr) {
			return false
		}
	}
	return true
}

// checkNames looks for equal keys and equal names.
func (e *encoder) checkNames() error {
	sc := newScratch()
	defer sc.release()
	sc.reset()
	add := func(key string, null bool) {
		t := rawText{null: null, odd: true, text: span{len(sc.text), len(key)}}
		sc.text = append(sc.text, key...)
		sc.keys = append(sc.keys, t)
	}
	null := -1
	for i := range e.s.Items {
		it := &e.s.Items[i]
		if add(it.Key, it.NullKey); !it.NullKey {
			continue
		}
		if null >= 0 {
			return fmt.Errorf("encoding item %d: the null key is that of item %d", i, null)
		}
		null = i
	}
	if i, j, dup := sc.duplicate(nil, sc.keys); dup {
		return fmt.Errorf("encoding item %d: key %s equals that of item %d", j, nrbf.QuoteCut(e.s.Items[j].Key, 40), i)
	}
	if len(e.s.Static) == 0 {
		return nil
	}
	sc.reset()
	for i := range e.s.Static {
		add(e.s.Static[i].Name, false)
	}
	if i, j, dup := sc.duplicate(nil, sc.keys); dup {
		return fmt.Errorf("encoding static object %d: name %s equals that of %d", j, nrbf.QuoteCut(e.s.Static[j].Name, 40), i)
	}
	return nil
}

func (e *encoder) items(dst []byte) ([]byte, error) {
	items := e.s.Items
	if len(items) == 0 {
		return binary.LittleEndian.AppendUint32(dst, uint32(min(e.s.Oddities.Count, 0))), nil
	}
	if len(items) > maxTable {
		return nil, fmt.Errorf("encoding %d items: too many for a blob", len(items))
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(items)))
	nullAt := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	null := int32(-1)
	if x := e.s.Oddities.NullIndex; x < 0 || int(x) >= len(items) {
		null = x
	}
	var err error
	for i := range items {
		it := &items[i]
		if it.NullKey {
			null = int32(i)
			continue
		}
		if dst, err = e.text(dst, it.Key, it.keyForm, it.oddKey); err != nil {
			return nil, fmt.Errorf("encoding the key of item %d: %w", i, err)
		}
	}
	binary.LittleEndian.PutUint32(dst[nullAt:], uint32(null))
	table := len(dst)
	dst = append(dst, make([]byte, 4*len(items))...)
	area := len(dst)
	for i := range items {
		if dst, err = e.value(dst, &items[i]); err != nil {
			return nil, fmt.Errorf("encoding %s%w", place(i, -1, items[i].Key), err)
		}
		if len(dst)-area > math.MaxInt32 {
			return nil, fmt.Errorf("encoding item %d: the values are over %d bytes", i, math.MaxInt32)
		}
		binary.LittleEndian.PutUint32(dst[table+4*i:], uint32(len(dst)-area))
	}
	return dst, nil
}

func (e *encoder) value(dst []byte, it *Item) ([]byte, error) {
	if it.Value.typ != typeStored {
		return it.Value.append(dst)
	}
	slot, err := e.c.slotBytes(int(it.at))
	return append(dst, slot...), err
}

func (e *encoder) statics(dst []byte) ([]byte, error) {
	if len(e.s.Static) == 0 {
		return binary.LittleEndian.AppendUint32(dst, uint32(min(e.s.Oddities.StaticCount, 0))), nil
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.s.Static)))
	var err error
	for i := range e.s.Static {
		if dst, err = e.static(dst, &e.s.Static[i]); err != nil {
			return nil, fmt.Errorf("encoding %s%w", place(-1, i, e.s.Static[i].Name), err)
		}
	}
	return dst, nil
}

func (e *encoder) static(dst []byte, o *StaticObject) ([]byte, error) {
	dst, err := e.text(dst, o.Name, o.nameForm, o.oddName)
	if err != nil {
		return nil, err
	}
	dst = append(dst, flagByte(o.HasInstance, o.instanceByte))
	if !o.HasInstance {
		if dst, err = e.text(dst, o.ObjectType, o.typeForm, o.oddType); err != nil {
			return nil, err
		}
		return append(dst, flagByte(o.LateBound, o.lateByte)), nil
	}
	switch o.Value.Type() {
	case TypeNull, TypeUndecodable:
		return nil, errors.New("a static object that exists must not be null")
	case TypeString:
		return e.text(append(dst, byte(TypeString)), o.Value.text, o.Value.form, o.oddStr)
	case TypeIntPtr, TypeUIntPtr:
		if e.width != 0 && e.width != o.Value.aux {
			return nil, errors.New("static IntPtr values of different width could not be told apart")
		}
		e.width = o.Value.aux
	}
	if o.Value.odd != nil && len(o.Value.odd.slack) > 0 {
		return nil, errors.New("bytes behind the value have no place here")
	}
	return o.Value.append(dst)
}

// text writes a str, as it was stored if that still reads as text.
func (e *encoder) text(dst []byte, text string, form lenForm, odd *oddText) ([]byte, error) {
	if odd != nil && e.stored && odd.text == text {
		dst = appendLen7(dst, uint32(len(odd.stored)), form)
		return append(dst, odd.stored...), nil
	}
	return appendString(dst, text, form)
}
