package aspnetser

import (
	"bytes"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// What the makers make is what the accessors give after writing and reading.
func TestValuesComeBack(t *testing.T) {
	when := time.Date(2026, 11, 21, 5, 6, 7, 123456700, time.FixedZone("", 3600))
	guid := GUID{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	graph := graphOfStream(t, emptyArray())
	values := []Value{
		{}, Null(), String("x\x00é"), Boolean(true), Boolean(false), Int32(-2), Int16(-3), Int64(math.MinInt64), SByte(-128),
		Byte(255), UInt16(65535), UInt32(math.MaxUint32), UInt64(math.MaxUint64), Single(1.5), Double(-0.1), Char('é'), Char(0x7ff),
		Char(0xffff), DateTimeOf(when), DateTime(maxDateTimeTicks), TimeSpan(-1), Guid(guid), IntPtr(-4), UIntPtr(4), Object(graph),
		DecimalValue(Decimal{Lo: 15, Scale: 1, Negative: true}),
	}
	s := &Session{Timeout: 20}
	for i, v := range values {
		s.Items = append(s.Items, Item{Key: string(rune('A' + i)), Value: v})
	}
	s.Items[25].Key, s.Items[24].Key = "y2", "y1"
	blob, err := s.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(blob, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `null|null|"x\x00é"|true|false|-2|-3|-9223372036854775808|-128|255|65535|4294967295|18446744073709551615|1.5|-0.1|` +
		`'é'|'߿'|'\uffff'|2026-11-21T05:06:07.1234567|9999-12-31T23:59:59.9999999|-00:00:00.0000001|` +
		`00112233-4455-6677-8899-aabbccddeeff|-4 (8 bytes)|4 (8 bytes)|"System.Object[]", 27 bytes|-1.5`
	var got []string
	for i := range back.Items {
		got = append(got, string(back.Items[i].Value.appendShown(nil)))
	}
	if got := strings.Join(got, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(back.Warnings) > 0 || back.Err() != nil {
		t.Errorf("warnings %v, error %v", back.Warnings, back.Err())
	}
	check := func(name string, ok bool) {
		if !ok {
			t.Errorf("%s came back as something else", name)
		}
	}
	v := func(i int) Value { return back.Items[i].Value }
	text, ok := v(2).Text()
	check("String", ok && text == "x\x00é")
	truth, ok := v(3).Bool()
	check("Boolean", ok && truth)
	n, ok := v(7).Int()
	check("Int64", ok && n == math.MinInt64)
	u, ok := v(12).Uint()
	check("UInt64", ok && u == math.MaxUint64)
	f, ok := v(13).Float()
	check("Single", ok && f == 1.5)
	f, ok = v(14).Float()
	check("Double", ok && f == -0.1)
	c, ok := v(17).Char()
	check("Char", ok && c == 0xffff)
	clock, ok := v(18).Time()
	check("DateTime", ok && clock.Equal(time.Date(2026, 11, 21, 5, 6, 7, 123456700, time.UTC)))
	ticks, ok := v(20).Ticks()
	check("TimeSpan", ok && ticks == -1)
	g, ok := v(21).Guid()
	check("Guid", ok && g == guid)
	size, ok := v(22).PointerSize()
	check("IntPtr", ok && size == 8)
	o, ok := v(24).Graph()
	check("Object", ok && bytes.Equal(o.Append(nil), emptyArray()))
	d, ok := v(25).Decimal()
	check("Decimal", ok && d == Decimal{Lo: 15, Scale: 1, Negative: true})
	check("null", back.Items[0].Value.IsNull())
	_, ok = v(2).Int()
	check("String as a number", !ok)
	_, ok = v(5).Text()
	check("Int32 as text", !ok)
	_, ok = v(5).Undecodable()
	check("Int32 as undecodable", !ok)
}

// The digits against big.Int, over magnitudes of all sizes and all scales.
func TestDecimalDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		d := Decimal{Lo: r.Uint64() >> r.IntN(65), Hi: uint32(r.Uint64() >> (32 + r.IntN(33))), Scale: uint8(r.IntN(29)), Negative: r.IntN(2) == 0}
		m := new(big.Int).SetUint64(uint64(d.Hi))
		m.Lsh(m, 64).Add(m, new(big.Int).SetUint64(d.Lo))
		want := m.String()
		if pad := int(d.Scale) + 1 - len(want); pad > 0 {
			want = strings.Repeat("0", pad) + want
		}
		if d.Scale > 0 {
			want = want[:len(want)-int(d.Scale)] + "." + want[len(want)-int(d.Scale):]
		}
		if d.Negative {
			want = "-" + want
		}
		if got := d.String(); got != want {
			t.Fatalf("%+v: got %s, want %s", d, got, want)
		}
	}
	if got := (Decimal{Scale: 255}).String(); len(got) < 28 {
		t.Errorf("a scale that does not exist gives %q", got)
	}
}

// What no reader could read is not written.
func TestAppendRefuses(t *testing.T) {
	item := func(v Value) *Session { return &Session{Items: []Item{{Key: "k", Value: v}}} }
	static := func(objects ...StaticObject) *Session { return &Session{Static: objects} }
	for name, c := range map[string]struct {
		s    *Session
		want string
	}{
		"text":              {item(String("\xff")), `encoding item 0 "k": text is not UTF-8`},
		"key":               {&Session{Items: []Item{{Key: "\xff"}}}, `encoding the key of item 0: text is not UTF-8`},
		"surrogate":         {item(Char(0xd800)), `encoding item 0 "k": Char is half of a surrogate pair`},
		"date after 9999":   {item(DateTime(maxDateTimeTicks + 1)), `encoding item 0 "k": DateTime ticks out of range`},
		"date before 1":     {item(DateTime(-1)), `encoding item 0 "k": DateTime ticks out of range`},
		"scale":             {item(DecimalValue(Decimal{Scale: 29})), `encoding item 0 "k": Decimal scale 29 is over 28`},
		"Object of nothing": {item(Object(nil)), `encoding item 0 "k": Object without a graph`},
		"two null keys":     {&Session{Items: []Item{{NullKey: true}, {NullKey: true}}}, "encoding item 1: the null key is that of item 0"},
		"static null":       {static(StaticObject{Name: "s", HasInstance: true}), `encoding static object 0 "s": a static object that exists must not be null`},
		"static names":      {static(StaticObject{Name: "s"}, StaticObject{Name: "S"}), `encoding static object 1: name "S" equals that of 0`},
		"static Object of nothing": {static(StaticObject{Name: "s", HasInstance: true, Value: Object(nil)}),
			`encoding static object 0 "s": Object without a graph`},
		"static pointers": {static(StaticObject{Name: "a", HasInstance: true, Value: IntPtr(1)},
			StaticObject{Name: "b", HasInstance: true, Value: Value{typ: TypeIntPtr, aux: 4}}),
			`encoding static object 1 "b": static IntPtr values of different width could not be told apart`},
		"static slack": {static(StaticObject{Name: "a", HasInstance: true, Value: Value{typ: TypeInt32, odd: &oddity{slack: []byte{1}}}}),
			`encoding static object 0 "a": bytes behind the value have no place here`},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := c.s.Append(nil)
			if err == nil || err.Error() != c.want || out != nil {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestLen7(t *testing.T) {
	for _, c := range []struct {
		bytes []byte
		n     int32
		form  lenForm
	}{
		{[]byte{0}, 0, 0}, {[]byte{0x7f}, 127, 0}, {[]byte{0x80, 1}, 128, 0}, {[]byte{0xff, 0x7f}, 16383, 0},
		{[]byte{0x80, 0x80, 1}, 16384, 0}, {[]byte{0x80, 0x80, 0x80, 1}, 1 << 21, 0}, {[]byte{0x80, 0x80, 0x80, 0x80, 1}, 1 << 28, 0},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0x07}, math.MaxInt32, 0}, {[]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, -1, 0},
		{[]byte{0x82, 0x80, 0x80, 0x80, 0}, 2, 5},           // fixture s-overlong-7bit
		{[]byte{0x81, 0x80, 0x80, 0x80, 0x10}, 1, 5 | 1<<3}, // session-blob.md 1
		{[]byte{0x81, 0x80, 0x80, 0x80, 0x70}, 1, 5 | 7<<3},
	} {
		cur := cursor{b: c.bytes}
		n, form := cur.len7(fieldString)
		if !cur.ok() || n != c.n || form != c.form || cur.pos != len(c.bytes) {
			t.Errorf("% x: %d, form %d, %d bytes read", c.bytes, n, form, cur.pos)
		}
		if got := appendLen7(nil, uint32(n), form); !bytes.Equal(got, c.bytes) {
			t.Errorf("% x is written as % x", c.bytes, got)
		}
	}
	for _, b := range [][]byte{{}, {0x80}, {0x80, 0x80, 0x80, 0x80}, {0xff, 0xff, 0xff, 0xff, 0xff}, {0x80, 0x80, 0x80, 0x80, 0x80, 0}} {
		cur := cursor{b: b}
		if n, _ := cur.len7(fieldString); cur.ok() {
			t.Errorf("% x is taken for %d", b, n)
		}
	}
}

// session-blob.md 4, row Char.
func TestChar(t *testing.T) {
	for _, c := range []struct {
		bytes []byte
		want  string
	}{
		{[]byte{'c'}, "'c'"}, {[]byte{0xc3, 0xa9}, "'é'"}, {[]byte{0xef, 0xbf, 0xbd}, "'\ufffd'"}, {[]byte{0xbf}, "'\ufffd'"},
		{[]byte{0xc3, 'x'}, "Char that is not UTF-8"}, {[]byte{0xc3}, "out of bytes"}, {[]byte{0xe4, 0xb8}, "out of bytes"},
		{[]byte{0xe4, 'x'}, "Char that is not UTF-8"}, {[]byte{0xed, 0xa0, 0x80}, "half of a surrogate"},
		{[]byte{0xe0, 0x80, 0x80}, "Char that is not UTF-8"}, {[]byte{0xf0, 0x9f, 0x98, 0x80}, "Char of 4 bytes"}, {[]byte{}, "out of bytes"},
	} {
		s, err := Decode(withItems([]string{"k"}, append([]byte{byte(TypeChar)}, c.bytes...)).bytes(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := string(s.Items[0].Value.appendShown(nil))
		if err := s.Err(); err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("% x: got %s, want %s", c.bytes, got, c.want)
		}
	}
}

// session-blob.md 4, row Decimal: the bits of the flags that mean nothing must be 0.
func TestDecimalFlags(t *testing.T) {
	for bit := range 32 {
		value := append([]byte{byte(TypeDecimal)}, make([]byte, 16)...)
		value[13+bit/8] = 1 << (bit % 8)
		s, err := Decode(withItems([]string{"k"}, value).bytes(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		sound := bit == 31 || bit >= 16 && bit <= 20 // the sign, and a scale of up to 16
		if err := s.Err(); (err == nil) != sound {
			t.Errorf("bit %d: %v", bit, err)
		}
	}
}
