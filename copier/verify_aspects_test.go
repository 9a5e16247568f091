package copier

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// twoNodes is an application whose nodes name it differently.
var twoNodes = layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/3/ROOT/shop", "/LM/W3SVC/4/ROOT/shop"}}

// layoutPair is a bench between two layouts, filled and copied: sessions 0 to 11 of shop.
type layoutPair struct {
	*bench
	fromRule layout.IDRule
}

func newPair(t *testing.T, from string, fromRule layout.IDRule, to string, toRule layout.IDRule) *layoutPair {
	t.Helper()
	b := newBench(t)
	apps := []layout.Application{twoNodes}
	b.o.From.Layout, b.o.From.Spelling = byName(t, from), spellingOf(t, apps, fromRule)
	b.o.To.Layout, b.o.To.Spelling, b.o.ToRule = byName(t, to), spellingOf(t, apps, toRule), toRule
	p := &layoutPair{b, fromRule}
	for i := range 12 {
		b.put(b.from, b.record(p.at(b.from, i), fixtures.Blob(fixtures.Blobs[i%8])))
	}
	b.mustRun()
	return p
}

// id is a raw id with letters, as ASP.NET makes them.
func (p *layoutPair) id(i int) string { return fmt.Sprintf("abcdefghijklmnopqrstuv%02d", i) }

// at is the key of session i in one of the stores.
func (p *layoutPair) at(s *memstore.Store, i int) session.Key {
	p.t.Helper()
	rule := p.fromRule
	if s == p.to {
		rule = p.o.ToRule
	}
	k, err := p.o.To.Spelling.Spell(session.Key{App: "shop", ID: p.id(i)}, rule)
	if s == p.from {
		k, err = p.o.From.Spelling.Spell(session.Key{App: "shop", ID: p.id(i)}, rule)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return k
}

// change changes session i in one of the stores.
func (p *layoutPair) change(s *memstore.Store, i int, f func(*session.Record)) {
	p.t.Helper()
	r := *p.row(s, p.at(s, i))
	f(&r)
	p.put(s, r)
}

// move puts the copy of session i under another id.
func (p *layoutPair) move(i int, id string) {
	p.t.Helper()
	r := *p.row(p.to, p.at(p.to, i))
	p.remove(p.to, r.Key)
	r.Key.ID = id
	p.put(p.to, r)
}

// under spells the id of session i by a rule, under the application's id at place n.
func (p *layoutPair) under(i int, rule layout.IDRule, n int) string {
	p.t.Helper()
	all, err := p.o.To.Spelling.SpellAll(session.Key{App: "shop", ID: p.id(i)}, rule)
	if err != nil {
		p.t.Fatal(err)
	}
	return all[n].ID
}

// dying is a moment at which no session is alive any more.
func (p *layoutPair) dying() session.Instant { return session.At(p.now) - Grace - 1 }

// eachPair runs a test over pairs of layouts that spell ids and tell letter case differently.
func eachPair(t *testing.T, test func(*testing.T, func() *layoutPair)) {
	for _, c := range []struct {
		from     string
		fromRule layout.IDRule
		to       string
		toRule   layout.IDRule
	}{
		{layout.FrameworkCompat, layout.RuleInbox, layout.InMemory, layout.RuleAsync21},
		{layout.InMemory, layout.RuleAsync21, layout.FrameworkCompat, layout.RuleInbox},
		{layout.V11, layout.RuleAsyncX64, layout.SQLInMemory, layout.RuleRaw},
		{layout.SQLInMemory, layout.RuleRaw, layout.SQLServer, layout.RuleAsync21},
		{layout.SampleInMemory, layout.RuleInbox, layout.Embedded, layout.RuleNative},
		{layout.Embedded, layout.RuleNative, layout.V10, layout.RuleAsyncX64},
	} {
		t.Run(c.from+"-"+c.to, func(t *testing.T) {
			test(t, func() *layoutPair { return newPair(t, c.from, c.fromRule, c.to, c.toRule) })
		})
	}
}

// Each way in which one session can differ is told, and nothing else.
func TestEachDifferenceIsToldApart(t *testing.T) {
	type way struct {
		name string
		do   func(*layoutPair)
		want map[Aspect]int64
	}
	only := func(as ...Aspect) map[Aspect]int64 {
		m := map[Aspect]int64{}
		for _, a := range as {
			m[a]++
		}
		return m
	}
	copied := func(f func(*session.Record)) func(*layoutPair) {
		return func(p *layoutPair) { p.change(p.to, 3, f) }
	}
	ways := []way{
		{"no row", func(p *layoutPair) { p.remove(p.to, p.at(p.to, 3)) }, only(AspectMissing)},
		{"a row that the source never had", func(p *layoutPair) { p.put(p.to, p.record(p.at(p.to, 50), fixtures.Blob("empty"))) }, only(AspectExtra)},
		{"a row that the source has removed", func(p *layoutPair) { p.remove(p.from, p.at(p.from, 3)) }, only(AspectExtra)},
		{"another session in it", copied(func(r *session.Record) { r.Payload = fixtures.Blob("o-order") }), only(AspectPayload)},
		{"another value in it", copied(func(r *session.Record) {
			r.Payload = bytes.Clone(r.Payload)
			r.Payload[0]++ // the timeout inside
		}), only(AspectPayload)},
		{"a payload of no bytes", copied(func(r *session.Record) { r.Payload = []byte{} }), only(AspectPayload)},
		{"a byte of what nobody can decode", func(p *layoutPair) {
			p.change(p.from, 3, func(r *session.Record) { r.Payload = fixtures.Destroyed() })
			p.change(p.to, 3, func(r *session.Record) { r.Payload = append(fixtures.Destroyed(), 0) })
		}, only(AspectPayload)},
		{"timeout", copied(func(r *session.Record) { r.Timeout++ }), only(AspectTimeout)},
		{"created", copied(func(r *session.Record) { r.Created-- }), only(AspectCreated)},
		{"expires", copied(func(r *session.Record) { r.Expires++ }), only(AspectExpires)},
		{"locked", copied(func(r *session.Record) { r.Lock.Locked = true }), only(AspectLock)},
		{"cookie", copied(func(r *session.Record) { r.Lock.Cookie++ }), only(AspectLock)},
		{"date of the lock", copied(func(r *session.Record) { r.Lock.Since-- }), only(AspectLock)},
		{"flags", copied(func(r *session.Record) { r.Flags = session.Uninitialized }), only(AspectFlags)},
		{"dead there", copied(func(r *session.Record) { r.Expires = 7 }), only(AspectExpires)},
		{"dead here, alive there", func(p *layoutPair) {
			p.change(p.from, 3, func(r *session.Record) { r.Expires = p.dying() })
		}, only(AspectExpires)},
		{"several", copied(func(r *session.Record) { r.Timeout++; r.Lock.Cookie++ }), only(AspectTimeout, AspectLock)},
		{"id in capitals", func(p *layoutPair) { p.move(3, strings.ToUpper(p.at(p.to, 3).ID)) }, only(AspectID)},
	}
	spelled := []way{
		{"another rule", func(p *layoutPair) {
			other := layout.RuleAsyncX86
			p.move(3, p.under(3, other, 0))
		}, only(AspectSuffix)},
		{"a second row by another rule", func(p *layoutPair) {
			r := *p.row(p.to, p.at(p.to, 3))
			r.Key.ID = p.under(3, layout.RuleAsyncX86, 0)
			p.put(p.to, r)
		}, only(AspectExtra)},
	}
	suffixed := []way{
		{"the other node's id", func(p *layoutPair) { p.move(3, p.under(3, p.o.ToRule, 1)) }, only(AspectSuffix)},
		{"without a suffix", func(p *layoutPair) { p.move(3, p.id(3)) }, only(AspectSuffix)},
		{"letter case of the suffix", func(p *layoutPair) {
			id := p.at(p.to, 3).ID
			if up := id[:24] + strings.ToUpper(id[24:]); up != id {
				p.move(3, up)
				return
			}
			p.move(3, strings.ToLower(id))
		}, only(AspectID)},
		{"another session under the other node's id", func(p *layoutPair) {
			p.move(3, p.under(3, p.o.ToRule, 1))
			r := *p.row(p.to, session.Key{ID: p.under(3, p.o.ToRule, 1)})
			r.Created -= 77
			p.put(p.to, r)
		}, only(AspectMissing, AspectExtra)},
	}
	eachPair(t, func(t *testing.T, open func() *layoutPair) {
		p := open()
		all := ways
		if p.o.ToRule != layout.RuleNative {
			all = append(all[:len(all):len(all)], spelled...)
		}
		if p.o.ToRule.Suffixed() {
			all = append(all[:len(all):len(all)], suffixed...)
		}
		for _, w := range all {
			p := open()
			w.do(p)
			c, err := Verify(t.Context(), p.o, p.how)
			if err != nil || !maps.Equal(c.Aspects, w.want) || c.Busy != 0 {
				t.Errorf("%s: %v, want %v: %+v", w.name, err, w.want, c)
			}
		}
	})
}

// What is no difference is none.
func TestWhatIsNoDifference(t *testing.T) {
	deflated := func(p []byte) []byte {
		out, err := aspnetser.Deflate(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct {
		name    string
		do      func(*layoutPair)
		decoded int64
	}{
		{"nothing", func(*layoutPair) {}, 0},
		{"compressed there", func(p *layoutPair) {
			p.change(p.to, 3, func(r *session.Record) { r.Payload = deflated(r.Payload) })
		}, 1},
		{"compressed here", func(p *layoutPair) {
			p.change(p.from, 3, func(r *session.Record) { r.Payload = deflated(r.Payload) })
		}, 1},
		{"bytes behind the end, and compressed", func(p *layoutPair) {
			p.change(p.to, 3, func(r *session.Record) { r.Payload = deflated(append(bytes.Clone(r.Payload), 7, 7)) })
		}, 1},
		{"what nobody can decode", func(p *layoutPair) {
			for _, s := range []*memstore.Store{p.from, p.to} {
				p.change(s, 3, func(r *session.Record) { r.Payload = fixtures.Destroyed() })
			}
		}, 0},
		{"revisions", func(p *layoutPair) {
			for range 3 {
				p.change(p.to, 3, func(r *session.Record) { r.Revision += 5 })
			}
		}, 0},
		{"a dead row that the source lacks", func(p *layoutPair) {
			r := p.record(p.at(p.to, 60), fixtures.Blob("empty"))
			r.Expires = p.dying()
			p.put(p.to, r)
		}, 0},
		{"dead on both sides", func(p *layoutPair) {
			for _, s := range []*memstore.Store{p.from, p.to} {
				r := p.record(p.at(s, 61), fixtures.Blob("empty"))
				r.Expires = p.dying()
				p.put(s, r)
			}
		}, 0},
	} {
		eachPair(t, func(t *testing.T, open func() *layoutPair) {
			p := open()
			c.do(p)
			v, err := Verify(t.Context(), p.o, p.how)
			if err != nil || v.Differing != 0 || v.Equal != 12 || v.Decoded != c.decoded || v.Busy != 0 {
				t.Errorf("%s: %v, %+v", c.name, err, v)
			}
		})
	}
}
