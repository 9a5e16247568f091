package aspnetser

import (
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// An Object without a graph can be shown and not be written.
func TestObjectWithoutGraph(t *testing.T) {
	for _, g := range []*nrbf.Graph{nil, {}} {
		s := &Session{Items: []Item{{Key: "o", Value: Object(g)}}}
		if text := string(AppendText(nil, s)); !strings.Contains(text, "null") {
			t.Errorf("shown as %s", text)
		}
		if text := string(AppendJSON(nil, s)); !strings.Contains(text, `"type":"Object","value":null`) {
			t.Errorf("JSON %s", text)
		}
		if _, err := s.Append(nil); err == nil {
			t.Error("it is written")
		}
	}
}
