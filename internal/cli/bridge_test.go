package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

var serving = regexp.MustCompile(`"?msg"?[=:]"?serving"?[ ,].*address"?[=:]"?([^" ]+)"?.*sessions"?[=:](\d+)`)

// running is a program that runs as a process of its own.
type running struct {
	*exec.Cmd
	t    *testing.T
	mu   sync.Mutex
	text strings.Builder // what it has written
	more chan struct{}   // has one in it when there is more
	over chan struct{}   // closed when it writes no more
}

// start starts this program as a process of its own, whose output can be waited for.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{Cmd: process(t, args...), t: t, more: make(chan struct{}, 1), over: make(chan struct{})}
	out, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Stderr = r.Stdout
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Process.Kill() })
	go func() {
		defer close(r.over)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			r.mu.Lock()
			r.text.WriteString(lines.Text() + "\n")
			r.mu.Unlock()
			select {
			case r.more <- struct{}{}:
			default:
			}
		}
	}()
	return r
}

// runBridge starts a bridge and waits until it serves.
func runBridge(t *testing.T, args ...string) *running {
	t.Helper()
	r := start(t, append([]string{"bridge"}, args...)...)
	r.says(serving)
	return r
}

// ended waits until the program has ended, and returns its exit code.
func (r *running) ended() int {
	r.t.Helper()
	<-r.over
	r.Wait()
	return r.ProcessState.ExitCode()
}

func (r *running) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// says waits until the program has written something, and returns its parts.
func (r *running) says(what *regexp.Regexp) []string {
	r.t.Helper()
	for {
		if m := what.FindStringSubmatch(r.said()); m != nil {
			return m
		}
		select {
		case <-r.more:
		case <-r.over:
			if m := what.FindStringSubmatch(r.said()); m != nil {
				return m
			}
			r.t.Fatalf("the program ended without %q: %v\n%s", what, r.Wait(), r.said())
		}
	}
}

// stop interrupts the bridge, or kills it, and returns what it wrote.
func (r *running) stop(sig os.Signal) string {
	r.t.Helper()
	if err := r.Process.Signal(sig); err != nil {
		r.t.Fatal(err)
	}
	<-r.over
	if err := r.Wait(); sig == os.Interrupt && err != nil {
		r.t.Fatalf("the bridge ended with %v\n%s", err, r.said())
	}
	return r.said()
}

// startBridge starts a bridge on a free port. stop interrupts it, or kills it, and returns what it wrote.
func startBridge(t *testing.T, args ...string) (addr, sessions string, stop func(os.Signal) string) {
	t.Helper()
	r := runBridge(t, append([]string{"--stateserver", "127.0.0.1:0"}, args...)...)
	m := r.says(serving)
	return m[1], m[2], r.stop
}

// TestBridgeServesWhatWasMigrated: sessions of SQL tables come into an embedded store, and the State Server's clients of
// the same application find them there.
func TestBridgeServesWhatWasMigrated(t *testing.T) {
	dir := t.TempDir()
	ok(t, "migrate", "--from", "frameworkcompat", "--sandbox", filepath.Join(dir, "sandbox"), "--sandbox-sessions", "300",
		"--to-dsn", "embedded:"+filepath.Join(dir, "store"), "--checkpoint", filepath.Join(dir, "checkpoint"))
	store, err := memstore.Open(filepath.Join(dir, "store"), memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pg, err := store.Scan(t.Context(), session.ScanRequest{Limit: 1000})
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	args := []string{"--store", "embedded:" + filepath.Join(dir, "store")}
	ids := map[string]string{}
	for _, a := range sandbox.Applications() {
		ids[a.Name] = a.AppIDs[0]
		args = append(args, "--app", a.Name+"="+a.AppIDs[0])
	}
	addr, n, stop := startBridge(t, args...)
	defer stop(os.Interrupt)
	if n != strconv.Itoa(len(pg.Records)) || len(pg.Records) < 200 {
		t.Errorf("%s sessions are served, %d were migrated", n, len(pg.Records))
	}
	c := stateserver.NewClient(addr, stateserver.ClientOptions{})
	defer c.Close()
	read := 0
	for _, r := range pg.Records {
		id := ids[r.Key.App]
		path := layout.StateServerPath{AppID: id, Hash: layout.StateServerHash(id), ID: r.Key.ID}
		item, err := c.Get(t.Context(), session.Key{ID: path.String()})
		var locked *session.LockedError
		switch {
		case r.Lock.Locked && errors.As(err, &locked) && locked.Cookie == r.Lock.Cookie:
		case r.Lock.Locked || err != nil || !bytes.Equal(item.Payload, r.Payload) || item.Timeout != r.Timeout ||
			item.Uninitialized != (r.Flags&session.Uninitialized != 0):
			t.Errorf("%v: %d bytes, %v", r.Key, len(item.Payload), err)
		default:
			read++
		}
	}
	if read < 200 {
		t.Errorf("%d sessions were read", read)
	}
}

func TestBridgeKeepsWhatItAcknowledged(t *testing.T) {
	store := "embedded:" + filepath.Join(t.TempDir(), "store")
	key := session.Key{ID: "/LM/W3SVC/1/ROOT(" + layout.StateServerHash("/LM/W3SVC/1/ROOT") + ")/lit3py55t21z5v55vlm25s55"}
	payload := []byte{20, 0, 0, 0, 0, 0, 0xFF}

	addr, n, stop := startBridge(t, "--store", store, "--sync", "always")
	c := stateserver.NewClient(addr, stateserver.ClientOptions{})
	if err := c.SetAndRelease(t.Context(), key, session.Value{Payload: payload, Timeout: 20}, session.IfFree(0)); err != nil || n != "0" {
		t.Fatal(n, err)
	}
	locked, err := c.GetExclusive(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	stop(os.Kill)

	addr, n, stop = startBridge(t, "--store", store)
	c = stateserver.NewClient(addr, stateserver.ClientOptions{})
	defer c.Close()
	if n != "1" {
		t.Errorf("%s sessions after a kill", n)
	}
	if err := c.SetAndRelease(t.Context(), key, session.Value{Payload: payload, Timeout: 20}, session.IfFree(locked.Cookie)); err != nil {
		t.Errorf("the lock that was taken before the kill: %v", err)
	}
	again, err := c.GetExclusive(t.Context(), key)
	if err != nil || again.Cookie <= locked.Cookie || !bytes.Equal(again.Payload, payload) {
		t.Errorf("after the kill: %+v, %v", again, err)
	}
	said := stop(os.Interrupt)
	if strings.Contains(said, "lit3py55") {
		t.Errorf("a session id stands in the log:\n%s", said)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := c.Get(ctx, key); err == nil {
		t.Error("a stopped bridge answers")
	}
}

// TestBridgeOverAStateServer: a bridge in front of another one, for an application that both know under other ids.
func TestBridgeOverAStateServer(t *testing.T) {
	back, _, stopBack := startBridge(t)
	front, _, stop := startBridge(t, "--store", "stateserver://"+back, "--app", "shop=/LM/W3SVC/1/ROOT,/LM/W3SVC/9/ROOT")
	old := stateserver.NewClient(back, stateserver.ClientOptions{})
	defer old.Close()
	farm := stateserver.NewClient(front, stateserver.ClientOptions{})
	defer farm.Close()
	v := session.Value{Payload: []byte("from the old server"), Timeout: 20}
	if err := old.SetAndRelease(t.Context(), shopPath("one"), v, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	other := session.Key{ID: strings.Replace(shopPath("one").ID, "/W3SVC/1/", "/W3SVC/9/", 1)}
	item, err := farm.GetExclusive(t.Context(), other)
	if err != nil || string(item.Payload) != "from the old server" {
		t.Fatalf("%q, %v", item.Payload, err)
	}
	var locked *session.LockedError
	if _, err := old.Get(t.Context(), shopPath("one")); !errors.As(err, &locked) || locked.Cookie != item.Cookie {
		t.Errorf("the lock that the bridge took: %v", err)
	}
	stopBack(os.Kill)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := farm.Get(ctx, other); err == nil || errors.Is(err, session.ErrNotFound) {
		t.Errorf("with nothing behind it the bridge answers %v", err)
	}
	stop(os.Interrupt)
}

func TestBridgeUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		say  string
	}{
		{nil, exitUsage, "nothing to listen on"},
		{[]string{"--stateserver", "127.0.0.1:0", "--sync", "sometimes"}, exitUsage, "--sync"},
		{[]string{"--stateserver", "127.0.0.1:0", "--allow", "intranet"}, exitUsage, "--allow"},
		{[]string{"--stateserver", "127.0.0.1:0", "--app", "shop"}, exitUsage, "--app shop=APPID"},
		{[]string{"--stateserver", "127.0.0.1:0", "--store", "embedded:"}, exitUsage, "embedded:DIR"},
		{[]string{"--stateserver", "127.0.0.1:0", "--store", "http://bridge2"}, exitUsage, "does not serve the store of another"},
		{[]string{"--stateserver", "127.0.0.1:0", "--store", "stateserver://bridge2"}, exitUsage, "no host and port"},
		{[]string{"--stateserver", "127.0.0.1:0", "--store", "stateserver://127.0.0.1:1"}, exitUnreachable, "asking the State Server"},
		{[]string{"--stateserver", "127.0.0.1:0", "--store", "stateserver://b:1", "--to", "inmemory"}, exitUsage, "--to"},
		{[]string{"--stateserver", "127.0.0.1:0", "--store", "stateserver://b:1", "--renew", "2s"}, exitUsage, "--renew"},
		{[]string{"--stateserver", "127.0.0.1:0", "--renew", "-2s"}, exitUsage, "--renew"},
		{[]string{"--stateserver", "127.0.0.1:0", "--log", "xml"}, exitUsage, "--log"},
		{[]string{"--stateserver", "127.0.0.1:0", "--metrics", "nowhere:port"}, exitUnreachable, "--metrics"},
		{[]string{"--stateserver", "127.0.0.1:0", "--park", "-1s"}, exitUsage, "--park"},
		{[]string{"--stateserver", "127.0.0.1:0", "--drain", "-1s"}, exitUsage, "--drain"},
		{[]string{"--stateserver", "127.0.0.1:0", "--max-body", "-1"}, exitUsage, "--max-body"},
		{[]string{"--stateserver", "127.0.0.1:0", "--max-memory", "-1"}, exitUsage, "--max-memory"},
		{[]string{"--stateserver", "nowhere:port"}, exitUnreachable, "listening"},
	} {
		r := command(t, "", append([]string{"bridge"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.say) {
			t.Errorf("bridge %v: exit %d, want %d\n%s", c.args, r.code, c.code, r.err)
		}
	}
}

// TestBridgeKilledUnderLoad: whatever a client was told under --sync always is there after kill -9, with many writing at the
// time.
func TestBridgeKilledUnderLoad(t *testing.T) {
	const clients, kills, pages = 8, 3, 150
	store := "embedded:" + filepath.Join(t.TempDir(), "store")
	values := make([]atomic.Uint64, clients) // acknowledged
	for range kills {
		addr, _, stop := startBridge(t, "--store", store, "--sync", "always")
		var acknowledged atomic.Int32
		enough := make(chan struct{})
		var run sync.WaitGroup
		for n := range clients {
			run.Go(func() {
				c := stateserver.NewClient(addr, stateserver.ClientOptions{})
				defer c.Close()
				key := shopPath(fmt.Sprintf("killed%d", n))
				began := values[n].Load()
				for value := began + 1; ; value++ {
					cookie := int32(0)
					item, err := c.GetExclusive(t.Context(), key)
					var locked *session.LockedError
					switch {
					case err == nil:
						cookie = item.Cookie
						if got := binary.BigEndian.Uint64(item.Payload); value == began+1 && (got < began || got > began+1) || value > began+1 && got != value-1 {
							t.Errorf("session %d holds %d, acknowledged was %d", n, got, value-1)
						}
					case errors.As(err, &locked) && value == began+1: // by the one who was killed
						cookie = locked.Cookie
					case errors.Is(err, session.ErrNotFound) && value == 1:
					default:
						return // the bridge has gone
					}
					v := session.Value{Payload: binary.BigEndian.AppendUint64(nil, value), Timeout: 20}
					if c.SetAndRelease(t.Context(), key, v, session.IfFree(cookie)) != nil {
						return
					}
					values[n].Store(value)
					if acknowledged.Add(1) == pages {
						close(enough)
					}
				}
			})
		}
		over := make(chan struct{})
		go func() { run.Wait(); close(over) }()
		select {
		case <-enough:
		case <-over:
			t.Fatal("the clients ended before the bridge was killed")
		}
		stop(os.Kill)
		<-over
	}
}

func shopPath(id string) session.Key { return underPath("/LM/W3SVC/1/ROOT", id) }

func underPath(app, id string) session.Key {
	return session.Key{ID: layout.StateServerPath{AppID: app, Hash: layout.StateServerHash(app), ID: id}.String()}
}
