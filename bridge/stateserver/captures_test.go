package stateserver_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session/memstore"
)

// captures is where the exchanges lie, beside the project.
const captures = "../../../shared/captures/stateserver"

// TestCaptures replays every exchange: bytes of Microsoft's client and server, and those built from the reference source.
func TestCaptures(t *testing.T) {
	eachExchange(t, func(t *testing.T, steps []step) {
		store := memstore.New(memstore.Options{})
		t.Cleanup(func() { store.Close() })
		replay(t, serve(t, &stateserver.Front{Store: store}, &bridge.Server{}), steps)
	})
}

// eachExchange runs a test for every file.
func eachExchange(t *testing.T, f func(t *testing.T, steps []step)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(captures, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("%s is not here", captures)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { f(t, readExchange(t, file)) })
	}
}

// step is a line of an exchange, or several of one kind.
type step struct {
	kind byte // C, S, W, N
	text string
}

func readExchange(t *testing.T, file string) (steps []step) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		kind, rest, ok := strings.Cut(line, ": ")
		if !ok || len(kind) != 1 {
			t.Fatalf("%s: line %q", file, line)
		}
		if n := len(steps); n > 0 && steps[n-1].kind == kind[0] && strings.Contains("CS", kind) {
			steps[n-1].text += rest
			continue
		}
		steps = append(steps, step{kind[0], rest})
	}
	if len(steps) < 2 {
		t.Fatalf("%s has no exchange", file)
	}
	return steps
}

// unescape turns the escapes of an exchange into bytes.
func unescape(t *testing.T, s string) []byte {
	t.Helper()
	u, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return []byte(u)
}

var placeholder = regexp.MustCompile(`\\\{\\\{(ticks|int(?::\d+-\d+)?)\\\}\\\}`)

// pattern is an answer as a regular expression, with placeholders as groups.
func pattern(t *testing.T, answer string) (re *regexp.Regexp, kinds []string) {
	t.Helper()
	quoted := regexp.QuoteMeta(string(latin(unescape(t, answer))))
	quoted = placeholder.ReplaceAllStringFunc(quoted, func(s string) string {
		kind := strings.Trim(s, `\{}`)
		kinds = append(kinds, kind)
		if kind == "ticks" {
			return `(\d{15,19})`
		}
		return `(\d{1,10})`
	})
	return regexp.MustCompile(`(?s)^` + quoted), kinds
}

// latin makes each byte a character, so that a regular expression may count them.
func latin(b []byte) []rune {
	rs := make([]rune, len(b))
	for i, c := range b {
		rs[i] = rune(c)
	}
	return rs
}

func replay(t *testing.T, addr string, steps []step) {
	conns := map[string]net.Conn{}
	use := func(name string) net.Conn {
		if conns[name] == nil {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			conns[name] = c
		}
		return conns[name]
	}
	c := use("1")
	for i, s := range steps {
		switch s.kind {
		case 'N':
			c = use(s.text)
		case 'W': // what the wait shows is that the lock is held on; its length is of no matter
		case 'C':
			if _, err := c.Write(unescape(t, s.text)); err != nil {
				t.Fatal(err)
			}
		case 'S':
			if d := expect(t, c, s.text); d != "" {
				t.Fatalf("step %d: %s", i, d)
			}
		default:
			t.Fatalf("step %d is of kind %c", i, s.kind)
		}
	}
	for name, c := range conns {
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if n, err := c.Read(make([]byte, 1)); n > 0 || err == io.EOF {
			t.Errorf("connection %s: %d bytes unasked, %v", name, n, err)
		}
	}
}

// expect reads an answer and says how it differs.
func expect(t *testing.T, c net.Conn, answer string) string {
	re, kinds := pattern(t, answer)
	var got []byte
	c.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		m := re.FindStringSubmatch(string(latin(got)))
		if m != nil && len([]rune(m[0])) == len(got) {
			for i, kind := range kinds {
				if from, to, ok := strings.Cut(strings.TrimPrefix(kind, "int:"), "-"); ok {
					v, _ := strconv.Atoi(m[i+1])
					low, _ := strconv.Atoi(from)
					high, _ := strconv.Atoi(to)
					if v < low || v > high {
						return fmt.Sprintf("%d is not in %s", v, kind)
					}
				}
			}
			return ""
		}
		if i := bytes.Index(got, []byte("\r\n\r\n")); i >= 0 && len(got) >= len(unescape(t, answer))+64 {
			return fmt.Sprintf("got %q, want %q", got, answer)
		}
		var b [512]byte
		n, err := c.Read(b[:])
		got = append(got, b[:n]...)
		if err != nil {
			return fmt.Sprintf("got %q and %v, want %q", got, err, answer)
		}
		if n > 0 && mismatch(got, unescape(t, answer)) {
			return fmt.Sprintf("got %q, want %q", got, answer)
		}
	}
}

// mismatch says whether an answer has begun otherwise than it should, so that a test need not wait for more.
func mismatch(got, want []byte) bool {
	if i := bytes.Index(want, []byte("{{")); i >= 0 {
		want = want[:i]
	}
	n := min(len(got), len(want))
	return !bytes.Equal(got[:n], want[:n])
}
