package stateserver_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// TestPathsOfOneConnection: what a target names does not depend on what its connection asked for before, whatever a
// connection remembers of paths.
func TestPathsOfOneConnection(t *testing.T) {
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/3/ROOT/shop", "/LM/3"}})
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, prefix := range []string{
		"%2fLM%2f3(h)%2f", "%2FLM%2F3(h)%2F", "/LM/3(h)/", "//LM/3(h)/", "%2fLM%2fW3SVC%2f3%2fROOT%2fshop(h)%2f",
		"%2fLM%2fW3SVC%2f9%2fROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5%2fHxWS854%3d)%2f", "%2fLM%2f3(h)%2fa%2f", "nopath%2f",
	} {
		for _, id := range []string{"abc", "2fabc", "3%30", "3%41abc", "41abc", "3Aabc", "3%31", "u0033", "%u0033a", "a%2fb", "a/b", "a+b", "(x)", "%", "2f", "%e4", "é"} {
			targets = append(targets, prefix+id)
		}
	}
	want := func(target string) session.Key {
		k, err := reg.StateServerKey(target)
		if err != nil {
			return session.Key{ID: layout.DecodeTarget(target)}
		}
		return k
	}
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	keys := map[session.Key]string{}
	for _, target := range targets { // each session holds its own name
		k := want(target)
		if keys[k] == "" {
			keys[k] = fmt.Sprintf("session %d", len(keys))
			if err := store.SetAndRelease(t.Context(), k, session.Value{Payload: []byte(keys[k]), Timeout: 20}, session.Insert()); err != nil {
				t.Fatal(err)
			}
		}
	}
	addr := serve(t, &stateserver.Front{Store: store, Settings: stateserver.Settings{Registry: reg}}, &bridge.Server{})
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	get := func(target string) string {
		if _, err := io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		length := 0
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(errors.Join(err, fmt.Errorf("GET %s", target)))
			}
			fmt.Sscanf(line, "Content-Length: %d", &length)
			if strings.TrimSpace(line) == "" {
				break
			}
		}
		b := make([]byte, length)
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, before := range targets {
		for _, target := range targets {
			get(before)
			if got := get(target); got != keys[want(target)] {
				t.Fatalf("after %s, %s gives %q, want %q", before, target, got, keys[want(target)])
			}
		}
	}
}
