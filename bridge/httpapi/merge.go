package httpapi

import (
	"hash/maphash"
	"net/http"
	"sync"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/session"
)

// merges lets one merge of a session under a client's lock come after the other: two at once would both begin with what
// they see now, and one would be lost. The lock itself tells clients apart, but not the requests of one.
type merges struct {
	once  sync.Once
	seed  maphash.Seed
	locks [64]sync.Mutex
}

func (m *merges) of(k session.Key) *sync.Mutex {
	m.once.Do(func() { m.seed = maphash.MakeSeed() })
	return &m.locks[maphash.Comparable(m.seed, k)%uint64(len(m.locks))]
}

// patch sets and removes items of a session, under the client's lock or one of its own.
func (x *exchange) patch() *problem {
	cond, p := x.condition()
	if p != nil {
		return p
	}
	if cond.Kind() == session.KindInsert || cond.Kind() == session.KindIfFree {
		return problemBadHeader.because("A PATCH is done under Aspstate-Lock, or under a lock of the server's.")
	}
	if _, p = x.bodyForm(false); p != nil {
		x.w.Header()["Accept-Patch"] = typeJSON
		return p
	}
	buf := buffers.get()
	defer buffers.put(buf)
	b, p := x.body((*buf)[:0], 2*x.maxBody())
	if p != nil {
		return p
	}
	*buf = b
	change, p := x.parseChange(b)
	if p != nil {
		return p
	}
	if cond.Kind() == session.KindIfCookie {
		return x.patchUnder(change, cond)
	}
	item, p := x.acquire()
	if p != nil {
		return p
	}
	released := false
	defer func() {
		if !released {
			x.giveBack(item.Cookie)
		}
	}()
	v, p := x.merge(change, item.Payload, item.Timeout)
	if p != nil {
		return p
	}
	own := session.IfCookie(item.Cookie)
	if err := x.f.Store.SetAndRelease(x.whole(), x.key, v, x.f.under(own)); err != nil {
		return x.failUnder(own, "writing a merged session", err)
	}
	released = true
	if item.Uninitialized { // the lock has spent the mark
		x.w.Header()["Aspstate-Uninitialized"] = yes
	}
	return x.done(http.StatusNoContent)
}

// patchUnder merges under a lock that the client holds, which must be held yet.
func (x *exchange) patchUnder(change *change, cond session.Condition) *problem {
	if x.q.wait > 0 {
		return problemBadQuery.because("Query parameter wait: the client has the lock already.")
	}
	one := x.f.merging.of(x.key)
	one.Lock()
	defer one.Unlock()
	rec, p := x.peek()
	if p != nil {
		return p
	}
	if !rec.Lock.Locked || rec.Lock.Cookie != cond.Cookie() {
		return x.stale()
	}
	v, p := x.merge(change, rec.Payload, rec.Timeout)
	if p != nil {
		return p
	}
	if err := x.f.Store.SetAndRelease(x.whole(), x.key, v, x.f.under(cond)); err != nil {
		return x.failUnder(cond, "writing a merged session", err)
	}
	return x.done(http.StatusNoContent)
}

// merge makes the payload of a changed session. What the change does not name keeps its bytes.
func (x *exchange) merge(ch *change, payload []byte, timeout int32) (v session.Value, p *problem) {
	c, err := aspnetser.Open(payload, x.reading(payload))
	if err != nil {
		return v, notASession(err)
	}
	for _, k := range ch.remove {
		if k.null {
			c.RemoveNull()
		} else {
			c.Remove(k.text)
		}
	}
	for i := range ch.set {
		setItem(c, ch.set[i].key, ch.set[i].value)
	}
	if ch.timeout > 0 {
		c.Timeout, timeout = ch.timeout, ch.timeout
	}
	c.Form = x.written(c.Form)
	return x.encode(c, timeout)
}

func setItem(c *aspnetser.Collection, k itemKey, v aspnetser.Value) {
	if k.null {
		c.SetNull(v)
	} else {
		c.Set(k.text, v)
	}
}
