package tds

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// The verbs of package compat, whichever procedures or batches its texts go through.

func long(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

// key is the session of a spelled id. A database with a store of its own has spelled ids in it.
func (o *own) key(id string) session.Key {
	switch {
	case o.db.Store != nil:
		return session.Key{ID: id}
	case o.layout.Form == layout.FormChunks:
		return session.Key{App: o.app(), ID: id}
	}
	if r := o.registry(); strings.Contains(id, ")/") { // a State Server's application, spelled as its path
		if k, err := r.StateServerKey(layout.EscapeTarget(id)); err == nil {
			return k
		}
	}
	return o.c.f.key(id)
}

// app is the application of ids without a suffix.
func (o *own) app() string { return cmp.Or(o.db.App, unnamed) }

func (o *own) registry() *layout.Registry {
	if r := o.c.f.settings().Registry; r != nil {
		return r
	}
	return &nobody
}

// spelled is the id of a session in this table; false for one that the table does not have. An application that nobody has
// named is spelled as it came: by its suffix, or as a State Server's path.
func (o *own) spelled(k session.Key) (id string, ok bool) {
	switch {
	case o.db.Store != nil:
		return k.ID, true
	case o.layout.Form == layout.FormChunks:
		return k.ID, k.App == o.app()
	}
	if suffix, own := strings.CutPrefix(k.App, unnamed); own {
		return k.ID + suffix, true
	}
	sp := layout.Spelling{Rules: suffixRules, Registry: o.registry()}
	for _, rule := range []layout.IDRule{o.layout.DefaultIDs[0], layout.RuleStateServer} {
		if spelled, err := sp.Spell(k, rule); err == nil {
			return spelled.ID, true
		}
	}
	return k.App + "/" + k.ID, true
}

func (o *own) read() error {
	id, err := o.id(0)
	if err != nil {
		return err
	}
	k, exclusive := o.key(id), o.says(layout.WordExclusive)
	get := o.store.Get
	if exclusive {
		get = o.store.GetExclusive
	}
	item, err := get(o.ctx, k)
	if exclusive && err == nil {
		store, ctx := o.store, context.WithoutCancel(o.ctx)
		o.c.undo(func() {
			o.c.f.warn("giving back a lock whose answer could not be sent", store.ReleaseExclusive(ctx, k, item.Cookie))
		})
	}
	var locked *session.LockedError
	switch {
	case errors.Is(err, session.ErrNotFound):
		return o.state(nil, nil, nil, nil, nil, nil, nil)
	case errors.As(err, &locked):
		return o.state(bit(true), number(locked.Cookie), bitInt(locked.Uninitialized), nil, number(0), o.time(locked.Since), nil)
	case err != nil:
		return err
	}
	short, size := o.payload(notNull(item.Payload))
	return o.state(bit(false), number(item.Cookie), bitInt(item.Uninitialized), short, number(item.Timeout), o.time(item.Since), size)
}

// notNull makes an empty payload of none.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func bitInt(b bool) []byte { return number(int32(bit(b)[0])) }

func (o *own) time(at session.Instant) []byte { return appendDateTime2(nil, at) }

// payload gives the result set of a payload where it is in none of the row's columns or where the procedure selects it, and
// what the state says of it.
func (o *own) payload(b []byte) (short, size []byte) {
	switch {
	case o.layout.Form == layout.FormChunks && len(b) > shortSize:
		o.begin(column{"SessionItemId", asInt}, column{"Item", asShort})
		for part := range slices.Chunk(b, shortSize) {
			o.row(number(int32(o.rows)+1), part)
		}
	case o.layout.Form == layout.FormShortLong && len(b) > shortSize, o.layout.Form == layout.FormLong:
		o.begin(column{"SessionItemLong", asLong})
		o.row(b)
	default:
		return b, long(int64(len(b)))
	}
	_ = o.end()
	return nil, long(int64(len(b)))
}

// state is the row that ends a read.
func (o *own) state(locked, cookie, flags, short, timeout, since, size []byte) error {
	return o.one(cell{asBit, locked}, cell{asInt, cookie}, cell{asInt, flags}, cell{asLong, short}, cell{asInt, timeout}, cell{asDateTime2, since}, cell{asBig, size})
}

// value is what is to be written, in the parameters from the i-th on.
func (o *own) value(i int) (v session.Value, err error) {
	if o.layout.Form == layout.FormChunks {
		return o.valueInPieces(i)
	}
	if i+2 != len(o.params) {
		return v, wrong(len(o.params))
	}
	b, ok := o.params[i].binary()
	if !ok {
		return v, wrong(i)
	}
	minutes, err := o.timeout(i + 1)
	if err == nil {
		err = o.c.f.settings().holds(len(b))
	}
	return session.Value{Payload: append([]byte{}, b...), Timeout: minutes}, err
}

// valueInPieces is that of sqlinmemory: as parameters, or as a table.
func (o *own) valueInPieces(i int) (v session.Value, err error) {
	minutes, err := o.timeout(i)
	if err != nil {
		return v, err
	}
	size, err := o.integer(i + 1)
	if err != nil {
		return v, err
	}
	v = session.Value{Payload: []byte{}, Timeout: minutes}
	for at := i + 2; at < len(o.params); at++ {
		pieces := [][]byte{o.params[at].value}
		if t := o.params[at].table; t != nil {
			if pieces, err = t.parts(); err != nil {
				return v, err
			}
		} else if _, ok := o.params[at].binary(); !ok {
			return v, wrong(at)
		}
		for _, b := range pieces {
			v.Payload = append(v.Payload, b...)
		}
	}
	if int64(len(v.Payload)) != size {
		return v, wrong(i + 1)
	}
	return v, o.c.f.settings().holds(len(v.Payload))
}

// duplicate is the error of an insert that meets a row of the same id.
var duplicate = &sqlError{number: 2627, state: 1, class: 14, text: "Violation of PRIMARY KEY constraint. Cannot insert duplicate key: there is a session of this id already."}

func (o *own) insert() error {
	id, err := o.id(0)
	if err != nil {
		return err
	}
	v, err := o.value(1)
	if err != nil {
		return err
	}
	if o.says(layout.WordUninitialized) {
		err = o.store.CreateUninitialized(o.ctx, o.key(id), v)
	} else {
		err = o.store.SetAndRelease(o.ctx, o.key(id), v, session.Insert())
	}
	if errors.Is(err, session.ErrExists) {
		return duplicate
	}
	return err
}

// guarded does a change under a cookie and gives the row as it was: that is how a client knows what came of it.
func (o *own) guarded(change func(k session.Key, cookie int32) error) error {
	id, err := o.id(0)
	if err != nil {
		return err
	}
	given, err := o.integer(1)
	if err != nil {
		return err
	}
	if given != int64(int32(given)) {
		return wrong(1)
	}
	k, cookie := o.key(id), int32(given)
	before := func(cookie, locked, since []byte) error {
		return o.one(cell{asInt, cookie}, cell{asBit, locked}, cell{asDateTime2, since})
	}
	err = change(k, cookie)
	var locked *session.LockedError
	switch {
	case err == nil:
		return before(number(cookie), nil, nil)
	case errors.Is(err, session.ErrNotFound):
		return before(nil, nil, nil)
	case errors.As(err, &locked):
		return before(number(locked.Cookie), bit(true), o.time(locked.Since))
	case !errors.Is(err, session.ErrStaleCookie):
		return err
	}
	other := cookie + 1 // than the one given; the client asks for no more
	if p, can := o.able.(session.Peeker); can {
		if r, err := session.PeekOne(o.ctx, p, k); err == nil && r.Lock.Cookie != cookie {
			other = r.Lock.Cookie
		}
	}
	return before(number(other), bit(false), nil)
}

func (o *own) update() error {
	v, err := o.value(2)
	if err != nil {
		return err
	}
	return o.guarded(func(k session.Key, cookie int32) error {
		return o.store.SetAndRelease(o.ctx, k, v, session.IfCookie(cookie))
	})
}

func (o *own) release() error {
	return o.guarded(func(k session.Key, cookie int32) error { return o.store.ReleaseExclusive(o.ctx, k, cookie) })
}

func (o *own) remove() error {
	return o.guarded(func(k session.Key, cookie int32) error { return o.store.Remove(o.ctx, k, session.IfCookie(cookie)) })
}

func (o *own) reset() error {
	id, err := o.id(0)
	if err != nil {
		return err
	}
	switch err := o.store.ResetTimeout(o.ctx, o.key(id)); {
	case errors.Is(err, session.ErrNotFound):
		return o.one(whole(0))
	case err != nil:
		return err
	}
	return o.one(whole(1))
}

func (o *own) sweep() error {
	limit, err := o.integer(0)
	if err != nil {
		return err
	}
	sweeper, can := o.able.(session.Sweeper)
	if !can {
		return lacks("be purged: it does that by itself")
	}
	n, err := sweeper.Sweep(o.ctx, int(max(0, limit)))
	if err != nil {
		return o.failed("purging", err)
	}
	return o.one(whole(n))
}
