package remoteapp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// load is a session under its lock, as a client was sent it.
type load struct {
	h      *Handler
	p      *place
	set    *settings
	key    session.Key
	cookie int32
	made   bool   // by this request: without a commit it is taken away again
	stored []byte // the session as it is in the store
	page   *Payload
	sent   map[string][]byte // JSON by folded key
}

// lockAndLoad takes the lock of a session and reads what the client may see of it. An id of "" is one that is still to be made.
func (h *Handler) lockAndLoad(ctx context.Context, x *exchange, id string) (*load, error) {
	l := &load{h: h, p: x.p, set: x.set, key: session.Key{App: x.p.Name, ID: id}}
	if id == "" {
		l.key.ID = layout.NewSessionID()
	}
	waiting, cancel := either(ctx, h.stop)
	defer cancel()
	item, made, err := h.lock(waiting, l.key, l.fresh)
	if err != nil {
		return nil, h.unread(ctx, err)
	}
	l.cookie, l.made, l.stored = item.Cookie, made, item.Payload
	if err := l.show(item, false); err != nil {
		l.release(ctx)
		return nil, err
	}
	return l, nil
}

// read reads what a client may see of a session, without a lock. One that does not exist is shown, and not made.
func (h *Handler) read(ctx context.Context, x *exchange, id string) (*Payload, error) {
	l := &load{h: h, p: x.p, set: x.set, key: session.Key{App: x.p.Name, ID: id}}
	item, err := session.Item{}, session.ErrNotFound
	if id == "" {
		l.key.ID = layout.NewSessionID()
	} else {
		waiting, cancel := either(ctx, h.stop)
		defer cancel()
		item, err = h.patient(waiting, l.key, time.Now().Add(h.o.Wait), false, h.shared)
	}
	switch {
	case errors.Is(err, session.ErrNotFound):
		return &Payload{SessionID: l.key.ID, New: true, ReadOnly: true, Timeout: x.p.Timeout}, nil
	case err != nil:
		return nil, h.unread(ctx, err)
	}
	l.stored = item.Payload
	if err := l.show(item, true); err != nil {
		return nil, err
	}
	return l.page, nil
}

// unread says why there is no session. Nobody is told where the client has gone.
func (h *Handler) unread(ctx context.Context, err error) error {
	var told *refusal
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case h.stop.Err() != nil && errors.Is(err, context.Canceled):
		return errStopping
	case errors.As(err, &told):
		return told
	}
	return failed("read", err)
}

// fresh is a new session.
func (l *load) fresh() (session.Value, error) {
	c := aspnetser.Collection{Timeout: l.p.Timeout, Form: aspnetser.FormPlain}
	if l.set.compressed[l.key.App] {
		c.Form = aspnetser.FormCompressed
	}
	blob, err := c.Append(nil)
	return session.Value{Payload: blob, Timeout: l.p.Timeout}, err
}

// show makes the payload of a session: of the items whose keys are registered and whose values have a JSON, under the
// registered spelling. All others are hidden.
func (l *load) show(item session.Item, readOnly bool) error {
	c, err := aspnetser.Open(l.stored, aspnetser.Options{})
	if err != nil {
		return failed("read", unreadable(err))
	}
	l.page = &Payload{SessionID: l.key.ID, New: item.Uninitialized, ReadOnly: readOnly, Timeout: c.Timeout}
	if !validTimeout(l.page.Timeout) { // or every commit would be refused
		l.page.Timeout = item.Timeout
	}
	if !validTimeout(l.page.Timeout) {
		l.page.Timeout = l.p.Timeout
	}
	l.sent = map[string][]byte{}
	size := 0
	for _, key := range c.Keys() {
		folded := fold(key)
		reg, ok := l.p.table[folded]
		if !ok {
			continue
		}
		json, err := shown(c, key, reg)
		if err != nil {
			l.h.told.Warn(l.h.o.Logger, "a registered key has a value that its type cannot show; it is hidden from clients, and kept",
				fmt.Sprintf("%s, key %s: %v", l.key.App, reg.name, err))
			continue
		}
		if size += len(reg.name) + len(json) + 10; size > l.set.maxBody {
			return failed("read", fmt.Errorf("its items have over %d bytes as JSON", l.set.maxBody))
		}
		l.sent[folded] = json
		l.page.Items = append(l.page.Items, PayloadItem{reg.name, json})
	}
	return nil
}

// unreadable says why a session cannot be read, without the key that the error names.
func unreadable(err error) error {
	var bad *aspnetser.MalformedError
	var over *aspnetser.LimitError
	switch {
	case errors.As(err, &bad):
		return fmt.Errorf("it is malformed: %s at offset %d", bad.Reason, bad.Offset)
	case errors.As(err, &over):
		return fmt.Errorf("%s are over the limit of %d", over.What, over.Max)
	}
	return errors.New("it is malformed")
}

func shown(c *aspnetser.Collection, key string, reg registered) ([]byte, error) {
	v, err := c.Get(key)
	if err != nil {
		return nil, errors.New("it cannot be decoded")
	}
	json, err := reg.ToJSON(nil, v)
	switch {
	case err != nil:
		return nil, err
	case len(json) == 0: // it would be a key without a type
		return nil, errors.New("its JSON is empty")
	}
	return json, nil
}

// limit is how long the client may hold the lock.
func (l *load) limit() time.Duration {
	limit := time.Duration(l.page.Timeout) * time.Minute
	if l.p.MaxHold > 0 {
		limit = min(limit, l.p.MaxHold)
	}
	return limit
}

// release gives the lock back without a commit. A session that this load has made goes with it, unless the store could take
// away what somebody else has made of it.
func (l *load) release(ctx context.Context) {
	if !l.made || l.h.o.IfFree {
		l.h.giveBack(ctx, l.key, l.cookie)
		return
	}
	within, cancel := hardly(ctx)
	defer cancel()
	l.h.lost(l.h.o.Store.Remove(within, l.key, session.IfCookie(l.cookie)))
}
