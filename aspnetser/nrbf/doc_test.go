package nrbf

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The dump in the package comment is what Trace gives.
func TestDumpOfThePackageComment(t *testing.T) {
	stream, err := EncodeStream(List(StringType, "red", nil, "red"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	_, err = Trace(stream, Limits{}, func(r Range) {
		shown := fmt.Sprintf("% x", stream[r.Offset:r.Offset+min(r.Length, 8)])
		if r.Length > 8 {
			shown += " …"
		}
		line := fmt.Sprintf("%6d %5d  %-25s  %-18s  %s\n", r.Offset, r.Length, shown, r.Field, r.Value)
		if !strings.Contains(string(doc), strings.TrimLeft(line, " ")) { // gofmt takes away what all lines begin with
			t.Errorf("not in the package comment: %s", line)
		}
		lines++
	})
	if err != nil || lines != 37 {
		t.Errorf("%d lines: %v", lines, err)
	}
}
