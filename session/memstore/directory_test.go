package memstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// fill writes sessions of every kind.
func fill(t *testing.T, s *memstore.Store, n int) {
	t.Helper()
	now := session.At(time.Now())
	var changes []session.Change
	for i := range n {
		changes = append(changes, session.Change{Record: session.Record{
			Key: session.Key{App: []string{"shop", "", "forum"}[i%3], ID: fmt.Sprint("id", i)}, Payload: bytes.Repeat([]byte{byte(i)}, i%700),
			Timeout: int32(i), Created: now - session.Instant(i), Expires: now + session.Instant(i-5)*session.Minute,
			Flags: session.Flags(i % 2), Lock: session.Lock{Locked: i%4 == 0, Cookie: int32(i), Since: now - 1}, Revision: uint64(i + 1),
		}})
	}
	if _, err := s.Apply(context.Background(), changes); err != nil {
		t.Fatal(err)
	}
}

// contents are all records in the order of the scan.
func contents(t *testing.T, s *memstore.Store) []session.Record {
	t.Helper()
	page, err := s.Scan(context.Background(), session.ScanRequest{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return page.Records
}

func sameContents(a, b []session.Record) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key != b[i].Key || a[i].Fence() != b[i].Fence() || !bytes.Equal(a[i].Payload, b[i].Payload) {
			return false
		}
	}
	return true
}

// TestReopened: after an orderly end all is as before, and goes on as if nothing had been.
func TestReopened(t *testing.T) {
	ctx := context.Background()
	for _, policy := range []memstore.Policy{memstore.SyncAlways, memstore.SyncInterval, memstore.SyncOff} {
		dir := filepath.Join(t.TempDir(), "a", "b") // is made
		s, err := memstore.Open(dir, memstore.Options{Sync: policy})
		if err != nil {
			t.Fatal(err)
		}
		fill(t, s, 500)
		k := session.Key{ID: "verbs"}
		if err := s.CreateUninitialized(ctx, k, session.Value{Payload: []byte("x"), Timeout: 20}); err != nil {
			t.Fatal(err)
		}
		if item, err := s.GetExclusive(ctx, k); err != nil || item.Cookie != 2 {
			t.Fatalf("first lock: %+v, %v", item, err)
		}
		if err := s.Remove(ctx, session.Key{App: "shop", ID: "id6"}, session.IfCookie(6)); err != nil {
			t.Fatal(err)
		}
		before, identity := contents(t, s), s.Identity()
		for range 3 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err = memstore.Open(dir, memstore.Options{Sync: policy}); err != nil {
				t.Fatal(err)
			}
			if !sameContents(before, contents(t, s)) {
				t.Fatalf("%v: other contents after reopening", policy)
			}
			if s.Identity() != identity || len(identity) != 32 {
				t.Errorf("identity %q, then %q", identity, s.Identity())
			}
		}
		if n, err := s.Count(ctx); err != nil || n != 500 {
			t.Errorf("count %d, %v", n, err)
		}
		// No jump, of cookies nor of revisions.
		if err := s.SetAndRelease(ctx, k, session.Value{Payload: []byte("y"), Timeout: 20}, session.IfCookie(2)); err != nil {
			t.Errorf("the lock did not survive: %v", err)
		}
		if item, err := s.GetExclusive(ctx, k); err != nil || item.Cookie != 3 {
			t.Errorf("after an orderly end the next cookie is %d, %v", item.Cookie, err)
		}
		if r, err := session.PeekOne(ctx, s, k); err != nil || r.Revision != 502 {
			t.Errorf("after an orderly end the next revision is %d, %v", r.Revision, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInUse(t *testing.T) {
	dir := t.TempDir()
	s, err := memstore.Open(dir, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	again := func(dir string) {
		t.Helper()
		_, err := memstore.Open(dir, memstore.Options{})
		var inUse *memstore.InUseError
		if !errors.Is(err, memstore.ErrInUse) || !errors.As(err, &inUse) || inUse.Dir != dir ||
			!strings.Contains(inUse.Owner, fmt.Sprintf("process %d on ", os.Getpid())) {
			t.Errorf("opening %q again gives %v", dir, err)
		}
	}
	again(dir)
	other := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, other); err == nil { // Windows may not allow it
		again(other)
	}
	// Another process.
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledChild$", "-test.v")
	cmd.Env = append(os.Environ(), childDir+"="+dir, childPolicy+"=always")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), fmt.Sprintf("process %d on ", os.Getpid())) {
		t.Errorf("another process says %v: %s", err, out)
	}
	if err := s.CreateUninitialized(context.Background(), session.Key{ID: "a"}, session.Value{Timeout: 20}); err != nil {
		t.Errorf("the owner is disturbed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = memstore.Open(dir, memstore.Options{}); err != nil {
		t.Fatalf("after Close the directory is not free: %v", err)
	}
}

func TestForeignDirectory(t *testing.T) {
	for name, put := range map[string]func(dir string) error{
		"other files": func(dir string) error { return os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("Dear"), 0o600) },
		"another kind": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "store.json"), []byte(`{"kind":"shop"}`), 0o600)
		},
		"newer": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "store.json"), []byte(`{"kind":"aspstate embedded session store","version":2}`), 0o600)
		},
	} {
		dir := t.TempDir()
		if err := put(dir); err != nil {
			t.Fatal(err)
		}
		_, err := memstore.Open(dir, memstore.Options{})
		if !errors.Is(err, memstore.ErrFormat) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := memstore.Open(file, memstore.Options{}); err == nil || errors.Is(err, memstore.ErrInUse) {
		t.Errorf("opening a file gives %v", err)
	}
}

// TestDamaged changes one byte of a store that was closed in order, in each of its files, or removes or empties one.
// Opening it gives an error that says what to do, or all that was there.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	s, err := memstore.Open(dir, memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, 300)
	if err := s.Close(); err != nil { // so that there is more than one generation of everything
		t.Fatal(err)
	}
	if s, err = memstore.Open(dir, memstore.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetAndRelease(context.Background(), session.Key{App: "forum", ID: "id8"}, session.Value{Payload: []byte("last"), Timeout: 20}, session.IfCookie(8)); err != nil {
		t.Fatal(err)
	}
	want := contents(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var files []string
	if err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			files = append(files, rel)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	found, whole := 0, 0
	try := func(what, file string, spoil func(b []byte) []byte) {
		t.Helper()
		copied := t.TempDir()
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(copied, file))
		if err != nil {
			t.Fatal(err)
		}
		if b = spoil(b); b == nil {
			err = os.Remove(filepath.Join(copied, file))
		} else {
			err = os.WriteFile(filepath.Join(copied, file), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := memstore.Open(copied, memstore.Options{})
		if err != nil {
			found++
			if !strings.Contains(err.Error(), copied) {
				t.Errorf("%s: the error does not name the directory: %v", what, err)
			}
			if errors.Is(err, memstore.ErrDamaged) && !strings.Contains(err.Error(), "restore") {
				t.Errorf("%s: the error does not say what to do: %v", what, err)
			}
			return
		}
		whole++
		if got := contents(t, s); !sameContents(want, got) {
			t.Errorf("%s: opened with %d sessions of %d, or with others", what, len(got), len(want))
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: closing: %v", what, err)
		}
	}
	for _, file := range files {
		try(file+" removed", file, func([]byte) []byte { return nil })
		try(file+" emptied", file, func(b []byte) []byte { return b[:0] })
		try(file+" cut in half", file, func(b []byte) []byte { return b[:len(b)/2] })
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 12 {
			at := int(info.Size()) * i / 12
			try(fmt.Sprintf("%s with another byte %d", file, at), file, func(b []byte) []byte {
				if len(b) > 0 {
					b[at] ^= 0x55
				}
				return b
			})
		}
	}
	t.Logf("%d files: damage was found %d times, and did not matter %d times", len(files), found, whole)
	if found == 0 {
		t.Errorf("no damage was found")
	}
}

func TestWrongOptions(t *testing.T) {
	for _, o := range []memstore.Options{{Sync: 7}, {SyncEvery: time.Millisecond}, {SyncEvery: -1}} {
		if _, err := memstore.Open(t.TempDir(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	for _, p := range []memstore.Policy{memstore.SyncAlways, memstore.SyncInterval, memstore.SyncOff} {
		if got, err := memstore.ParsePolicy(p.String()); err != nil || got != p {
			t.Errorf("%v is parsed as %v, %v", p, got, err)
		}
	}
	if _, err := memstore.ParsePolicy("sometimes"); err == nil {
		t.Errorf("a policy of sometimes is accepted")
	}
}
