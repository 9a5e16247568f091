package stateserver_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// forgetful is a file layer that can forget what was not synced. Its ReuseForWrite is in two steps: that of vfs.MemFS takes a
// read lock twice, and a CrashClone in between is a deadlock.
type forgetful struct{ *vfs.MemFS }

func (f forgetful) ReuseForWrite(old, new string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.Rename(old, new); err != nil {
		return nil, err
	}
	return f.OpenReadWrite(new, c)
}

// known is what clients were told of their sessions: the number that was written last, and the lock cookie.
type known struct {
	mu   sync.Mutex
	told map[session.Key]told
}

type told struct {
	value  uint64
	cookie int32
	asked  uint64 // what a Set under way would make it
}

func (k *known) note(key session.Key, change func(*told)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.told[key]
	change(&t)
	k.told[key] = t
}

func (k *known) copy() map[session.Key]told {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := map[session.Key]told{}
	for key, t := range k.told {
		c[key] = t
	}
	return c
}

// TestAcknowledgedWritesSurviveCrashes: under the policy always, what a client was answered is there when all that was not
// synced is gone, at whatever moment that happens.
func TestAcknowledgedWritesSurviveCrashes(t *testing.T) {
	const clients, sessions, crashes = 8, 3, 25
	mem := vfs.NewCrashableMem()
	store, err := memstore.Open("store", memstore.Options{FS: forgetful{mem}, Sync: memstore.SyncAlways})
	if err != nil {
		t.Fatal(err)
	}
	addr := serve(t, &stateserver.Front{Store: store}, &bridge.Server{})
	ledger := &known{told: map[session.Key]told{}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var run sync.WaitGroup
	acknowledged := make(chan struct{})
	for n := range clients {
		run.Go(func() {
			c := stateserver.NewClient(addr, stateserver.ClientOptions{})
			defer c.Close()
			for value := uint64(1); ctx.Err() == nil; value++ {
				key := spelled("shop", fmt.Sprintf("client%dsession%d", n, value%sessions))
				if err := page(c, ledger, key, value); err != nil {
					t.Error(err)
					stop()
					return
				}
				select {
				case acknowledged <- struct{}{}:
				case <-ctx.Done():
				}
			}
		})
	}
	type crash struct {
		fs            *vfs.MemFS
		before, after map[session.Key]told
	}
	var all []crash
	for range crashes {
		for range 20 + rand.IntN(100) {
			select {
			case <-acknowledged:
			case <-ctx.Done():
			}
		}
		before := ledger.copy()
		left := mem.CrashClone(vfs.CrashCloneCfg{})
		all = append(all, crash{left, before, ledger.copy()})
	}
	stop()
	run.Wait()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for i, c := range all {
		left, err := memstore.Open("store", memstore.Options{FS: c.fs})
		if err != nil {
			t.Fatalf("crash %d: %v", i, err)
		}
		for key, was := range c.before {
			stored := session.Key{App: key.ID[:len(key.ID)-len("/client0session0")], ID: key.ID[len(key.ID)-len("client0session0"):]}
			r, err := session.PeekOne(t.Context(), left, stored)
			if was.value == 0 && errors.Is(err, session.ErrNotFound) {
				continue // nothing was acknowledged yet
			}
			if err != nil {
				t.Fatalf("crash %d: %v was acknowledged with %d: %v", i, key, was.value, err)
			}
			value := binary.BigEndian.Uint64(r.Payload)
			if value < was.value || value > c.after[key].asked || r.Lock.Cookie < was.cookie {
				t.Errorf("crash %d: %v has %d under cookie %d; acknowledged were %d under %d, asked for was %d",
					i, key, value, r.Lock.Cookie, was.value, was.cookie, c.after[key].asked)
			}
		}
		if err := left.Close(); err != nil {
			t.Error(err)
		}
	}
}

// page locks a session, makes it where it is absent, writes a number, and notes what it was told.
func page(c *stateserver.Client, l *known, key session.Key, value uint64) error {
	v := session.Value{Payload: binary.BigEndian.AppendUint64(make([]byte, 0, 2000), value)[:2000], Timeout: 20}
	item, err := c.GetExclusive(context.Background(), key)
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		return err
	}
	l.note(key, func(t *told) { t.cookie, t.asked = item.Cookie, value })
	if err := c.SetAndRelease(context.Background(), key, v, session.IfFree(item.Cookie)); err != nil {
		return err
	}
	l.note(key, func(t *told) { t.value = value })
	return nil
}
