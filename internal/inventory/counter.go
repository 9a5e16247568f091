package inventory

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/corejson"
	"github.com/aspstate/aspstate/session"
)

// How much is told apart. What is beyond is counted together.
const (
	maxApps      = 128
	maxKeys      = 2_000  // of one application, groups included
	maxKeysInAll = 10_000 // of all applications; a key takes some 2 KB
	maxNames     = 16     // keys of one pattern; beyond them there is only the group
	maxTypes     = 24     // of one key
	maxSpellings = 8
	maxReasons   = 8 // of one key or application
	maxStatic    = 200
	maxClasses   = 2_000
	maxMembers   = 256
	maxVersions  = 8
	maxForms     = 16 // sets of members of one class
	maxBreakKeys = 20

	// maxCoreClasses are those of all applications that the bridge's configuration names; a class takes some 100 bytes a member.
	maxCoreClasses = 2_000
)

// Names for what is beyond a limit.
const (
	othersApp = "(other applications)"
	othersKey = "(other keys)"
)

// counter is an inventory that is being made.
type counter struct {
	o      Options
	report Report
	apps   map[string]*app
	last   string // raw name of the application looked up last, and what became of it
	lastTo *app
	keys   int // of all applications
	core   int // classes of all applications' surveys
	schema schema
	walk   walker
	index  aspnetser.Index
	seq    int64 // number of the session that is looked at, from 1
	limits map[string]bool
}

// app is an application that is being counted.
type app struct {
	App
	keys    map[string]*key // by folded name; "\x00null" and others have names that no folded name is
	groups  map[string]*key // by folded pattern
	static  map[string]*static
	bytes   histogram
	items   histogram
	reasons reasons
	breaks  [codes]int64
	survey  *corejson.Survey
}

func newCounter(o Options) *counter {
	c := &counter{o: o, apps: map[string]*app{}, limits: map[string]bool{}}
	c.report.Sample.Asked = o.Sample
	c.schema.classes = map[string]*Class{}
	c.schema.limit = c.limit
	c.walk.schema = &c.schema
	if c.o.App == nil {
		c.o.App = func(k session.Key) (string, bool, bool) { return k.App, true, true }
	}
	return c
}

// limit notes that a limit was met.
func (c *counter) limit(format string, a ...any) { c.limits[fmt.Sprintf(format, a...)] = true }

// row counts a record and says whether it is one to look at.
func (c *counter) row(r *session.Record) bool {
	c.report.Rows++
	if c.o.Progress != nil {
		c.o.Progress(c.report.Rows)
	}
	switch _, _, ok := c.o.App(r.Key); {
	case !ok:
		c.report.LeftOut++
		return false
	case r.Expires < c.o.Now:
		c.report.Expired++
		return false
	}
	c.report.Live++
	if r.Flags&session.Uninitialized != 0 {
		c.report.Uninitialized++
	}
	return true
}

func (c *counter) damaged(rows []session.Damage) {
	c.report.Rows += int64(len(rows))
	c.report.Damaged += int64(len(rows))
}

// appOf returns the application of a record.
func (c *counter) appOf(k session.Key) *app {
	name, known, _ := c.o.App(k)
	a := c.apps[name]
	if a == nil && len(c.apps) >= maxApps {
		c.limit("more than %d applications: the sessions of the others are counted as one", maxApps)
		name, known = othersApp, false
		a = c.apps[name]
	}
	if a == nil {
		a = &app{App: App{Name: name, Known: known}, keys: map[string]*key{}, groups: map[string]*key{}, static: map[string]*static{}, survey: corejson.NewSurvey(c.coreClass)}
		c.apps[name] = a
	}
	return a
}

// look decodes one session and counts what is in it.
func (c *counter) look(r *session.Record) {
	c.report.Looked++
	c.seq++
	a := c.appOf(r.Key)
	a.Sessions++
	a.bytes.add(int64(len(r.Payload)))
	s, err := aspnetser.Decode(r.Payload, c.o.Read)
	if err == nil {
		err = c.index.Read(r.Payload, c.o.Read)
	}
	if err != nil {
		a.Undecodable++
		a.reasons.add(reasonOf(err), 1)
		a.breaks[breakSession]++
		return
	}
	if s.Form == aspnetser.FormCompressed {
		a.Compressed++
	}
	if len(s.Items) == 0 {
		a.Empty++
	}
	a.items.add(int64(len(s.Items)))
	var all breaks
	for i := range s.Items {
		all |= c.item(a, s, i)
	}
	for i := range s.Static {
		c.object(a, &s.Static[i])
		all |= breakStatic.set()
	}
	for code := range codes {
		if all.has(code) {
			a.breaks[code]++
		}
	}
}

// item counts one item of a session.
func (c *counter) item(a *app, s *aspnetser.Session, i int) breaks {
	it := &s.Items[i]
	size := int64(len(c.index.Slot(i)))
	f := finding{value: it.Value}
	if err := s.ItemErr(i); err != nil {
		f.reason = reasonOf(err)
		f.breaks = breakItem.set()
		if f.reason == reasonLimit {
			f.breaks = breakLimit.set()
		}
	} else {
		f.typ, f.breaks = c.walk.item(it.Value)
		c.carry(a, &f)
	}
	for _, k := range c.keysOf(a, it) {
		k.add(c, &f, size)
	}
	if it.NullKey {
		f.breaks |= breakNullKey.set()
	}
	if len(it.Key) > longestName {
		f.breaks |= breakLongKey.set()
	}
	return f.breaks
}

// finding is what an item was found to be.
type finding struct {
	value  aspnetser.Value
	typ    *typeName // nil where it is null or undecodable
	breaks breaks
	reason string // why it is undecodable, "" if it is not

	carried corejson.Carried
}

// carry asks whether JSON can carry an item.
func (c *counter) carry(a *app, f *finding) {
	if f.typ == nil {
		return
	}
	if f.breaks&fatal == 0 {
		f.carried = a.survey.Add(f.value)
	} else if _, ok, why := corejson.Carries(f.value); !ok {
		f.carried.Why = why
	}
	for code := range codes {
		if f.carried.Why == "" && (fatal & f.breaks).has(code) {
			f.carried.Why = table[code].title
		}
	}
	if f.carried.Type == "" {
		f.breaks |= breakNotCarried.set()
	}
}

// coreClass says whether another class may be told to the bridge.
func (c *counter) coreClass() bool {
	if c.core == maxCoreClasses {
		c.limit("more than %d classes that JSON carries: keys of others are not registered", maxCoreClasses)
		return false
	}
	c.core++
	return true
}

// object counts a static object.
func (c *counter) object(a *app, o *aspnetser.StaticObject) {
	name, _ := cut(o.Name)
	st := a.static[fold(name)]
	if st == nil {
		if len(a.static) >= maxStatic {
			c.limit("more than %d static objects of one application: the others are left out", maxStatic)
			return
		}
		st = &static{Static: Static{Name: name, Types: []string{}}}
		a.static[fold(name)] = st
	}
	if st.session != c.seq {
		st.session = c.seq
		st.Sessions++
	}
	name = o.ObjectType
	if o.HasInstance {
		st.Created++
		t, _ := c.walk.item(o.Value)
		name = t.csharp(true)
	} else if t := parseType(o.ObjectType, ""); t != nil {
		name = t.csharp(true)
	}
	if !slices.Contains(st.Types, name) && len(st.Types) < maxTypes {
		st.Types = append(st.Types, name)
	}
}

type static struct {
	Static
	session int64
}

// finish makes the report of what was counted.
func (c *counter) finish() *Report {
	r := &c.report
	r.Apps, r.Classes = []App{}, c.schema.finish()
	for _, a := range c.apps {
		r.Apps = append(r.Apps, a.finish(c))
	}
	slices.SortFunc(r.Apps, func(a, b App) int { return cmp.Compare(a.Name, b.Name) })
	r.Limits = []string{}
	for l := range c.limits {
		r.Limits = append(r.Limits, l)
	}
	slices.Sort(r.Limits)
	return r
}

func (a *app) finish(c *counter) App {
	a.Bytes, a.Items, a.Reasons = a.bytes.sizes(), a.items.sizes(), a.reasons.list()
	a.Keys, a.Static = []Key{}, []Static{}
	keys := a.listed()
	a.register(&c.schema, keys)
	for _, k := range keys {
		a.Keys = append(a.Keys, k.finish(c, a.Sessions-a.Undecodable))
	}
	for _, st := range a.static {
		slices.Sort(st.Types)
		a.Static = append(a.Static, st.Static)
	}
	slices.SortFunc(a.Static, func(a, b Static) int { return cmp.Compare(a.Name, b.Name) })
	a.Breaks = a.broken(keys)
	return a.App
}

// listed returns the keys and groups that there are, the most frequent first.
func (a *app) listed() []*key {
	var keys []*key
	for _, k := range a.keys {
		keys = append(keys, k)
	}
	for _, g := range a.groups {
		if g.grouped {
			keys = append(keys, g)
		}
	}
	slices.SortFunc(keys, func(a, b *key) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.Key.Key, b.Key.Key), cmp.Compare(a.Kind, b.Kind))
	})
	return keys
}
