package nrbf

import (
	"math/big"
	"math/bits"
	"strings"
)

// Decimal is a System.Decimal: (-1)^Negative × magnitude × 10^-Scale. Equal numbers of different scale are different
// Decimals, and there is a negative zero.
type Decimal struct {
	Lo       uint64 // low 64 bits of the magnitude
	Hi       uint32 // high 32 bits
	Scale    uint8  // 0 to 28; more is refused when it is written
	Negative bool
}

// String writes all digits of the scale: 1.500, -0, 0.0000000000000000000000000001.
func (d Decimal) String() string { return string(d.Append(nil)) }

// Append appends what String returns.
func (d Decimal) Append(dst []byte) []byte {
	var digits [32]byte // 2^96 has 29 digits
	i := len(digits)
	hi, lo := uint64(d.Hi), d.Lo
	for hi != 0 || lo != 0 || len(digits)-i <= int(d.Scale) {
		if i == 0 {
			break // a scale that no Decimal has; what is left is zeros
		}
		var rest uint64
		hi, rest = hi/10, hi%10
		lo, rest = bits.Div64(rest, lo, 10)
		i--
		digits[i] = '0' + byte(rest)
	}
	if d.Negative {
		dst = append(dst, '-')
	}
	whole := len(digits) - i - int(d.Scale)
	if whole < 1 {
		return append(dst, digits[i:]...)
	}
	dst = append(dst, digits[i:i+whole]...)
	if d.Scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, digits[i+whole:]...)
	}
	return dst
}

// ParseDecimal reads what Decimal.Parse of .NET does under the invariant culture: blanks around, a sign before or behind,
// digits with commas among them, a point. Digits that do not fit are rounded, half to even. ok is false for other texts
// and for numbers of 2^96 and more.
func ParseDecimal(s string) (d Decimal, ok bool) {
	d, _, ok = parseDecimal(s)
	return d, ok
}

// parseDecimal is ParseDecimal, and says whether nothing was rounded.
func parseDecimal(s string) (d Decimal, exact, ok bool) {
	s = strings.TrimLeft(s, blanks)
	s = strings.TrimRight(strings.TrimRight(s, "\x00"), blanks)
	signed := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		signed, d.Negative, s = true, s[0] == '-', s[1:]
	}
	digits := make([]byte, 0, maxDigits)
	scale, seen, point, rest := 0, false, false, false
	i := 0
scan:
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			seen = true
			switch {
			case len(digits) == 0 && c == '0' && !point:
			case len(digits) < maxDigits:
				digits = append(digits, c)
				if point {
					scale++
				}
			case !point:
				return Decimal{}, false, false
			default:
				rest = rest || c != '0'
			}
		case c == '.' && !point:
			point = true
		case c == ',' && seen && !point:
		default:
			break scan
		}
	}
	s = strings.TrimLeft(s[i:], blanks)
	if !signed && (s == "-" || s == "+") {
		d.Negative, s = s == "-", ""
	}
	if !seen || s != "" {
		return Decimal{}, false, false
	}
	d, exact, ok = d.fit(digits, scale, rest)
	return d, exact && !rest, ok
}

const (
	blanks    = "\t\n\v\f\r "
	maxDigits = 64 // more than a Decimal has in any place; what comes behind matters for rounding only
)

// fit gives d the magnitude of the digits, of which so many are behind the point. rest says that more follow which are
// not all 0.
func (d Decimal) fit(digits []byte, scale int, rest bool) (_ Decimal, exact, ok bool) {
	if len(digits) <= 29 && scale <= 28 { // what .NET writes; 10^29 is below 2^97
		var hi uint64
		for _, c := range digits {
			carry, lo := bits.Mul64(d.Lo, 10)
			lo, more := bits.Add64(lo, uint64(c-'0'), 0)
			hi, d.Lo = hi*10+carry+more, lo
		}
		if hi>>32 == 0 {
			d.Hi, d.Scale = uint32(hi), uint8(scale)
			return d, true, true
		}
	}
	exact = true
	n, _ := new(big.Int).SetString(string(digits), 10)
	ten, digit := big.NewInt(10), new(big.Int)
	drop := 0
	for power := n; scale-drop > 28 || power.BitLen() > 96 && drop < scale; drop++ {
		power = new(big.Int).Quo(power, ten)
	}
	if drop > 0 {
		divisor := new(big.Int).Exp(ten, big.NewInt(int64(drop)), nil)
		n.QuoRem(n, divisor, digit)
		exact = digit.Sign() == 0
		switch half := digit.Lsh(digit, 1).Cmp(divisor); {
		case half > 0, half == 0 && (rest || n.Bit(0) == 1):
			n.Add(n, big.NewInt(1))
		}
	}
	scale -= drop
	if n.BitLen() > 96 {
		if scale == 0 {
			return Decimal{}, false, false
		}
		// Rounding up made it one digit longer: 79228162514264337593543950335.5 is too large, its tenth is not.
		n.Quo(n, ten)
		scale--
		exact = false
	}
	d.Lo = new(big.Int).And(n, new(big.Int).SetUint64(1<<64-1)).Uint64()
	d.Hi = uint32(new(big.Int).Rsh(n, 64).Uint64())
	d.Scale = uint8(scale)
	return d, exact, true
}
