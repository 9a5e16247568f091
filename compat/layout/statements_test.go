package layout

import (
	"slices"
	"testing"
)

func TestMarksAreRead(t *testing.T) {
	for _, words := range [][]string{nil, {"fx8"}, {"fx8", WordPayload, WordAfter}} {
		op, got, ok := ReadMark(Mark(OpScan, words...) + "SELECT 1 /* no mark */")
		if !ok || op != OpScan || !slices.Equal(got, words) {
			t.Errorf("%v is read as %v %v, %v", words, op, got, ok)
		}
	}
	if got, want := Mark(OpRead, "fx8", "", WordExclusive), "/*aspstate:read fx8 exclusive*/"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, text := range []string{"", "SELECT 1", "/*aspstate:*/", "/*aspstate: */", "/*aspstate:scan", " /*aspstate:scan*/", "/*other*/"} {
		if op, words, ok := ReadMark(text); ok {
			t.Errorf("%q is read as %v %v", text, op, words)
		}
	}
}
