package httpapi

import (
	"errors"

	"github.com/aspstate/aspstate/aspnetser"
)

// parseSession reads a whole session. What a client has read and sends back is taken as it is: the members that say what a
// body cannot change (lock, uninitialized) are read over, and app and id must be those of the path.
func (x *exchange) parseSession(b []byte) (*aspnetser.Collection, *problem) {
	c := &cursor{b: b}
	defer c.close()
	var items []item
	var rest []byte
	var timeout int64
	form := aspnetser.FormUnknown
	statics := 0
	names := members{c: c}
	c.object(func(name string) {
		switch name {
		case "app":
			if names.once(0) && c.text() != x.key.App {
				c.fail("app is not the one of the path")
			}
		case "id":
			if names.once(1) && c.text() != x.key.ID {
				c.fail("id is not the one of the path")
			}
		case "timeout":
			if names.once(2) {
				timeout = c.minutes()
			}
		case "compressed":
			if names.once(3) {
				if form = aspnetser.FormPlain; c.boolean() {
					form = aspnetser.FormCompressed
				}
			}
		case "uninitialized":
			if names.once(4) {
				c.boolean()
			}
		case "lock":
			if names.once(5) {
				c.value(1)
			}
		case "items":
			if names.once(6) {
				items = c.items(x.f.objects())
			}
		case "static":
			if names.once(7) {
				c.array(func() { c.bytes(); statics++ })
			}
		case "rest":
			if names.once(8) {
				rest = c.base64()
			}
		default:
			c.unknown()
		}
	})
	c.end()
	switch {
	case !c.ok():
		return nil, c.bad
	case timeout == 0 || items == nil:
		return nil, problemBadJSON.because("A session has timeout and items.")
	case statics > 0 && rest == nil:
		return nil, problemBadJSON.because("Static objects are written by rest only: send it, or leave static out to drop them.")
	}
	if form == aspnetser.FormUnknown {
		form = x.present()
	}
	return x.assemble(items, rest, int32(timeout), x.written(form))
}

// minutes reads a time-out.
func (c *cursor) minutes() int64 {
	c.peek()
	at := c.i
	n := c.integer(32)
	if c.ok() && (n < 1 || n > maxTimeout) {
		c.i = at
		c.fail("a timeout is from 1 to 525600 minutes")
	}
	return n
}

// assemble makes the session of items, and of what else there was in it.
func (x *exchange) assemble(items []item, rest []byte, timeout int32, form aspnetser.Form) (*aspnetser.Collection, *problem) {
	c := &aspnetser.Collection{}
	if rest != nil {
		var err error
		if c, err = aspnetser.Open(rest, aspnetser.Options{Compressed: aspnetser.CompressionNo}); err != nil {
			return nil, problemBadJSON.because("rest is not what was read.")
		}
		keepOnly(c, items)
	}
	c.Timeout, c.Form = timeout, form
	for i := range items {
		setItem(c, items[i].key, items[i].value)
	}
	return c, nil
}

// keepOnly takes the items from a collection that are not among the given ones. Where all are, they keep their places.
func keepOnly(c *aspnetser.Collection, items []item) {
	given := &aspnetser.Collection{} // finds keys as c does
	for i := range items {
		setItem(given, items[i].key, aspnetser.Null())
	}
	for _, k := range c.Keys() {
		if !has(given, itemKey{text: k}) {
			c.Remove(k)
		}
	}
	if !given.HasNull() {
		c.RemoveNull()
	}
}

func has(c *aspnetser.Collection, k itemKey) bool {
	if k.null {
		return c.HasNull()
	}
	_, err := c.Get(k.text)
	return !errors.Is(err, aspnetser.ErrNoItem)
}

// present is the form of the session that is there; plain where there is none, or nobody can look.
func (x *exchange) present() aspnetser.Form {
	if x.compressed() != nil || x.f.peeker() == nil {
		return aspnetser.FormPlain
	}
	if rec, p := x.peek(); p == nil {
		if d, err := aspnetser.Detect(rec.Payload, aspnetser.Options{}); err == nil {
			return d.Form
		}
	}
	return aspnetser.FormPlain
}

// item is an item of a body.
type item struct {
	key   itemKey
	value aspnetser.Value
}

// itemKey reads a key: a text, or null.
func (c *cursor) itemKey() itemKey {
	if c.null() {
		return itemKey{null: true}
	}
	return itemKey{text: c.text()}
}

// items reads [{"key":…,"value":…},…]. Keys that differ by case only are one key, of which there may be one.
func (c *cursor) items(objects Objects) []item {
	all := []item{}
	var seen aspnetser.Collection
	c.array(func() {
		var one item
		c.peek()
		at := c.i
		names := members{c: c}
		c.object(func(name string) {
			switch name {
			case "key":
				if names.once(0) {
					one.key = c.itemKey()
				}
			case "value":
				if names.once(1) {
					if one.value = c.itemValue(one.key, objects); c.bad != nil && names.seen&1 == 0 {
						c.bad.key = itemKey{} // it has not been read yet
					}
				}
			default:
				c.unknown()
			}
		})
		if c.ok() && names.seen != 3 {
			c.i = at
			c.fail("an item has key and value")
		}
		c.add(&all, &seen, one, at)
	})
	return all
}

// add adds an item to a list, if its key is not there.
func (c *cursor) add(all *[]item, seen *aspnetser.Collection, one item, at int) {
	if !c.ok() {
		return
	}
	if has(seen, one.key) {
		c.i = at
		c.fail("a key is there twice; keys that differ by case only are the same")
		return
	}
	if len(*all) == aspnetser.DefaultMaxItems {
		c.fail("there are too many items")
		return
	}
	setItem(seen, one.key, aspnetser.Null())
	*all = append(*all, one)
}

// change is what a PATCH does.
type change struct {
	set     []item
	remove  []itemKey
	timeout int32 // 0: as it is
}

// parseChange reads {"set":{KEY:V,…}|[{"key":KEY,"value":V},…],"remove":[KEY,…],"timeout":20}.
func (x *exchange) parseChange(b []byte) (*change, *problem) {
	c := &cursor{b: b}
	defer c.close()
	ch := &change{}
	var seen aspnetser.Collection // keys to be removed
	names := members{c: c}
	c.object(func(name string) {
		switch name {
		case "set":
			if names.once(0) {
				ch.set = c.settings(x.f.objects())
			}
		case "remove":
			if names.once(1) {
				c.array(func() {
					c.peek()
					at := c.i
					k := c.itemKey()
					var gone []item
					c.add(&gone, &seen, item{key: k}, at)
					ch.remove = append(ch.remove, k)
				})
			}
		case "timeout":
			if names.once(2) {
				ch.timeout = int32(c.minutes())
			}
		default:
			c.unknown()
		}
	})
	c.end()
	if !c.ok() {
		return nil, c.bad
	}
	for i := range ch.set {
		if k := ch.set[i].key; has(&seen, k) {
			p := problemBadValue.because("The item is both set and removed.")
			p.key, p.key.given = k, true
			return nil, p
		}
	}
	return ch, nil
}

// settings reads items as a list, or as an object, which has no null key.
func (c *cursor) settings(objects Objects) []item {
	if c.peek() == '[' {
		return c.items(objects)
	}
	var all []item
	var seen aspnetser.Collection
	c.object(func(name string) {
		at := c.i
		k := itemKey{text: name}
		c.add(&all, &seen, item{k, c.itemValue(k, objects)}, at)
	})
	return all
}
