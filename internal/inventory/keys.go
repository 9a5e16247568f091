package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/aspnetser"
)

// key is a key, or a group of keys, that is being counted.
type key struct {
	Key
	session int64 // the last one that it was met in
	bytes   histogram
	types   map[string]*typed
	reasons reasons
	breaks  [codes]int64 // sessions
	local   bool         // some of its items have local dates
	late    bool         // that it is not carried showed at the end
	flagged [codes]int64 // the last session in which it was counted

	// Of a group.
	grouped bool            // its keys are not told apart any more
	members map[string]bool // folded names of those that are
	names   distinct
}

// typed is a type of a key's items.
type typed struct {
	Type
	parsed  *typeName
	others  bool   // all types beyond the limit
	refused string // why some of its items are not carried
}

// nullName is what the null key is kept under: no name is folded to it, since it is no UTF-8.
const (
	nullName   = "\xffnull"
	othersName = "\xffothers"
)

// keysOf returns what an item is counted as: its key, or its key's group, or both while the group may yet grow.
func (c *counter) keysOf(a *app, it *aspnetser.Item) []*key {
	if it.NullKey {
		return c.oneKey(a, nullName, "", KindNull)
	}
	name, long := cut(it.Key)
	if long {
		return c.oneKey(a, fold(name), name, KindLong)
	}
	p, generated, personal := pattern(name)
	folded := fold(name)
	if !generated {
		ks := c.oneKey(a, folded, name, KindKey)
		ks[0].spell(name)
		return ks
	}
	g := a.groups[fold(p)]
	if g == nil {
		if !c.room(a) {
			return c.oneKey(a, othersName, othersKey, KindOthers)
		}
		g = c.newKey(p, KindGroup)
		g.members = map[string]bool{}
		g.grouped = personal
		a.groups[fold(p)] = g
	}
	g.names.add(folded)
	if !g.grouped && !g.members[folded] && (len(g.members) == maxNames || !c.room(a)) {
		g.grouped = true
		for name := range g.members {
			delete(a.keys, name)
			c.keys--
		}
		g.members = nil
		c.limit("keys of one pattern are shown as one from the %dth on", maxNames+1)
	}
	if g.grouped {
		return []*key{g}
	}
	g.members[folded] = true
	ks := c.oneKey(a, folded, name, KindKey)
	ks[0].spell(name)
	return append(ks, g)
}

// oneKey returns the key that is kept under a name, or that of all others where there is no room for it.
func (c *counter) oneKey(a *app, folded, name, kind string) []*key {
	k := a.keys[folded]
	if k == nil && !c.room(a) {
		folded, name, kind = othersName, othersKey, KindOthers
		k = a.keys[folded]
	}
	if k == nil {
		k = c.newKey(name, kind)
		a.keys[folded] = k
	}
	return []*key{k}
}

func (c *counter) newKey(name, kind string) *key {
	c.keys++
	return &key{Key: Key{Key: strings.Clone(name), Kind: kind}, types: map[string]*typed{}}
}

// room says whether another key may be told apart.
func (c *counter) room(a *app) bool {
	switch {
	case len(a.keys)+len(a.groups) >= maxKeys:
		c.limit("more than %d keys of one application: the others are counted as one", maxKeys)
	case c.keys >= maxKeysInAll:
		c.limit("more than %d keys of all applications: the others are counted as one for each", maxKeysInAll)
	default:
		return true
	}
	return false
}

func (k *key) spell(name string) {
	if k.Kind == KindKey && !slices.Contains(k.Spellings, name) && len(k.Spellings) < maxSpellings {
		k.Spellings = append(k.Spellings, strings.Clone(name))
	}
}

// add counts an item.
func (k *key) add(c *counter, f *finding, size int64) {
	if k.session != c.seq {
		k.session = c.seq
		k.Sessions++
	}
	k.bytes.add(size)
	for code := range codes {
		if f.breaks.has(code) && k.flagged[code] != c.seq {
			k.flagged[code] = c.seq
			k.breaks[code]++
		}
	}
	switch {
	case f.reason != "":
		k.Undecodable++
		k.reasons.add(f.reason, 1)
		return
	case f.typ == nil:
		k.Nulls++
		return
	}
	id := f.typ.identity()
	t := k.types[id]
	if t == nil && len(k.types) >= maxTypes {
		c.limit("more than %d types of one key: the others are counted as one", maxTypes)
		if t = k.types[""]; t == nil {
			t = &typed{Type: Type{Name: "(other types)"}, others: true}
			k.types[""] = t
		}
	} else if t == nil {
		t = &typed{Type: Type{Name: f.typ.csharp(true), FullName: f.typ.full(), Assembly: f.typ.assembly}, parsed: f.typ}
		k.types[id] = t
	}
	t.Items++
	k.local = k.local || f.carried.Local
	switch is := f.carried.Type; {
	case is == "":
		t.refused = cmp.Or(t.refused, strings.Clone(f.carried.Why))
	case t.Carried == "" || t.Carried == is:
		t.Carried = is
		t.CarriedItems++
		t.Why = cmp.Or(t.Why, f.carried.Why)
	default:
		t.refused = cmp.Or(t.refused, "carried as "+t.Carried+" or "+is)
	}
}

func (k *key) finish(c *counter, readable int64) Key {
	k.Bytes, k.Names = k.bytes.sizes(), k.names.count()
	if k.Undecodable > 0 {
		k.Reasons = k.reasons.list()
	}
	if readable > 0 {
		k.Percent = math.Round(float64(k.Sessions)*1000/float64(readable)) / 10
	}
	if len(k.Spellings) < 2 {
		k.Spellings = nil
	}
	k.Types = []Type{}
	for _, t := range k.sorted() {
		t.Why = cmp.Or(t.refused, t.Why)
		k.Types = append(k.Types, t.Type)
	}
	if len(k.types) == 1 {
		k.Key.parsed = k.sorted()[0].parsed
	}
	k.Go = k.goType(&c.schema)
	if k.mixed() {
		k.Key.Breaks = append(k.Key.Breaks, table[breakMixed].code)
	}
	if len(k.Spellings) > 1 {
		k.Key.Breaks = append(k.Key.Breaks, table[breakCase].code)
	}
	if k.Kind == KindGroup {
		k.Key.Breaks = append(k.Key.Breaks, table[breakGenerated].code)
	}
	for code := range codes {
		if k.breaks[code] > 0 {
			k.Key.Breaks = append(k.Key.Breaks, table[code].code)
		}
	}
	return k.Key
}

// sorted returns the types, the most frequent first.
func (k *key) sorted() []*typed {
	var all []*typed
	for _, t := range k.types {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *typed) int {
		return cmp.Or(cmp.Compare(b.Items, a.Items), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Assembly, b.Assembly))
	})
	return all
}

func (k *key) mixed() bool { return len(k.types) > 1 && k.Kind != KindOthers }

// carried says as which type of C# the key can be registered, or why not.
func (k *key) carried(s *schema) (csharp, why string) {
	types := k.sorted()
	switch {
	case k.Kind != KindKey:
		return "", map[string]string{
			KindNull: "the null key has no name to register", KindGroup: "keys are registered one by one, by their whole name",
			KindLong: "a key of such a length", KindOthers: "these keys are not told apart",
		}[k.Kind]
	case len(types) == 0 && k.Undecodable == 0:
		return "", "only nulls were seen, which have no type"
	case len(types) == 0:
		return "", "none of its items can be decoded"
	case len(types) > 1:
		return "", "several types: " + list(types)
	case types[0].parsed == nil || !types[0].parsed.writable():
		return "", "a class that no program can name"
	case types[0].CarriedItems == 0:
		return "", cmp.Or(types[0].refused, "JSON has no form of it")
	case types[0].refused != "":
		return "", fmt.Sprintf("as %s, %s of %s would be hidden: %s", types[0].Carried, number(types[0].Items-types[0].CarriedItems),
			number(types[0].Items), types[0].refused)
	}
	csharp = types[0].Carried
	if k.Nulls > 0 && types[0].parsed.isValue(s) && !strings.HasSuffix(csharp, "?") {
		csharp += "?"
	}
	return csharp, ""
}

func list(types []*typed) string {
	var names []string
	for i, t := range types {
		if i == 4 {
			names = append(names, "…")
			break
		}
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

// reasons count classes of errors.
type reasons map[string]int64

// The classes.
const (
	reasonLimit     = "over a limit of the reader"
	reasonTruncated = "cut short"
	reasonStream    = "malformed object stream"
	reasonUnknown   = "unknown type id"
	reasonOverrun   = "runs over its slot"
	reasonMalformed = "malformed"
	reasonOthers    = "other reasons"
)

func (r *reasons) add(reason string, n int64) {
	if *r == nil {
		*r = reasons{}
	}
	if _, known := (*r)[reason]; !known && len(*r) >= maxReasons {
		reason = reasonOthers
	}
	(*r)[reason] += n
}

func (r reasons) list() []Reason {
	all := []Reason{}
	for reason, n := range r {
		all = append(all, Reason{reason, n})
	}
	slices.SortFunc(all, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}

// reasonOf returns the class of an error of package aspnetser. Its text is not shown: it names keys and numbers.
func reasonOf(err error) string {
	var limit *aspnetser.LimitError
	var malformed *aspnetser.MalformedError
	switch {
	case errors.As(err, &limit):
		return reasonLimit
	case !errors.As(err, &malformed):
		return reasonMalformed
	case strings.Contains(malformed.Reason, "unknown type id"):
		return reasonUnknown
	case strings.Contains(malformed.Reason, "runs over its slot"):
		return reasonOverrun
	case inStream(err):
		return reasonStream
	case errors.Is(err, io.ErrUnexpectedEOF):
		return reasonTruncated
	}
	return reasonMalformed
}

// distinct counts distinct names: exactly up to 256 of them, then by how close together the 256 smallest hashes are.
type distinct struct {
	hashes []uint64 // sorted
	more   bool
}

const distinctExact = 256

func (d *distinct) add(name string) {
	h := mixed(name)
	at, found := slices.BinarySearch(d.hashes, h)
	switch {
	case found:
	case len(d.hashes) < distinctExact:
		d.hashes = slices.Insert(d.hashes, at, h)
	case at < distinctExact:
		copy(d.hashes[at+1:], d.hashes[at:])
		d.hashes[at], d.more = h, true
	default:
		d.more = true
	}
}

func (d *distinct) count() int64 {
	if !d.more {
		return int64(len(d.hashes))
	}
	return int64(float64(distinctExact-1) / (float64(d.hashes[distinctExact-1]) / math.MaxUint64))
}

// mixed is FNV-1a with its bits spread: the smallest hashes of names that differ in their last digits only must be spread as well.
func mixed(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	hi, lo := bits.Mul64(h^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	hi2, lo2 := bits.Mul64(hi^lo, 0xa0761d6478bd642f)
	return hi2 ^ lo2
}
