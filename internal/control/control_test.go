package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestMain lets a test start this program as a process that can be steered.
func TestMain(m *testing.M) {
	if path, child := os.LookupEnv("CONTROL_TEST_CHILD"); child {
		s, err := Listen(Options{Path: path, Self: This("child", "")})
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(s.Path() + "\n")
		os.Stdin.Read(make([]byte, 1)) // until the test ends, or kills it
		s.Close()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child starts a process that can be steered. path may be empty.
func child(t *testing.T, path string) (c *exec.Cmd, at string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c = exec.Command(self)
	c.Env = append(os.Environ(), "CONTROL_TEST_CHILD="+path)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return c, strings.TrimSpace(line)
}

func kill(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.Wait()
}

// home gives the test directories of its own to find sockets in.
func home(t *testing.T) (run, tmp string) {
	t.Helper()
	run, tmp = t.TempDir(), t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", run)
	t.Setenv("TMPDIR", tmp)
	t.Setenv("LocalAppData", run)
	return run, tmp
}

func listen(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func echo(_ context.Context, q Request) Answer { return Done(q) }

func TestAskAndAnswer(t *testing.T) {
	home(t)
	s := listen(t, Options{Self: This("migrate", "a to b"), Commands: map[string]Handler{
		"set":  echo,
		"fail": func(context.Context, Request) Answer { return Failed(5, "do that", "this") },
	}})
	percent := 25
	q := Request{Command: "set", App: "shop", Phase: "handoff", Percent: &percent, Wait: true}
	a, err := Ask(t.Context(), s.Path(), q)
	var back Request
	if err != nil || !a.OK || json.Unmarshal(a.Result, &back) != nil || back.Percent == nil || *back.Percent != 25 || back.App != "shop" || back.Rate != nil || !back.Wait {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = Ask(t.Context(), s.Path(), Request{Command: "fail"})
	if err != nil || a.OK || a.Code != 5 || a.Error != "this" || a.Hint != "do that" {
		t.Errorf("%+v, %v", a, err)
	}
	found, err := Running(t.Context())
	if err != nil || len(found) != 1 || found[0].Err != nil || found[0].Path != s.Path() || found[0].Self.PID != os.Getpid() ||
		found[0].Self.Title != "a to b" || found[0].Self.Command != "migrate" || found[0].Self.Since.IsZero() {
		t.Errorf("%+v, %v", found, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(s.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close the socket is there: %v", err)
	}
	if found, err := Running(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

// Each line that is no request is refused, and ends the connection where nothing after it can be trusted.
func TestHostileInput(t *testing.T) {
	home(t)
	s := listen(t, Options{Self: This("bridge", ""), Commands: map[string]Handler{"set": echo}})
	for _, c := range []struct {
		line, says string
		further    bool
	}{
		{`{"command":"set"}`, "", true},
		{`{"command":"drop table"}`, "knows no command", true},
		{`{}`, "knows no command", true},
		{`null`, "knows no command", true},
		{`{"command":"` + strings.Repeat("x", 3000) + `"}`, "knows no command", true},
		{``, "none", false},
		{`GET / HTTP/1.1`, "none", false},
		{`[]`, "none", false},
		{`"set"`, "none", false},
		{`{"command":"set"`, "none", false},
		{`{"command":"set"} {"command":"set"}`, "one request", false},
		{`{"command":"set"}x`, "one request", false},
		{`{"command":"set","rate":"fast"}`, "none", false},
		{`{"command":"set","rate":1e99}`, "none", false},
		{`{"command":"set","color":"red"}`, "unknown field", false},
		{`{"command":["set"]}`, "none", false},
		{strings.Repeat("[", 4000), "none", false},
		{`{"command":"` + strings.Repeat("x", longestLine) + `"}`, "at most", false},
		{strings.Repeat("\x00", 2*longestLine), "at most", false},
	} {
		conn, err := net.Dial("unix", s.Path())
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte(c.line + "\n"))
		r := bufio.NewReader(conn)
		line, err := r.ReadString('\n')
		var a Answer
		if err != nil || json.Unmarshal([]byte(line), &a) != nil {
			t.Errorf("%.60q: %q, %v", c.line, line, err)
			continue
		}
		if a.OK != (c.says == "") || !strings.Contains(a.Error, c.says) || !a.OK && a.Code != 2 || len(a.Error) > 200 {
			t.Errorf("%.60q: %+v", c.line, a)
		}
		conn.Write([]byte(`{"command":"set"}` + "\n"))
		if _, err = r.ReadString('\n'); (err == nil) != c.further {
			t.Errorf("%.60q: afterwards %v", c.line, err)
		}
		conn.Close()
	}
}

func TestMoreClientsThanThereMayBe(t *testing.T) {
	home(t)
	s := listen(t, Options{Commands: map[string]Handler{"set": echo}})
	var open []net.Conn
	ask := func(c net.Conn) bool {
		c.Write([]byte(`{"command":"set"}` + "\n"))
		_, err := bufio.NewReader(c).ReadString('\n')
		return err == nil
	}
	for range mostClients {
		c, err := net.Dial("unix", s.Path())
		if err != nil || !ask(c) {
			t.Fatal("one of those that may be is not answered", err)
		}
		defer c.Close()
		open = append(open, c)
	}
	if c, err := net.Dial("unix", s.Path()); err == nil && ask(c) {
		t.Error("one more is answered")
	}
	if !ask(open[0]) {
		t.Error("one that was there before is not")
	}
}

// A request that waits hears of its client's going, and others are answered meanwhile.
func TestWaiting(t *testing.T) {
	home(t)
	began, gone := make(chan struct{}), make(chan struct{})
	s := listen(t, Options{Commands: map[string]Handler{
		"set": echo,
		"cut-over": func(ctx context.Context, _ Request) Answer {
			close(began)
			<-ctx.Done()
			close(gone)
			return Done(nil)
		},
	}})
	ctx, leave := context.WithCancel(t.Context())
	var asked sync.WaitGroup
	asked.Go(func() {
		if _, err := Ask(ctx, s.Path(), Request{Command: "cut-over"}); !errors.Is(err, context.Canceled) {
			t.Errorf("who left hears %v", err)
		}
	})
	<-began
	for range 3 {
		asked.Go(func() {
			if a, err := Ask(t.Context(), s.Path(), Request{Command: "set"}); err != nil || !a.OK {
				t.Errorf("meanwhile: %+v, %v", a, err)
			}
		})
	}
	select {
	case <-gone:
		t.Error("the wait ended before its client left")
	default:
	}
	leave()
	<-gone
	asked.Wait()
}

// What is answered while the server closes still arrives.
func TestCloseLetsAnswersOut(t *testing.T) {
	home(t)
	began, outcome := make(chan struct{}), make(chan struct{})
	s := listen(t, Options{Commands: map[string]Handler{"cut-over": func(context.Context, Request) Answer {
		close(began)
		<-outcome
		return Done("report")
	}}})
	answer := make(chan Answer)
	go func() {
		a, _ := Ask(t.Context(), s.Path(), Request{Command: "cut-over"})
		answer <- a
	}()
	<-began
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	close(outcome)
	if a := <-answer; !a.OK || string(a.Result) != `"report"` {
		t.Errorf("%+v", a)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := Ask(t.Context(), s.Path(), Request{Command: Hello}); err == nil {
		t.Error("it answers after Close")
	}
}

func TestAFaultEndsOneRequest(t *testing.T) {
	home(t)
	s := listen(t, Options{Commands: map[string]Handler{"set": func(context.Context, Request) Answer { panic("fault") }}})
	for range 2 {
		if a, err := Ask(t.Context(), s.Path(), Request{Command: "set"}); err != nil || a.OK || a.Code != 1 {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

func TestSeveralProcesses(t *testing.T) {
	home(t)
	first, at := child(t, "")
	_, other := child(t, "")
	found, err := Running(t.Context())
	if err != nil || len(found) != 2 || found[0].Self.PID == found[1].Self.PID || found[0].Self.Command != "child" {
		t.Fatalf("%+v, %v", found, err)
	}
	kill(t, first)
	if _, err := os.Lstat(at); err != nil {
		t.Fatalf("the test tests nothing: %v", err)
	}
	if found, err = Running(t.Context()); err != nil || len(found) != 1 || found[0].Path != other {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := os.Lstat(at); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what the dead one left: %v", err)
	}
}

// A given path is taken over from the dead, and from nobody else.
func TestGivenPath(t *testing.T) {
	home(t)
	path := filepath.Join(t.TempDir(), "c.sock")
	dead, _ := child(t, path)
	_, err := Listen(Options{Path: path})
	if _, inUse := errors.AsType[*InUseError](err); !inUse {
		t.Errorf("beside one that runs: %v", err)
	}
	kill(t, dead)
	s := listen(t, Options{Path: path})
	if i, err := os.Lstat(path); err != nil || i.Mode().Type() != fs.ModeSocket {
		t.Errorf("%v, %v", i, err)
	}
	if a, err := Ask(t.Context(), path, Request{Command: Hello}); err != nil || !a.OK {
		t.Errorf("%+v, %v", a, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("beside the socket: %v", left)
	}
	s.Close()

	if err := os.WriteFile(path, []byte("thesis"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(Options{Path: path}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "thesis" {
		t.Errorf("the file: %q, %v", b, err)
	}
	if _, err := Listen(Options{Path: filepath.Join(t.TempDir(), strings.Repeat("x", longestPath))}); err == nil {
		t.Error("a path that does not fit")
	}
	t.Chdir(t.TempDir())
	listen(t, Options{Path: "@open"})
	if _, err := os.Lstat("@open"); err != nil {
		t.Errorf("a path that begins with @ is no file: %v", err)
	}
}

func TestAskingNobody(t *testing.T) {
	dir := t.TempDir()
	if _, err := Ask(t.Context(), filepath.Join(dir, "none"), Request{Command: Hello}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "rude"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	_, err = Ask(t.Context(), filepath.Join(dir, "rude"), Request{Command: Hello})
	if _, gone := errors.AsType[*GoneError](err); !gone {
		t.Errorf("%v", err)
	}
}
