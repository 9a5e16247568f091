package aspnetser

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

// told is how a fixture is read by somebody who knows whether it is compressed.
func told(compressed bool) Options {
	if compressed {
		return Options{Compressed: CompressionYes}
	}
	return Options{Compressed: CompressionNo}
}

func parseJSON(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v in %.300s", err, b)
	}
	return v
}

func TestGoldenBlobs(t *testing.T) {
	for _, c := range blobs.All(t) {
		t.Run(c.Name, func(t *testing.T) {
			for _, o := range []Options{{}, told(c.Compressed)} {
				s, err := Decode(c.Bin, o)
				if err != nil {
					t.Fatalf("%v: %v", o.Compressed, err)
				}
				if err := s.Err(); err != nil {
					t.Fatal(err)
				}
				if (s.Form == FormCompressed) != c.Compressed {
					t.Fatalf("form %v", s.Form)
				}
				if c.Kind == "real" && len(s.Warnings) > 0 {
					t.Errorf("a real blob has warnings: %v", s.Warnings)
				}
				got, want := parseJSON(t, AppendJSON(nil, s)), parseJSON(t, c.JSON)
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("got  %v\nwant %v", got, want)
				}
				checkSameBytes(t, s, c.Bin)
				form, err := Examine(c.Bin, o)
				if err != nil || form != s.Form {
					t.Errorf("Examine gives %v, %v", form, err)
				}
			}
		})
	}
}

// checkSameBytes encodes s and compares with the blob it came from; of compressed ones the inflated bytes and the FF.
func checkSameBytes(t *testing.T, s *Session, blob []byte) {
	t.Helper()
	prefix := []byte("before")
	got, err := s.Append(prefix)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(got, prefix) {
		t.Fatalf("Append lost what was there")
	}
	got = got[len(prefix):]
	if s.Form == FormCompressed {
		if got[len(got)-1] != 0xff {
			t.Fatalf("compressed blob ends in %02x", got[len(got)-1])
		}
		o := Options{MaxInflated: -1}
		if got, err = Inflate(nil, got, o); err != nil {
			t.Fatal(err)
		}
		if blob, err = Inflate(nil, blob, o); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, blob) {
		t.Fatalf("encoded again:\n% x\nwas\n% x", got, blob)
	}
}

// Every case comes out of the values and graphs alone: overwriting the input changes nothing.
func TestEncodingUsesNoInput(t *testing.T) {
	seen := 0
	for _, c := range blobs.All(t) {
		in := bytes.Clone(c.Bin)
		s, err := Decode(in, told(c.Compressed))
		if err != nil {
			t.Fatal(err)
		}
		seen++
		clear(in)
		if got, want := parseJSON(t, AppendJSON(nil, s)), parseJSON(t, c.JSON); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", c.Name, got, want)
		}
		checkSameBytes(t, s, c.Bin)
	}
	if seen < 133 {
		t.Fatalf("%d cases only", seen)
	}
}
