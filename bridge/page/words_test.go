package page

import (
	"fmt"
	"testing"
	"time"
)

// TestWords: numbers as people read them.
func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		count(int64(-1)): "–", count(0): "0", count(int32(999)): "999", count(1000): "1,000", count(uint64(1234567)): "1,234,567",
		size(int32(-1)): "–", size(int32(0)): "0 B", size(int32(999)): "999 B", size(int32(1000)): "1.0 KiB", size(int64(10200)): "10 KiB", size(int64(3 << 30)): "3.0 GiB",
		span(int64(0)): "0 s", span(int64(61)): "1 min 1 s", span(2 * time.Hour): "2 h 0 min", span(-90 * time.Second): "−1 min 30 s", span(int64(200_000)): "2 d 7 h",
		rate(0): "0", rate(0.01): "< 0.1", rate(9.94): "9.9", rate(9.96): "10", rate(12345.6): "12,346",
		fmt.Sprint(pageLinks(1, 1)): "[1]", fmt.Sprint(pageLinks(1, 4)): "[1 2 3 4]", fmt.Sprint(pageLinks(50, 100)): "[1 0 48 49 50 51 52 0 100]",
		line(nil, true): "", line([]Rate{{Calls: 5}}, false): "236.0,1.0 240.0,1.0", line([]Rate{{Calls: 10}, {Calls: 0}}, true): "232.0,1.0 236.0,1.0 240.0,35.0 240.0,36 232.0,36",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
