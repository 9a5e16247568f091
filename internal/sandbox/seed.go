package sandbox

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
)

// Shares of the seeded rows, in thousandths. Colliding rows are twins of the row before them, under the layout's second
// id rule; where a layout has one rule only there are none.
const (
	shareExpired       = 120
	shareCollides      = 40
	shareSecondRule    = 60
	shareUninitialized = 30
	shareLocked        = 20
	shareDestroyed     = 2 // payloads that Microsoft's own writer has broken
	shareStale         = 100
)

// alphabet is that of ASP.NET's session ids (sql-layouts.md 13.1).
const alphabet = "abcdefghijklmnopqrstuvwxyz012345"

// maker makes the rows of a seed, one after the other, always the same ones for the same base.
type maker struct {
	t     *Table
	base  session.Instant
	rules []layout.IDRule
	spell *layout.Spelling
	apps  []layout.Application
	r     *rand.Rand

	plain, packed map[string][]byte
	last          session.Key // of the row before
}

// seed fills an empty table with n rows.
func (t *Table) seed(ctx context.Context, base session.Instant, n int) error {
	m := &maker{
		t: t, base: base, rules: t.layout.DefaultIDs, apps: Applications(), r: rand.New(rand.NewPCG(2005, 11)),
		plain: map[string][]byte{}, packed: map[string][]byte{},
	}
	if t.layout.Name == layout.SQLInMemory {
		m.apps = m.apps[:1] // its ids are raw: one application a database
	}
	registry, err := layout.NewRegistry(m.apps...)
	if err != nil {
		return err
	}
	if m.spell, err = layout.NewSpelling(registry, m.rules...); err != nil {
		return err
	}
	const batch = 500
	for done := 0; done < n; done += batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		var changes []session.Change
		for range min(batch, n-done) {
			r, err := m.next()
			if err != nil {
				return fmt.Errorf("making session %d: %w", done+len(changes), err)
			}
			changes = append(changes, session.Change{Record: r})
		}
		outs, err := t.rows.Apply(ctx, changes)
		if err != nil {
			return err
		}
		for i, o := range outs {
			if o.Result != session.Applied {
				return fmt.Errorf("session %v was there already", changes[i].Record.Key)
			}
		}
	}
	return nil
}

// chance is true in so many of 1,000 cases.
func (m *maker) chance(share int) bool { return m.r.IntN(1000) < share }

// next makes one row, ready for the memstore.
func (m *maker) next() (session.Record, error) {
	key, rule := session.Key{App: m.app(), ID: m.rawID()}, m.rules[0]
	if len(m.rules) > 1 {
		switch {
		case m.last.ID != "" && m.chance(shareCollides):
			key, rule = m.last, m.rules[1]
			m.last = session.Key{}
		case m.chance(shareSecondRule):
			rule = m.rules[1]
			m.last = session.Key{}
		default:
			m.last = key
		}
	}
	rec := m.record(key.App)
	stored, err := m.spell.Spell(key, rule)
	if err != nil {
		return session.Record{}, err
	}
	rec.Key = stored
	if m.t.native {
		return rec, nil
	}
	row, err := m.t.layout.Row(&rec, layout.Zone{})
	if err != nil {
		return session.Record{}, err
	}
	m.age(&row)
	return m.t.packRow(&row, 0), nil
}

func (m *maker) app() string {
	weights := []int{5, 8, 10} // of ten
	n := m.r.IntN(10)
	for i, a := range m.apps {
		if n < weights[i] || i == len(m.apps)-1 {
			return a.Name
		}
	}
	panic("unreachable")
}

func (m *maker) rawID() string {
	id := make([]byte, 24)
	for i := range id {
		id[i] = alphabet[m.r.IntN(len(alphabet))]
	}
	return string(id)
}

// record makes a session of an application, without its key.
func (m *maker) record(app string) session.Record {
	rec := session.Record{Timeout: 24 * 60, Lock: session.Lock{Cookie: m.t.layout.FirstCookie}}
	if m.chance(50) {
		rec.Timeout = []int32{20, 30, 60}[m.r.IntN(3)]
	}
	age := session.Instant(m.r.Int64N(int64(8 * 60 * session.Minute)))
	rec.Created = m.base - age
	touched := rec.Created + session.Instant(m.r.Int64N(int64(age)+1))
	if rec.Timeout < 24*60 { // a short session lives because somebody is at it
		touched = m.base - session.Instant(m.r.Int64N(int64(10*session.Minute)))
		rec.Created = min(rec.Created, touched)
	}
	rec.Lock.Since = rec.Created
	if m.chance(shareExpired) {
		back := session.Minute * session.Instant(rec.Timeout+10+m.r.Int32N(10*24*60))
		rec.Created, rec.Lock.Since, touched = rec.Created-back, rec.Lock.Since-back, touched-back
	}
	rec.Expires = touched.AddMinutes(rec.Timeout)
	if m.chance(shareUninitialized) {
		rec.Flags, rec.Payload = session.Uninitialized, m.payload(app, "empty", rec.Timeout)
		return rec
	}
	rec.Lock.Cookie += 1 + m.r.Int32N(50)
	rec.Lock.Since = touched
	rec.Lock.Locked = m.chance(shareLocked)
	if m.chance(shareDestroyed) {
		rec.Payload = fixtures.Destroyed()
		return rec
	}
	rec.Payload = m.payload(app, m.blob(), rec.Timeout)
	return rec
}

// blob chooses what a session holds: mostly ordinary sessions, now and then a large one.
func (m *maker) blob() string {
	last := len(fixtures.Blobs) - 3 // the three largest are rare
	if m.chance(10) {
		return fixtures.Blobs[last+m.r.IntN(3)]
	}
	return fixtures.Blobs[m.r.IntN(last)]
}

// payload returns the bytes of a blob with that timeout in its head, compressed if the application's nodes do that.
func (m *maker) payload(app, name string, timeout int32) []byte {
	key := fmt.Sprintf("%s/%d", name, timeout)
	if m.plain[key] == nil {
		b := fixtures.Blob(name)
		binary.LittleEndian.PutUint32(b, uint32(timeout))
		m.plain[key] = b
	}
	if app != Compressing {
		return m.plain[key]
	}
	if m.packed[key] == nil {
		m.packed[key] = deflate(m.plain[key])
	}
	return m.packed[key]
}

// deflate compresses as ASP.NET does: raw RFC 1951 and one byte FF (session-blob.md 7).
func deflate(b []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	w.Write(b) // to memory: cannot fail
	w.Close()
	return append(out.Bytes(), 0xFF)
}

// age gives a row the marks that real tables have: a stale short column beside the long one (sql-layouts.md 7.1), and
// the unused tail of the buffer that the async provider 1.0 stores (section 4).
func (m *maker) age(row *layout.Row) {
	switch m.t.layout.Form {
	case layout.FormShortLong:
		if row.Long != nil && m.chance(shareStale) {
			row.Short = m.payload("", "empty", row.Timeout)
		}
	case layout.FormItem:
		size := 7000
		for size < len(row.Item) {
			size *= 2
		}
		row.Item = append(bytes.Clone(row.Item), make([]byte, size-len(row.Item))...)
	}
}
