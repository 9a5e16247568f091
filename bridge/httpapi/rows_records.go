package httpapi

import (
	"encoding/base64"
	"strconv"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/session"
)

// A row is a line:
//
//	{"app":"shop","id":"…","payload":"base64","timeout":20,"created":T,"expires":T,"flags":0,
//	 "locked":false,"lockCookie":1,"lockDate":T,"revision":"7"}
//
// T is a session.Instant as a number: ticks of 1/300 s since 1900-01-01. payload is null where nobody can read it, and where it was not
// asked for. A fence has revision, created, lockCookie, locked, lockDate, expires, timeout and flags. A change is
//
//	{"record":ROW,"expect":FENCE|null}    or    {"delete":{"app":…,"id":…},"expect":FENCE}
//
// and an outcome {"result":"applied"|"already"|"conflict","current":FENCE|null}. What nobody can read of a scan is
// {"damaged":{"app":…,"id":…,"error":…}}.

func appendRecord(b []byte, r *session.Record) []byte {
	b = appendKey(append(b, '{'), r.Key)
	b = append(b, `,"payload":`...)
	if r.Payload == nil {
		b = append(b, "null"...)
	} else {
		b = append(base64.StdEncoding.AppendEncode(append(b, '"'), r.Payload), '"')
	}
	f := r.Fence()
	return append(appendFenceMembers(append(b, ','), &f), '}')
}

func appendKey(b []byte, k session.Key) []byte {
	b = nrbf.AppendJSONString(append(b, `"app":`...), k.App)
	return nrbf.AppendJSONString(append(b, `,"id":`...), k.ID)
}

func appendFenceMembers(b []byte, f *session.Fence) []byte {
	number := func(name string, n int64) {
		b = append(b, name...)
		b = strconv.AppendInt(b, n, 10)
	}
	number(`"timeout":`, int64(f.Timeout))
	number(`,"created":`, int64(f.Created))
	number(`,"expires":`, int64(f.Expires))
	number(`,"flags":`, int64(f.Flags))
	b = strconv.AppendBool(append(b, `,"locked":`...), f.Locked)
	number(`,"lockCookie":`, int64(f.LockCookie))
	number(`,"lockDate":`, int64(f.LockDate))
	b = append(b, `,"revision":"`...)
	return append(strconv.AppendUint(b, f.Revision, 10), '"')
}

func appendDamage(b []byte, d session.Damage) []byte {
	b = appendKey(append(b, `{"damaged":{`...), d.Key)
	return append(nrbf.AppendJSONString(append(b, `,"error":`...), d.Err.Error()), "}}"...)
}

// results are the words of an outcome.
var results = map[session.Result]string{session.Applied: "applied", session.Already: "already", session.Conflict: "conflict"}

func appendOutcome(b []byte, o *session.Outcome) []byte {
	b = append(append(append(b, `{"result":"`...), results[o.Result]...), `","current":`...)
	if o.Current == nil {
		return append(b, "null}"...)
	}
	return append(appendFenceMembers(append(b, '{'), o.Current), "}}"...)
}

// The members of a row, in the order of their bits; those of a fence come first.
var rowMembers = []string{"timeout", "created", "expires", "flags", "locked", "lockCookie", "lockDate", "revision", "app", "id", "payload"}

const (
	fenceBits = 1<<8 - 1
	keyBits   = 1<<8 | 1<<9
	rowBits   = 1<<11 - 1
)

// row reads an object that has exactly the members of some bits.
func (c *cursor) row(want uint32) (r session.Record) {
	c.peek()
	at := c.i
	names := members{c: c}
	c.object(func(name string) {
		for i, known := range rowMembers {
			if name == known && want&(1<<i) != 0 {
				if names.once(i) {
					c.rowMember(name, &r)
				}
				return
			}
		}
		c.unknown()
	})
	if c.ok() && names.seen != want {
		c.i = at
		c.fail("a row, key or fence lacks a member")
	}
	return r
}

func (c *cursor) rowMember(name string, r *session.Record) {
	switch name {
	case "timeout":
		r.Timeout = int32(c.integer(32))
	case "created":
		r.Created = session.Instant(c.integer(64))
	case "expires":
		r.Expires = session.Instant(c.integer(64))
	case "flags":
		r.Flags = session.Flags(c.integer(32))
	case "locked":
		r.Lock.Locked = c.boolean()
	case "lockCookie":
		r.Lock.Cookie = int32(c.integer(32))
	case "lockDate":
		r.Lock.Since = session.Instant(c.integer(64))
	case "revision":
		n, err := strconv.ParseUint(c.text(), 10, 64)
		if r.Revision = n; err != nil {
			c.fail("a revision is a text of digits")
		}
	case "app":
		r.Key.App = c.text()
	case "id":
		if r.Key.ID = c.text(); r.Key.ID == "" {
			c.fail("an id is not empty")
		}
	case "payload":
		r.Payload = c.base64()
	}
}

func (c *cursor) rowKey() session.Key { return c.row(keyBits).Key }

func (c *cursor) fence() *session.Fence {
	if c.null() {
		return nil
	}
	r := c.row(fenceBits)
	f := r.Fence()
	return &f
}

func (c *cursor) rowChange() (ch session.Change) {
	c.peek()
	at := c.i
	names := members{c: c}
	c.object(func(name string) {
		switch name {
		case "record":
			if names.once(0) {
				ch.Record = c.row(rowBits)
			}
		case "delete":
			if names.once(1) {
				ch.Record.Key, ch.Delete = c.rowKey(), true
			}
		case "expect":
			if names.once(2) {
				ch.Expect = c.fence()
			}
		default:
			c.unknown()
		}
	})
	if c.ok() && names.seen != 1|4 && names.seen != 2|4 {
		c.i = at
		c.fail("a change has record or delete, and expect")
	}
	return ch
}
