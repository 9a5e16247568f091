package stateserver_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/park"
)

// parking starts a front whose gets wait, and a client of it.
func parking(t testing.TB, wait time.Duration, limit int) (addr string, c *stateserver.Client) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	f := &stateserver.Front{Store: park.New(store, park.Options{Limit: limit}), Settings: stateserver.Settings{Park: wait}, Named: park.Client}
	addr = serve(t, f, &bridge.Server{})
	c = stateserver.NewClient(addr, stateserver.ClientOptions{})
	t.Cleanup(func() { c.Close() })
	return addr, c
}

// idle opens connections that ask for nothing: half as many gets of the same client may wait.
func idle(t testing.TB, addr string, n int) {
	t.Helper()
	for range n {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
}

// TestAContendedLockIsHandedOn: of several pages that wait each gets the lock once, and none is sent away.
func TestAContendedLockIsHandedOn(t *testing.T) {
	const pages = 4
	addr, c := parking(t, time.Minute, 8)
	idle(t, addr, 2*pages)
	k := spelled("shop", "contended")
	v := session.Value{Payload: []byte(empty), Timeout: 20}
	if err := c.SetAndRelease(t.Context(), k, v, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	held, err := c.GetExclusive(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	var (
		mu  sync.Mutex
		got []int32
		run sync.WaitGroup
	)
	for range pages {
		run.Go(func() {
			item, err := c.GetExclusive(t.Context(), k)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			got = append(got, item.Cookie)
			mu.Unlock()
			if err := c.SetAndRelease(t.Context(), k, v, session.IfFree(item.Cookie)); err != nil {
				t.Error(err)
			}
		})
	}
	if err := c.SetAndRelease(t.Context(), k, v, session.IfFree(held.Cookie)); err != nil {
		t.Fatal(err)
	}
	run.Wait()
	if want := []int32{held.Cookie + 1, held.Cookie + 2, held.Cookie + 3, held.Cookie + 4}; !slices.Equal(got, want) {
		t.Errorf("locks were handed out as %v, want %v", got, want)
	}
}

// TestAClientThatGoesAwayIsNotWaitedFor: its get ends, and the lock is not handed to nobody.
func TestAClientThatGoesAwayIsNotWaitedFor(t *testing.T) {
	addr, c := parking(t, time.Minute, 8)
	k := spelled("shop", "left")
	v := session.Value{Payload: []byte(empty), Timeout: 20}
	if err := c.SetAndRelease(t.Context(), k, v, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	item, err := c.GetExclusive(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	target := "%2fLM%2fW3SVC%2f1%2fROOT%2fshop" + strings.TrimPrefix(strings.ReplaceAll(k.ID, "=", "%3d"), "/LM/W3SVC/1/ROOT/shop")
	if _, err := conn.Write([]byte("GET " + target + " HTTP/1.1\r\nHost: h\r\nExclusive: acquire\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || !err.(net.Error).Timeout() {
		t.Fatalf("it does not wait: %d bytes, %v", n, err)
	}
	conn.Close()
	if err := c.ReleaseExclusive(t.Context(), k, item.Cookie); err != nil {
		t.Fatal(err)
	}
	var locked *session.LockedError
	again, err := c.GetExclusive(t.Context(), k)
	for errors.As(err, &locked) { // the one that has gone may hold it for a moment before its absence is noticed
		runtime.Gosched()
		again, err = c.GetExclusive(t.Context(), k)
	}
	if err != nil || again.Cookie <= item.Cookie {
		t.Errorf("the session is held by nobody: %+v, %v", again, err)
	}
}

// TestAClientThatDoesNotWaitForTheAnswer: it has asked for a free session and closed its connection.
func TestAClientThatDoesNotWaitForTheAnswer(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there a closed connection is noticed by reading only")
	}
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	gone := &closing{Store: store, asked: make(chan net.Conn, 1)}
	addr := serve(t, &stateserver.Front{Store: gone}, &bridge.Server{})
	k := session.Key{App: "/LM/W3SVC/2/ROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5/HxWS854=)", ID: "left"}
	if err := store.SetAndRelease(t.Context(), k, session.Value{Payload: []byte(empty), Timeout: 20}, session.IfFree(0)); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	gone.asked <- conn
	if _, err := conn.Write([]byte("GET " + path + "left HTTP/1.1\r\nHost: h\r\nExclusive: acquire\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	for released := false; !released; runtime.Gosched() {
		r, err := session.PeekOne(t.Context(), store, k)
		if err != nil {
			t.Fatal(err)
		}
		released = r.Lock.Cookie == 2 && !r.Lock.Locked
	}
}

// closing closes a client's connection while its lock is being taken.
type closing struct {
	session.Store
	asked chan net.Conn
}

func (c *closing) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	conn := <-c.asked
	conn.Close()
	return c.Store.GetExclusive(ctx, k)
}

// BenchmarkHandOver has 8 clients on one session, each on a connection of its own beside idle ones, and reports how long a
// lock lies idle between two of them, and how the turns are shared out.
func BenchmarkHandOver(b *testing.B) {
	const clients = 8
	addr, c := parking(b, 2*time.Second, clients)
	k := spelled("shop", "contended")
	v := session.Value{Payload: make([]byte, 2048), Timeout: 20}
	if err := c.SetAndRelease(b.Context(), k, v, session.IfFree(0)); err != nil {
		b.Fatal(err)
	}
	idle(b, addr, 2*clients)
	for b.Loop() {
		waits, turns := handOver(b, addr, k, v, clients, 4000)
		slices.Sort(waits)
		total := 0
		for _, n := range turns {
			total += n
		}
		b.ReportMetric(float64(waits[len(waits)/2].Microseconds()), "µs-p50")
		b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds()), "µs-p99")
		b.ReportMetric(float64(slices.Min(turns)*clients)/float64(total), "least-share")
		b.ReportMetric(float64(slices.Max(turns)*clients)/float64(total), "most-share")
		b.ReportMetric(0, "ns/op")
	}
}

// handOver lets clients take turns, and returns how long the lock lay idle each time and how many turns each had.
func handOver(b *testing.B, addr string, k session.Key, v session.Value, clients, times int) (waits []time.Duration, turns []int) {
	var (
		mu       sync.Mutex
		released time.Time
		run      sync.WaitGroup
	)
	turns = make([]int, clients)
	for n := range clients {
		run.Go(func() {
			own := stateserver.NewClient(addr, stateserver.ClientOptions{})
			defer own.Close()
			for {
				item, err := own.GetExclusive(b.Context(), k)
				if err != nil {
					b.Errorf("client %d: %v", n, err)
					return
				}
				mu.Lock()
				if !released.IsZero() {
					waits = append(waits, time.Since(released))
				}
				turns[n]++
				times--
				over := times <= 0
				released = time.Now()
				mu.Unlock()
				if err := own.SetAndRelease(b.Context(), k, v, session.IfFree(item.Cookie)); err != nil {
					b.Errorf("client %d: %v", n, err)
				}
				if over {
					return
				}
			}
		})
	}
	run.Wait()
	return waits, turns
}
