package memstore_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// What makes the test binary the child of TestKilled: the directory, and the policy.
const (
	childDir    = "MEMSTORE_TEST_CHILD"
	childPolicy = "MEMSTORE_TEST_POLICY"
)

const childSessions = 6

func childKey(i int) session.Key { return session.Key{App: "shop", ID: fmt.Sprint("session", i)} }

// childMark is the mark of a count.
func childMark(i int, n uint64) session.Mark {
	return session.Mark{Key: childKey(i), ID: fmt.Sprint(n)}
}

// TestKilledChild counts in some sessions, under a mark each time, and prints each cookie and each count once it has been told, until
// it is killed.
func TestKilledChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		t.Skip("the child of TestKilled")
	}
	policy, err := memstore.ParsePolicy(os.Getenv(childPolicy))
	if err != nil {
		t.Fatal(err)
	}
	s, err := memstore.Open(dir, memstore.Options{Sync: policy})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var clients sync.WaitGroup
	for i := range childSessions {
		clients.Go(func() {
			k := childKey(i)
			for n := uint64(0); ; {
				item, err := s.GetExclusive(ctx, k)
				var locked *session.LockedError
				switch {
				case errors.Is(err, session.ErrNotFound):
					err = s.CreateUninitialized(ctx, k, session.Value{Payload: make([]byte, 2048), Timeout: 60})
				case errors.As(err, &locked): // held by a process that was killed
					err = s.ReleaseExclusive(ctx, k, locked.Cookie)
				case err == nil:
					fmt.Printf("cookie %d %d\n", i, item.Cookie)
					n = binary.LittleEndian.Uint64(item.Payload) + 1
					p := binary.LittleEndian.AppendUint64(make([]byte, 0, 2048), n)
					if err = s.Mark(ctx, childMark(i, n)); err != nil {
						break
					}
					if err = s.SetAndRelease(ctx, k, session.Value{Payload: p[:2048], Timeout: 60}, session.IfCookie(item.Cookie)); err == nil {
						fmt.Printf("count %d %d\n", i, n)
						err = s.Unmark(ctx, childMark(i, n-1))
					}
				}
				if err != nil {
					fmt.Printf("error %d 0 %v\n", i, err)
					os.Exit(1)
				}
			}
		})
	}
	clients.Wait()
}

// TestKilled kills a process that uses a store, again and again. Each time what it was told is there (always), and in
// the end no cookie was handed out twice (any policy).
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for _, policy := range []memstore.Policy{memstore.SyncAlways, memstore.SyncInterval, memstore.SyncOff} {
		t.Run(policy.String(), func(t *testing.T) {
			dir := t.TempDir()
			counts := make([]uint64, childSessions)
			handedOut := map[[2]int64]bool{}
			for range 6 {
				cmd := exec.Command(os.Args[0], "-test.run=^TestKilledChild$", "-test.v")
				cmd.Env = append(os.Environ(), childDir+"="+dir, childPolicy+"="+policy.String())
				cmd.Stderr = os.Stderr
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				lines := 0
				kill := 100 + rng.IntN(2000)
				for in := bufio.NewScanner(out); in.Scan(); {
					var what string
					var i, n int64
					if got, _ := fmt.Sscanf(in.Text(), "%s %d %d", &what, &i, &n); got != 3 {
						continue // the test framework's, or a line cut by the kill
					}
					switch what {
					case "cookie":
						if handedOut[[2]int64{i, n}] {
							t.Errorf("session %d: cookie %d was handed out twice", i, n)
						}
						handedOut[[2]int64{i, n}] = true
					case "count":
						counts[i] = max(counts[i], uint64(n))
					case "error":
						t.Errorf("the child fails: %s", in.Text())
					}
					if lines++; lines == kill {
						if err := cmd.Process.Kill(); err != nil {
							t.Fatal(err)
						}
					}
				}
				cmd.Wait() // killed: its error says so
				if lines < kill {
					t.Fatalf("the child ended by itself after %d lines", lines)
				}
				if policy == memstore.SyncAlways {
					checkCounts(t, dir, counts)
				}
			}
			if len(handedOut) < 300 {
				t.Errorf("%d cookies are too few to say something", len(handedOut))
			}
		})
	}
}

// checkCounts looks without making the directory cleaner than it is: it opens a copy.
func checkCounts(t *testing.T, dir string, counts []uint64) {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	s, err := memstore.Open(copied, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, told := range counts {
		r, err := session.PeekOne(context.Background(), s, childKey(i))
		if err != nil && told > 0 {
			t.Errorf("session %d, of which %d was told: %v", i, told, err)
		} else if err == nil && binary.LittleEndian.Uint64(r.Payload) < told {
			t.Errorf("session %d has %d, %d was told", i, binary.LittleEndian.Uint64(r.Payload), told)
		}
		if err != nil {
			continue
		}
		n := binary.LittleEndian.Uint64(r.Payload)
		if marks, err := s.Marks(context.Background(), "shop", nil, 1<<20); err != nil || n > 0 && !slices.Contains(marks, childMark(i, n)) {
			t.Errorf("session %d has %d, and among %d marks is none for that; %v", i, n, len(marks), err)
		}
	}
}
