package nrbf

import (
	"reflect"
	"strings"
)

// mapping converts a dictionary, a set, or the members of any other object, into a map.
func (u *unmarshaler) mapping(v Value, dst reflect.Value) error {
	t := dst.Type()
	id, _ := v.ID()
	key := resultKey{id, t}
	if m := u.results[key]; m != nil {
		dst.Set(m.value)
		return nil
	}
	m := reflect.MakeMap(t)
	u.results[key] = &result{value: m}
	dst.Set(m)
	c, err := u.content(v)
	switch {
	case err != nil:
		return err
	case c.isDictionary():
		return u.entries(c, m)
	case c.is == listContent && isSet(t):
		return u.set(c.items, m)
	case v.Kind() == KindClass && t.Key().Kind() == reflect.String:
		if s, _ := u.shape(v); c.is == noContent || s.kind == tupleClass {
			return u.members(v, m)
		}
	}
	return u.mismatch(v, dst)
}

func isSet(t reflect.Type) bool {
	return t.Elem().Kind() == reflect.Bool || t.Elem().Kind() == reflect.Struct && t.Elem().Size() == 0
}

// put puts an entry into a map whose key has been converted.
func (u *unmarshaler) put(m, key, value reflect.Value) error {
	if !key.Comparable() {
		return u.fail("a key that cannot be one of a Go map: take a []Pair")
	}
	if m.MapIndex(key).IsValid() {
		return u.fail("two entries have the same key")
	}
	m.SetMapIndex(key, value)
	return nil
}

// entries fills a map with the entries of a dictionary.
func (u *unmarshaler) entries(c content, m reflect.Value) error {
	t := m.Type()
	if err := u.claim(c.items.n, t.Key()); err != nil {
		return err
	}
	if err := u.claim(c.items.n, t.Elem()); err != nil {
		return err
	}
	for i := range c.items.n {
		u.entry(i)
		key, value, ok := c.entry(i)
		if !ok {
			return u.fail("it is a %s, without key and value", describeValue(c.items.at(i)))
		}
		k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := u.value(key, k); err != nil {
			return err
		}
		if c.joined && e.Kind() == reflect.String && value.Kind() == KindClass {
			text, err := u.join(value)
			if err != nil {
				return err
			}
			e.SetString(text)
		} else if err := u.value(value, e); err != nil {
			return err
		}
		if err := u.put(m, k, e); err != nil {
			return err
		}
		u.back()
	}
	return nil
}

// join puts commas between the texts of a NameValueCollection's name.
func (u *unmarshaler) join(v Value) (string, error) {
	c, err := u.content(v)
	if err != nil {
		return "", err
	}
	var texts []string
	size := 0
	for i := range c.items.n {
		text, ok := c.items.at(i).Text()
		if !ok && !c.items.at(i).IsNull() {
			return "", u.fail("%s does not fit string", describeValue(c.items.at(i)))
		}
		texts = append(texts, text)
		size += len(text) + 1
	}
	if err := u.claim(size, typeBytes.Elem()); err != nil {
		return "", err
	}
	return strings.Join(texts, ","), nil
}

// set fills a map with the elements of a list as keys.
func (u *unmarshaler) set(q sequence, m reflect.Value) error {
	t := m.Type()
	if err := u.claim(q.n, t.Key()); err != nil {
		return err
	}
	in := reflect.New(t.Elem()).Elem()
	if in.Kind() == reflect.Bool {
		in.SetBool(true)
	}
	for i := range q.n {
		u.element(i)
		k := reflect.New(t.Key()).Elem()
		if err := u.value(q.at(i), k); err != nil {
			return err
		}
		if err := u.put(m, k, in); err != nil {
			return err
		}
		u.back()
	}
	return nil
}

// members fills a map with the members of an object: under the name of the property where they back one, if no other
// member is called so.
func (u *unmarshaler) members(v Value, m reflect.Value) error {
	t := m.Type()
	if err := u.claim(v.Len(), t.Elem()); err != nil {
		return err
	}
	for i := range v.Len() {
		name := v.MemberName(i)
		e := reflect.New(t.Elem()).Elem()
		u.member(name)
		if err := u.value(v.At(i), e); err != nil {
			return err
		}
		u.back()
		m.SetMapIndex(reflect.ValueOf(memberKey(v, name)).Convert(t.Key()), e) // of two of one name the last counts
	}
	return nil
}

func memberKey(v Value, name string) string {
	base, field := cutBase(name)
	if property, ok := backed(field); ok {
		if base != "" {
			property = base + "+" + property
		}
		if _, taken := v.Member(property); !taken {
			return property
		}
	}
	return name
}

// pairs fills a slice with the entries of a dictionary.
func (u *unmarshaler) pairs(c content, pairs []Pair) error {
	for i := range pairs {
		u.entry(i)
		key, value, ok := c.entry(i)
		if !ok {
			return u.fail("it is a %s, without key and value", describeValue(c.items.at(i)))
		}
		if err := u.value(key, reflect.ValueOf(&pairs[i].Key).Elem()); err != nil {
			return err
		}
		if err := u.value(value, reflect.ValueOf(&pairs[i].Value).Elem()); err != nil {
			return err
		}
		u.back()
	}
	return nil
}
