package bridge

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestOnce: each thing once, and an end to it.
func TestOnce(t *testing.T) {
	var log bytes.Buffer
	l := slog.New(slog.NewTextHandler(&log, nil))
	var o Once
	for range 3 {
		for n := range 2 * mostOnce {
			o.Warn(l, "unknown", fmt.Sprint("thing", n, "."))
		}
	}
	o.Warn(nil, "unknown", "to nobody")
	said := log.String()
	if n := strings.Count(said, "\n"); n != mostOnce+1 || strings.Count(said, "thing7.") != 1 || !strings.HasSuffix(said, "told\"\n") {
		t.Errorf("%d lines", n)
	}
}
