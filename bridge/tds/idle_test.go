package tds

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/session/memstore"
)

// idleServer makes TestIdleServer serve.
const idleServer = "ASPSTATE_TEST_IDLE_SERVER"

// TestIdleServer is no test, but the server of BenchmarkIdleConnections in a process of its own. It says where it listens,
// and serves until its standard input ends.
func TestIdleServer(t *testing.T) {
	if os.Getenv(idleServer) == "" {
		t.Skip("it is for BenchmarkIdleConnections")
	}
	store := memstore.New(memstore.Options{})
	defer store.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &Front{Store: store, Settings: Settings{Login: secretary}, TLS: certificate(t)}
	go (&bridge.Server{Handle: f.Serve}).Serve(l)
	fmt.Println("listening", l.Addr())
	io.Copy(io.Discard, os.Stdin)
}

// BenchmarkIdleConnections: what 2,000 connections of pools take of the server's memory, logged in by a real client, each after
// one write and one read of a session of 20 KB; garbage included, sessions not. The target is 300 MB.
func BenchmarkIdleConnections(b *testing.B) {
	const connections = 2000
	for _, mode := range []struct{ name, encrypt string }{
		{"plain", "disable"}, {"TLS for the login", "false&trustservercertificate=true"}, {"TLS", "true&trustservercertificate=true"},
	} {
		b.Run(mode.name, func(b *testing.B) {
			for range b.N {
				c := exec.Command(os.Args[0], "-test.run=^TestIdleServer$")
				c.Env = append(c.Environ(), idleServer+"=1")
				in, err := c.StdinPipe()
				if err != nil {
					b.Fatal(err)
				}
				out, err := c.StdoutPipe()
				if err != nil {
					b.Fatal(err)
				}
				if err := c.Start(); err != nil {
					b.Fatal(err)
				}
				line, err := bufio.NewReader(out).ReadString('\n')
				addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
				if !ok {
					b.Fatalf("the server says %q, %v", line, err)
				}
				before := resident(b, c.Process.Pid)
				pool, err := sql.Open("sqlserver", "sqlserver://web:s3cret@"+addr+"?database=ASPState&encrypt="+mode.encrypt)
				if err != nil {
					b.Fatal(err)
				}
				for n := range connections {
					conn, err := pool.Conn(b.Context())
					if err != nil {
						b.Fatalf("connection %d: %v", n, err)
					}
					defer conn.Close()
					id := sql.Named("SessionId", fmt.Sprintf("idle%020d0badcafe", n))
					if _, err := conn.ExecContext(b.Context(), "InsertStateItem", id, sql.Named("Timeout", 20), sql.Named("SessionItemLong", make([]byte, 20<<10))); err != nil {
						b.Fatal(err)
					}
					var locked sql.NullBool
					var age, cookie, flags sql.NullInt64
					if _, err := conn.ExecContext(b.Context(), "GetStateItem", id, sql.Named("Locked", sql.Out{Dest: &locked}), sql.Named("LockAge", sql.Out{Dest: &age}),
						sql.Named("LockCookie", sql.Out{Dest: &cookie}), sql.Named("ActionFlags", sql.Out{Dest: &flags})); err != nil || !locked.Valid {
						b.Fatal(locked, err)
					}
				}
				took := float64(resident(b, c.Process.Pid)-before)/(1<<20) - connections*20.0/1024 // without the sessions
				b.ReportMetric(took, "MB")
				b.ReportMetric(took*1024/connections, "KB/conn")
				if took > 300 {
					b.Errorf("%d connections take %.0f MB", connections, took)
				}
				pool.Close()
				in.Close()
				if err := c.Wait(); err != nil {
					b.Error(err)
				}
			}
		})
	}
}

// resident is the memory that a process has, in bytes.
func resident(b *testing.B, pid int) int64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		b.Skip("there is no /proc to tell of a process's memory")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(status))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
