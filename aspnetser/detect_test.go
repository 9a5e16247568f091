package aspnetser

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
)

func TestDetectFixtures(t *testing.T) {
	for _, c := range blobs.All(t) {
		want := FormPlain
		if c.Compressed {
			want = FormCompressed
		}
		d, err := Detect(c.Bin, Options{})
		if err != nil || d.Form != want || !d.Sure {
			t.Errorf("%s: %+v, %v", c.Name, d, err)
		}
		// Read the wrong way, none of them makes sense.
		wrong := CompressionYes
		if c.Compressed {
			wrong = CompressionNo
		}
		if form, err := Examine(c.Bin, Options{Compressed: wrong}); err == nil || form != FormUnknown {
			t.Errorf("%s read as %v: %v, %v", c.Name, wrong, form, err)
		}
		// A cut one is told about in the way it was written, where enough of it is left.
		if len(c.Bin) < 40 {
			continue
		}
		_, err = Examine(c.Bin[:len(c.Bin)-2], Options{})
		var e *MalformedError
		if !errors.As(err, &e) || strings.HasPrefix(e.Reason, "deflate") != c.Compressed {
			t.Errorf("%s without its last two bytes: %v", c.Name, err)
		}
	}
}

func TestDetectIsHonest(t *testing.T) {
	typical := caseNamed(t, "typical")
	packed := caseNamed(t, "z-typical")
	for name, c := range map[string]struct {
		blob []byte
		form Form
		sure bool
		want string
	}{
		"plain":                {typical, FormPlain, true, "reads as a plain blob up to the last byte"},
		"plain with more":      {append(bytes.Clone(typical), 0), FormPlain, false, "reads as a plain blob with 1 byte after its end"},
		"compressed":           {packed, FormCompressed, true, "inflates to a blob of 6919 bytes"},
		"compressed with more": {append(bytes.Clone(packed), 1, 2), FormCompressed, true, "inflates to a blob of 6919 bytes"},
		"both":                 {bothWays(), FormPlain, false, "reads as a plain blob up to the last byte, but inflates to a blob too"},
		"both, plain with more": {append(bothWays(), 0), FormCompressed, false,
			"inflates to a blob of 15 bytes, but could also be a plain one with bytes after its end"},
	} {
		d, err := Detect(c.blob, Options{Compressed: CompressionNo})
		if err != nil || d.Form != c.form || d.Sure != c.sure || d.Reason != c.want {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	if d, err := Detect([]byte("neither of them"), Options{}); err == nil || d.Form != FormUnknown || d.Sure {
		t.Errorf("neither: %+v, %v", d, err)
	}
}

// bothWays is a plain blob that is deflate data for another one as well: one stored block (RFC 1951, 3.2.4), whose head is
// the timeout and the first flag of the plain blob.
func bothWays() []byte {
	inner := []byte{
		// as a plain blob, after 01 0f 00 f0 (timeout) ff (hasItems)      inflated
		1,             // hasStaticObjects                                  timeout
		0, 0, 0, 0x80, // item count, negative: no items                    … and hasItems
		1, 0, 0, 0, //    static object count                               hasStaticObjects, item count …
		0x80, 0, //       length 0 of the name, in two bytes                … negative; static object count …
		1, 6, 0x80, //    hasInstance, type Byte, value                     … negative
		trailer,
	}
	return append([]byte{1, byte(len(inner)), 0, ^byte(len(inner)), 0xff}, inner...)
}

// Of what can be read neither way, the error is that of the reading that makes more sense.
func TestErrorOfTheBetterReading(t *testing.T) {
	// A stored block of 4,096 bytes, and a plain blob with one item: both cut in the same place.
	cutBoth := append([]byte{1, 0, 0x10, 0xff, 0xef}, 0, 1, 0, 0, 0, 1, 0, 0, 0)
	// A stored block of 8 bytes, complete, that inflates to nothing sensible; behind it a plain blob goes on.
	goesOn := append([]byte{1, 8, 0, 0xf7, 0xff}, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 'k', 5, 0, 0, 0, 2, 1, 0, 0, 0, 0)
	for name, c := range map[string]struct {
		blob []byte
		want string
	}{
		"cut both ways":  {cutBoth, "item 0: out of bytes in the key at offset 14"},
		"a part of it":   {goesOn, "end byte is 00, not ff at offset 25"},
		"cut compressed": {caseNamed(t, "z-typical")[:900], "deflate data are cut short at offset 900"},
		"cut plain":      {caseNamed(t, "typical")[:900], "past the end of the blob at offset"},
	} {
		_, err := Decode(c.blob, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "inflated") {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// A plain blob with a byte after its end is also tried as a compressed one. What that reads must not be left over.
func TestPlainAfterCompressedWasTried(t *testing.T) {
	blob := append(bothWays(), 0)
	blob[5+13] = 0 // inside, a static object count of 393,472; outside, a Byte
	s, err := Decode(blob, Options{})
	if err != nil || s.Form != FormPlain {
		t.Fatalf("%+v, %v", s, err)
	}
	if len(s.Static) != 1 || len(s.Items) != 0 {
		t.Errorf("%d static objects and %d items", len(s.Static), len(s.Items))
	}
	checkSameBytes(t, s, blob)
}

func caseNamed(t testing.TB, name string) []byte {
	t.Helper()
	for _, c := range blobs.All(t) {
		if c.Name == name {
			return bytes.Clone(c.Bin)
		}
	}
	t.Fatalf("no case %s", name)
	return nil
}
