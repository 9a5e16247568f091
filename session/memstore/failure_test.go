package memstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestCannotWrite lets the disk fail in each way, and looks that nothing is acknowledged from then on, that sessions can
// still be looked at, that Close comes back, and that all that was promised is there when another process opens the
// store on a disk that works.
func TestCannotWrite(t *testing.T) {
	logs := func(name string) bool { return strings.HasSuffix(name, ".log") }
	tables := func(name string) bool { return strings.HasSuffix(name, ".sst") }
	for _, c := range []struct {
		name  string
		cause error
		spoil func(h *hookFS)
	}{
		{"log full", syscall.ENOSPC, func(h *hookFS) { h.only = logs; h.full.Store(true) }},
		{"log cannot be synced", syscall.EIO, func(h *hookFS) { h.only = logs; h.stuck.Store(true) }},
		{"tables full", syscall.ENOSPC, func(h *hookFS) { h.only = tables; h.full.Store(true) }},
		{"all full", syscall.ENOSPC, func(h *hookFS) { h.full.Store(true) }},
	} {
		for _, policy := range []Policy{SyncAlways, SyncInterval, SyncOff} {
			t.Run(c.name+"/"+policy.String(), func(t *testing.T) {
				ctx := context.Background()
				mem := vfs.NewCrashableMem()
				files := &hookFS{FS: mem}
				s, err := open("store", Options{FS: files, Sync: policy, SyncEvery: 10 * time.Millisecond}, 64<<10)
				if err != nil {
					t.Fatal(err)
				}
				kept := session.Record{
					Key: session.Key{ID: "kept"}, Payload: []byte("kept"), Timeout: 20, Expires: session.At(time.Now()).AddMinutes(20), Revision: 1,
				}
				if _, err := s.Apply(ctx, []session.Change{{Record: kept}}); err != nil {
					t.Fatal(err)
				}
				c.spoil(files)
				promised := -1
				for n := 0; err == nil; n++ { // until it is noticed: tables are written when the log has grown
					v := session.Value{Payload: make([]byte, 4000), Timeout: 20}
					err = s.SetAndRelease(ctx, session.Key{ID: fmt.Sprint(n)}, v, session.Insert())
					if err == nil && (n%64 == 63 || policy == SyncAlways) {
						if err = s.writer.through(ctx); err == nil {
							promised = n
						}
					}
				}
				if !errors.Is(err, c.cause) {
					t.Errorf("the refusal is %v", err)
				}
				for name, call := range map[string]func() error{
					"Get":   func() error { _, err := s.Get(ctx, kept.Key); return err },
					"X":     func() error { _, err := s.GetExclusive(ctx, kept.Key); return err },
					"Set":   func() error { return s.SetAndRelease(ctx, kept.Key, session.Value{}, session.IfFree(0)) },
					"Sweep": func() error { _, err := s.Sweep(ctx, 1); return err },
					"Agree": func() error { _, err := s.Agree(ctx, "shop", []byte("{}"), 0); return err },
					"Lease": func() error { _, err := s.Lease(ctx, session.Lease{Holder: "a"}, time.Minute); return err },
					"Mark":  func() error { return s.Mark(ctx, session.Mark{Key: kept.Key}) },
					"Apply": func() error { _, err := s.Apply(ctx, []session.Change{{Record: kept}}); return err },
				} {
					if err := call(); !errors.Is(err, c.cause) {
						t.Errorf("%s afterwards gives %v", name, err)
					}
				}
				if r, err := session.PeekOne(ctx, s, kept.Key); err != nil || string(r.Payload) != "kept" {
					t.Errorf("Peek afterwards gives %+v, %v", r, err)
				}
				left := mem.CrashClone(vfs.CrashCloneCfg{})
				if err := s.Close(); !errors.Is(err, c.cause) {
					t.Errorf("Close gives %v", err)
				}
				s, err = Open("store", Options{FS: left})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if _, err := s.Get(ctx, kept.Key); err != nil {
					t.Errorf("after the failure the session of before is gone: %v", err)
				}
				for n := range promised + 1 {
					if _, err := s.Get(ctx, session.Key{ID: fmt.Sprint(n)}); err != nil {
						t.Fatalf("session %d of %d that were promised: %v", n, promised+1, err)
					}
				}
			})
		}
	}
}

// TestWaitersAreToldOfFailure: calls that wait for the disk when it fails come back.
func TestWaitersAreToldOfFailure(t *testing.T) {
	ctx := context.Background()
	files := &hookFS{FS: vfs.NewMem()}
	s, err := Open("store", Options{FS: files})
	if err != nil {
		t.Fatal(err)
	}
	files.stuck.Store(true)
	results := make(chan error, 20)
	for i := range cap(results) {
		go func() {
			results <- s.CreateUninitialized(ctx, session.Key{ID: fmt.Sprint(i)}, session.Value{Payload: []byte{1}, Timeout: 20})
		}()
	}
	for range cap(results) {
		if err := <-results; !errors.Is(err, syscall.EIO) {
			t.Errorf("a call that waited gives %v", err)
		}
	}
	if err := s.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close gives %v", err)
	}
}
