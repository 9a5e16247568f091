package tds

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// shortSize is the longest payload of SessionItemShort.
const shortSize = 7000

// performance is a procedure at work.
type performance struct {
	c    *conn
	ctx  context.Context
	proc *procedure
	call *call
	name []string          // of the call's parameters, in lower case
	out  map[string][]byte // outputs, by lower-case name; those that are not here stay NULL
	rows uint64
	set  *resultSet // nil: it gives none
}

// resultSet is what a read gives besides outputs.
type resultSet struct {
	columns []column
	rows    [][][]byte
}

// serveRPC answers procedure calls, one after the other.
func (c *conn) serveRPC(b []byte, a *answer) error {
	q, err := parseRPC(b)
	if errors.Is(err, errType) { // what follows it cannot be read, but the message has an end
		c.fails(a, tokenDoneProc, c.unknown(err.Error()))
		return nil
	}
	if err != nil {
		return err
	}
	for i := range q.calls {
		more := uint16(0)
		if i < len(q.calls)-1 {
			more = doneMore
		}
		if err := c.serveCall(&q.calls[i], a, more); err != nil {
			return err
		}
		if more != 0 {
			if err := c.flow(a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *conn) serveCall(q *call, a *answer, more uint16) error {
	fail := func(e *sqlError) {
		a.message(e, serverName)
		a.done(tokenDoneProc, doneError|more|c.inTransaction(), commandExecute, 0)
	}
	if q.proc == procExecuteSQL || strings.EqualFold(procName(q.name), "sp_executesql") {
		return c.serveStatement(q, a, more)
	}
	if q.proc != 0 {
		fail(c.unknown(fmt.Sprintf("system procedure %d", q.proc)))
		return nil
	}
	proc, refusal := findProcedure(q)
	if refusal != nil {
		c.f.strange.Warn(c.f.Logger, "a client called a procedure that is not answered here", fmt.Sprintf("%s (error %d)", masked(q.name), refusal.number))
		fail(refusal)
		return nil
	}
	return c.perform(proc, q, a, more)
}

// serveStatement answers sp_executesql: a text, the declarations of its parameters, and those.
func (c *conn) serveStatement(q *call, a *answer, more uint16) error {
	fail := func(e *sqlError) error {
		a.message(e, serverName)
		a.done(tokenDoneProc, doneError|more|c.inTransaction(), commandExecute, 0)
		return nil
	}
	if len(q.params) == 0 {
		return fail(&sqlError{number: 214, state: 2, class: 16, text: "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'."})
	}
	text, _ := q.params[0].text()
	if len(text) > longestText {
		return fail(c.unknown(fmt.Sprintf("a statement of more than %d bytes", longestText)))
	}
	if served, err := c.serveOwn(text, &call{params: q.params[min(2, len(q.params)):]}, a, more); served {
		return err
	}
	words := tokens(text)
	if len(q.params) <= 2 {
		if refusal := c.batch(text, words, a, tokenDoneInProc, doneMore); refusal != nil {
			return fail(refusal)
		}
		a.returnStatus(0)
		a.done(tokenDoneProc, more|c.inTransaction(), commandExecute, 0)
		return nil
	}
	own := &call{name: q.name, params: q.params[2:]}
	var names []string
	for _, p := range own.params {
		names = append(names, strings.ToLower(strings.TrimPrefix(p.name, "@")))
	}
	proc := findStatement(words, names)
	if proc == nil {
		return fail(c.unknown(beginning(text)))
	}
	return c.perform(proc, own, a, more)
}

// perform does what a procedure does and answers with what it gives.
func (c *conn) perform(proc *procedure, q *call, a *answer, more uint16) error {
	p := &performance{c: c, ctx: c.ctx, proc: proc, call: q, name: make([]string, len(q.params)), out: map[string][]byte{}}
	for i := range q.params {
		p.name[i] = proc.nameOf(i, q.params[i].name)
	}
	err := proc.do(p)
	if errors.Is(err, session.ErrRefused) { // an ordinary error: the application is told, and no provider calls again (11)
		c.f.said.Warn(c.f.Logger, "the store refused a call", "procedure", masked(q.name), "error", err)
		err = &sqlError{number: 50000, state: 1, class: 16, proc: procName(q.name), text: "The store behind this server (aspstate) refused: " + err.Error()}
	}
	var refusal *sqlError
	switch {
	case errors.As(err, &refusal):
		a.message(refusal, serverName)
		a.done(tokenDoneProc, doneError|more|c.inTransaction(), commandExecute, 0)
		return nil
	case err != nil: // nothing that could be said would make the client do the right thing (11)
		return err
	}
	if p.set != nil {
		a.columns(p.set.columns...)
		for _, row := range p.set.rows {
			a.row(p.set.columns, row...)
		}
		a.done(tokenDoneInProc, doneMore|doneCount|c.inTransaction(), commandSelect, uint64(len(p.set.rows)))
	} else {
		a.done(tokenDoneInProc, doneMore|doneCount|c.inTransaction(), commandUpdate, p.rows)
	}
	a.returnStatus(0)
	for i := range q.params {
		if o := &q.params[i]; o.isOutput() {
			a.returnValue(i, o, p.output(i, o))
		}
	}
	a.done(tokenDoneProc, more|c.inTransaction(), commandExecute, 0)
	return nil
}

// param returns the parameter of one of the names.
func (p *performance) param(names ...string) *param {
	for i := range p.call.params {
		for _, n := range names {
			if p.name[i] == n {
				return &p.call.params[i]
			}
		}
	}
	return nil
}

// output is what an output parameter gets, in its own type.
func (p *performance) output(i int, o *param) []byte {
	v, given := p.out[p.name[i]]
	if !given {
		return nil
	}
	switch o.typ.id {
	case typeIntN, typeBitN: // an integer of the size that was asked for
		if o.typ.size > len(v) && v != nil {
			v = append(v[:len(v):len(v)], make([]byte, o.typ.size-len(v))...)
		}
		return v[:min(len(v), o.typ.size)]
	}
	return v
}

func number(n int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }

func bit(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}

func (p *performance) missing(what string) *sqlError {
	return &sqlError{number: 201, state: 4, class: 16, proc: p.call.name,
		text: fmt.Sprintf("Procedure or function '%s' expects parameter '@%s', which was not supplied.", procName(p.call.name), what)}
}

// key is the session that is asked for.
func (p *performance) key() (session.Key, error) {
	id := p.param("id", "sessionid")
	if id == nil {
		return session.Key{}, p.missing("id")
	}
	s, ok := id.text()
	if !ok || s == "" {
		return session.Key{}, p.missing("id")
	}
	if len(id.value) > 2*longestID {
		return session.Key{}, &sqlError{number: 8152, state: 2, class: 16, proc: procName(p.call.name),
			text: fmt.Sprintf("String or binary data would be truncated: an id has %d characters at most.", longestID)}
	}
	if p.c.about().Store != nil {
		return session.Key{ID: s}, nil
	}
	if p.proc.chunks { // ids without a suffix
		return session.Key{App: cmp.Or(p.c.about().App, unnamed), ID: s}, nil
	}
	return p.c.f.key(s), nil
}

// longestID is the length of the column SessionId.
const longestID = 88

// unnamed begins the names of applications that nobody has named, and is the one of ids that end with none.
const unnamed = "sql:"

// suffixRules are all the rules by which ids end with an application.
var suffixRules = []layout.IDRule{layout.RuleInbox, layout.RuleAsync21, layout.RuleAsyncX64, layout.RuleAsyncX86}

// key says which session a spelled id names. A suffix that nobody has named is an application of its own.
func (f *Front) key(id string) session.Key {
	sp := layout.Spelling{Rules: suffixRules, Registry: f.settings().Registry}
	if sp.Registry == nil {
		sp.Registry = &nobody
	}
	if p, err := sp.Parse(session.Key{ID: id}); err == nil {
		return p.Key
	}
	const suffix = 8
	if n := len(id) - suffix; n > 0 {
		return session.Key{App: unnamed + id[n:], ID: id[:n]}
	}
	return session.Key{App: unnamed, ID: id}
}

// nobody is a registry without applications.
var nobody layout.Registry

func (p *performance) integer(names ...string) (int32, error) {
	v := p.param(names...)
	if v == nil {
		return 0, p.missing(names[0])
	}
	n, ok := v.integer()
	if !ok {
		return 0, p.missing(names[0])
	}
	return int32(n), nil
}

// value is what is to be written.
func (p *performance) value() (session.Value, error) {
	item := p.param("itemshort", "itemlong", "sessionitemlong")
	if item == nil {
		return session.Value{}, p.missing("itemShort")
	}
	b, ok := item.binary()
	if !ok {
		return session.Value{}, p.missing("itemShort")
	}
	minutes, err := p.timeout()
	if err != nil {
		return session.Value{}, err
	}
	if err := p.c.f.settings().holds(len(b)); err != nil {
		return session.Value{}, err
	}
	return session.Value{Payload: append([]byte{}, b...), Timeout: minutes}, nil // the message goes, the payload stays
}

// longestTimeout is a year in minutes: ASP.NET takes no more.
const longestTimeout = 525_600

func (p *performance) timeout() (minutes int32, err error) {
	if minutes, err = p.integer("timeout"); err == nil {
		err = checkTimeout(int64(minutes))
	}
	return minutes, err
}

func checkTimeout(minutes int64) error {
	if minutes < 1 || minutes > longestTimeout {
		return &sqlError{number: 517, state: 1, class: 16, text: fmt.Sprintf("A timeout of %d minutes is none of ASP.NET's, which are 1 to %d.", minutes, longestTimeout)}
	}
	return nil
}

// holds says whether a payload of so many bytes is taken.
func (s *Settings) holds(size int) error {
	if s.MaxItem > 0 && size > s.MaxItem {
		return &sqlError{number: 50000, state: 1, class: 16, text: fmt.Sprintf("A session of %d bytes is longer than this server (aspstate) takes: %d.", size, s.MaxItem)}
	}
	return nil
}

func (p *performance) majorVersion() error {
	p.out["ver"] = number(int32(serverVersion[0]))
	return nil
}

func (p *performance) version() error {
	p.out["ver"] = []byte("2         ")
	return nil
}

// appID answers with the number whose hexadecimal digits end the in-box provider's ids. What is registered has the number of
// its own table (sql-layouts.md 13.2).
func (p *performance) appID() error {
	name := p.param("appname")
	if name == nil {
		return p.missing("appName")
	}
	s, ok := name.text()
	if !ok {
		return p.missing("appName")
	}
	s = strings.TrimRight(s, " ")
	v, err := layout.SuffixValue(layout.RuleInbox, s)
	if err != nil {
		return &sqlError{number: 50000, state: 1, class: 16, text: err.Error()}
	}
	p.out["appid"] = number(int32(v))
	return nil
}

func (p *performance) get() error { return p.read(false) }

func (p *performance) getExclusive() error { return p.read(true) }

func (p *performance) read(exclusive bool) error {
	k, err := p.key()
	if err != nil {
		return err
	}
	var item session.Item
	f, store := p.c.f, p.c.store()
	switch waiter, can := store.(session.Waiter); {
	case !exclusive:
		item, err = store.Get(p.ctx, k)
	default:
		item, err = store.GetExclusive(p.ctx, k)
		if locked := (*session.LockedError)(nil); can && f.settings().Park > 0 && errors.As(err, &locked) {
			item, err = p.wait(waiter, k, locked)
		}
	}
	if exclusive && err == nil { // nobody would know of the lock, and each page of the session would wait for it
		p.c.undo(func() { f.warn("giving back a lock whose answer could not be sent", p.giveBack(k, item.Cookie)) })
	}
	var locked *session.LockedError
	switch {
	case errors.Is(err, session.ErrNotFound):
		p.absent()
		return nil
	case errors.As(err, &locked):
		p.state(true, locked.Since, locked.Cookie, locked.Uninitialized)
		return nil
	case err != nil:
		return err
	}
	p.state(false, item.Since, item.Cookie, item.Uninitialized)
	if exclusive {
		p.out["lockage"] = number(0) // of the lock just taken
	}
	p.payload(item.Payload)
	return nil
}

// absent sets the outputs of a read that found nothing: as a rule none.
func (p *performance) absent() {
	switch {
	case p.proc.chunks: // zeros (sql-layouts.md 9)
		p.out["locked"], p.out["lockage"], p.out["lockcookie"], p.out["initialized"] = bit(false), number(0), number(0), bit(false)
	case p.proc.emptyFlags:
		p.out["actionflags"] = number(0)
	}
}

// payload gives what is in a session: short ones as an output where the procedure has one, others as a result set.
func (p *performance) payload(b []byte) {
	short := "itemshort"
	if p.proc.chunks {
		short = "item"
	}
	switch {
	case len(b) <= shortSize && p.param(short) != nil:
		p.out[short] = b
	case p.proc.chunks:
		p.set = &resultSet{columns: []column{{"SessionItemId", columnType(typeIntN, 4)}, {"Item", columnType(typeVarBinary, shortSize)}}}
		for part := range slices.Chunk(b, shortSize) {
			p.set.rows = append(p.set.rows, [][]byte{number(int32(len(p.set.rows) + 1)), part})
		}
	default:
		p.set = &resultSet{columns: []column{{"SessionItemLong", columnType(typeVarBinary, maxSize)}}, rows: [][][]byte{{b}}}
	}
}

// wait waits for a locked session, as long as the client wants that.
func (p *performance) wait(w session.Waiter, k session.Key, locked *session.LockedError) (session.Item, error) {
	ctx, stop := p.c.watch()
	item, err := w.WaitExclusive(ctx, k, p.c.f.settings().Park)
	if stop() {
		if err == nil {
			err = p.giveBack(k, item.Cookie)
		}
		p.c.f.warn("giving back a lock that nobody wants", errOther(err))
		return session.Item{}, errTakenBack
	}
	var again *session.LockedError
	if errors.As(err, &again) { // the refused read may have spent the mark, and told us alone
		again.Uninitialized = again.Uninitialized || locked.Uninitialized
	}
	item.Uninitialized = err == nil && (item.Uninitialized || locked.Uninitialized)
	return item, err
}

func (p *performance) giveBack(k session.Key, cookie int32) error {
	return p.c.store().ReleaseExclusive(context.WithoutCancel(p.ctx), k, cookie)
}

// errOther is an error that is no outcome of the contract.
func errOther(err error) error {
	var locked *session.LockedError
	if errors.As(err, &locked) || errors.Is(err, session.ErrNotFound) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// state sets the outputs of a read that found the session.
func (p *performance) state(locked bool, since session.Instant, cookie int32, first bool) {
	p.rows = 1
	now := session.At(p.c.f.now()) // as since is: to the tick
	p.out["locked"] = bit(locked)
	p.out["lockage"] = number(int32(now.Time().Unix() - since.Time().Unix())) // DATEDIFF counts the seconds that begin in between
	p.out["lockcookie"] = number(cookie)
	p.out["actionflags"] = number(int32(bit(first)[0]))
	p.out["initialized"] = bit(!first)
}

// counts turns the outcomes of a change into the number of rows: what does not apply is silent (sql-layouts.md 3.6).
func (p *performance) counts(err error) error {
	var locked *session.LockedError
	switch {
	case err == nil:
		p.rows = 1
	case errors.Is(err, session.ErrNotFound), errors.Is(err, session.ErrStaleCookie), errors.As(err, &locked):
		p.rows = 0
	case errors.Is(err, session.ErrExists):
		e := *duplicate
		e.proc = procName(p.call.name)
		return &e
	default:
		return err
	}
	return nil
}

// need says what a change takes from its call besides the session.
type need uint8

const (
	needCookie need = 1 << iota
	needValue
)

// changes makes what a procedure does of a change.
func changes(needs need, do func(s session.Store, ctx context.Context, k session.Key, v session.Value, cookie int32) error) func(*performance) error {
	return func(p *performance) error {
		k, err := p.key()
		if err != nil {
			return err
		}
		var v session.Value
		var cookie int32
		if needs&needValue != 0 {
			if v, err = p.value(); err != nil {
				return err
			}
		}
		if needs&needCookie != 0 {
			if cookie, err = p.integer("lockcookie"); err != nil {
				return err
			}
		}
		return p.counts(do(p.c.store(), p.ctx, k, v, cookie))
	}
}

// The changes of the procedures.
var (
	release = changes(needCookie, func(s session.Store, ctx context.Context, k session.Key, _ session.Value, cookie int32) error {
		return s.ReleaseExclusive(ctx, k, cookie)
	})
	create = changes(needValue, func(s session.Store, ctx context.Context, k session.Key, v session.Value, _ int32) error {
		return s.CreateUninitialized(ctx, k, v)
	})
	insert = changes(needValue, func(s session.Store, ctx context.Context, k session.Key, v session.Value, _ int32) error {
		return s.SetAndRelease(ctx, k, v, session.Insert())
	})
	update = changes(needValue|needCookie, func(s session.Store, ctx context.Context, k session.Key, v session.Value, cookie int32) error {
		return s.SetAndRelease(ctx, k, v, session.IfCookie(cookie))
	})
	remove = changes(needCookie, func(s session.Store, ctx context.Context, k session.Key, _ session.Value, cookie int32) error {
		return s.Remove(ctx, k, session.IfCookie(cookie))
	})
	reset = changes(0, func(s session.Store, ctx context.Context, k session.Key, _ session.Value, _ int32) error {
		return s.ResetTimeout(ctx, k)
	})
)

// sweep leaves expired sessions to the store, which sweeps itself.
func (p *performance) sweep() error { return nil }
