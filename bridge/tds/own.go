package tds

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// own is a statement of package compat at work, which may come from another aspstate: a text that begins with a marker.
// The marker and the parameters say all that it does (layout.Operation); this server is no engine of SQL.
type own struct {
	c      *conn
	ctx    context.Context
	db     Database
	layout *layout.Layout
	store  session.Store
	able   any      // looks at the sessions, and writes them as they are
	words  []string // of the marker, behind the operation and the layout
	params []param  // @p1, @p2 …
	a      *answer
	done   byte     // the DONE that ends a result set
	set    []column // of the result set under way
	rows   uint64   // of it
}

// operations are those about the server and the catalogue.
var operations = map[layout.Operation]func(*own) error{
	layout.OpSession:    func(*own) error { return nil },
	layout.OpFacts:      (*own).facts,
	layout.OpClock:      (*own).clock,
	layout.OpUser:       (*own).user,
	layout.OpDatabase:   (*own).database,
	layout.OpSettings:   (*own).settings,
	layout.OpIdentity:   (*own).identity,
	layout.OpElevation:  (*own).elevation,
	layout.OpRight:      (*own).right,
	layout.OpObject:     (*own).object,
	layout.OpDefinition: (*own).definition,
	layout.OpTableIDs:   (*own).tableIDs,
	layout.OpTables:     (*own).tables,
	layout.OpColumns:    (*own).columns,
	layout.OpIndexes:    (*own).indexes,
	layout.OpTriggers:   (*own).triggers,
	layout.OpTracking:   (*own).tracking,
	layout.OpProcedures: (*own).procedures,
	layout.OpCounts:     (*own).counts,
}

// tableOperations are those about the session table of a database.
var tableOperations = map[layout.Operation]func(*own) error{
	layout.OpNewest:      (*own).newest,
	layout.OpCount:       (*own).count,
	layout.OpApps:        (*own).apps,
	layout.OpRead:        (*own).read,
	layout.OpInsert:      (*own).insert,
	layout.OpUpdate:      (*own).update,
	layout.OpRelease:     (*own).release,
	layout.OpRemove:      (*own).remove,
	layout.OpReset:       (*own).reset,
	layout.OpSweep:       (*own).sweep,
	layout.OpLook:        (*own).look,
	layout.OpFresh:       (*own).none,
	layout.OpRange:       (*own).none,
	layout.OpScan:        (*own).scan,
	layout.OpList:        (*own).list,
	layout.OpWrite:       (*own).write,
	layout.OpClearChunks: (*own).clearChunks,
	layout.OpAddChunks:   (*own).addChunks,
	layout.OpStage:       (*own).stage,
	layout.OpUnstage:     (*own).unstage,
}

// aspnetRegsql is what a database holds of which nothing else is said.
var aspnetRegsql = func() *layout.Layout {
	l, err := layout.ByName(layout.FrameworkCompat)
	if err != nil {
		panic(err)
	}
	return l
}()

// own makes a statement of what is said of the client's database.
func (c *conn) own(a *answer, done byte) *own {
	o := &own{c: c, ctx: c.ctx, db: c.about(), layout: aspnetRegsql, store: c.store(), a: a, done: done}
	if o.db.Layout != nil {
		o.layout = o.db.Layout
	}
	if o.able = o.store; o.db.Store == nil && c.f.Rows != nil {
		o.able = c.f.Rows
	}
	return o
}

// store keeps the sessions of the client's database.
func (c *conn) store() session.Store {
	if s := c.about().Store; s != nil {
		return s
	}
	return c.f.Store
}

// serveOwn answers a text if it begins with a marker, and says whether it does. call has the parameters; nil: it came as a
// batch, which has none.
func (c *conn) serveOwn(text string, q *call, a *answer, more uint16) (served bool, err error) {
	op, words, ok := layout.ReadMark(text)
	if !ok {
		return false, nil
	}
	o := c.own(a, tokenDone)
	last := byte(tokenDone)
	if q != nil {
		o.done, last = tokenDoneInProc, tokenDoneProc
		for _, p := range q.params {
			if p.name != "@now" {
				o.params = append(o.params, p)
			}
		}
	}
	o.words = words
	if op == layout.OpRegister && q != nil && len(o.params) == 2 {
		o.params[0].name = "" // known by its place
		return true, c.perform(fxProcedures["tempgetappid"], &call{name: "TempGetAppID", params: o.params}, a, more)
	}
	var refusal *sqlError
	err = o.do(op)
	if errors.Is(err, session.ErrRefused) { // an ordinary error: it is no use to call again
		err = o.failed("writing a session", err)
	}
	switch {
	case errors.As(err, &refusal):
		a.message(refusal, serverName)
		a.done(last, doneError|more|c.inTransaction(), 0, 0)
		return true, nil
	case err != nil:
		return true, err
	}
	if q != nil {
		a.returnStatus(0)
	}
	a.done(last, more|c.inTransaction(), 0, 0)
	return true, nil
}

func (o *own) do(op layout.Operation) error {
	if f := operations[op]; f != nil {
		return f(o)
	}
	f := tableOperations[op]
	switch {
	case f == nil:
		return o.c.unknown("aspstate:" + beginning(string(op)))
	case len(o.words) == 0, o.words[0] != o.layout.Reference, o.layout.Form == layout.FormNative:
		return &sqlError{number: 208, state: 1, class: 16,
			text: fmt.Sprintf("Invalid object name: what database '%s' of this server (aspstate) holds is layout %s.", o.c.database, o.layout.Name)}
	case !slices.Contains(verbs, op) && !o.owns():
		return denied
	}
	o.words = o.words[1:]
	return f(o)
}

// verbs are what a user may do who is no owner: what providers do.
var verbs = []layout.Operation{layout.OpRead, layout.OpInsert, layout.OpUpdate, layout.OpRelease, layout.OpRemove, layout.OpReset, layout.OpFresh, layout.OpApps}

// denied is the error for the rest.
var denied = &sqlError{number: 229, state: 5, class: 14, text: "Permission was denied: this login has the procedures of this server (aspstate), not the sessions as they are: bridge --tds-owner says whose are."}

// owns says whether the user may list all sessions and write them as they are.
func (o *own) owns() bool {
	owner := o.c.f.settings().Owner
	return owner == nil || owner(o.c.user)
}

// says is whether a word stands in the marker.
func (o *own) says(word string) bool { return slices.Contains(o.words, word) }

// failed is the error of a look or of a write that may be done again; its text is for people. What ends because the server
// stops is no answer.
func (o *own) failed(doing string, err error) error {
	if o.ctx.Err() != nil {
		return err
	}
	o.c.f.warn(doing, err)
	return &sqlError{number: 50000, state: 1, class: 16, text: "This server (aspstate) has failed " + doing + ": " + err.Error()}
}

// lacks is the error for a store without an ability.
func lacks(what string) *sqlError {
	return &sqlError{number: 50000, state: 1, class: 16, text: "The store of this server (aspstate) cannot " + what + "."}
}

// wrong is the error for a parameter that is missing or of another type.
func wrong(i int) *sqlError {
	return &sqlError{number: 8178, state: 1, class: 16, text: fmt.Sprintf("The parameterized query expects the parameter '@p%d', which was not supplied, or is of another type.", i+1)}
}

// text is the i-th parameter, counted from 0.
func (o *own) text(i int) (string, error) {
	if i < len(o.params) {
		if s, ok := o.params[i].text(); ok {
			return s, nil
		}
	}
	return "", wrong(i)
}

// id is a parameter that is a session's.
func (o *own) id(i int) (string, error) {
	s, err := o.text(i)
	if err == nil && len(o.params[i].value) > 2*idLimit {
		err = wrong(i)
	}
	return s, err
}

func (o *own) timeout(i int) (minutes int32, err error) {
	n, err := o.integer(i)
	if err == nil {
		err = checkTimeout(n)
	}
	return int32(n), err
}

func (o *own) integer(i int) (int64, error) {
	if i < len(o.params) {
		if n, ok := o.params[i].integer(); ok {
			return n, nil
		}
	}
	return 0, wrong(i)
}

// begin begins a result set.
func (o *own) begin(columns ...column) {
	o.set, o.rows = columns, 0
	o.a.columns(columns...)
}

func (o *own) row(values ...[]byte) {
	o.a.row(o.set, values...)
	o.rows++
}

// end ends it.
func (o *own) end() error {
	o.a.done(o.done, doneMore|doneCount|o.c.inTransaction(), commandSelect, o.rows)
	return nil
}

// cell is a value with its type.
type cell struct {
	typ   typeInfo
	value []byte // nil: NULL
}

// one gives a result set of one row.
func (o *own) one(cells ...cell) error {
	columns, values := make([]column, len(cells)), make([][]byte, len(cells))
	for i, c := range cells {
		columns[i].typ, values[i] = c.typ, c.value
	}
	o.begin(columns...)
	o.row(values...)
	return o.end()
}

// Types of results.
var (
	asBit   = columnType(typeBitN, 1)
	asInt   = columnType(typeIntN, 4)
	asBig   = columnType(typeIntN, 8)
	asTime  = columnType(typeDateTimeN, 8)
	asName  = columnType(typeNVarChar, 2*128)
	asID    = columnType(typeNVarChar, 2*idLimit)
	asShort = columnType(typeVarBinary, shortSize)
	asLong  = columnType(typeVarBinary, maxSize)
)

// idLimit is the longest id that is given, in UTF-16 units: longer than a provider's column, since a State Server's path
// stands there where an application has no other spelling.
const idLimit = 4000

func named(s string) cell { return cell{asName, textOf(s)} }
func flag(b bool) cell    { return cell{asBit, bit(b)} }
func whole(n int) cell    { return cell{asInt, number(int32(n))} }

// textOf is a text as a value: an empty one is not NULL.
func textOf(s string) []byte { return appendText([]byte{}, s) }
