package traffic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/session"
)

// minutes is the timeout of new sessions.
const minutes = 60

// askAgain is how often a page asks for a locked session. ASP.NET asks every 500 ms.
const askAgain = 20 * time.Millisecond

// create makes a session, as the first page of a visitor does.
func (f *Farm) create(ctx context.Context, s session.Store, due time.Time) {
	k := f.o.NewKey()
	p, err := fresh(1)
	if err != nil {
		panic(err) // an Int32 can be encoded
	}
	f.mu.Lock()
	x := f.fact(k)
	x.sent, x.touched = 1, true
	f.mu.Unlock()
	err = s.SetAndRelease(ctx, k, session.Value{Payload: p, Timeout: minutes}, session.Insert())
	f.took(due, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		x.acked = max(x.acked, 1)
		f.changed()
		f.keys = append(f.keys, k)
	}
}

// read is a page that is marked read-only.
func (f *Farm) read(ctx context.Context, s session.Store, k session.Key, due time.Time) {
	before := f.before(k)
	it, err := s.Get(ctx, k)
	f.took(due, err)
	f.judge(k, before, it, err)
}

// exclusive is an ordinary page: it takes the lock, and does what it does.
func (f *Farm) exclusive(ctx context.Context, s session.Store, k session.Key, due time.Time,
	then func(context.Context, session.Store, session.Key, session.Item) error,
) {
	for start := time.Now(); ; {
		before := f.before(k)
		it, err := s.GetExclusive(ctx, k)
		f.took(due, err)
		f.judge(k, before, it, err)
		var locked *session.LockedError
		if errors.As(err, &locked) && time.Since(start) < f.o.Patience {
			time.Sleep(askAgain)
			due = time.Now()
			continue
		}
		if errors.As(err, &locked) {
			f.away.Add(1)
			f.breakLock(ctx, s, k, locked.Cookie)
		}
		if err != nil {
			return
		}
		due = time.Now()
		f.took(due, then(ctx, s, k, it))
		return
	}
}

// breakLock releases a lock that has been seen for too long: its page has died.
func (f *Farm) breakLock(ctx context.Context, s session.Store, k session.Key, cookie int32) {
	f.mu.Lock()
	x := f.fact(k)
	if x.cookie != cookie || x.seen.IsZero() {
		x.cookie, x.seen = cookie, time.Now()
	}
	late := f.o.BreakAfter > 0 && time.Since(x.seen) > f.o.BreakAfter
	f.mu.Unlock()
	if late {
		_ = s.ReleaseExclusive(ctx, k, cookie) // another page may have been faster
	}
}

// before returns what any read that begins now must at least see.
func (f *Farm) before(k session.Key) fact {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *f.fact(k)
}

// judge compares what a read gave with what was known before it began.
func (f *Farm) judge(k session.Key, before fact, it session.Item, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.fact(k)
	switch {
	case errors.Is(err, session.ErrNotFound):
		if before.acked > 0 && now.removal == removalNone {
			f.complain("session %v is gone: %d visits were acknowledged", k, before.acked)
		}
		return
	case err != nil:
		return
	case before.removal == removalAcked:
		f.complain("session %v is served again: it was removed", k)
		return
	}
	if n, ok := count(it.Payload); ok && n < before.acked {
		f.complain("session %v has %d visits: %d were acknowledged", k, n, before.acked)
	}
}

// write is the end of a page that has changed its session.
func (f *Farm) write(ctx context.Context, s session.Store, k session.Key, it session.Item) error {
	n, ok := count(it.Payload)
	if !ok {
		return f.release(ctx, s, k, it)
	}
	n++
	p, err := withCount(it.Payload, n)
	if err != nil {
		return f.release(ctx, s, k, it)
	}
	f.mu.Lock()
	x := f.fact(k)
	x.sent, x.touched = max(x.sent, n), true
	f.mu.Unlock()
	err = s.SetAndRelease(ctx, k, session.Value{Payload: p, Timeout: it.Timeout}, f.o.Condition(it.Cookie))
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		x.acked = max(x.acked, n)
		f.changed()
	}
	return err
}

// release is the end of a page that has changed nothing.
func (f *Farm) release(ctx context.Context, s session.Store, k session.Key, it session.Item) error {
	err := s.ReleaseExclusive(ctx, k, it.Cookie)
	if err == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.changed()
	}
	return err
}

// remove is a page that abandons its session.
func (f *Farm) remove(ctx context.Context, s session.Store, k session.Key, it session.Item) error {
	f.mu.Lock()
	x := f.fact(k)
	x.removal, x.touched = max(x.removal, removalSent), true
	f.mu.Unlock()
	err := s.Remove(ctx, k, f.o.Condition(it.Cookie))
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		x.removal = removalAcked
		f.changed()
	}
	return err
}

// Check compares a store with what was acknowledged. Expired sessions may be gone.
func (f *Farm) Check(ctx context.Context, p session.Peeker, respell func(session.Key) (session.Key, error)) ([]string, error) {
	f.mu.Lock()
	bad := append([]string(nil), f.bad...)
	var keys, asked []session.Key
	for k, x := range f.known {
		if x.touched {
			keys = append(keys, k)
		}
	}
	f.mu.Unlock()
	for _, k := range keys {
		a, err := respell(k)
		if err != nil {
			return nil, fmt.Errorf("spelling %v: %w", k, err)
		}
		asked = append(asked, a)
	}
	const page = 500
	for i := 0; i < len(keys); i += page {
		end := min(i+page, len(keys))
		rows, err := p.Peek(ctx, asked[i:end])
		if err != nil {
			return nil, fmt.Errorf("looking at what the farm has written: %w", err)
		}
		for n, row := range rows {
			bad = append(bad, f.compare(keys[i+n], row)...)
		}
	}
	return bad, nil
}

func (f *Farm) compare(k session.Key, row *session.Record) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.known[k]
	switch {
	case row == nil && x.acked > 0 && x.removal == removalNone:
		return []string{fmt.Sprintf("session %v is missing: %d visits were acknowledged", k, x.acked)}
	case row == nil:
		return nil
	case x.removal == removalAcked:
		return []string{fmt.Sprintf("session %v is there: its removal was acknowledged", k)}
	}
	if n, ok := count(row.Payload); ok && (n < x.acked || n > x.sent) {
		return []string{fmt.Sprintf("session %v has %d visits: %d were acknowledged, %d sent", k, n, x.acked, x.sent)}
	}
	return nil
}
