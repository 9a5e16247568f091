package corejson

import (
	"bytes"
	"hash/maphash"
	"strconv"
)

// Equal says whether two JSON texts are equal in value: the same tree, objects without regard to the order of their members,
// numbers by exact decimal value, strings after unescaping (remote-session-protocol.md 11). Of members of one name the last
// counts. A text that is no JSON, or deeper than MaxDepth, equals only itself.
//
// It takes time and memory in proportion to the texts: 1e1000000000 is not multiplied out.
func Equal(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, err := read(a)
	if err != nil {
		return false
	}
	y, err := read(b)
	return err == nil && x.equal(0, y, 0)
}

// equal compares node i of d with node j of e.
func (d *document) equal(i int32, e *document, j int32) bool {
	m, n := &d.nodes[i], &e.nodes[j]
	if m.kind != n.kind {
		return false
	}
	switch m.kind {
	case isNumber:
		return numberOf(d.raw(i)).equal(numberOf(e.raw(j)))
	case isString:
		if !m.escaped && !n.escaped {
			return bytes.Equal(d.raw(i), e.raw(j))
		}
		return d.string(i) == e.string(j)
	case isArray:
		at, other := i+1, j+1
		for at < m.next && other < n.next {
			if !d.equal(at, e, other) {
				return false
			}
			at, other = d.nodes[at].next, e.nodes[other].next
		}
		return at == m.next && other == n.next
	case isObject:
		these, those := d.byName(i), e.byName(j)
		if len(these) != len(those) {
			return false
		}
		for name, at := range these {
			other, ok := those[name]
			if !ok || !d.equal(at, e, other) {
				return false
			}
		}
	}
	return true
}

func (d *document) byName(i int32) map[string]int32 {
	m := map[string]int32{}
	d.members(i, func(name string, at int32) { m[name] = at })
	return m
}

// hash is the same for nodes that are equal.
func (d *document) hash(seed maphash.Seed, i int32) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	n := &d.nodes[i]
	_ = h.WriteByte(byte(n.kind))
	switch n.kind {
	case isNumber:
		x := numberOf(d.raw(i))
		_, _ = h.Write(x.digits)
		_, _ = h.WriteString(strconv.FormatInt(x.exponent, 10))
	case isString:
		_, _ = h.WriteString(d.string(i))
	case isArray:
		for at := i + 1; at < n.next; at = d.nodes[at].next {
			maphash.WriteComparable(&h, d.hash(seed, at))
		}
	case isObject:
		sum := uint64(0) // in any order
		for name, at := range d.byName(i) {
			sum += maphash.String(seed, name) ^ d.hash(seed, at)*3
		}
		maphash.WriteComparable(&h, sum)
	}
	return h.Sum64()
}

// number is digits × 10^exponent, without zeros at either end; 0 has none and is not negative.
type number struct {
	negative bool
	digits   []byte // may be part of the text
	exponent int64
	huge     []byte // the whole text where the exponent is not one of 18 digits; nothing else counts then
}

// maxExponent is how many digits of an exponent are read as a number. A text of as many digits does not fit into memory.
const maxExponent = 18

// numberOf takes a JSON number apart.
func numberOf(text []byte) (n number) {
	mantissa, exponent := text, []byte(nil)
	if i := bytes.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
	}
	if mantissa[0] == '-' {
		n.negative, mantissa = true, mantissa[1:]
	}
	if point := bytes.IndexByte(mantissa, '.'); point >= 0 {
		n.exponent = -int64(len(mantissa) - point - 1)
		mantissa = append(bytes.Clone(mantissa[:point]), mantissa[point+1:]...)
	}
	n.digits = bytes.TrimRight(mantissa, "0")
	n.exponent += int64(len(mantissa) - len(n.digits))
	if n.digits = bytes.TrimLeft(n.digits, "0"); len(n.digits) == 0 {
		return number{}
	}
	if exponent != nil {
		sign := int64(1)
		if exponent[0] == '-' || exponent[0] == '+' {
			if exponent[0] == '-' {
				sign = -1
			}
			exponent = exponent[1:]
		}
		if exponent = bytes.TrimLeft(exponent, "0"); len(exponent) > maxExponent {
			return number{huge: text}
		}
		e, _ := strconv.ParseInt("0"+string(exponent), 10, 64)
		n.exponent += sign * e
	}
	return n
}

func (n number) equal(other number) bool {
	return n.negative == other.negative && n.exponent == other.exponent && bytes.Equal(n.digits, other.digits) &&
		bytes.Equal(n.huge, other.huge)
}
