package tds

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// field is a column of a session table: how its value is given, and how it is taken.
type field struct {
	name    string
	typ     typeInfo
	payload bool
	fence   bool // its value is part of the fence
	get     func(*layout.Row) []byte
	set     func(*layout.Row, *param) bool // false: the parameter is of another type
	// at is the time in a row; nil: the field holds none.
	at func(*layout.Row) *session.Instant
}

// fieldsOf are the columns of a layout in their order.
func fieldsOf(l *layout.Layout) []field {
	all := make([]field, len(l.Columns))
	for i, c := range l.Columns {
		all[i] = fieldOf(c.Name)
		if f := &all[i]; f.at != nil && l.Times == layout.DateTime {
			f.typ = asTime
			at := f.at
			f.get = func(r *layout.Row) []byte { return appendDateTime(nil, *at(r)) }
		}
	}
	return all
}

func fieldOf(name string) field {
	f := field{name: name}
	switch strings.ToLower(name) {
	case "sessionid":
		f.typ = columnType(typeNVarChar, 2*88)
		f.get = func(r *layout.Row) []byte { return textOf(r.SessionID) }
		f.set = func(r *layout.Row, p *param) (ok bool) {
			r.SessionID, ok = p.text()
			return ok && len(p.value) <= 2*idLimit
		}
	case "created":
		f.time(func(r *layout.Row) *session.Instant { return &r.Created })
	case "expires":
		f.time(func(r *layout.Row) *session.Instant { return &r.Expires })
	case "lockdate":
		f.time(func(r *layout.Row) *session.Instant { return &r.LockDate })
	case "lockdatelocal":
		f.time(func(r *layout.Row) *session.Instant { return &r.LockDateLocal })
		f.fence = false
	case "lockcookie":
		f.number(func(r *layout.Row) *int32 { return &r.LockCookie })
	case "timeout":
		f.number(func(r *layout.Row) *int32 { return &r.Timeout })
	case "flags":
		f.number(func(r *layout.Row) *int32 { return &r.Flags })
	case "locked":
		f.bit(func(r *layout.Row) *bool { return &r.Locked })
	case "initialized":
		f.bit(func(r *layout.Row) *bool { return &r.Initialized })
	case "itemsize":
		f.typ, f.payload = asBig, true
		f.get = func(r *layout.Row) []byte { return long(r.ItemSize) }
		f.set = func(r *layout.Row, p *param) (ok bool) {
			r.ItemSize, ok = p.integer()
			return ok
		}
	case "sessionitemshort":
		f.bytes(asShort, func(r *layout.Row) *[]byte { return &r.Short })
	case "sessionitemlong":
		f.bytes(asLong, func(r *layout.Row) *[]byte { return &r.Long })
	case "sessionitem":
		f.bytes(asLong, func(r *layout.Row) *[]byte { return &r.Item })
	case "item":
		f.bytes(asShort, func(r *layout.Row) *[]byte { return &r.Item })
	default:
		panic("tds: no layout has a column " + name)
	}
	return f
}

func (f *field) time(at func(*layout.Row) *session.Instant) {
	f.typ, f.fence, f.at = asDateTime2, true, at
	f.get = func(r *layout.Row) []byte { return appendDateTime2(nil, *at(r)) }
	f.set = func(r *layout.Row, p *param) bool {
		t, ok := p.moment()
		*at(r) = session.At(t)
		return ok
	}
}

func (f *field) number(of func(*layout.Row) *int32) {
	f.typ, f.fence = asInt, true
	f.get = func(r *layout.Row) []byte { return number(*of(r)) }
	f.set = func(r *layout.Row, p *param) bool {
		n, ok := p.integer()
		*of(r) = int32(n)
		return ok && n >= math.MinInt32 && n <= math.MaxInt32
	}
}

func (f *field) bit(of func(*layout.Row) *bool) {
	f.typ, f.fence = asBit, true
	f.get = func(r *layout.Row) []byte { return bit(*of(r)) }
	f.set = func(r *layout.Row, p *param) bool {
		n, ok := p.integer()
		*of(r) = n != 0
		return ok
	}
}

func (f *field) bytes(typ typeInfo, of func(*layout.Row) *[]byte) {
	f.typ, f.payload = typ, true
	f.get = func(r *layout.Row) []byte { return *of(r) }
	f.set = func(r *layout.Row, p *param) bool {
		*of(r) = nil
		if p.value == nil {
			return true
		}
		b, ok := p.binary()
		*of(r) = append([]byte{}, b...) // the message goes, the payload stays
		return ok
	}
}

// shown are the fields of a result: LockDateLocal repeats LockDate.
func (o *own) shown() (all []field) {
	for _, f := range fieldsOf(o.layout) {
		if !strings.EqualFold(f.name, "LockDateLocal") && (!f.payload || o.says(layout.WordPayload)) {
			all = append(all, f)
		}
	}
	return all
}

// inChunks says whether rows of a result are followed by chunks.
func (o *own) inChunks() bool {
	return o.layout.Form == layout.FormChunks && o.says(layout.WordPayload)
}

// beginRows begins a result of rows: a number, fields, and a chunk where there are such.
func (o *own) beginRows(fields []field) {
	all := []column{{"n", asBig}}
	for _, f := range fields {
		c := column{f.name, f.typ}
		if c.typ.id == typeNVarChar {
			c.typ = asID
		}
		all = append(all, c)
	}
	if o.inChunks() {
		all = append(all, column{"SessionItemId", asInt}, column{"Item", asShort})
	}
	o.begin(all...)
}

// give gives the row of a record, or a row for each of its chunks, and sends what has come together.
func (o *own) give(n int, id string, rec *session.Record, fields []field) error {
	row, err := o.rowOf(id, rec)
	if err != nil {
		return err
	}
	values := [][]byte{long(int64(n))}
	for _, f := range fields {
		values = append(values, f.get(&row))
	}
	switch {
	case !o.inChunks():
		o.row(values...)
	case len(row.Chunks) == 0:
		o.row(append(values, nil, nil)...)
	}
	if o.inChunks() {
		for _, c := range row.Chunks {
			o.row(append(values[:len(values):len(values)], number(c.ID), c.Item)...)
		}
	}
	return o.c.flow(o.a)
}

// rowOf makes the layout's row of a record. A payload that nobody can read is NULL.
func (o *own) rowOf(id string, rec *session.Record) (layout.Row, error) {
	if len(textOf(id)) > 2*idLimit {
		return layout.Row{}, o.failed("giving session "+rec.Key.String(), fmt.Errorf("its id is longer than %d characters", idLimit))
	}
	short := *rec
	short.Key = session.Key{ID: "0"} // any id that fits: a longer one than the layout's may be given
	row, err := o.layout.Row(&short, layout.Zone{})
	if err != nil {
		return row, o.failed("giving session "+rec.Key.String(), err)
	}
	row.SessionID = id
	if rec.Payload == nil {
		row.Short, row.Long, row.Item, row.Chunks = nil, nil, nil, nil
	}
	return row, nil
}

// recordOf makes a record of a row that a client writes. Its key is for the caller to say.
func recordOf(l *layout.Layout, row *layout.Row) (session.Record, error) {
	rec, _, err := l.Record(row, layout.Zone{})
	var bad *layout.CorruptError
	if errors.As(err, &bad) {
		err = &sqlError{number: 50000, state: 1, class: 16, text: "A row that nobody could read is not written: " + bad.Error()}
	}
	return rec, err
}
