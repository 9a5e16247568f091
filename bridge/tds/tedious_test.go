package tds

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session/memstore"
)

// TestTediousWorks: tedious, the driver of Node, with the commands of the providers and with what drivers do besides
// (scripts/tedious).
func TestTediousWorks(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed (Debian: nodejs)")
	}
	folder := filepath.Join("..", "..", "scripts", "tedious")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "tedious")); err != nil {
		t.Skip("tedious is not installed: run npm ci in scripts/tedious")
	}
	for _, c := range []struct{ what, password, encrypt string }{
		{"inbox", "s3cret", "false"}, {"async", "s3cret", "false"}, {"driver", "s3cret", "false"}, {"cancel", "s3cret", "false"}, {"wrong", "other", "false"},
		{"inbox", "s3cret", "true"}, {"async", "s3cret", "true"}, {"driver", "s3cret", "true"}, {"cancel", "s3cret", "true"}, {"wrong", "other", "true"},
		{"untrusted", "s3cret", "true"},
	} {
		t.Run(c.what+", encrypt "+c.encrypt, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			t.Cleanup(func() { store.Close() })
			waits := make(chan struct{}, 10)
			front := &Front{Store: telling{store, waits}, Settings: Settings{Login: secretary}, TLS: certificate(t)}
			if c.what == "cancel" {
				front.Park = time.Minute
			}
			host, port, _ := strings.Cut(serveFront(t, front), ":")
			out, err := runTold(t, waits, exec.Command(node, filepath.Join(folder, "client.js"), c.what, host, port, "web", c.password, c.encrypt))
			if err != nil {
				t.Errorf("%v\n%.3000s", err, out)
			}
		})
	}
}
