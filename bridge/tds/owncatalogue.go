package tds

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// What the server tells of itself and of a database. The catalogue is made from the layout: one session table, with its
// chunks where it has such, and the procedures that go with it.

// collationName is that of collation.
const collationName = "SQL_Latin1_General_CP1_CI_AS"

// exactCollation is how ids are compared where databases share a store.
const exactCollation = "Latin1_General_100_BIN2"

func (o *own) facts() error {
	const enterprise = 3
	return o.one(named(versionText()), whole(enterprise), named(serverName), cell{asName, nil}, named(serverName), named(o.c.database),
		named(collationName), named(o.c.user))
}

func (o *own) clock() error {
	return o.one(cell{asTime, appendDateTime(nil, session.At(o.c.f.now()))})
}

func (o *own) user() error { return o.one(named(o.c.user)) }

// here says whether the first parameter is the database of the connection; of others nothing is known.
func (o *own) here() (bool, error) {
	name, err := o.text(0)
	return strings.EqualFold(name, o.c.database), err
}

func (o *own) database() error {
	here, err := o.here()
	if err != nil || !here {
		return orNone(o, err, asName, asName)
	}
	return o.one(named("ONLINE"), named("READ_WRITE"))
}

// orNone gives a result set without rows, unless there is an error.
func orNone(o *own, err error, types ...typeInfo) error {
	if err != nil {
		return err
	}
	columns := make([]column, len(types))
	for i := range columns {
		columns[i].typ = types[i]
	}
	o.begin(columns...)
	return o.end()
}

// settings: readers wait for nobody, and texts in JSON are read.
func (o *own) settings() error {
	here, err := o.here()
	if err != nil || !here {
		return orNone(o, err, asBit, asInt, asInt)
	}
	const level = 130
	return o.one(flag(true), whole(1), whole(level))
}

func (o *own) elevation() error {
	here, err := o.here()
	if err != nil || !here {
		return orNone(o, err, asBit, asBit)
	}
	return o.one(flag(true), flag(true))
}

// identity tells databases apart by their stores.
func (o *own) identity() error {
	here, err := o.here()
	if err != nil || !here {
		return orNone(o, err, asName, asInt)
	}
	return o.one(named(o.guid()), whole(1))
}

func (o *own) guid() string {
	sum := sha256.Sum256([]byte(o.c.f.identityOf(o.db.Store) + "\x00" + strings.ToLower(o.c.database)))
	h := strings.ToUpper(hex.EncodeToString(sum[:16]))
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// identityOf is that of a database's own store, or else the front's: what it was given, its store's, or a random one.
func (f *Front) identityOf(own session.Store) string {
	type identified interface{ Identity() string }
	if s, ok := own.(identified); ok {
		return s.Identity()
	}
	if f.Identity != "" {
		return f.Identity
	}
	for _, s := range []any{f.Rows, f.Store} {
		if s, ok := s.(identified); ok {
			return s.Identity()
		}
	}
	f.chosen.Do(func() { f.identity = rand.Text() })
	return f.identity
}

func (o *own) right() error { return o.one(whole(int(bit(o.owns())[0]))) }

// object knows the table of applications, and no other that is asked for: there are none in which bridges agree.
func (o *own) object() error {
	name, err := o.text(0)
	if err != nil {
		return err
	}
	if o.layout.Form != layout.FormShortLong || !strings.Contains(strings.ToLower(name), "aspstatetempapplications") {
		return o.one(cell{asInt, nil})
	}
	return o.one(whole(appsID))
}

// definition: the procedures have no text.
func (o *own) definition() error { return o.one(cell{asName, nil}) }

// Object ids.
const (
	sessionsID   = 1
	chunksID     = 2
	appsID       = 3
	firstProcID  = 100
	sessionIndex = 1 // of the primary key
	expiresIndex = 2
)

// object is a table of the catalogue.
type object struct {
	id      int
	name    string
	columns []layout.Column
}

// objects are the tables of the connection's database; none of another.
func (o *own) objects() []object {
	if o.says(layout.WordElsewhere) || o.layout.Form == layout.FormNative {
		return nil
	}
	all := []object{{sessionsID, o.layout.Table, o.layout.Columns}}
	if o.layout.ChunkTable != "" {
		all = append(all, object{chunksID, o.layout.ChunkTable, o.layout.ChunkColumns})
	}
	return all
}

func (o *own) tableIDs() error {
	o.begin(column{typ: asInt})
	for _, t := range o.objects() {
		o.row(number(int32(t.id)))
	}
	return o.end()
}

// schemaName is of all that is here.
const schemaName = "dbo"

func (o *own) tables() error {
	o.begin(column{typ: asInt}, column{typ: asName}, column{typ: asName}, column{typ: asBit}, column{typ: asInt})
	const schemaAndData, schemaOnly = 0, 1
	durability := int32(schemaAndData)
	if o.layout.Engine == layout.EngineMemory {
		durability = schemaOnly
	}
	for _, t := range o.objects() {
		o.row(number(int32(t.id)), textOf(schemaName), textOf(t.name), bit(o.layout.Engine != layout.EngineDisk), number(durability))
	}
	return o.end()
}

func (o *own) columns() error {
	o.begin(column{typ: asInt}, column{typ: asName}, column{typ: asName}, column{typ: asInt}, column{typ: asInt}, column{typ: asBit}, column{typ: asInt},
		column{typ: asBit}, column{typ: asBit}, column{typ: asName})
	for _, t := range o.objects() {
		for i, c := range t.columns {
			typ, length, scale := sizesOf(c.Type)
			defaults := int32(0)
			if c.Default != "" {
				defaults = int32(1000*t.id + i)
			}
			o.row(number(int32(t.id)), textOf(c.Name), textOf(typ), number(length), number(scale), bit(c.Nullable), number(defaults), bit(false), bit(false),
				textOf(o.collationOf(c, typ)))
		}
	}
	return o.end()
}

// sizesOf takes the name of a type apart, as sys.columns has it.
func sizesOf(typ string) (name string, length, scale int32) {
	name, size, _ := strings.Cut(strings.TrimSuffix(typ, ")"), "(")
	if size == "max" {
		return name, -1, 0
	}
	n, _ := strconv.ParseInt(size, 10, 32) // 0 where there is none
	switch name {
	case "nvarchar":
		return name, int32(2 * n), 0
	case "datetime2":
		return name, int32(timeSize(byte(n)) + 3), int32(n)
	}
	return name, int32(n), 0
}

// collationOf says how a column is compared. Where databases share a store, ids are compared as they are.
func (o *own) collationOf(c layout.Column, typ string) string {
	switch {
	case typ != "nvarchar":
		return ""
	case c.Collation != "":
		return c.Collation
	case o.db.Store == nil:
		return exactCollation
	}
	return collationName
}

func (o *own) indexes() error {
	o.begin(column{typ: asInt}, column{typ: asInt}, column{typ: asBit}, column{typ: asBit}, column{typ: asBit}, column{typ: asBit}, column{typ: asName})
	for _, t := range o.objects() {
		if t.id != sessionsID {
			continue
		}
		o.row(number(sessionsID), number(sessionIndex), bit(true), bit(false), bit(true), bit(false), textOf("SessionId"))
		if o.layout.ChunkTable == "" { // sqlinmemory has none
			o.row(number(sessionsID), number(expiresIndex), bit(false), bit(false), bit(false), bit(false), textOf("Expires"))
		}
	}
	return o.end()
}

func (o *own) triggers() error { return orNone(o, nil, asInt, asName) }

// tracking: no store keeps an account of what has changed.
func (o *own) tracking() error { return orNone(o, nil, asInt, asBig, asBig, asBig) }

func (o *own) procedures() error {
	o.begin(column{typ: asName}, column{typ: asInt}, column{typ: asName}, column{typ: asName}, column{typ: asName})
	if len(o.objects()) == 0 {
		return o.end()
	}
	for i, q := range o.layout.Procedures() {
		id, name := number(int32(firstProcID+i)), textOf(o.procedureName(q.Name))
		for _, p := range q.Params {
			o.row(textOf(schemaName), id, name, textOf("@"+p), nil)
		}
		if len(q.Params) == 0 {
			o.row(textOf(schemaName), id, name, textOf(""), nil)
		}
	}
	return o.end()
}

// procedureName is the name of a procedure over the layout's table (sql-layouts.md 6.1).
func (o *own) procedureName(name string) string {
	if o.layout.Form != layout.FormLong {
		return name
	}
	if suffix, ok := layout.ProcedureSuffix(o.layout.Table); ok {
		return name + suffix
	}
	return o.layout.Table + "_" + name
}

func (o *own) counts() error {
	o.begin(column{typ: asInt}, column{typ: asBig})
	if counter, can := o.able.(session.Counter); can && o.owns() && len(o.objects()) > 0 {
		n, err := counter.Count(o.ctx)
		if err != nil {
			return o.failed("counting sessions", err)
		}
		o.row(number(sessionsID), long(n))
	}
	return o.end()
}

func (o *own) count() error {
	counter, can := o.able.(session.Counter)
	if !can {
		return lacks("count sessions")
	}
	n, err := counter.Count(o.ctx)
	if err != nil {
		return o.failed("counting sessions", err)
	}
	return o.one(cell{asBig, long(n)})
}

// newest looks at every session: no store has an index of Expires that could be asked.
func (o *own) newest() error {
	var last session.Instant
	n := int64(0)
	err := o.each(func(r *session.Record) error {
		if n++; n == 1 || r.Expires > last {
			last = r.Expires
		}
		return nil
	})
	if err != nil {
		return err
	}
	newest, count := cell{asDateTime2, nil}, cell{asBig, long(-1)}
	if n > 0 {
		newest.value = appendDateTime2(nil, last)
	}
	if o.says(layout.WordCount) {
		count.value = long(n)
	}
	return o.one(newest, count)
}

// apps are the applications that the registry knows, as the in-box provider's table has them: the suffix, and the
// application id in lower case (sql-layouts.md 13.2).
func (o *own) apps() error {
	o.begin(column{typ: asInt}, column{typ: columnType(typeNVarChar, 2*280)})
	if r := o.c.f.settings().Registry; r != nil && o.db.Store == nil {
		for _, a := range r.Applications() {
			for i, name := range a.AppIDs {
				v, err := layout.SuffixValue(layout.RuleInbox, name)
				if err != nil {
					return o.failed("listing applications", err)
				}
				if i < len(a.InboxAppIDs) {
					v = uint32(a.InboxAppIDs[i])
				}
				o.row(number(int32(v)), textOf(strings.ToLower(name)))
			}
		}
	}
	return o.end()
}
