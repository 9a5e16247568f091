package layout

import (
	"strings"
	"testing"
)

// TestSessionIDs encodes what the reference tells of ids: five bits a character, low bits first within five bytes.
func TestSessionIDs(t *testing.T) {
	for want, b := range map[string][15]byte{
		strings.Repeat("a", 24):                   {},
		strings.Repeat("5", 24):                   {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
		"baaaaaaaaaaaaaaaaaaaaaaq":                {0: 1, 14: 128},
		"aiaaaaaa" + "aaaaaaba" + "abaa" + "aaaa": {0: 0, 1: 1, 8: 64, 10: 32},
	} {
		if got := encodeSessionID(b); got != want {
			t.Errorf("%v is %s, want %s", b, got, want)
		}
	}
	seen, count := map[string]bool{}, map[rune]int{}
	for range 2000 {
		id := NewSessionID()
		back, ok := ParseSessionID(strings.ToUpper(id))
		if !ok || back != id || seen[id] {
			t.Fatalf("id %s", id)
		}
		seen[id] = true
		for _, c := range id {
			count[c]++
		}
	}
	for c, n := range count {
		if len(count) != 32 || n < 1200 || n > 1800 { // 1500, of 38 deviation
			t.Errorf("%d letters, %q comes %d times", len(count), c, n)
		}
	}
	for _, cookie := range []string{
		"", "k2m4qj0v5x1ybz3hw4cfrdn", "k2m4qj0v5x1ybz3hw4cfrdnaa", "k2m4qj0v5x1ybz3hw4cfrdn6", "k2m4qj0v5x1 bz3hw4cfrdna",
		"\u212a2m4qj0v5x1ybz3hw4cfrd", // 24 bytes that begin with a Kelvin sign, whose small letter is k
	} {
		if id, ok := ParseSessionID(cookie); ok || id != "" {
			t.Errorf("%q is taken for %q", cookie, id)
		}
	}
}
