package aspnetser

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/blobs"
)

// rawControl returns what of a text does to a terminal more than to stand there: control characters but the line feed, C1
// among them, and those that are not seen or change the direction; bytes that are no UTF-8. "" is nothing.
func rawControl(text string) string {
	if !utf8.ValidString(text) {
		return "invalid UTF-8"
	}
	for i, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) || r == 0x2028 || r == 0x2029 {
			return fmt.Sprintf("%U in %q", r, text[max(i-40, 0):min(i+40, len(text))])
		}
	}
	return ""
}

// checkRaw fails for a text of a view, and for one that has to stay on its line.
func checkRaw(t *testing.T, name, what, text string, oneLine bool) {
	t.Helper()
	if bad := rawControl(text); bad != "" {
		t.Errorf("%s: %s has %s", name, what, bad)
	} else if oneLine && strings.Contains(text, "\n") {
		t.Errorf("%s: %s has a line break: %q", name, what, text)
	}
}

// checkRawView looks at all texts that there are of a value: the view, first lines of it and of its parts, errors of paths.
func checkRawView(t *testing.T, name string, root View) (parts int) {
	t.Helper()
	checkRaw(t, name, "the text", string(root.AppendText(nil, ViewOptions{})), false)
	newWalk(12, func(path string, w View) {
		parts++
		checkRaw(t, name, "a summary", w.Summary(), true)
		for _, wrong := range []string{".\x1b\u009b\u202e", "[\u009b]", "[99,99]"} {
			_, err := w.Lookup(wrong)
			var p *PathError
			if errors.As(err, &p) {
				checkRaw(t, name, "an error of a path", p.Error(), true)
				checkRaw(t, name, "a reason", p.Reason, true)
			}
		}
	}).walk("", root, 4)
	return parts
}

var rawTexts = []string{"\x00", "\x07", "\x1b", "\x7f", "\r", "\n", "\u0085", "\u009b", "\u00ad", "\u061c", "\u200b", "\u202e", "\u2028",
	"\u2066", "\ufeff", "\U000e0001", "\xff", "\xc2", "&#x9b;", "&#27;", "_x009B_", "_x202E_"}

// mutated writes bytes over a copy of b: one to three places, each a byte or a character that a terminal would obey.
func mutated(rnd *rand.Rand, b []byte) []byte {
	out := bytes.Clone(b)
	for range 1 + rnd.IntN(3) {
		at := rnd.IntN(len(out))
		if rnd.IntN(4) == 0 {
			out[at] = byte(rnd.Uint32())
			continue
		}
		copy(out[at:], rawTexts[rnd.IntN(len(rawTexts))])
	}
	return out
}

// Nothing in a session reaches the terminal but as text, wherever in it somebody has written.
func TestViewOfMutatedFixtures(t *testing.T) {
	const (
		seed = 20261121
		each = 60
	)
	rnd := rand.New(rand.NewPCG(seed, 1))
	tried, decoded, parts := 0, 0, 0
	for _, c := range blobs.All(t) {
		s, err := Decode(c.Bin, Options{})
		if err != nil || c.Compressed || len(c.Bin) > 64<<10 || !hasObjects(s) {
			continue
		}
		for i := range each {
			tried++
			s, err := Decode(mutated(rnd, c.Bin), Options{})
			if err != nil {
				continue
			}
			decoded++
			name := fmt.Sprintf("%s, mutation %d", c.Name, i)
			checkRaw(t, name, "the session", string(AppendText(nil, s)), false)
			_, err = s.Lookup("no item \x1b\u009b\u202e")
			checkRaw(t, name, "the error of a path", err.Error(), true)
			for i := range s.Items[:min(len(s.Items), 6)] {
				parts += checkRawView(t, name, viewOfItem(&s.Items[i].Value))
			}
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "view", "*.nrbf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no streams: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range each {
			tried++
			g, _, err := nrbf.Decode(mutated(rnd, b), nrbf.Limits{})
			if err != nil {
				continue
			}
			decoded++
			parts += checkRawView(t, fmt.Sprintf("%s, mutation %d", file, i), ViewOf(g.Root()))
		}
	}
	t.Logf("%d mutations, %d decoded, %d parts", tried, decoded, parts)
	if tried < 3000 || decoded < tried/2 {
		t.Errorf("%d of %d mutations could be decoded", decoded, tried)
	}
}

func hasObjects(s *Session) bool {
	for i := range s.Items {
		if _, ok := s.Items[i].Value.Graph(); ok {
			return true
		}
	}
	return false
}

// The type of a column is what somebody wrote into a schema, like everything else there.
func TestViewOfControlCharactersInSchemas(t *testing.T) {
	const evil = "\u009b31m\u202e\x7f&#10;fake line"
	replace := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(tSchema) }
	data := tDiffgram(`<X><T d:id="T1" m:rowOrder="0"><b>1</b></T></X>`)
	for name, schema := range map[string]string{
		"type":      replace(`"xs:int"`, `"xs:`+evil+`"`),
		"data type": replace(`"xs:int"`, `"xs:int" msdata:DataType="`+evil+`"`),
		"restriction": replace(`<xs:element name="a" type="xs:int"/>`, `<xs:element name="a"><xs:simpleType><xs:restriction base="xs:`+evil+
			`"/></xs:simpleType></xs:element>`),
		"column name": replace(`"xs:int"`, `"xs:int" msdata:ColumnName="`+evil+`"`),
		"expression":  replace(`"xs:int"`, `"xs:int" msdata:Expression="`+evil+`"`),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := nrbf.EncodeStream(thing("System.Data.DataTable", "XmlSchema", schema, "XmlDiffGram", data))
			if err != nil {
				t.Fatal(err)
			}
			g, _, err := nrbf.Decode(b, nrbf.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			checkRawView(t, name, ViewOf(g.Root()))
			if got := showHostile(t, name, b); !strings.Contains(got, `\u009b31m\u202e\x7f`) {
				t.Errorf("not to be seen in\n%s", got)
			}
		})
	}
}
