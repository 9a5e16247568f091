package nrbf

import (
	"encoding/binary"
	"reflect"
	"unicode/utf16"
)

// slice converts an array or a list.
func (u *unmarshaler) slice(v Value, dst reflect.Value) error {
	t := dst.Type()
	id, _ := v.ID()
	key := resultKey{id, t}
	if m := u.results[key]; m != nil {
		dst.Set(m.value)
		return nil
	}
	n, fill, err := u.elements(v, dst)
	if err != nil {
		return err
	}
	if err := u.claim(n, t.Elem()); err != nil {
		return err
	}
	s := reflect.MakeSlice(t, n, n)
	u.results[key] = &result{value: s}
	dst.Set(s)
	return fill(s)
}

// array converts an array or a list into a Go array.
func (u *unmarshaler) array(v Value, dst reflect.Value) error {
	n, fill, err := u.elements(v, dst)
	if err != nil {
		return err
	}
	if n != dst.Len() {
		return u.fail("%d elements do not fit %s", n, dst.Type())
	}
	// A Go array holds no reference to what it contains, so that only the depth ends a cycle.
	return fill(dst)
}

// elements returns how many elements v has for a Go slice or array, and what fills it.
func (u *unmarshaler) elements(v Value, dst reflect.Value) (n int, fill func(reflect.Value) error, err error) {
	if lengths := v.Lengths(); len(lengths) > 1 {
		return lengths[0], func(s reflect.Value) error { return u.table(v, s, lengths, 0, v.Len()) }, nil
	}
	switch s, _ := u.shape(v); s.kind {
	case bitsClass:
		return u.bits(v)
	case streamClass:
		return u.stream(v, dst)
	}
	c, err := u.content(v)
	switch {
	case err != nil:
		return 0, nil, err
	case c.is == listContent:
		return c.items.n, func(s reflect.Value) error { return u.list(c.items, s) }, nil
	case c.isDictionary() && dst.Type() == typePairs:
		return c.items.n, func(s reflect.Value) error { return u.pairs(c, s.Interface().([]Pair)) }, nil
	}
	return 0, nil, u.mismatch(v, dst)
}

// list fills a slice with the elements of a sequence.
func (u *unmarshaler) list(q sequence, s reflect.Value) error {
	code := q.primitive()
	if code == 0 || code == PrimitiveDecimal || s.Type().Elem() == typeValue || hooksOf(s.Type().Elem())&hookUnmarshaler != 0 {
		for i := range q.n {
			u.element(i)
			if err := u.value(q.at(i), s.Index(i)); err != nil {
				return err
			}
			u.back()
		}
		return nil
	}
	packed, _ := q.array.Packed()
	if s.Kind() == reflect.Slice && q.first+q.n <= q.array.Len() && sameNumbers(code, s.Type().Elem()) {
		size := primitives[code].size
		if _, err := binary.Decode([]byte(packed[q.first*size:(q.first+q.n)*size]), binary.LittleEndian, s.Interface()); err != nil {
			return u.failWith(err, "%v", err)
		}
		return nil
	}
	bits := unpackedBits(packed, code)
	for i := range q.n {
		at := q.first + i
		if at >= q.array.Len() {
			at -= q.array.Len()
		}
		if err := u.scalar(atom{code: code, bits: bits(at)}, s.Index(i)); err != nil {
			u.element(i)
			return u.again(err)
		}
	}
	return nil
}

// sameNumbers says whether elements of type t are what primitives of this type are in Go, so that all are copied at once.
func sameNumbers(code PrimitiveType, t reflect.Type) bool {
	return t.PkgPath() == "" && kindTypes[t.Kind()] == code && code != PrimitiveBoolean
}

// again gives an error the place that has become known since.
func (u *unmarshaler) again(err error) error {
	err.(*MappingError).Path = u.path()
	return err
}

// unpackedBits returns a function for the bits of the elements of an array of primitives.
func unpackedBits(packed string, code PrimitiveType) func(i int) uint64 {
	if code == PrimitiveChar {
		units := utf16.Encode([]rune(packed))
		return func(i int) uint64 { return uint64(units[i]) }
	}
	size := primitives[code].size
	return func(i int) uint64 { return primitiveBits(packed[i*size:], size) }
}

// table fills a slice with the elements of an array of several dimensions: those from first on, of which there are n.
func (u *unmarshaler) table(v Value, s reflect.Value, lengths []int, first, n int) error {
	if len(lengths) == 1 {
		return u.list(sequence{array: v, first: first, n: lengths[0]}, s)
	}
	row := s.Type().Elem()
	if kind := row.Kind(); kind != reflect.Slice && kind != reflect.Array {
		if row != typeAny {
			return u.mismatch(v, s)
		}
		row = u.tableType(v, lengths[1:])
	}
	for i := range lengths[0] {
		to := s.Index(i)
		if to.Kind() == reflect.Interface {
			to = reflect.New(row).Elem()
		}
		if to.Kind() == reflect.Slice {
			if err := u.claim(lengths[1], row.Elem()); err != nil {
				return err
			}
			to.Set(reflect.MakeSlice(row, lengths[1], lengths[1]))
		} else if to.Len() != lengths[1] {
			return u.fail("rows of %d elements do not fit %s", lengths[1], row)
		}
		u.element(i)
		if err := u.table(v, to, lengths[1:], first+i*(n/lengths[0]), n/lengths[0]); err != nil {
			return err
		}
		u.back()
		s.Index(i).Set(to)
	}
	return nil
}

// tableType returns the natural type of an array of such dimensions.
func (u *unmarshaler) tableType(v Value, lengths []int) reflect.Type {
	t := elementType(v.ElementPrimitive())
	for range lengths {
		t = reflect.SliceOf(t)
	}
	return t
}

// bits converts a BitArray (fixture o-linkedlist).
func (u *unmarshaler) bits(v Value) (n int, fill func(reflect.Value) error, err error) {
	words, _ := v.Member("m_array")
	length := int(int32Member(v, "m_length"))
	packed, ok := words.Packed()
	if !ok || words.ElementPrimitive() != PrimitiveInt32 || length < 0 || length > 8*len(packed) {
		return 0, nil, u.fail("its m_length is %d, of %d bits", length, 8*len(packed))
	}
	return length, func(s reflect.Value) error {
		for i := range length {
			bit := atom{PrimitiveBoolean, uint64(packed[i/8] >> (i % 8) & 1), ""}
			if err := u.scalar(bit, s.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// stream converts a MemoryStream to what it holds.
func (u *unmarshaler) stream(v Value, dst reflect.Value) (n int, fill func(reflect.Value) error, err error) {
	buffer, _ := v.Member("_buffer")
	from, to := int(int32Member(v, "_origin")), int(int32Member(v, "_length"))
	if buffer.ElementPrimitive() != PrimitiveByte || from < 0 || to < from || to > buffer.Len() {
		return 0, nil, u.fail("its _length is %d from %d on, of %d bytes", to, from, buffer.Len())
	}
	if dst.Type().Elem().Kind() != reflect.Uint8 {
		return 0, nil, u.mismatch(v, dst)
	}
	return to - from, func(s reflect.Value) error {
		return u.list(sequence{array: buffer, first: from, n: to - from}, s)
	}, nil
}
