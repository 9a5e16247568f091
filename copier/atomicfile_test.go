package copier

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestWriteFileAtomic(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	if err := os.WriteFile(path+tempSuffix, bytes.Repeat([]byte("left by a crash"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "", "a longer one than the first"} {
		if err := writeFileAtomic(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Fatalf("read %q, %v, want %q", got, err, want)
		}
		if names, err := (osFiles{}).list(dir); err != nil || !slices.Equal(names, []string{"state"}) {
			t.Fatalf("the folder holds %q, %v", names, err)
		}
	}
}

func TestWriteFileAtomicLeavesNothingBehindOnError(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	if err := os.MkdirAll(filepath.Join(path, "a folder in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeFileAtomic(path, []byte("x")); err == nil {
		t.Fatal("a folder was replaced by a file")
	}
	if names, err := (osFiles{}).list(dir); err != nil || !slices.Equal(names, []string{"state"}) {
		t.Fatalf("the folder holds %q, %v", names, err)
	}
	if err := writeFileAtomic(filepath.Join(dir, "missing", "state"), []byte("x")); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("in a missing folder: %v", err)
	}
}

func TestWriteFileAtomicDoesNotFollowTheTemporaryName(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "state"), filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, path+tempSuffix); err != nil {
		t.Skipf("no links here: %v", err)
	}
	if err := writeFileAtomic(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(other); err != nil || string(got) != "precious" {
		t.Fatalf("what the link led to is now %q, %v", got, err)
	}
}

func TestReplaceFileInCrashes(t *testing.T) {
	before, after := bytes.Repeat([]byte("before "), 50), bytes.Repeat([]byte("after "), 70)
	path := filepath.Join("d", "state")
	outcomes := map[string]int{}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for cut := 1; ; cut++ {
			m := newForgetfulFS()
			m.put(path, before)
			m.fail = powerCutAt(cut)
			err := replaceFile(m, path, after)
			found := m.crash(rng)
			got := found.names[path]
			switch {
			case got == nil:
				t.Fatalf("seed %d, cut at %d: the file is gone", seed, cut)
			case bytes.Equal(got.data, after):
				outcomes["after"]++
			case bytes.Equal(got.data, before):
				outcomes["before"]++
				if err == nil {
					t.Fatalf("seed %d, cut at %d: reported durable, and lost", seed, cut)
				}
			default:
				t.Fatalf("seed %d, cut at %d: neither content: %q", seed, cut, got.data)
			}
			if err == nil {
				break
			}
			if err := replaceFile(found, path, after); err != nil || len(found.temps()) > 0 {
				t.Fatalf("seed %d, cut at %d: the next time: %v, left %q", seed, cut, err, found.temps())
			}
		}
	}
	if outcomes["before"] < 200 || outcomes["after"] < 200 {
		t.Errorf("the crashes are too much alike: %v", outcomes)
	}
}

func TestReplaceFileCleansUpAfterAnError(t *testing.T) {
	path := filepath.Join("d", "state")
	for at := 1; ; at++ {
		m := newForgetfulFS()
		m.put(path, []byte("before"))
		m.fail = failOnceAt(at)
		err := replaceFile(m, path, []byte("after"))
		if len(m.temps()) > 0 {
			t.Fatalf("operation %d failed: left %q", at, m.temps())
		}
		if err == nil {
			if at < 5 { // create, write, sync, rename, syncDir
				t.Fatalf("operation %d failed, and no error", at)
			}
			return
		}
		if !errors.Is(err, errPowerCut) {
			t.Fatalf("operation %d failed: %v", at, err)
		}
	}
}

func TestMakeDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := (osFiles{}).makeDir(dir); err != nil {
			t.Fatal(err)
		}
		if st, err := os.Stat(dir); err != nil || !st.IsDir() {
			t.Fatalf("no folder: %v", err)
		}
	}
}

func TestWhileBusy(t *testing.T) {
	scanned, other := errors.New("a virus scanner has it"), errors.New("no such file")
	busy := func(err error) bool { return err == scanned }
	for _, v := range []struct {
		fails  error
		times  int // that it fails
		want   error
		calls  int
		waited time.Duration
	}{
		{nil, 0, nil, 1, 0},
		{other, 100, other, 1, 0},
		{scanned, 3, nil, 4, 7 * time.Millisecond},
		{scanned, 100, scanned, 11, 1023 * time.Millisecond},
	} {
		calls, waited := 0, time.Duration(0)
		err := whileBusy(busy, func(d time.Duration) { waited += d }, func() error {
			if calls++; calls <= v.times {
				return v.fails
			}
			return nil
		})
		if err != v.want || calls != v.calls || waited != v.waited {
			t.Errorf("%v %d times: %d calls, waited %v, %v", v.fails, v.times, calls, waited, err)
		}
	}
}
