package aspnetser

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// xmlSchema is what the XmlSchema of a DataTable or DataSet says.
type xmlSchema struct {
	name      string
	tables    []*dataTable
	relations []string
}

// schemaReader reads one. A table is an element with a complex type that is inside of the DataSet's or stands alone, or
// inside of another table's where a relation is nested; its columns are elements and attributes.
type schemaReader struct {
	xmlSchema
	stack []schemaElement // open elements
	key   *schemaKey
	keys  map[string]*schemaKey // unique constraints by name
	refs  []*schemaKey
	cut   bool // there are more columns than are read
}

type schemaElement struct {
	local   string
	decl    *xml.StartElement // of an xs:element
	set     bool
	table   *tableDecl
	typ     string // of a column, from a restriction inside of it
	isTable bool
}

type tableDecl struct {
	*dataTable
	ordinals []int
}

type schemaKey struct {
	name, refer      string
	primary, foreign bool
	table            string
	fields           []string
}

func readSchema(text string) (s xmlSchema, why string) {
	r := schemaReader{keys: make(map[string]*schemaKey)}
	why = readXML(text, func(t xml.Token, _ *xml.Decoder) bool {
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Space == nsSchema {
				r.start(&t)
			} else {
				r.stack = append(r.stack, schemaElement{})
			}
		case xml.EndElement:
			r.end()
		}
		return true
	})
	if r.cut && why == "" {
		why = "more columns than a view reads"
	}
	r.constraints()
	return r.xmlSchema, why
}

// table returns the innermost table that is open.
func (r *schemaReader) table() *tableDecl {
	for i := len(r.stack) - 1; i >= 0; i-- {
		if t := r.stack[i].table; t != nil {
			return t
		}
	}
	return nil
}

// element returns the innermost xs:element that is open.
func (r *schemaReader) element() *schemaElement {
	for i := len(r.stack) - 1; i >= 0; i-- {
		if r.stack[i].decl != nil {
			return &r.stack[i]
		}
	}
	return nil
}

func (r *schemaReader) start(e *xml.StartElement) {
	next := schemaElement{local: e.Name.Local}
	switch e.Name.Local {
	case "element":
		if attr(e, "", "ref") != "" {
			break
		}
		next.decl = e
		if next.set = attr(e, nsData, "IsDataSet") == "true"; next.set {
			r.name = xmlName(attr(e, "", "name"))
		}
	case "complexType":
		if of := r.element(); of != nil && !of.set && of.table == nil && len(r.tables) < maxViewMembers {
			of.table = &tableDecl{dataTable: &dataTable{name: xmlName(attr(of.decl, "", "name"))}}
			r.tables = append(r.tables, of.table.dataTable)
		}
	case "attribute":
		if t := r.table(); t != nil {
			r.column(t, e, "")
		}
	case "simpleContent":
		if t := r.table(); t != nil && attr(e, nsData, "ColumnName") != "" {
			r.column(t, e, "")
		}
	case "extension":
		if t := r.table(); t != nil && len(t.columns) > 0 && r.inside("simpleContent") {
			t.columns[len(t.columns)-1].typ = typeOf(e, "base")
		}
	case "restriction":
		if of := r.element(); of != nil {
			of.typ = typeOf(e, "base")
		}
	case "unique", "key", "keyref":
		r.key = &schemaKey{name: attr(e, "", "name"), refer: local(attr(e, "", "refer")), foreign: e.Name.Local == "keyref",
			primary: attr(e, nsData, "PrimaryKey") == "true"}
		if r.key.foreign {
			r.refs = append(r.refs, r.key)
		} else {
			r.keys[r.key.name] = r.key
		}
	case "selector":
		if r.key != nil {
			r.key.table = xmlName(local(strings.TrimPrefix(attr(e, "", "xpath"), ".//")))
		}
	case "field":
		if r.key != nil {
			r.key.fields = append(r.key.fields, xmlName(local(strings.TrimPrefix(attr(e, "", "xpath"), "@"))))
		}
	}
	r.stack = append(r.stack, next)
}

func (r *schemaReader) inside(local string) bool {
	return len(r.stack) > 0 && r.stack[len(r.stack)-1].local == local
}

func (r *schemaReader) end() {
	if len(r.stack) == 0 {
		return
	}
	e := r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	switch {
	case e.table != nil:
		e.table.inOrder()
	case e.decl != nil && !e.set:
		if t := r.table(); t != nil {
			r.column(t, e.decl, e.typ)
		}
	}
}

// local is a name without the prefix of its namespace.
func local(s string) string { return s[strings.LastIndexByte(s, ':')+1:] }

// typeOf is the type that an attribute names.
func typeOf(e *xml.StartElement, name string) string {
	stored := local(attr(e, "", name))
	if typ, ok := xmlTypes[stored]; ok {
		return typ
	}
	return stored
}

func (r *schemaReader) column(t *tableDecl, e *xml.StartElement, typ string) {
	if len(t.columns) >= 4*maxViewMembers {
		r.cut = true
		return
	}
	c := dataColumn{name: attr(e, nsData, "ColumnName")}
	if c.name == "" {
		c.name = xmlName(attr(e, "", "name"))
	}
	if c.typ = typ; typ == "" {
		c.typ = typeOf(e, "type")
	}
	if full := attr(e, nsData, "DataType"); full != "" {
		c.typ = tidyClass(full)
	}
	for _, flag := range []string{"AutoIncrement", "ReadOnly"} {
		if attr(e, nsData, flag) == "true" {
			c.note = joinNotes(c.note, notesOfColumns[flag])
		}
	}
	if x := attr(e, nsData, "Expression"); x != "" {
		c.note = joinNotes(c.note, "= "+x)
	}
	ordinal, err := strconv.Atoi(attr(e, nsData, "Ordinal"))
	if err != nil {
		ordinal = -1
	}
	t.columns, t.ordinals = append(t.columns, c), append(t.ordinals, ordinal)
}

// inOrder puts the columns in the order of the table, where the schema says it: those without a number fill the places
// that are left (set made with Mono: attributes come after elements whatever the order was).
func (t *tableDecl) inOrder() {
	sorted := make([]*dataColumn, len(t.columns))
	for i, at := range t.ordinals {
		if at >= 0 && at < len(sorted) && sorted[at] == nil {
			sorted[at] = &t.columns[i]
		} else {
			t.ordinals[i] = -1
		}
	}
	free := 0
	for i, at := range t.ordinals {
		if at >= 0 {
			continue
		}
		for sorted[free] != nil {
			free++
		}
		sorted[free] = &t.columns[i]
	}
	columns := make([]dataColumn, len(sorted))
	for i, c := range sorted {
		columns[i] = *c
	}
	t.columns = columns
}

// constraints finds the primary keys and relations.
func (r *schemaReader) constraints() {
	for _, k := range r.keys {
		if k.primary {
			for _, t := range r.tables {
				if t.name == k.table {
					t.key = k.fields
				}
			}
		}
	}
	for _, k := range r.refs {
		if to := r.keys[k.refer]; to != nil && len(r.relations) < maxViewMembers {
			r.relations = append(r.relations, xmlName(k.name)+": "+k.table+"."+strings.Join(k.fields, ", ")+" → "+
				to.table+"."+strings.Join(to.fields, ", "))
		}
	}
}
