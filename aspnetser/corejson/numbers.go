package corejson

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// appendFloat writes a number of 32 or 64 bits as .NET does since Core 3.0: the shortest text that gives it again, with an
// exponent of two digits or more where it has more digits before the point than .NET shows, or four zeros behind it.
func appendFloat(dst []byte, f float64, bits int) []byte {
	var buffer [32]byte
	text := strconv.AppendFloat(buffer[:0], f, 'e', -1, bits) // d.ddde±dd
	e := bytes.IndexByte(text, 'e')
	exponent, _ := strconv.Atoi(string(text[e+1:]))
	digits := 17
	if bits == 32 {
		digits = 9
	}
	if exponent >= digits || exponent < -4 {
		dst = append(dst, text[:e]...)
		return append(append(dst, 'E'), text[e+1:]...)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

// parseFloat reads a JSON number. Those that are too large, of which .NET makes an infinity, are refused: it has no JSON.
func parseFloat(text []byte, bits int) (f float64, ok bool) {
	f, err := strconv.ParseFloat(string(text), bits)
	return f, err == nil && !math.IsInf(f, 0)
}

// parseDecimal reads a JSON number as a decimal with the scale that is written: 1.10, 11e-1. Digits that do not fit are
// rounded.
func parseDecimal(text []byte) (d nrbf.Decimal, ok bool) {
	plain := string(text)
	if i := bytes.IndexAny(text, "eE"); i >= 0 {
		if plain, ok = withoutExponent(string(text[:i]), string(text[i+1:])); !ok {
			return d, false
		}
	}
	return nrbf.ParseDecimal(plain)
}

// maxZeros is more than a decimal has digits, before or behind the point.
const maxZeros = 100

// withoutExponent moves the point.
func withoutExponent(mantissa, exponent string) (plain string, ok bool) {
	sign := ""
	if mantissa[0] == '-' {
		sign, mantissa = "-", mantissa[1:]
	}
	digits, fraction, _ := strings.Cut(mantissa, ".")
	nothing := strings.Trim(mantissa, "0.") == ""
	e, err := strconv.Atoi(exponent)
	point := len(digits) + e // in the digits
	if digits == "0" {
		digits = strings.TrimLeft(fraction, "0")
		point = e - (len(fraction) - len(digits))
	} else {
		digits += fraction
	}
	switch {
	case err != nil && exponent[0] != '-', err == nil && e > 0 && point > maxZeros && !nothing:
		return sign + "0", nothing
	case err != nil, e < 0 && point < -maxZeros:
		return sign + "0." + strings.Repeat("0", maxZeros), true
	case nothing && point > maxZeros:
		return sign + "0", true
	case point <= 0:
		return sign + "0." + strings.Repeat("0", -point) + digits, true
	case point >= len(digits):
		return sign + digits + strings.Repeat("0", point-len(digits)), true
	default:
		return sign + digits[:point] + "." + digits[point:], true
	}
}

// parseInteger reads a JSON number as an integer of a type: digits alone, in range.
func parseInteger(text []byte, k kind) (bits uint64, ok bool) {
	size := intSizes[k]
	if size > 0 {
		n, err := strconv.ParseUint(string(text), 10, size)
		return n, err == nil
	}
	n, err := strconv.ParseInt(string(text), 10, -size)
	return uint64(n), err == nil
}

// intSizes are the bits of integer types, negative where they are signed.
var intSizes = map[kind]int{
	kindByte: 8, kindSByte: -8, kindShort: -16, kindUShort: 16, kindInt: -32, kindUInt: 32, kindLong: -64, kindULong: 64,
}
