package layout

// Code page 1252, the one of SQL Server's ordinary collations for western languages.

// high1252 are the characters of bytes 80 to 9F. Windows gives the five bytes that have none the control characters of
// the same number.
var high1252 = [32]uint16{
	0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
	0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
}

// byte1252 converts one UTF-16 unit as a conversion to varchar does: what the code page lacks becomes a question mark, a
// surrogate pair two of them. Windows also maps some characters to others that look like them (best fit: ā to a); that is
// not attempted, so the suffix of such a name has to be read from ASPStateTempApplications (Application.InboxAppIDs).
func byte1252(u uint16) byte {
	if u < 0x80 || u >= 0xA0 && u <= 0xFF {
		return byte(u)
	}
	for i, c := range high1252 {
		if c == u {
			return byte(0x80 + i)
		}
	}
	return '?'
}

// lower1252 is LOWER of one byte under a collation of the code page that is not Turkish.
func lower1252(b byte) byte {
	switch {
	case b >= 'A' && b <= 'Z', b >= 0xC0 && b <= 0xDE && b != 0xD7: // À to Þ; D7 is the multiplication sign
		return b + 0x20
	case b == 0x8A, b == 0x8C, b == 0x8E: // Š Œ Ž
		return b + 0x10
	case b == 0x9F: // Ÿ
		return 0xFF
	}
	return b
}

// DecodeCP1252 reads text of code page 1252, in which the five bytes without a character are control characters.
func DecodeCP1252(b []byte) string {
	units := make([]rune, len(b))
	for i, c := range b {
		units[i] = rune(c)
		if c >= 0x80 && c < 0xA0 {
			units[i] = rune(high1252[c-0x80])
		}
	}
	return string(units)
}
