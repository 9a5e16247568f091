package aspnetser

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxXMLDepth = 256       // elements that may stand one inside another
	maxXMLTag   = 256 << 10 // bytes of one tag: encoding/xml holds its attributes, at twenty times their size
)

const (
	nsInstance = "http://www.w3.org/2001/XMLSchema-instance"
	nsSchema   = "http://www.w3.org/2001/XMLSchema"
	nsData     = "urn:schemas-microsoft-com:xml-msdata"
	nsDiffgram = "urn:schemas-microsoft-com:xml-diffgram-v1"
)

// newXML reads text that says of itself that it is UTF-16, as DataTable's does, and is UTF-8 by now.
func newXML(text string) *xml.Decoder {
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return d
}

// readXML calls handle for each token, and says what is wrong.
func readXML(text string, handle func(t xml.Token, d *xml.Decoder) bool) (why string) {
	if hasLongTag(text) {
		return "a tag of more than " + strconv.Itoa(maxXMLTag) + " bytes"
	}
	d := newXML(text)
	depth := 0
	for {
		t, err := d.Token()
		if err == io.EOF {
			return ""
		}
		if err != nil {
			return "it is no sound XML"
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > maxXMLDepth {
				return "XML of more than " + strconv.Itoa(maxXMLDepth) + " levels"
			}
		case xml.EndElement:
			depth--
		}
		if !handle(t, d) {
			return "XML that is none of a DataTable"
		}
	}
}

// hasLongTag says whether a tag takes more than maxXMLTag. Inside of values in quotes a > does not end it.
func hasLongTag(text string) bool {
	for {
		i := strings.IndexByte(text, '<')
		if i < 0 || len(text)-i <= maxXMLTag {
			return false
		}
		text = text[i:]
		end, quote := 0, byte(0)
		for ; end < maxXMLTag && (text[end] != '>' || quote != 0); end++ {
			switch c := text[end]; {
			case quote == c:
				quote = 0
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			}
		}
		if end == maxXMLTag {
			return true
		}
		text = text[end:]
	}
}

// legalXML replaces references to control characters, which .NET writes and reads where the texts of a table have them
// and which XML forbids.
func legalXML(s string) string {
	if !strings.Contains(s, "&#") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "&#")
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexByte(s[:min(len(s), 12)], ';')
		if end < 0 {
			b.WriteString(s[:2])
			s = s[2:]
			continue
		}
		digits, base := s[2:end], 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			digits, base = hex, 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err == nil && n < ' ' && n != '\t' && n != '\n' && n != '\r' || err == nil && (n == 0xfffe || n == 0xffff) {
			b.WriteRune(utf8.RuneError)
		} else {
			b.WriteString(s[:end+1])
		}
		s = s[end+1:]
	}
	b.WriteString(s)
	return b.String()
}

// xmlName turns an element's name back into that of a column or table: XmlConvert.EncodeName writes _x0020_ for a blank.
func xmlName(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		n := 0
		for _, size := range []int{4, 8} {
			if len(s) > size+2 && s[size+2] == '_' {
				if c, err := strconv.ParseUint(s[2:size+2], 16, 32); err == nil && utf8.ValidRune(rune(c)) {
					b.WriteRune(rune(c))
					n = size + 3
					break
				}
			}
		}
		if n == 0 {
			b.WriteString(s[:2])
			n = 2
		}
		s = s[n:]
	}
	b.WriteString(s)
	return b.String()
}

func attr(e *xml.StartElement, space, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == space {
			return a.Value
		}
	}
	return ""
}

// xmlTypes are the types that a schema gives the columns, as C# writes them. Others it names in msdata:DataType.
var xmlTypes = map[string]string{
	"string": "string", "boolean": "bool", "int": "int", "long": "long", "short": "short", "byte": "sbyte",
	"unsignedByte": "byte", "unsignedShort": "ushort", "unsignedInt": "uint", "unsignedLong": "ulong",
	"decimal": "decimal", "double": "double", "float": "float", "dateTime": "DateTime", "duration": "TimeSpan",
	"base64Binary": "byte[]", "anyURI": "Uri", "anyType": "object",
}
