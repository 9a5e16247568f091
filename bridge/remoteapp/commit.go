package remoteapp

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/corejson"
	"github.com/aspstate/aspstate/session"
)

// What clients are told of a commit that failed; the first five are the stock server's words (section 12.4).
const (
	noSessionID  = "No session ID found"
	noSession    = "Could not find session"
	alreadyDone  = "Session has already been updated"
	notDecoded   = "Failed to deserialize session state"
	nothingSent  = "No session data was supplied for commit"
	lockLost     = "The session was locked by another request meanwhile; nothing was stored"
	sessionGone  = "The session does not exist any more; nothing was stored"
	tooLarge     = "The session is too large"
	timeUp       = "The session was held for too long; nothing was stored"
	ambiguous    = "Two requests have held the session, and which of them this is from cannot be told; nothing was stored"
	unregistered = "A key is not registered with the bridge; nothing was stored"
)

func refused(text string) *refusal { return &refusal{status: http.StatusBadRequest, text: text} }

// commit carries a commit out as a whole and gives the lock back, or refuses it, changes nothing and gives the lock back. When it
// returns nil, what was committed is in the store.
func (l *load) commit(ctx context.Context, body []byte) *refusal {
	why := l.apply(ctx, body)
	if why != nil {
		l.release(ctx)
	}
	return why
}

func (l *load) apply(ctx context.Context, body []byte) *refusal {
	p, _, err := DecodePayload(body)
	switch {
	case err != nil:
		return refused(notDecoded + ": " + err.Error())
	case p.SessionID != l.key.ID:
		return refused(notDecoded + ": another session's id")
	}
	within, cancel := hardly(ctx)
	defer cancel()
	store, cond := l.h.o.Store, session.IfCookie(l.cookie)
	if l.h.o.IfFree {
		cond = session.IfFree(l.cookie)
	}
	if p.Abandoned { // whatever else it says (section 12.3)
		return l.outcome(store.Remove(within, l.key, cond), "removed")
	}
	if !validTimeout(p.Timeout) {
		return refused(notDecoded + ": timeout out of range")
	}
	blob, why := l.merge(p)
	if why != nil {
		return why
	}
	if blob == nil {
		return l.outcome(store.ReleaseExclusive(within, l.key, l.cookie), "released")
	}
	return l.outcome(store.SetAndRelease(within, l.key, session.Value{Payload: blob, Timeout: p.Timeout}, cond), "written")
}

// outcome turns what the store says into what the client is told.
func (l *load) outcome(err error, what string) *refusal {
	var locked *session.LockedError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, session.ErrStaleCookie), errors.As(err, &locked):
		l.h.said.Warn(l.h.o.Logger, "a commit was refused: its lock has been taken meanwhile", "app", l.key.App)
		return refused(lockLost)
	case errors.Is(err, session.ErrNotFound):
		return refused(sessionGone)
	}
	return failed(what, err)
}

// merge brings what the client has changed into the stored session (section 11), and returns it; nil: nothing has changed. All
// that the client was not sent, or sends back as it was, keeps its bytes.
func (l *load) merge(p *Payload) ([]byte, *refusal) {
	c, err := aspnetser.Open(l.stored, aspnetser.Options{})
	if err != nil {
		return nil, failed("read", unreadable(err))
	}
	unknown := make(map[string]bool, len(p.Unknown))
	for _, k := range p.Unknown {
		unknown[fold(k)] = true
	}
	// Of keys that differ in case only, the last has the value, and the first the name.
	last := make(map[string][]byte, len(p.Items))
	var order []keyed
	for _, it := range p.Items {
		folded := fold(it.Key)
		if _, again := last[folded]; !again {
			order = append(order, keyed{it.Key, folded})
		}
		last[folded] = it.Value
	}
	changed, dropped := false, 0
	for _, k := range order {
		value := last[k.folded]
		if len(value) == 0 && unknown[k.folded] {
			continue
		}
		reg, ok := l.p.table[k.folded]
		if !ok {
			dropped++
			continue
		}
		set, why := l.setItem(c, k, reg, value)
		if why != nil {
			return nil, why
		}
		changed = changed || set
	}
	if dropped > 0 {
		if l.p.RejectUnregistered {
			return nil, refused(unregistered)
		}
		l.h.said.Warn(l.h.o.Logger, "a client commits keys that are not registered here; they are left out", "app", l.key.App, "keys", dropped)
	}
	for folded, json := range l.sent {
		if _, there := last[folded]; !there && string(json) != "null" { // the client never saw a null
			changed = c.Remove(l.p.table[folded].name) || changed
		}
	}
	if !changed && c.Timeout == p.Timeout {
		return nil, nil
	}
	c.Timeout = p.Timeout
	blob, err := c.Append(nil)
	if err != nil {
		return nil, failed("written", errUnwritable)
	}
	return blob, nil
}

// keyed is a key of a commit.
type keyed struct{ name, folded string }

// errUnwritable has nothing of why: that could name items.
var errUnwritable = errors.New("an item cannot be written")

// setItem sets one item, unless the client has sent it back as it was.
func (l *load) setItem(c *aspnetser.Collection, k keyed, reg registered, value []byte) (changed bool, why *refusal) {
	if len(value) == 0 { // null of adapters 1.0 and 1.1
		if !reg.TakesNull() {
			return false, nil
		}
		value = []byte("null")
	}
	if sent, ok := l.sent[k.folded]; ok && corejson.Equal(sent, value) {
		return false, nil
	}
	stored, err := c.Get(k.name)
	has := err == nil
	v, err := reg.FromJSON(value, stored, has)
	if err != nil {
		l.h.told.Warn(l.h.o.Logger, "a commit was refused: a value cannot be stored as the type that is registered",
			fmt.Sprintf("%s, key %s: %v", l.key.App, reg.name, err))
		return false, refused("The value of key " + reg.name + " cannot be stored as its registered type; nothing was stored")
	}
	c.Set(k.name, v)
	return true, nil
}
