package aspnetser

import (
	"os"
	"strings"
	"testing"
	"time"
)

// The dump in the package comment is what AppendOffsets gives.
func TestDumpOfThePackageComment(t *testing.T) {
	s := &Session{
		Timeout: 20,
		Items: []Item{
			{Key: "name", Value: String("Žak")},
			{NullKey: true, Value: Boolean(true)},
			{Key: "date", Value: DateTimeOf(time.Date(2002, 10, 22, 0, 0, 0, 0, time.UTC))},
		},
		Static: []StaticObject{{Name: "log", ObjectType: "App.Logger"}},
	}
	blob, err := s.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := AppendOffsets(nil, blob, Options{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		// gofmt takes away the spaces that all lines begin with.
		if !strings.Contains(string(doc), strings.TrimLeft(line, " ")) {
			t.Errorf("not in the package comment: %s", line)
		}
	}
}
