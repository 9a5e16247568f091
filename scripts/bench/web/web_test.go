//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/boj/redistore"
	"github.com/gorilla/sessions"
)

// The children of a test are the test's own program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && isRole(os.Args[1]) {
		role(os.Args[1], os.Args[2:])
		return
	}
	os.Exit(m.Run())
}

// TestInstant: everything runs, no visit is lost, and each turn that is compared has what it is compared with.
func TestInstant(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); errors.Is(err, exec.ErrNotFound) {
		t.Skip("no redis-server")
	}
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			s, err := parse([]string{"-rounds", "1", "-span", "50ms", "-sessions", "2,20", "-calls", "4",
				"-web-cpus", "", "-store-cpus", "", "-load-cpus", ""})
			if err != nil {
				t.Fatal(err)
			}
			s.unix = network == "unix"
			turns, err := measure(s)
			if err != nil {
				t.Fatal(err)
			}
			report(turns)
			here := map[string]bool{}
			for _, turn := range turns {
				here[turn.group+turn.name] = true
				if len(turn.took) != 1 || turn.took[0].rate <= 0 || turn.took[0].p50 > turn.took[0].p99 {
					t.Errorf("%s, %s: %+v", turn.group, turn.name, turn.took)
				}
			}
			for _, turn := range turns {
				for _, our := range turn.beside {
					if !here[turn.group+our] {
						t.Errorf("%s: nothing is named %s", turn.group, our)
					}
				}
			}
		})
	}
}

// TestSizes: a session has about 2 KB, whoever writes it.
func TestSizes(t *testing.T) {
	ours, err := payload()
	if err != nil {
		t.Fatal(err)
	}
	h := &sessions.Session{Values: map[any]any{}}
	for key, v := range contents() {
		h.Values[key] = v
	}
	inGob, err := redistore.GobSerializer{}.Serialize(h)
	if err != nil {
		t.Fatal(err)
	}
	inJSON, err := redistore.JSONSerializer{}.Serialize(h)
	if err != nil {
		t.Fatal(err)
	}
	inSCS, err := scs.GobCodec{}.Encode(time.Now(), contents())
	if err != nil {
		t.Fatal(err)
	}
	for who, b := range map[string][]byte{"ours": ours, "gob": inGob, "JSON": inJSON, "scs": inSCS} {
		t.Log(who, len(b))
		if len(b) < 1900 || len(b) > 2600 {
			t.Errorf("a session has %d bytes as %s", len(b), who)
		}
	}
}

func TestAnswers(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc"
	for n := range len(whole) {
		if a, err := readAnswer([]byte(whole[:n]), okay); err != nil || a.n != 0 {
			t.Fatalf("%d bytes: %d, %v", n, a.n, err)
		}
	}
	a, err := readAnswer([]byte(whole), okay)
	if err != nil || a.n != len(whole) || string(a.body) != "abc" {
		t.Errorf("%d, %q, %v", a.n, a.body, err)
	}
	for _, bad := range []string{whole + "x", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"} {
		if _, err := readAnswer([]byte(bad), okay); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
