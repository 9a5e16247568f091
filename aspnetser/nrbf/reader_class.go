package nrbf

import "fmt"

// readClassWithID reads a ClassWithId, [MS-NRBF] 2.3.2.5. Its template is any class record before it.
func (r *reader) readClassWithID() {
	at := r.pos
	id := r.i32("object id")
	metaAt := r.pos
	meta := r.i32("id of the class record")
	if !r.ok() {
		return
	}
	class, known := r.classes.lookup(meta)
	if !known {
		r.fail(metaAt, "no class record has the id %d", meta)
		return
	}
	r.instance(recordClassWithID, id, at, class)
}

// instance begins an instance of a class.
func (r *reader) instance(record uint8, id int32, at int, class int32) {
	n := r.g.classes[class].members.n
	i := r.newObject(object{id: id, record: record, info: class, n: n}, at)
	if !r.ok() {
		return
	}
	r.expand(r.g.classes[class].cost, at)
	r.push(cell{kind: cellObject, ref: i})
	r.open(i, n, class)
}

// readClass reads a SystemClassWithMembersAndTypes or ClassWithMembersAndTypes, [MS-NRBF] 2.3.2.1 and 2.3.2.3.
func (r *reader) readClass() {
	record := r.record
	idAt := r.pos
	c := class{id: r.i32("object id"), name: r.text("class name"), lib: -1}
	at := r.pos
	n := r.i32("member count")
	if !r.ok() {
		return
	}
	if n < 0 {
		r.fail(at, "member count %d", n)
		return
	}
	if int64(n)*2 > int64(r.left()) { // each has a name and a type at least
		r.missing(fmt.Sprintf("%d members", n))
		return
	}
	first := len(r.g.members)
	if r.spend(memoryClass + memoryMember*int64(n)); r.err != nil {
		return
	}
	c.members = span{int32(first), n}
	c.cost = int64(len(c.name.s))
	r.g.members = extend(r, r.g.members, int(n), memoryMember)
	for range n {
		m := member{name: r.text("member name")}
		c.cost += int64(len(m.name.s))
		r.g.members = append(r.g.members, m)
	}
	members := r.g.members[first:]
	for i := range members {
		members[i].decl.kind = r.readDeclKind("member type")
	}
	for i := range members {
		r.readDeclInfo(&members[i].decl)
	}
	if record == recordClass {
		c.lib = r.readLibraryID()
	}
	if !r.ok() {
		return
	}
	c.cost += int64(len(r.g.library(c.lib)))
	i := int32(len(r.g.classes))
	r.g.classes = append(extend(r, r.g.classes, 1, memoryClass), c)
	r.setID(&r.classes, c.id, i)
	r.instance(record, c.id, idAt, i)
}

// readDeclKind reads a type of [MS-NRBF] 2.1.2.2.
func (r *reader) readDeclKind(what string) uint8 {
	at := r.pos
	kind := r.byte(what)
	if r.ok() && int(kind) >= len(declNames) {
		r.fail(at, "unknown %s %d", what, kind)
	}
	if r.emit != nil && r.ok() {
		r.show(at, what, declNames[kind])
	}
	return kind
}

// readDeclInfo reads what a kind has besides, [MS-NRBF] 2.3.1.2.
func (r *reader) readDeclInfo(d *decl) {
	switch d.kind {
	case declPrimitive, declPrimitiveArray:
		d.code = r.readPrimitiveType()
	case declSystemClass:
		d.name = r.text("type name")
	case declClass:
		d.name = r.text("type name")
		d.lib = r.readLibraryID()
	}
}
