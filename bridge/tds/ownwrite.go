package tds

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// unfinished is what a connection has begun and not ended: the changes of a transaction, and rows of a bulk load.
type unfinished struct {
	able    any // of the changes
	changes []*ownChange
	byKey   map[session.Key]*ownChange
	bytes   int // of their payloads
	stage   *stage
	load    *destination // of the bulk load that comes next
}

// ownChange is a change of a transaction. It is done at the commit, under the fence of the session as it was seen.
type ownChange struct {
	key    session.Key
	layout *layout.Layout
	row    layout.Row
	delete bool
	expect *session.Fence
}

// mostChanges bounds the changes of a transaction.
const mostChanges = 4096

// forget ends a transaction without doing anything.
func (u *unfinished) forget() { u.able, u.changes, u.byKey, u.bytes = nil, nil, nil, 0 }

// room takes bytes of payloads that are kept until the transaction ends.
func (o *own) room(bytes int) error {
	u := &o.c.unfinished
	if u.bytes += bytes; u.bytes > o.c.most || len(u.changes) > mostChanges {
		return &sqlError{number: 701, state: 1, class: 17, text: "There is not enough memory in this server (aspstate) for a transaction as large as this one."}
	}
	return nil
}

// write takes a change into the transaction if the session is as the client expects it. Without a transaction it is one by itself.
func (o *own) write() error {
	_, can := o.able.(session.Applier)
	switch {
	case !can:
		return lacks("write rows as they are")
	case o.c.transaction == 0 && o.layout.Form == layout.FormChunks:
		return &sqlError{number: 50000, state: 1, class: 16, text: "This server (aspstate) writes rows that have chunks in a transaction only."}
	}
	applies, err := o.change()
	if err == nil && o.c.transaction == 0 {
		err = o.c.commit()
	}
	if err != nil {
		return err
	}
	n := 0
	if applies {
		n = 1
	}
	return o.one(whole(n), named("changed"))
}

// change reads a change and says whether it applies. A second one of the same session in a transaction does not.
func (o *own) change() (applies bool, err error) {
	id, err := o.id(0)
	if err != nil || o.says(layout.WordNothing) {
		return false, err
	}
	c := &ownChange{key: o.key(id), layout: o.layout, row: layout.Row{SessionID: id}, delete: o.says(layout.WordDelete)}
	key, fields, at := c.key, fieldsOf(o.layout), 1
	if !c.delete {
		for _, f := range fields {
			switch {
			case strings.EqualFold(f.name, "SessionId"):
				continue
			case at == len(o.params) || !f.set(&c.row, &o.params[at]):
				return false, wrong(at)
			}
			at++
		}
	}
	u := &o.c.unfinished
	if err := o.room(len(c.row.Short) + len(c.row.Long) + len(c.row.Item)); err != nil {
		return false, err
	}
	found, err := o.peek([]session.Key{c.key}, false)
	if err != nil {
		return false, err
	}
	there := found[0]
	if o.says(layout.WordInsert) {
		if at != len(o.params) {
			return false, wrong(at)
		}
		applies = there == nil
	} else if applies, err = o.fenced(there, fields, at); err != nil {
		return false, err
	}
	if _, twice := u.byKey[key]; !applies || twice {
		return false, nil
	}
	if there != nil {
		f := there.Fence()
		c.key, c.expect = there.Key, &f
	}
	if u.byKey == nil {
		u.byKey = map[session.Key]*ownChange{}
	}
	u.able, u.byKey[key], u.changes = o.able, c, append(u.changes, c)
	return true, nil
}

// fenced says whether a session is as the parameters from the i-th on say.
func (o *own) fenced(there *session.Record, fields []field, i int) (same bool, err error) {
	var row layout.Row
	if there != nil {
		if row, err = o.rowOf("", there); err != nil {
			return false, err
		}
	}
	same = there != nil
	for _, f := range fields {
		switch {
		case !f.fence:
		case f.at != nil:
			if i+1 >= len(o.params) {
				return false, wrong(i)
			}
			low, ok := o.params[i].moment()
			high, also := o.params[i+1].moment()
			if !ok || !also {
				return false, wrong(i)
			}
			at := f.at(&row).Time()
			same = same && !at.Before(low) && !at.After(high)
			i += 2
		default:
			var want layout.Row
			if i >= len(o.params) || !f.set(&want, &o.params[i]) {
				return false, wrong(i)
			}
			same = same && bytes.Equal(f.get(&row), f.get(&want))
			i++
		}
	}
	if i != len(o.params) {
		return false, wrong(i)
	}
	return same, nil
}

// clearChunks takes the chunks from a row that was written before in the transaction.
func (o *own) clearChunks() error {
	id, err := o.id(0)
	if c := o.c.unfinished.byKey[o.key(id)]; err == nil && c != nil {
		c.row.Chunks = nil
	}
	return err
}

// addChunks adds some.
func (o *own) addChunks() error {
	id, err := o.id(0)
	if err != nil {
		return err
	}
	c := o.c.unfinished.byKey[o.key(id)]
	if c == nil || c.delete {
		return &sqlError{number: 547, state: 0, class: 16, text: "This server (aspstate) takes chunks of a row only after the row, in one transaction."}
	}
	for i := 1; i < len(o.params); i += 2 {
		n, err := o.integer(i)
		if err != nil {
			return err
		}
		if i+1 == len(o.params) {
			return wrong(i + 1)
		}
		b, ok := o.params[i+1].binary()
		if !ok {
			return wrong(i + 1)
		}
		if err := o.room(len(b)); err != nil {
			return err
		}
		c.row.Chunks = append(c.row.Chunks, layout.Chunk{ID: int32(n), Item: append([]byte{}, b...)})
	}
	return nil
}

// errConflict is the error of a transaction that meets what somebody else has changed meanwhile: clients begin it anew.
var errConflict = &sqlError{number: 3960, state: 2, class: 16, text: "Snapshot isolation transaction aborted due to update conflict: a session was changed by somebody else. Retry the transaction."}

// commit does the changes of a transaction. Where one meets another's change, those beside it may have been done: a client
// that begins anew finds them so.
func (c *conn) commit() error {
	u := c.unfinished
	c.unfinished.forget()
	if len(u.changes) == 0 {
		return nil
	}
	changes := make([]session.Change, len(u.changes))
	for i, w := range u.changes {
		changes[i] = session.Change{Record: session.Record{Key: w.key}, Delete: w.delete, Expect: w.expect}
		if w.delete {
			continue
		}
		rec, err := recordOf(w.layout, &w.row)
		if err != nil {
			return err
		}
		rec.Key = w.key
		changes[i].Record = rec
	}
	o := c.own(nil, 0)
	o.able = u.able
	conflicts, err := o.apply(changes)
	if err == nil && conflicts {
		err = errConflict
	}
	return err
}

// apply does changes, and says whether one of them met something else than it expects.
func (o *own) apply(changes []session.Change) (conflicts bool, err error) {
	applier, can := o.able.(session.Applier)
	if !can {
		return false, lacks("write rows as they are")
	}
	out, err := applier.Apply(o.ctx, changes)
	if err != nil {
		return false, o.failed("writing sessions", err)
	}
	return slices.ContainsFunc(out, func(r session.Outcome) bool { return r.Result == session.Conflict }), nil
}

// serveCommit ends a transaction, and says whether it was committed. end tells the client how it ended.
func (c *conn) serveCommit(a *answer, end func(kind byte)) (committed bool, err error) {
	err = c.commit()
	var refusal *sqlError
	switch {
	case errors.As(err, &refusal):
		end(changeRollback)
		c.fails(a, tokenDone, refusal)
		return false, nil
	case err != nil:
		return false, err
	}
	end(changeCommit)
	return true, nil
}
