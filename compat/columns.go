package compat

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// column says how one column of a session table becomes a field of a layout.Row, and what is sent for it.
type column struct {
	name    string
	payload bool // holds payload bytes
	fence   bool // is part of the fence
	into    func(*layout.Row) any
	value   func(*layout.Row) any
}

// columnsOf returns the columns of a layout in the order of its table.
func columnsOf(l *layout.Layout) []column {
	cols := make([]column, len(l.Columns))
	for i, c := range l.Columns {
		cols[i] = columnOf(c.Name)
	}
	return cols
}

func columnOf(name string) column {
	c := column{name: name}
	switch strings.ToLower(name) {
	case "sessionid":
		c.into = func(r *layout.Row) any { return &r.SessionID }
		c.value = func(r *layout.Row) any { return r.SessionID }
	case "created":
		c.time(func(r *layout.Row) *session.Instant { return &r.Created })
	case "expires":
		c.time(func(r *layout.Row) *session.Instant { return &r.Expires })
	case "lockdate":
		c.time(func(r *layout.Row) *session.Instant { return &r.LockDate })
	case "lockdatelocal":
		c.time(func(r *layout.Row) *session.Instant { return &r.LockDateLocal })
		c.fence = false
	case "lockcookie":
		c.number(func(r *layout.Row) *int32 { return &r.LockCookie })
	case "timeout":
		c.number(func(r *layout.Row) *int32 { return &r.Timeout })
	case "flags":
		c.number(func(r *layout.Row) *int32 { return &r.Flags })
	case "locked":
		c.bit(func(r *layout.Row) *bool { return &r.Locked })
	case "initialized":
		c.bit(func(r *layout.Row) *bool { return &r.Initialized })
	case "itemsize":
		c.payload = true
		c.into = func(r *layout.Row) any { return &r.ItemSize }
		c.value = func(r *layout.Row) any { return r.ItemSize }
	case "sessionitemshort":
		c.bytes(func(r *layout.Row) *[]byte { return &r.Short })
	case "sessionitemlong":
		c.bytes(func(r *layout.Row) *[]byte { return &r.Long })
	case "sessionitem", "item":
		c.bytes(func(r *layout.Row) *[]byte { return &r.Item })
	default:
		panic("compat: no layout has a column " + name)
	}
	return c
}

func (c *column) time(field func(*layout.Row) *session.Instant) {
	c.fence = true
	c.into = func(r *layout.Row) any { return (*instant)(field(r)) }
	c.value = func(r *layout.Row) any { return dateTime(*field(r)) }
}

func (c *column) number(field func(*layout.Row) *int32) {
	c.fence = true
	c.into = func(r *layout.Row) any { return field(r) }
	c.value = func(r *layout.Row) any { return *field(r) }
}

func (c *column) bit(field func(*layout.Row) *bool) {
	c.fence = true
	c.into = func(r *layout.Row) any { return field(r) }
	c.value = func(r *layout.Row) any { return *field(r) }
}

func (c *column) bytes(field func(*layout.Row) *[]byte) {
	c.payload = true
	c.into = func(r *layout.Row) any { return field(r) }
	c.value = func(r *layout.Row) any { return *field(r) } // a nil slice is a NULL of the type
}

// instant is a session.Instant that can be scanned. The driver rounds a datetime to milliseconds; session.At finds the
// tick again (session.Instant).
type instant session.Instant

func (i *instant) Scan(v any) error {
	t, ok := v.(time.Time)
	if !ok {
		return fmt.Errorf("a time column holds %T", v)
	}
	*i = instant(session.At(t))
	return nil
}

var _ sql.Scanner = (*instant)(nil)

// dateTime is an Instant as a parameter of type datetime, exact to the tick. As in SqlInMemory's own provider, a datetime2
// column gets a widened datetime.
func dateTime(i session.Instant) mssql.DateTime1 { return mssql.DateTime1(i.Time()) }

// list joins the columns that want says as they are named in a select list, with a table's alias in front.
func (t *Table) list(alias string, want func(column) bool) string {
	var names []string
	for _, c := range t.cols {
		if want(c) {
			names = append(names, alias+"."+quoted(c.name))
		}
	}
	return strings.Join(names, ", ")
}

// Which columns a statement reads. LockDateLocal repeats LockDate.
func all(c column) bool       { return !strings.EqualFold(c.name, "LockDateLocal") }
func noPayload(c column) bool { return all(c) && !c.payload }

// into returns where the columns that want says are to be scanned to.
func (t *Table) into(r *layout.Row, want func(column) bool) []any {
	var to []any
	for _, c := range t.cols {
		if want(c) {
			to = append(to, c.into(r))
		}
	}
	return to
}

func timeOf(d mssql.DateTime1) time.Time { return time.Time(d) }
