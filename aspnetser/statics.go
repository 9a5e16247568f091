package aspnetser

import "github.com/aspstate/aspstate/aspnetser/nrbf"

// rawStatic is a static object as it lies in the blob (session-blob.md 6).
type rawStatic struct {
	name     rawText
	instance byte        // hasInstance as stored
	value    rawValue    // with an instance
	graph    *nrbf.Graph // an Object
	text     rawText     // a String value: text of the shared decoder
	at       int         // offset of the value's type byte
	typeName rawText     // without an instance
	late     byte        // lateBound as stored
}

// readStatics reads the section of static objects into sc.statics and returns the count as stored. Values stand there
// without a table of their ends, so graphs have to be decoded, and the width of an IntPtr can only be tried:
// 8 bytes, and if the blob makes no sense so, 4. One process wrote them all.
func (sc *scratch) readStatics(cur *cursor, o Options, names *textDecoder) int32 {
	at := cur.pos
	count := cur.i32(fieldStaticCount)
	if !cur.ok() || count <= 0 {
		return count
	}
	if int64(count) > o.maxStatics() {
		code := faultMaxStatics
		if 4*int64(count) > int64(len(cur.b)-cur.pos) { // the least entry is a name of no bytes, a flag, and a Byte
			code = faultCount
		}
		cur.fail(code, fieldStaticCount, at, int64(count))
		return count
	}
	narrow, before, text := *cur, *names, len(sc.text)
	pointers := sc.readStaticEntries(cur, o, int(count), names, 8)
	if sensible := cur.ok() && cur.pos < len(cur.b) && cur.b[cur.pos] == trailer; sensible || !pointers {
		return count
	}
	sc.dropStatics()
	*cur, *names, sc.text = narrow, before, sc.text[:text]
	sc.readStaticEntries(cur, o, int(count), names, 4)
	if !cur.ok() || cur.pos == len(cur.b) || cur.b[cur.pos] != trailer {
		// Neither makes sense: tell about the usual width.
		sc.dropStatics()
		*cur, *names, sc.text = narrow, before, sc.text[:text]
		sc.readStaticEntries(cur, o, int(count), names, 8)
	}
	return count
}

// readStaticEntries reads the entries. pointers says whether the width of an IntPtr mattered.
func (sc *scratch) readStaticEntries(cur *cursor, o Options, count int, names *textDecoder, pointer int) (pointers bool) {
	var rest restOf
	for i := range count {
		s := sc.readStatic(cur, o, names, pointer, &rest)
		pointers = pointers || s.value.typ == TypeIntPtr || s.value.typ == TypeUIntPtr
		sc.statics = append(sc.statics, s)
		if !cur.ok() {
			cur.f.static = int32(i) + 1
			return pointers
		}
	}
	return pointers
}

// restOf is a copy of the blob from an offset on, made when the first graph is met; graphs keep their part of it.
type restOf struct {
	at int
	s  string
}

func (r *restOf) from(cur *cursor) string {
	if r.s == "" {
		r.at, r.s = cur.pos, string(cur.b[cur.pos:])
	}
	return r.s[cur.pos-r.at:]
}

func (sc *scratch) readStatic(cur *cursor, o Options, names *textDecoder, pointer int, rest *restOf) rawStatic {
	var s rawStatic
	s.name = sc.readText(cur, fieldName, names)
	s.instance = cur.u8(fieldInstance)
	if !cur.ok() {
		return s
	}
	if s.instance == 0 {
		s.typeName = sc.readText(cur, fieldTypeName, names)
		s.late = cur.u8(fieldLateBound)
		return s
	}
	s.at = cur.pos
	id := Type(cur.u8(fieldType))
	switch {
	case !cur.ok():
	case id == TypeString:
		s.value.typ = id
		s.text = sc.readText(cur, fieldString, names)
	case id == TypeObject:
		s.value.typ = id
		g, n, err := sc.decoder(o).Decode(rest.from(cur))
		if err != nil {
			sc.graphErr = err
			cur.fail(faultGraph, fieldValue, cur.pos, 0)
			break
		}
		s.graph, s.value.text = g, span{cur.pos, n}
		cur.pos += n
		s.value.end = cur.pos
	case id == TypeNull || id == 0 || id > TypeNull:
		cur.fail(faultNullInstance, fieldType, s.at, int64(id))
	default:
		if f := s.value.read(cur.b, s.at, room{slot: len(cur.b), area: len(cur.b), pointer: pointer}); f.code != noFault {
			cur.f = f
			break
		}
		cur.pos = s.value.end
	}
	return s
}

// duplicateStatic looks for two equal names. Microsoft compares them ordinally without case (fixture static-duplicate).
func (sc *scratch) duplicateStatic(blob []byte) (i, j int, found bool) {
	if len(sc.statics) < 2 {
		return 0, 0, false
	}
	first := len(sc.keys)
	for i := range sc.statics {
		sc.keys = append(sc.keys, sc.statics[i].name)
	}
	i, j, found = sc.duplicate(blob, sc.keys[first:])
	sc.keys = sc.keys[:first]
	return i, j, found
}
