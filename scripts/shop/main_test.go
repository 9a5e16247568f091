package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// output tells of the line by which all is said.
type output struct {
	mu   sync.Mutex
	said bytes.Buffer
	done chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said.Write(p)
	if strings.Contains(string(p), "/logout") {
		close(o.done)
	}
	return len(p), nil
}

// TestRun starts the program as README.md has it, and tries what it says.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &output{done: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--catalog", "127.0.0.1:0", "--checkout", "127.0.0.1:0"}, out) }()
	select {
	case <-out.done:
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	}
	line := regexp.MustCompile(`(?m)^curl -b (\S+?)=(\S+)( -X (\S+))? '(\S+)'`)
	tries := line.FindAllStringSubmatch(out.said.String(), -1)
	if len(tries) < 7 {
		t.Fatalf("it says:\n%s", out.said.String())
	}
	var cart string
	for _, c := range tries {
		method := c[4]
		if method == "" {
			method = "GET"
		}
		r, err := http.NewRequest(method, c[5], nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: c[1], Value: c[2]})
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d, %s, %v", c[0], resp.StatusCode, body, err)
		}
		if strings.HasSuffix(c[5], "/cart") {
			cart = string(body)
		}
	}
	if cart != "Hello Ada, cart: 249.75 EUR\n  5 × A-1   49.95 EUR\n" {
		t.Errorf("the cart is %q", cart)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopping: %v", err)
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--bridge", "http://127.0.0.1:1", "--store-dsn", "sqlserver://127.0.0.1"},
		{"--app", "shop"},
		{"--ids", "mine"},
		{"--store-dsn", "sqlserver://%"},
		{"--bridge", "ftp://bridge"},
	} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
