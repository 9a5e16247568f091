package httpapi_test

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/session"
)

// lockedBody is the JSON of a session under its lock.
func (s *site) lockedBody(path string) (body, cookie string) {
	s.t.Helper()
	w := s.want(http.StatusOK, call{method: "POST", path: path + "/lock"})
	if !json.Valid(w.Body.Bytes()) {
		s.t.Fatalf("%s: no JSON: %.300s", path, w.Body)
	}
	return w.Body.String(), w.Header().Get("Aspstate-Lock")
}

// What is read and sent back unchanged gives the same bytes, whatever is in the session; of a compressed one, the same
// inflated bytes.
func TestSameBytes(t *testing.T) {
	s := newSite(t)
	for i, c := range blobs.All(t) {
		d, err := aspnetser.Decode(c.Bin, aspnetser.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d.Timeout < 1 || d.Timeout > 525600 { // as such the API writes none
			continue
		}
		k := shop(strings.Repeat("a", 20) + string(rune('a'+i/26)) + string(rune('a'+i%26)))
		s.put(k, c.Bin)
		path := "/v1/apps/shop/sessions/" + k.ID
		body, cookie := s.lockedBody(path)
		body = strings.Replace(body, `"timeout":20`, `"timeout":`+itoa(d.Timeout), 1)
		if c.Name == "o-wide" {
			t.Logf("%s: %d bytes, %d of JSON", c.Name, len(c.Bin), len(body))
		}
		s.want(http.StatusNoContent, call{method: "PUT", path: path, body: body, header: head("Aspstate-Lock", cookie)})
		rec, err := session.PeekOne(t.Context(), s.mem, k)
		if err != nil {
			t.Fatal(err)
		}
		was, is := inflated(t, c.Bin, c.Compressed), inflated(t, rec.Payload, c.Compressed)
		if !bytes.Equal(was, is) || rec.Lock.Locked || rec.Timeout != d.Timeout {
			t.Errorf("%s: written as\n%.400x\nwas\n%.400x", c.Name, is, was)
		}
	}
}

func itoa(n int32) string { b, _ := json.Marshal(n); return string(b) }

func inflated(t *testing.T, b []byte, compressed bool) []byte {
	t.Helper()
	if !compressed {
		return b
	}
	b, err := aspnetser.Inflate(nil, b, aspnetser.Options{MaxRatio: -1})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The values as they are written, and read back.
func TestValues(t *testing.T) {
	guid := aspnetser.GUID{0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	for want, v := range map[string]aspnetser.Value{
		`{"type":"String","value":"Žak \"é\" ✓"}`:                        aspnetser.String("Žak \"é\" ✓"),
		`{"type":"Int32","value":-2147483648}`:                           aspnetser.Int32(math.MinInt32),
		`{"type":"Int64","value":"-9223372036854775808"}`:                aspnetser.Int64(math.MinInt64),
		`{"type":"UInt64","value":"18446744073709551615"}`:               aspnetser.UInt64(math.MaxUint64),
		`{"type":"UInt32","value":4294967295}`:                           aspnetser.UInt32(math.MaxUint32),
		`{"type":"Byte","value":255}`:                                    aspnetser.Byte(255),
		`{"type":"SByte","value":-128}`:                                  aspnetser.SByte(-128),
		`{"type":"IntPtr","value":"-1"}`:                                 aspnetser.IntPtr(-1),
		`{"type":"Boolean","value":true}`:                                aspnetser.Boolean(true),
		`{"type":"Char","value":"中"}`:                                    aspnetser.Char(0x4e2d),
		`{"type":"Single","value":0.1}`:                                  aspnetser.Single(0.1),
		`{"type":"Double","value":-0.0}`:                                 aspnetser.Double(math.Copysign(0, -1)),
		`{"type":"Double","value":5e-324}`:                               aspnetser.Double(math.SmallestNonzeroFloat64),
		`{"type":"Double","value":"-Infinity"}`:                          aspnetser.Double(math.Inf(-1)),
		`{"type":"Double","value":"NaN"}`:                                aspnetser.Double(math.Float64frombits(0xfff8000000000000)),
		`{"type":"Double","value":"NaN","bytes":"CQEAAAAAAPh/"}`:         aspnetser.Double(math.Float64frombits(0x7ff8000000000001)),
		`{"type":"DateTime","value":"0001-01-01T00:00:00"}`:              aspnetser.DateTime(0),
		`{"type":"DateTime","value":"9999-12-31T23:59:59.9999999"}`:      aspnetser.DateTime(3155378975999999999),
		`{"type":"TimeSpan","value":"-10675199.02:48:05.4775808"}`:       aspnetser.TimeSpan(math.MinInt64),
		`{"type":"TimeSpan","value":"00:00:01"}`:                         aspnetser.TimeSpan(10_000_000),
		`{"type":"Guid","value":"00112233-4455-6677-8899-aabbccddeeff"}`: aspnetser.Guid(guid),
		`{"type":"Null"}`:                                                aspnetser.Null(),
	} {
		s := newSite(t)
		c := &aspnetser.Collection{Timeout: 20}
		c.Set("k", v)
		b, err := c.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		s.put(shop(id), b)
		w := s.want(http.StatusOK, call{method: "GET", path: one})
		if !strings.Contains(w.Body.String(), `{"key":"k","value":`+want+`}`) {
			t.Errorf("%s is written as %s", want, w.Body)
		}
		s.want(http.StatusNoContent, call{method: "PATCH", path: one, body: `{"set":{"K":` + want + `}}`})
		rec, err := session.PeekOne(t.Context(), s.mem, shop(id))
		if err != nil || !bytes.Equal(rec.Payload, b) {
			t.Errorf("%s is read as % x, %v, want % x", want, rec.Payload, err, b)
		}
	}
}
