package tds

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// A bulk load is three texts and a message: a driver asks for the columns of a table, says INSERT BULK, and sends rows.
// The table is that of the sessions, or one that a client has made for the time of a load (layout.OpStage).

// stage is a temporary table.
type stage struct {
	layout *layout.Layout
	rows   []layout.Row
	bytes  int
}

// destination is where the rows of a bulk load go.
type destination struct {
	layout *layout.Layout
	staged bool
}

// bulkLoad is a message of typeBulkLoad.
type bulkLoad struct {
	columns []column
	rows    [][][]byte
}

// The most that is read: many small values take more memory than their message.
const (
	bulkColumns = 64
	bulkRows    = 1 << 16
)

var errBulk = errors.New("tds: a bulk load that is not as it should be")

// parseBulk reads a message of typeBulkLoad: columns, rows, and a DONE. Values are parts of it.
func parseBulk(b []byte) (l bulkLoad, err error) {
	r := reader{b: b}
	if r.byte() != tokenColumns {
		r.fail(errBulk)
	}
	n := r.word()
	if n > bulkColumns {
		r.fail(errBulk)
	}
	for range n {
		r.bytes(4 + 2) // user type, flags
		c := column{typ: r.typeInfo()}
		switch c.typ.id {
		case typeTable, typeText, typeNText, typeImage: // which have more behind them, and were not asked for
			r.fail(errBulk)
		}
		c.name = r.text(int(r.byte()))
		if r.err != nil {
			return l, r.err
		}
		l.columns = append(l.columns, c)
	}
	for r.err == nil {
		switch r.byte() {
		case tokenRow:
			if len(l.rows) == bulkRows {
				return l, errBulk
			}
			row := make([][]byte, n)
			for i := range row {
				row[i] = r.value(&l.columns[i].typ)
			}
			l.rows = append(l.rows, row)
			continue
		case tokenDone:
			r.bytes(2 + 2 + 8)
		default:
			r.fail(errBulk)
		}
		break
	}
	if r.err == nil && len(r.b) > 0 {
		r.fail(errBulk)
	}
	return l, r.err
}

// objectName reads the name at the beginning of a text, up to a blank or a parenthesis that is not in brackets.
func objectName(text string) string {
	text = strings.TrimSpace(text)
	bracketed := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '[':
			bracketed = true
		case c == ']':
			bracketed = false
		case !bracketed && (c == ' ' || c == '('):
			return text[:i]
		}
	}
	return text
}

// serveBulkText answers the texts of a driver that loads rows, and says whether it is one.
func (c *conn) serveBulkText(text string, words []string, a *answer) bool {
	const asks, loads = "select * from ", "insert bulk "
	var rest string
	switch n := len(words); {
	case len(text) > len(asks) && strings.EqualFold(text[:len(asks)], asks) && n > 3 && slices.Equal(words[n-3:], []string{"set", "fmtonly", "off"}):
		rest = text[len(asks):]
	case len(text) > len(loads) && strings.EqualFold(text[:len(loads)], loads):
		rest = text[len(loads):]
	default:
		return false
	}
	o := c.own(a, tokenDone)
	name := procName(objectName(rest))
	d := &destination{layout: o.layout, staged: strings.HasPrefix(name, "#")}
	switch {
	case !o.owns():
		c.fails(a, tokenDone, denied)
		return true
	case d.staged && c.unfinished.stage == nil, !d.staged && !strings.EqualFold(name, o.layout.Table):
		c.fails(a, tokenDone, &sqlError{number: 208, state: 1, class: 16, text: fmt.Sprintf("Invalid object name '%.100s'.", name)})
		return true
	case words[0] == "insert":
		c.unfinished.load = d
	default:
		var all []column
		for _, f := range fieldsOf(o.layout) {
			all = append(all, column{f.name, f.typ})
		}
		a.columns(all...)
	}
	a.done(tokenDone, c.inTransaction(), 0, 0)
	return true
}

// serveBulk answers a bulk load.
func (c *conn) serveBulk(b []byte, a *answer) error {
	d := c.unfinished.load
	if d == nil {
		return errors.New("tds: a bulk load that was not said to come")
	}
	c.unfinished.load = nil
	l, err := parseBulk(b)
	if err != nil {
		return err
	}
	o := c.own(a, tokenDone)
	err = o.load(d, &l)
	var refusal *sqlError
	switch {
	case errors.As(err, &refusal):
		c.fails(a, tokenDone, refusal)
		return nil
	case err != nil:
		return err
	}
	a.done(tokenDone, doneCount|c.inTransaction(), commandInsert, uint64(len(l.rows)))
	return nil
}

// load takes the rows of a bulk load to their destination.
func (o *own) load(d *destination, l *bulkLoad) error {
	s := o.c.unfinished.stage
	if d.layout != o.layout || d.staged && s == nil {
		return &sqlError{number: 208, state: 1, class: 16, text: "Invalid object name: the database has changed while rows were loaded."}
	}
	rows, err := rowsOf(o.layout, l)
	if err != nil {
		return err
	}
	if !d.staged {
		return o.insertAll(rows)
	}
	for i := range rows {
		s.bytes += len(rows[i].Short) + len(rows[i].Long) + len(rows[i].Item)
	}
	if s.rows = append(s.rows, rows...); s.bytes > o.c.most || len(s.rows) > bulkRows {
		o.c.unfinished.stage = nil
		return &sqlError{number: 701, state: 1, class: 17, text: "There is not enough memory in this server (aspstate) for so many rows at a time."}
	}
	return nil
}

// rowsOf makes rows of a layout of those of a bulk load.
func rowsOf(l *layout.Layout, load *bulkLoad) ([]layout.Row, error) {
	fields := make([]field, len(load.columns))
	named := false
	for i, c := range load.columns {
		if !l.HasColumn(c.name) {
			return nil, &sqlError{number: 207, state: 1, class: 16, text: fmt.Sprintf("Invalid column name '%s'.", c.name)}
		}
		fields[i] = fieldOf(c.name)
		named = named || strings.EqualFold(c.name, "SessionId")
	}
	if !named {
		return nil, &sqlError{number: 515, state: 2, class: 16, text: "Cannot insert the value NULL into column 'SessionId'."}
	}
	rows := make([]layout.Row, len(load.rows))
	for n, values := range load.rows {
		for i, v := range values {
			if !fields[i].set(&rows[n], &param{typ: load.columns[i].typ, value: v}) {
				return nil, &sqlError{number: 4816, state: 1, class: 16, text: fmt.Sprintf("Invalid column type from bcp client for column '%s'.", load.columns[i].name)}
			}
		}
	}
	return rows, nil
}

// insertAll inserts rows: all of them, or none if a session of the same id is there. Only one that comes in the very moment
// leaves some inserted; who then inserts them one by one finds them so.
func (o *own) insertAll(rows []layout.Row) error {
	changes, keys, seen := make([]session.Change, len(rows)), make([]session.Key, len(rows)), map[session.Key]bool{}
	for i := range rows {
		rec, err := recordOf(o.layout, &rows[i])
		if err != nil {
			return err
		}
		rec.Key = o.key(rows[i].SessionID)
		if seen[rec.Key] {
			return duplicate
		}
		changes[i].Record, keys[i], seen[rec.Key] = rec, rec.Key, true
	}
	for some := range slices.Chunk(keys, lookSize) {
		found, err := o.peek(some, false)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(found, func(r *session.Record) bool { return r != nil }) {
			return duplicate
		}
	}
	conflicts, err := o.apply(changes)
	if err == nil && conflicts {
		err = duplicate
	}
	return err
}

func (o *own) stage() error {
	o.c.unfinished.stage = &stage{layout: o.layout}
	return nil
}

func (o *own) unstage() error {
	s := o.c.unfinished.stage
	if o.c.unfinished.stage = nil; s == nil || s.layout != o.layout {
		return &sqlError{number: 208, state: 1, class: 16, text: "Invalid object name: there is no temporary table."}
	}
	return o.insertAll(s.rows)
}
