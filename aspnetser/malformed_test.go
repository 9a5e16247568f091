package aspnetser

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

// stricter are the cases that Microsoft's reader takes and this package shows as Undecodable items, with what it says.
var stricter = map[string]string{
	"type-0":                 `item 0 "k": unknown type id 0 at offset 20`,
	"type-22":                `item 0 "k": unknown type id 22 at offset 20`,
	"type-255":               `item 0 "k": unknown type id 255 at offset 20`,
	"value-longer-than-slot": `item 0 "a": value of 8 bytes runs over its slot at offset 27`,
	"nrbf-untyped-members": `item 0 "o": Object, ClassWithMembers record at offset 123: ` +
		"a class without member types cannot be read without the class at offset 123",
}

// unloaded are the cases that Microsoft's reader rejects because of a .NET type, which is never loaded here.
var unloaded = map[string]bool{"nrbf-unknown-type": true}

// rejected is what is said of every other case that Microsoft's reader rejects.
var rejected = map[string]string{
	"empty-file":             "out of bytes in the timeout at offset 0",
	"cut-timeout":            "out of bytes in the timeout at offset 0",
	"cut-after-timeout":      "out of bytes in the hasItems flag at offset 4",
	"cut-after-flags":        "out of bytes in the item count at offset 6",
	"cut-after-count":        "out of bytes in the null-key index at offset 10",
	"cut-in-key":             "item 1: out of bytes in the key at offset 18",
	"cut-after-keys":         `item 0 "id": out of bytes in the table of ends at offset 27`,
	"cut-in-offsets":         `item 1 "name": out of bytes in the table of ends at offset 31`,
	"cut-after-offsets":      `item 0 "id": slot ends at byte 5 of the value area, past the end of the blob at offset 27`,
	"cut-in-value":           `item 1 "name": slot ends at byte 12 of the value area, past the end of the blob at offset 31`,
	"cut-in-object":          `item 2 "list": slot ends at byte 233 of the value area, past the end of the blob at offset 35`,
	"no-trailer":             "out of bytes in the end byte at offset 272",
	"trailer-00":             "end byte is 00, not ff at offset 272",
	"count-huge":             "item count 2147483647 needs more bytes than are left at offset 6",
	"count-million":          "item count 1000000 needs more bytes than are left at offset 6",
	"null-index-missing-key": `item 0: slot ends at byte 352513 of the value area, past the end of the blob at offset 14`,
	"keys-duplicate":         `item 1 "dup": key equals that of item 0 at offset 19`,
	"keys-duplicate-case":    `item 1 "kEY": key equals that of item 0 at offset 19`,
	"offsets-backwards":      "end byte is 02, not ff at offset 31",
	"offset-past-end":        `item 0 "a": slot ends at byte 105 of the value area, past the end of the blob at offset 16`,
	"offset-last-negative":   `item 0 "a": slot ends at byte -1 of the value area at offset 16`,
	"offset-huge":            `item 0 "a": slot ends at byte 2147483647 of the value area, past the end of the blob at offset 16`,
	"length-7bit-overflow":   "item 0: key length of more than 5 bytes at offset 14",
	"length-7bit-negative":   `item 0 "k": string length -1 at offset 21`,
	"string-length-1gb":      `item 0 "k": out of bytes in the string at offset 26`,
	"char-astral":            `item 0 "k": Char of 4 bytes at offset 21`,
	"datetime-over":          `item 0 "k": DateTime ticks out of range at offset 21`,
	"decimal-scale-29":       `item 0 "k": Decimal scale 29 is over 28 at offset 33`,
	"guid-short":             `item 0 "k": out of bytes in the value at offset 21`,
	"object-empty":           `item 0 "k": Object without a record stream at offset 21`,
	"null-key-null-value":    `item 0 "a": slot ends at byte 393216 of the value area, past the end of the blob at offset 18`,
	"null-key-untouched":     `item 0 "a": slot ends at byte 117506048 of the value area, past the end of the blob at offset 28`,
	"static-count-huge":      "static object count 2147483647 needs more bytes than are left at offset 6",
	"static-null-instance":   `static object 0 "x": static object that exists reads as null at offset 13`,
	"static-duplicate":       `static object 1 "X": name equals that of static object 0 at offset 19`,
	"z-cut-middle":           "deflate data are cut short at offset 866",
	"z-plain":                "deflate data are corrupt at offset 4",
	"z-block-type-3":         "deflate data are corrupt at offset 1",
	"z-bomb-zeros":           "end byte is 00, not ff at offset 6 of the inflated blob",
	"z-empty":                "deflate data are cut short at offset 0",
	"z-only-pad":             "deflate data are corrupt at offset 1",
	"nrbf-no-header":         `item 0 "k": Object: record type 16 where the header should be at offset 21`,
	"nrbf-record-200":        `item 0 "o": Object: unknown record type 200 at offset 38`,
	"nrbf-dangling-ref":      `item 0 "o": Object, MemberReference record at offset 47: no object has the id 99 at offset 48`,
	"nrbf-array-huge":        `item 0 "o": Object, MessageEnd record at offset 48: the end record stands inside an object at offset 48`,
	"nrbf-prim-array-huge":   `item 0 "o": Object, ArraySinglePrimitive record at offset 38: out of bytes in the elements at offset 48`,
	"nrbf-array-negative":    `item 0 "o": Object, ArraySingleObject record at offset 38: array length -1 at offset 43`,
	"nrbf-nulls-overrun": `item 0 "o": Object, ObjectNullMultiple256 record at offset 47: ` +
		"a run of 10 nulls is longer than what is left of the array or class at offset 47",
	"nrbf-no-end":          `item 0 "o": Object: out of bytes in the record type at offset 48`,
	"nrbf-interface-array": `item 0 "c": Object, ClassWithId record at offset 72: no class record has the id 2 at offset 77`,
}

func TestMalformedBlobs(t *testing.T) {
	for _, c := range malformed.All(t) {
		if c.Sure != nil && !*c.Sure {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			for _, o := range []Options{told(c.Compressed), {}} {
				if c.Name == "z-plain" && o.Compressed == CompressionAuto {
					continue // a good plain blob, which is broken only for who takes it for compressed
				}
				checkMalformed(t, c, o)
			}
		})
	}
}

func checkMalformed(t *testing.T, c malformed.Case, o Options) {
	s, err := Decode(c.Bin, o)
	stage := "open"
	if err == nil {
		if err = s.Err(); err != nil {
			stage = "item"
		}
	}
	_, examined := Examine(c.Bin, o)
	if (err == nil) != (examined == nil) || err != nil && err.Error() != examined.Error() {
		t.Errorf("Decode says %v, Examine %v", err, examined)
	}
	if _, shown := AppendOffsets(nil, c.Bin, o); (err == nil) != (shown == nil) || err != nil && err.Error() != shown.Error() {
		t.Errorf("Decode says %v, AppendOffsets %v", err, shown)
	}
	var bad *MalformedError
	var over *LimitError
	if err != nil && !errors.As(err, &bad) && !errors.As(err, &over) {
		t.Fatalf("error of type %T: %v", err, err)
	}
	var graph *nrbf.MalformedError
	if about := err != nil && strings.Contains(err.Error(), ": Object") && c.Name != "object-empty"; about != errors.As(err, &graph) {
		t.Errorf("%v is %T inside", err, graph)
	}
	want, strict := stricter[c.Name]
	if c.Name == "z-bomb-string" {
		if !errors.As(err, &over) {
			t.Fatalf("got %v, want a limit", err)
		}
		if s, err = Decode(c.Bin, Options{Compressed: o.Compressed, MaxInflated: -1}); err != nil || s.Err() != nil {
			t.Fatalf("without a limit: %v", err)
		}
		if text, _ := s.Items[0].Value.Text(); len(text) != 64<<20 {
			t.Errorf("text of %d bytes", len(text))
		}
		return
	}
	switch {
	case strict:
		if stage != "item" || err == nil || err.Error() != want {
			t.Errorf("got %v at %s, want %s", err, stage, want)
		}
		checkSameBytes(t, s, c.Bin)
	case c.MS == "accepts" || unloaded[c.Name]:
		if err != nil {
			t.Fatal(err)
		}
		if c.Name == "nrbf-depth-bomb" { // deeper than encoding/json reads
			if n := bytes.Count(AppendJSON(nil, s), []byte(`{"array":"System.Object"`)); n != 50_000 {
				t.Errorf("%d arrays", n)
			}
		} else if c.HasJSON {
			if got, want := parseJSON(t, AppendJSON(nil, s)), parseJSON(t, c.JSON); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		checkSameBytes(t, s, c.Bin)
	default:
		want, known := rejected[c.Name]
		if !known {
			t.Fatalf("no line in the table for this case: %v", err)
		}
		if err == nil || stage != c.Stage {
			t.Fatalf("got %v at %s, want a rejection at %s", err, stage, c.Stage)
		}
		// Without being told, one of two readings has to be chosen; small compressed ones look like nothing at all.
		if o.Compressed != CompressionAuto || !c.Compressed {
			if err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		}
	}
}

// What is done with a malformed blob takes memory in proportion to its size, whatever it claims.
func TestMalformedMemory(t *testing.T) {
	for _, c := range malformed.All(t) {
		for _, o := range []Options{told(c.Compressed), {}} {
			checkMemory(t, c.Name, c.Bin, o)
		}
	}
}

// checkMemory measures all that is allocated, garbage included.
func checkMemory(t *testing.T, name string, blob []byte, o Options) {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector allocates too")
	}
	for what, do := range map[string]func(){
		"Decode": func() {
			if s, err := Decode(blob, o); err == nil {
				s.Err()
				WriteJSON(io.Discard, s)
			}
		},
		"Examine":      func() { Examine(blob, o) },
		"WriteOffsets": func() { WriteOffsets(io.Discard, blob, o) },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(64<<20+20*len(blob)) {
			t.Errorf("%s: %s allocates %d bytes for %d", name, what, got, len(blob))
		}
	}
}
