//go:build unix

package bridge

import (
	"net"
	"testing"
	"time"
)

// TestGone: a client is there while it says nothing, also when a deadline has passed, and gone once it has closed.
func TestGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if gone(c) {
		t.Error("a client that says nothing is taken for gone")
	}
	c.SetReadDeadline(time.Unix(1, 0))
	if gone(c) {
		t.Error("a client is taken for gone when a deadline has passed")
	}
	c.SetReadDeadline(time.Time{})
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); !gone(c); {
		if time.Now().After(end) {
			t.Fatal("a client that has closed is not noticed")
		}
	}
}
