package copier

import (
	"context"
	"maps"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
)

// afterCopy is a copied bench of 40 sessions and its job, whose ledger is open.
func afterCopy(t *testing.T) (*bench, *Job) {
	t.Helper()
	b := newBench(t)
	b.fill(40)
	// A dead row in the way of one, so that its copy has another revision than its source.
	old := b.record(b.spell("shop", raw(21), layout.RuleAsync21), fixtures.Blob("empty"))
	old.Expires, old.Revision = session.At(b.now)-Grace-1, 500
	b.put(b.to, old)
	j, err := Prepare(t.Context(), b.o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	if _, err := j.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b, j
}

// Beside a copy, what the next pass will carry, what the target's application has done, and what is wrong are told apart.
func TestTheLedgerExplainsDifferences(t *testing.T) {
	b, j := afterCopy(t)
	src := func(i int) session.Key { return b.spell("shop", raw(i), layout.RuleInbox) }
	dst := func(i int) session.Key { return b.spell("shop", raw(i), layout.RuleAsync21) }
	change := func(s interface {
		session.Applier
		session.Peeker
	}, k session.Key, f func(*session.Record)) {
		t.Helper()
		r, err := session.PeekOne(t.Context(), s, k)
		if err != nil {
			t.Fatal(err)
		}
		n, fence := *r, r.Fence()
		f(&n)
		if outs, err := s.Apply(t.Context(), []session.Change{{Record: n, Expect: &fence}}); err != nil || outs[0].Result != session.Applied {
			t.Fatalf("%v, %+v", err, outs)
		}
	}
	// Pending: the source has written, renewed, created and removed.
	change(b.from, src(0), func(r *session.Record) { r.Payload = fixtures.Blob("o-order"); r.Lock.Cookie++; r.Expires += 9 })
	change(b.from, src(1), func(r *session.Record) { r.Expires += 9 })
	b.put(b.from, b.record(src(100), fixtures.Blob("empty")))
	b.remove(b.from, src(2))
	// The target's own: used there, created there.
	change(b.to, dst(10), func(r *session.Record) { r.Lock.Cookie++; r.Lock.Since += 9 })
	b.put(b.to, b.record(dst(110), fixtures.Blob("empty")))
	// Wrong: lost, another payload behind the fence of the copy, another payload, another timeout.
	b.remove(b.to, dst(20))
	change(b.to, dst(22), func(r *session.Record) { r.Payload = fixtures.Blob("o-order") })
	change(b.to, dst(23), func(r *session.Record) { r.Timeout++ })
	bad := &faulty{Store: b.to, peek: func(rs []*session.Record) {
		for i, r := range rs {
			if r != nil && r.Key == dst(21) {
				n := *r
				n.Payload = fixtures.Blob("o-order")
				rs[i] = &n
			}
		}
	}}
	j.o.Target = bad

	wrong := map[Aspect]int64{AspectMissing: 1, AspectPayload: 2, AspectTimeout: 1}
	c, err := j.verifyAll(t.Context(), b.how)
	if err != nil || !maps.Equal(c.Aspects, wrong) || c.Differing != 4 || c.Pending != 4 || c.TargetOwned != 2 || c.Equal != 32 {
		t.Errorf("live: %v, %+v", err, c)
	}

	// Frozen, what was not carried is wrong as well.
	b.how.frozen = true
	wrong = map[Aspect]int64{AspectMissing: 2, AspectPayload: 3, AspectTimeout: 1, AspectExpires: 2, AspectLock: 1, AspectExtra: 1}
	c, err = j.verifyAll(t.Context(), b.how)
	if err != nil || !maps.Equal(c.Aspects, wrong) || c.Differing != 8 || c.Pending != 0 || c.TargetOwned != 2 {
		t.Errorf("frozen: %v, %+v", err, c)
	}

	// Only some rows.
	keys := []session.Key{src(0), src(2), src(5), src(5), src(6), src(10), src(20), {ID: "neverheardof"}}
	c, err = j.verifyKeys(t.Context(), keys, b.how)
	wrong = map[Aspect]int64{AspectPayload: 1, AspectExpires: 1, AspectLock: 1, AspectExtra: 1, AspectMissing: 1}
	if err != nil || !maps.Equal(c.Aspects, wrong) || c.Scanned != 6 || c.Equal != 2 || c.Differing != 3 || c.TargetOwned != 1 {
		t.Errorf("some rows, frozen: %v, %+v", err, c)
	}
	b.how.frozen = false
	c, err = j.verifyKeys(t.Context(), keys, b.how)
	if err != nil || !maps.Equal(c.Aspects, map[Aspect]int64{AspectMissing: 1}) || c.Pending != 2 || c.TargetOwned != 1 {
		t.Errorf("some rows, live: %v, %+v", err, c)
	}
}

// After another pass nothing is pending, also where the target's payloads are in another form.
func TestNothingIsPendingAfterAPass(t *testing.T) {
	for _, form := range []Target{TargetSame, TargetYes} {
		b := newBench(t)
		b.o.ToCompressed = form
		b.fill(20)
		b.mustRun()
		b.remove(b.from, b.spell("shop", raw(3), layout.RuleInbox))
		b.put(b.from, b.record(b.spell("shop", raw(50), layout.RuleInbox), fixtures.Blob("typical")))
		j, err := Prepare(t.Context(), b.o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.how.frozen = true
		c, err := j.verifyAll(t.Context(), b.how)
		if err != nil || c.Differing != 0 || c.Equal != 20 || c.Decoded != 0 || c.TargetOwned != 0 {
			t.Errorf("%s: %v, %+v", form, err, c)
		}
		var keys []session.Key
		for i := range 51 {
			keys = append(keys, b.spell("shop", raw(i), layout.RuleInbox))
		}
		c, err = j.verifyKeys(t.Context(), keys, b.how)
		if err != nil || c.Differing != 0 || c.Equal != 20 || c.Gone != 31 || c.Scanned != 51 {
			t.Errorf("%s: some rows: %v, %+v", form, err, c)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Differences are announced, though the copy has announced as many of its own.
func TestVerifyAllAnnounces(t *testing.T) {
	b, j := afterCopy(t)
	for range noticesPerKind {
		j.notice(NoticeDifference, session.Key{}, "of the copy")
	}
	b.remove(b.to, b.spell("shop", raw(1), layout.RuleAsync21))
	b.events = nil
	if c, err := j.verifyAll(context.WithoutCancel(t.Context()), b.how); err != nil || c.Differing != 1 {
		t.Fatalf("%v, %+v", err, c)
	}
	for _, e := range b.events {
		if n, ok := e.(Notice); ok && n.Kind == NoticeDifference && n.Text == "[missing]" {
			return
		}
	}
	t.Errorf("no notice among %d events", len(b.events))
}
