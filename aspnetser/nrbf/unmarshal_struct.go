package nrbf

import "reflect"

// structure converts a class instance into a struct.
func (u *unmarshaler) structure(v Value, dst reflect.Value) error {
	id, _ := v.ID()
	key := resultKey{id, reflect.PointerTo(dst.Type())}
	m := u.results[key]
	switch {
	case m == nil:
		m = &result{value: dst.Addr()}
		if v.cell().kind != cellObject { // that one stands in its place, and is met there only once
			u.results[key] = m
		}
	case m.busy:
		return u.fail("a cycle of %s, which holds no pointers to it", dst.Type())
	case m.value.Pointer() != dst.Addr().Pointer():
		dst.Set(m.value.Elem())
		return nil
	}
	m.busy = true
	defer func() { m.busy = false }()
	p := u.plan(v, dst.Type())
	if p.problem != "" {
		if p.member != "" {
			u.member(p.member)
		}
		return u.fail("%s", p.problem)
	}
	for i := range p.fields {
		f, member := p.fields[i].field, p.fields[i].member
		to := dst.FieldByIndex(f.index)
		if f.contents {
			if err := u.value(v, to); err != nil {
				return err
			}
			continue
		}
		u.member(v.MemberName(member))
		if err := u.value(v.At(member), to); err != nil {
			return err
		}
		u.back()
	}
	return nil
}

// plan says which member each field of a Go struct gets from instances of a class.
type plan struct {
	fields  []planned
	problem string
	member  string // that the problem is about
}

type planKey struct {
	class *class
	t     reflect.Type
}

type planned struct {
	field  *field
	member int
}

func (u *unmarshaler) plan(v Value, t reflect.Type) *plan {
	key := planKey{v.class(), t}
	p := u.plans[key]
	if p == nil {
		p = newPlan(v, t, u.Strict)
		u.plans[key] = p
	}
	return p
}

func newPlan(v Value, t reflect.Type, strict bool) *plan {
	p := &plan{}
	info := structInfoOf(t)
	if info.err != nil {
		p.problem = info.err.Error()
		return p
	}
	if info.closed() || t == reflect.TypeFor[Instance]() || t == reflect.TypeFor[Array]() {
		p.problem = describeValue(v) + " does not fit " + t.String() + ", which has no field for a member"
		return p
	}
	free := map[string]int{} // members that no field has got; of two of one name the last
	for i := range v.Len() {
		free[v.MemberName(i)] = i
	}
	got := map[string]bool{}
	for _, tagged := range [...]bool{true, false} { // others do not get what a tag names
		for i := range info.fields {
			f := &info.fields[i]
			if (f.tag != "") != tagged {
				continue
			}
			if f.contents {
				p.fields = append(p.fields, planned{field: f})
				continue
			}
			if member, ok := p.find(v, f, free, got, info.bases); ok {
				p.fields = append(p.fields, planned{f, free[member]})
				got[member] = true
			} else if p.problem != "" {
				return p
			}
		}
		for member := range got {
			delete(free, member)
		}
	}
	for i := 0; strict && i < v.Len(); i++ {
		if _, left := free[v.MemberName(i)]; left {
			p.problem, p.member = "no field of "+t.String()+" takes this member", v.MemberName(i)
			break
		}
	}
	return p
}

// find returns the member that a field gets. A member that only might be inherited is not one that another
// field has got.
func (p *plan) find(v Value, f *field, free map[string]int, got, bases map[string]bool) (member string, ok bool) {
	best, other := noRank, ""
	for i := range v.Len() {
		name := v.MemberName(i)
		if at, isFree := free[name]; !isFree || at != i {
			continue
		}
		switch r := f.rank(name, bases); {
		case r >= rankInherited && got[name]:
		case r < best:
			best, member, other = r, name, ""
		case r == best && r < noRank:
			other = name
		}
	}
	switch {
	case other != "":
		p.problem = "field " + f.name + " can be " + cutName(member) + " or " + cutName(other) + ": its tag must say which"
		return "", false
	case best < noRank:
		return member, true
	case f.required:
		p.problem, p.member = "the member is missing", f.name
		if f.tag != "" {
			p.member = f.tag
		}
	}
	return "", false
}
