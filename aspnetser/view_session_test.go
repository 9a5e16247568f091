package aspnetser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// The text of a session has a limit for all Objects together: the last ones are lines of their own and nothing more.
func TestTextOfManyObjects(t *testing.T) {
	texts := make([]string, 2000)
	for i := range texts {
		texts[i] = strings.Repeat("x", 100)
	}
	stream, err := nrbf.EncodeStream(&nrbf.Array{Elem: nrbf.StringType, Values: texts})
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := nrbf.Decode(stream, nrbf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	one := len(AppendText(nil, &Session{Items: []Item{{Key: "k", Value: Object(g)}}}))
	s := &Session{Static: []StaticObject{{Name: "last", HasInstance: true, Value: Object(g)}}}
	n := 2 * sessionViewBytes / one
	for i := range n {
		s.Items = append(s.Items, Item{Key: fmt.Sprint("item", i), Value: Object(g)})
	}
	text := string(AppendText(nil, s))
	if most := sessionViewBytes + 200*n; len(text) > most || len(text) < sessionViewBytes {
		t.Errorf("%d bytes for %d Objects, want between %d and %d", len(text), n, sessionViewBytes, most)
	}
	text = squeeze(text)
	for _, want := range []string{
		`"item0" Object string[] (2,000) [0] "xxx`,
		fmt.Sprintf(`"item%d" Object "System.String[]", %d bytes`, n-1, len(stream)),
		`static "last" Object "System.String[]", `,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
}
