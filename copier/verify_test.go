package copier

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
)

func TestVerifyTellsWhatDiffers(t *testing.T) {
	b := newBench(t)
	b.fill(12)
	b.mustRun()
	c, err := Verify(t.Context(), b.o, b.how)
	if err != nil || c.Equal != 12 || c.Differing != 0 || len(c.Aspects) != 0 {
		t.Fatalf("equal stores: %v, %+v", err, c)
	}
	at := func(i int) *session.Record { return b.row(b.to, b.spell("shop", raw(i), layout.RuleAsync21)) }
	change := func(i int, f func(*session.Record)) {
		r := *at(i)
		f(&r)
		b.put(b.to, r)
	}
	b.remove(b.to, at(0).Key)
	change(1, func(r *session.Record) { r.Payload = fixtures.Blob("o-order") })
	change(2, func(r *session.Record) { r.Timeout++ })
	change(3, func(r *session.Record) { r.Created-- })
	change(4, func(r *session.Record) { r.Expires++ })
	change(5, func(r *session.Record) { r.Lock.Locked = true })
	change(6, func(r *session.Record) { r.Flags = session.Uninitialized })
	change(7, func(r *session.Record) { r.Expires++; r.Lock.Cookie++ })
	b.put(b.to, b.record(b.spell("shop", raw(99), layout.RuleAsync21), fixtures.Blob("empty")))
	// A row of an application that nobody knows is the target's own, and no difference.
	b.put(b.to, b.record(session.Key{ID: "neverheardof"}, fixtures.Blob("empty")))
	dead := b.record(b.spell("shop", raw(98), layout.RuleAsync21), fixtures.Blob("empty"))
	dead.Expires = session.At(b.now) - Grace - 1
	b.put(b.to, dead)

	c, err = Verify(t.Context(), b.o, b.how)
	want := map[Aspect]int64{
		AspectMissing: 1, AspectPayload: 1, AspectTimeout: 1, AspectCreated: 1, AspectExpires: 2, AspectLock: 2, AspectFlags: 1, AspectExtra: 1,
	}
	if err != nil || c.Equal != 4 || c.Differing != 9 || !maps.Equal(c.Aspects, want) {
		t.Errorf("%v, %+v", err, c)
	}
}

// A row that changes while it is being compared is not called different.
func TestVerifyReadsAgainBeforeItAccuses(t *testing.T) {
	b := newBench(t)
	b.fill(10)
	b.mustRun()
	k := b.spell("shop", raw(4), layout.RuleInbox)
	f := &faulty{Store: b.from}
	f.scan = func(pg *session.Page) {
		for i := range pg.Records {
			if pg.Records[i].Key == k { // as it was a moment ago
				pg.Records[i].Lock.Cookie--
			}
		}
	}
	b.o.Source = f
	if c, err := Verify(t.Context(), b.o, b.how); err != nil || c.Differing != 0 || c.Equal != 10 {
		t.Errorf("%v, %+v", err, c)
	}
}

func TestPaceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewSteering(100)
		began := time.Now()
		for range 11 {
			if err := p.wait(t.Context(), 50); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(began); d != 5*time.Second { // the first page goes at once
			t.Errorf("500 rows after the first page at 100 a second took %v", d)
		}
	})
}

func TestHashes(t *testing.T) {
	a, b := session.Key{App: "ab", ID: "c"}, session.Key{App: "a", ID: "bc"}
	if hashID(a, false) == hashID(b, false) {
		t.Error("application and id run into one another")
	}
	if hashID(session.Key{ID: "aB"}, true) != hashID(session.Key{ID: "Ab"}, true) || hashID(session.Key{ID: "aB"}, false) == hashID(session.Key{ID: "Ab"}, false) {
		t.Error("letter case")
	}
	base := session.Fence{Revision: 1, Created: 2, LockCookie: 3, LockDate: 4, Expires: 5, Timeout: 6, Flags: 1}
	seen := map[uint64]string{hashFence(base): "base"}
	for i, f := range []func(*session.Fence){
		func(f *session.Fence) { f.Revision++ }, func(f *session.Fence) { f.Created++ }, func(f *session.Fence) { f.LockCookie++ },
		func(f *session.Fence) { f.LockDate++ }, func(f *session.Fence) { f.Expires++ }, func(f *session.Fence) { f.Timeout++ },
		func(f *session.Fence) { f.Flags = 0 }, func(f *session.Fence) { f.Locked = true },
	} {
		x := base
		f(&x)
		h := hashFence(x)
		if other, taken := seen[h]; taken {
			t.Errorf("field %d does not count: the same as %s", i, other)
		}
		seen[h] = fmt.Sprint(i)
	}
}
