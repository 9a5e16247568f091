package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocs finds what docs/go-apps.md quotes in the file that it names: each line of the block behind the name, in order.
func TestDocs(t *testing.T) {
	doc, err := os.ReadFile("../../docs/go-apps.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("\\(`scripts/shop/(\\w+\\.go)`\\):\n\n((?:    .*\n)+)").FindAllStringSubmatch(string(doc), -1)
	if len(blocks) < 5 {
		t.Fatalf("it quotes %d times", len(blocks))
	}
	for _, b := range blocks {
		code, err := os.ReadFile(b[1])
		if err != nil {
			t.Fatal(err)
		}
		rest := string(code)
		for _, line := range strings.Split(strings.TrimSpace(b[2]), "\n") {
			_, after, found := strings.Cut(rest, strings.TrimSpace(line)+"\n")
			if !found {
				t.Errorf("%s has no line %q after those before it", b[1], strings.TrimSpace(line))
				continue
			}
			rest = after
		}
	}
}
