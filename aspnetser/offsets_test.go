package aspnetser

import (
	"bufio"
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

// checkTiles sees that the lines of AppendOffsets follow one another from 0 to the end, of the blob and of the inflated
// one, and that the bytes shown are those of the blob.
func checkTiles(t *testing.T, out, blob []byte, o Options) {
	t.Helper()
	if !utf8.Valid(out) {
		t.Fatal("not UTF-8")
	}
	parts := strings.Split(string(out), "inflated blob:\n")
	if len(parts) == 2 {
		inner, _, _ := inflate(nil, blob, o.maxInflated(len(blob)))
		checkRanges(t, parts[0], blob)
		checkRanges(t, parts[1], inner)
		return
	}
	checkRanges(t, string(out), blob)
}

func checkRanges(t *testing.T, text string, blob []byte) {
	t.Helper()
	at := 0
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "damage: ") || strings.HasPrefix(line, "  offset") {
			continue
		}
		off, err1 := strconv.Atoi(strings.TrimSpace(line[:8]))
		n, err2 := strconv.Atoi(strings.TrimSpace(line[10:18]))
		if err1 != nil || err2 != nil || off != at || n < 0 || off+n > len(blob) {
			t.Fatalf("at offset %d: line %q", at, line)
		}
		if hex := fmt.Sprintf("% x", blob[off:off+min(n, rowBytes)]); !strings.HasPrefix(line[20:], hex) {
			t.Fatalf("line %q, but the bytes are %s", line, hex)
		}
		at += n
	}
	if at != len(blob) || lines.Err() != nil {
		t.Fatalf("lines end at %d of %d", at, len(blob))
	}
}

func TestOffsetsCoverEveryByte(t *testing.T) {
	for _, c := range blobs.All(t) {
		out, err := AppendOffsets([]byte(nil), c.Bin, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if strings.Contains(string(out), "not read") || strings.Contains(string(out), "damage") {
			t.Errorf("%s: %s", c.Name, out)
		}
		checkTiles(t, out, c.Bin, Options{})
	}
}

func TestOffsetsOfDamage(t *testing.T) {
	for _, c := range malformed.All(t) {
		out, err := AppendOffsets(nil, c.Bin, told(c.Compressed))
		checkTiles(t, out, c.Bin, told(c.Compressed))
		if (err != nil) != strings.HasSuffix(string(out), fmt.Sprintf("damage: %v\n", err)) {
			t.Errorf("%s: %v, but the lines end in %q", c.Name, err, out[max(0, len(out)-100):])
		}
	}
	for _, name := range []string{"static-mixed", "p-all", "z-static-mixed", "web-forms", "keys-case"} {
		blob := caseNamed(t, name)
		for n := range blob {
			out, err := AppendOffsets(nil, blob[:n:n], Options{Compressed: told(name[0] == 'z').Compressed})
			if err == nil && !(name[0] == 'z' && n == len(blob)-1) { // only the padding is gone
				t.Errorf("%s cut after %d bytes is taken", name, n)
			}
			checkTiles(t, out, blob[:n], Options{})
		}
	}
}

// Up to the damage everything is told; behind it nothing is made up.
func TestOffsetsText(t *testing.T) {
	blob := withItems([]string{"id", "na\tme"}, int32Value(258), []byte{1, 5, 'h', 'e', 'l', 'l', 'o'}).bytes()
	for name, c := range map[string]struct {
		blob []byte
		want string
	}{
		"whole": {append(bytes.Clone(blob), 1), `
       0         4  14 00 00 00                timeout                           20
       4         1  01                         hasItems flag                     true
       5         1  00                         hasStaticObjects flag             false
       6         4  02 00 00 00                item count                        2
      10         4  ff ff ff ff                null-key index                    -1
      14         1  02                         item 0 key length                 2
      15         2  69 64                      item 0 key                        "id"
      17         1  05                         item 1 key length                 5
      18         5  6e 61 09 6d 65             item 1 key                        "na\tme"
      23         4  05 00 00 00                item 0 end                        5 in the value area
      27         4  0c 00 00 00                item 1 end                        12 in the value area
      31         1  02                         item 0 "id"                       type Int32
      32         4  02 01 00 00                value                             258
      36         1  01                         item 1 "na\tme"                   type String
      37         1  05                         string length                     5
      38         5  68 65 6c 6c 6f             string                            "hello"
      43         1  ff                         end byte
      44         1  01                         after the end                     not looked at
`},
		"cut in the last value": {blob[:39], `
       0         4  14 00 00 00                timeout                           20
       4         1  01                         hasItems flag                     true
       5         1  00                         hasStaticObjects flag             false
       6         4  02 00 00 00                item count                        2
      10         4  ff ff ff ff                null-key index                    -1
      14         1  02                         item 0 key length                 2
      15         2  69 64                      item 0 key                        "id"
      17         1  05                         item 1 key length                 5
      18         5  6e 61 09 6d 65             item 1 key                        "na\tme"
      23         4  05 00 00 00                item 0 end                        5 in the value area
      27         4  0c 00 00 00                item 1 end                        12 in the value area
      31         1  02                         item 0 "id"                       type Int32
      32         4  02 01 00 00                value                             258
      36         3  01 05 68                   item 1 "na\tme"                   cannot be decoded: out of bytes in the string at offset 38
damage: item 1 "na\tme": slot ends at byte 12 of the value area, past the end of the blob at offset 27
`},
		"cut in a key": {blob[:20], `
       0         4  14 00 00 00                timeout                           20
       4         1  01                         hasItems flag                     true
       5         1  00                         hasStaticObjects flag             false
       6         4  02 00 00 00                item count                        2
      10         4  ff ff ff ff                null-key index                    -1
      14         1  02                         item 0 key length                 2
      15         2  69 64                      item 0 key                        "id"
      17         3  05 6e 61                   not read
damage: item 1: out of bytes in the key at offset 18
`},
	} {
		out, _ := AppendOffsets(nil, c.blob, Options{})
		head, rest, _ := strings.Cut(string(out), "\n")
		if head != "  offset    length  bytes                      field                             value" || rest != c.want[1:] {
			t.Errorf("%s:\n%s\nwant%s", name, out, c.want)
		}
	}
}

// Every record of a graph is told, and of a damaged one those before the damage.
func TestOffsetsOfGraphs(t *testing.T) {
	for name, c := range map[string]struct {
		cut  int // bytes to leave out at the end
		want string
	}{
		"static-one": {0, `
      34         1  14                         static object 0                   type Object
      35         1  00                           record                          SerializedStreamHeader
      36         4  01 00 00 00                  root id                         1
      40         4  ff ff ff ff                  header id                       -1
      44         4  01 00 00 00                  major version                   1
      48         4  00 00 00 00                  minor version                   0
      52         1  04                           record                          SystemClassWithMembersAndTypes
      53         4  01 00 00 00                  object id                       1
      57         1  19                           class name length               25
      58        25  53 79 73 74 65 6d 2e 54 …    class name                      "System.Text.StringBuilder"
`},
		"static-one, cut": {20, `
     151         4  10 00 00 00                    Capacity                      Int32 16
     155         1  06                             record                        BinaryObjectString
     156         1  02                         not read                          BinaryObjectString record at offset 155: out of bytes in the object id at offset 156
damage: static object 0 "log": Object, BinaryObjectString record at offset 155: out of bytes in the object id at offset 156
`},
	} {
		fixture, _, _ := strings.Cut(name, ",")
		blob := caseNamed(t, fixture)
		out, _ := AppendOffsets(nil, blob[:len(blob)-c.cut], Options{})
		if !strings.Contains(string(out), c.want[1:]) {
			t.Errorf("%s: no%sin\n%s", name, c.want, out)
		}
	}
	// An item without an end record does not spoil the next.
	blob := withItems([]string{"o", "b"}, append([]byte{byte(TypeObject)}, nullRun(3)[:31]...), int32Value(2)).bytes()
	out, _ := AppendOffsets(nil, blob, Options{})
	want := `
      44         1  10                           record                          ArraySingleObject
      45         4  01 00 00 00                  object id                       1
      49         4  03 00 00 00                  length                          3
      53         1  0e                             record                        ObjectNullMultiple
      54         4  03 00 00 00                    count                         3
      58         1  02                         item 1 "b"                        type Int32
      59         4  02 00 00 00                value                             2
      63         1  ff                         end byte
damage: item 0 "o": Object: out of bytes in the record type at offset 58
`
	if !strings.HasSuffix(string(out), want[1:]) {
		t.Errorf("%s", out)
	}
}
