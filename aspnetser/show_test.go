package aspnetser

import (
	"strings"
	"testing"
)

func TestAppendText(t *testing.T) {
	s := &Session{
		Form: FormPlain, Timeout: 1,
		Items: []Item{
			{Key: "name", Value: String("a\x1b[31m\n")},
			{NullKey: true, Value: Boolean(true)},
			{Key: strings.Repeat("k", 70), Value: String(strings.Repeat("é", 61))},
			{Key: "cart", Value: Object(graphOfStream(t, emptyArray()))},
			{Key: "odd", Value: undecodable(22, []byte{22, 1}, fault{code: faultType, off: 41, n: 22}, nil)},
			{Key: "none", Value: undecodable(0, nil, fault{code: faultEmptySlot, off: 43}, nil)},
		},
		Static: []StaticObject{
			{Name: "log", HasInstance: true, Value: Int32(7)},
			{Name: "idle", ObjectType: "System.Text.StringBuilder"},
			{Name: "late", ObjectType: "ADODB.Connection", LateBound: true},
		},
		Warnings:     []Warning{{Item: 2, Static: -1, Offset: 12, Text: "key is not UTF-8"}},
		MoreWarnings: 3,
	}
	want := `
plain session, timeout 1 minute, 6 items, 3 static objects
  "name"                            String       "a\x1b[31m\n"
  null                              Boolean      true
  "` + strings.Repeat("k", 60) + `"…  String       "` + strings.Repeat("é", 60) + `"… (61 characters, 122 bytes)
  "cart"                            Object       object[] (0)
  "odd"                             Undecodable  type id 22, 2 bytes, 16 01: unknown type id 22 at offset 41
  "none"                            Undecodable  0 bytes: slot of 0 bytes at offset 43
  static "log"                      Int32        7
  static "idle"                     not created: "System.Text.StringBuilder"
  static "late"                     not created: "ADODB.Connection", late bound
warnings:
  item 2: key is not UTF-8 at offset 12
  and 3 more
`
	if got := string(AppendText(nil, s)); got != want[1:] {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
}

func TestAppendJSONStrings(t *testing.T) {
	s := &Session{Items: []Item{{Key: "q\"\\\n\r\t\x00\x1f\x7f\u2028é", Value: String("\xff")}}}
	want := `{"key":"q\"\\\n\r\t\u0000\u001f\u007f` + "\u2028é" + `","type":"String","value":"` + "\ufffd" + `"}`
	if got := string(AppendJSON(nil, s)); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAppendJSONUndecodable(t *testing.T) {
	blob := withItems([]string{"a", "b", "c"}, []byte{22, 7}, nil, append([]byte{byte(TypeObject)}, 0, 2)).bytes()
	s, err := Decode(blob, Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := string(AppendJSON(nil, s))
	for _, want := range []string{
		`{"key":"a","type":"Undecodable","typeId":22,"hex":"1607","error":"item 0 \"a\": unknown type id 22 at offset 32"},`,
		`{"key":"b","type":"Undecodable","typeId":null,"hex":"","error":"item 1 \"b\": slot of 0 bytes at offset 34"},`,
		`{"key":"c","type":"Undecodable","typeId":20,"hex":"140002","error":"item 2 \"c\": Object, SerializedStreamHeader record at offset 35: out of bytes in the root id at offset 36"}`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	parseJSON(t, []byte(out))
	checkSameBytes(t, s, blob)
}
