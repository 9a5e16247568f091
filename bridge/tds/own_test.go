package tds

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/storetest"
)

// emulated are the layouts that package compat can reach through a front: all that have tables.
func emulated() (all []*layout.Layout) {
	for _, l := range layout.All() {
		if l.Form != layout.FormNative {
			all = append(all, l)
		}
	}
	return all
}

// serverOver opens a database of a front through package compat.
func serverOver(t testing.TB, addr, database string) *compat.Server {
	t.Helper()
	dsn, err := compat.ParseDSN("sqlserver://web:s3cret@" + addr + "?encrypt=disable&database=" + database)
	if err != nil {
		t.Fatal(err)
	}
	s, err := compat.Connect(t.Context(), dsn, compat.ConnectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// tableOver opens the session table that is found in a database of a front.
func tableOver(t testing.TB, addr, database string, l *layout.Layout, now func() time.Time) *compat.Table {
	t.Helper()
	s := serverOver(t, addr, database)
	d, err := s.Detect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Found) != 1 || len(d.Altered) > 0 || len(d.Notes) > 0 {
		t.Fatalf("found %v, altered %v, notes %v", d.Found, d.Altered, d.Notes)
	}
	f, err := d.Choose(l.Name, "")
	if err != nil {
		t.Fatal(err)
	}
	x, err := s.Open(t.Context(), f, compat.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// rulesOver are the conformance suite's rules for a layout through package compat, over a store that has none of its own
// but its first cookie, what it renews, and what it serves.
func rulesOver(l *layout.Layout) storetest.Rules {
	r := storetest.Ordinary()
	r.FirstCookie, r.ServesExpired, r.UpdateRenews, r.ReleaseRenews = l.FirstCookie, l.ServesExpired, l.UpdateRenews, l.ReleaseRenews
	r.KeepsRevision, r.CountsExactly, r.Remote = false, true, true
	if !l.CookieRises {
		r.Conditions = []session.ConditionKind{session.KindInsert, session.KindIfCookie}
	}
	r.Needs = storetest.AllAbilities &^ (storetest.Waits | storetest.Controls)
	return r
}

func suffixed(app, id string) session.Key {
	return session.Key{ID: id + layout.Suffix(layout.RuleAsync21, app)}
}

// conformsOver runs the suite over the wire: each of its stores is that of a database of a front of its own.
func conformsOver(t *testing.T, l *layout.Layout, r storetest.Rules, open func(t *testing.T, now func() time.Time) session.Store) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		clock := storetest.NewClock()
		f := &Front{Store: emptyStore(t), Now: clock.Now, Settings: Settings{
			Login: secretary, Databases: map[string]Database{"sessions": {Layout: l, Store: open(t, clock.Now)}},
		}}
		addr := serveFront(t, f)
		return storetest.Subject{
			Store: tableOver(t, addr, "Sessions", l, clock.Now), Clock: clock, Key: suffixed,
			Reopen: func() session.Store { return tableOver(t, addr, "Sessions", l, clock.Now) },
		}
	}, r)
}

func emptyStore(t testing.TB) session.Store {
	s := memstore.New(memstore.Options{})
	t.Cleanup(func() { s.Close() })
	return s
}

// TestStoresOverTheWire: package compat over go-mssqldb over a front over memstore is a store like others, in every layout.
func TestStoresOverTheWire(t *testing.T) {
	for _, l := range emulated() {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			conformsOver(t, l, rulesOver(l), func(t *testing.T, now func() time.Time) session.Store {
				o := memstore.Options{Now: now, FirstCookie: &l.FirstCookie, ServesExpired: l.ServesExpired}
				o.Quirks.UpdateKeepsExpiry, o.Quirks.ReleaseKeepsExpiry = !l.UpdateRenews, !l.ReleaseRenews
				s := memstore.New(o)
				t.Cleanup(func() { s.Close() })
				return s
			})
		})
	}
}

// TestSandboxOverTheWire: the same over the stores of a sandbox, which keep the layout's columns.
func TestSandboxOverTheWire(t *testing.T) {
	if testing.Short() {
		t.Skip("a store on disk for each test of the suite")
	}
	for _, l := range emulated() {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			r := rulesOver(l)
			r.FoldsCase = l.CaseInsensitiveIDs
			conformsOver(t, l, r, func(t *testing.T, now func() time.Time) session.Store {
				d, err := sandbox.Open(t.TempDir(), false, now)
				if err != nil {
					t.Fatal(err)
				}
				x, err := d.Table(t.Context(), l.Name, false, 0)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { x.Close() })
				return x
			})
		})
	}
}

// TestDetectsLayouts: what a database seems to hold is what it was said to hold, with all that is known of it.
func TestDetectsLayouts(t *testing.T) {
	databases := map[string]Database{}
	for _, l := range emulated() {
		databases[l.Name] = Database{Layout: l}
	}
	shop, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/3/ROOT/Shop"}})
	if err != nil {
		t.Fatal(err)
	}
	f := &Front{Store: emptyStore(t), Identity: "one", Settings: Settings{Login: secretary, Databases: databases, Registry: shop}}
	addr := serveFront(t, f)
	ids := map[string]string{}
	for _, l := range append(emulated(), nil) {
		database := "ASPState" // of which nothing is said
		if l == nil {
			l = aspnetRegsql
		} else {
			database = l.Name
		}
		x := tableOver(t, addr, database, l, nil)
		found := x.Found()
		if found.Layout.Engine != l.Engine || found.Layout.SurvivesRestart != l.SurvivesRestart || found.Layout.Times != l.Times || len(found.Procs.Missing) > 0 {
			t.Errorf("%s is found as %+v", database, found)
		}
		if other := ids[x.Identity()]; other != "" {
			t.Errorf("%s and %s are the same", database, other)
		}
		ids[x.Identity()] = database
		s := serverOver(t, addr, database)
		for _, role := range []compat.Role{compat.RoleSource, compat.RoleTarget} {
			checks, err := s.Preflight(t.Context(), &found, role, compat.Need{Sessions: 10, Bytes: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range checks {
				if c.Verdict == "refused" {
					t.Errorf("%s: %+v", database, c)
				}
			}
		}
		if err := s.Newest(t.Context(), &found); err != nil || found.Newest != "" {
			t.Errorf("the newest of an empty store is %q, %v", found.Newest, err)
		}
		apps, err := s.AppIDs(t.Context(), &found)
		if l.Form != layout.FormShortLong {
			continue
		}
		hash, _ := layout.SuffixValue(layout.RuleInbox, "/LM/W3SVC/3/ROOT/Shop")
		if err != nil || len(apps) != 1 || apps[0].Name != "/lm/w3svc/3/root/shop" || apps[0].AppID != int32(hash) {
			t.Errorf("applications %v, %v", apps, err)
		}
		if id, err := s.EnsureAppID(t.Context(), &found, "/LM/W3SVC/3/ROOT/Shop"); err != nil || id != int32(hash) {
			t.Errorf("application id %d, %v", id, err)
		}
	}
}

// TestSharedStore: databases without a store of their own show the front's, each by its own spelling, to be looked at and
// written as a table is.
func TestSharedStore(t *testing.T) {
	const appID = "/LM/W3SVC/3/ROOT/shop"
	shop, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{appID}})
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	databases := map[string]Database{}
	for _, l := range emulated() {
		databases[l.Name] = Database{Layout: l, App: "shop"}
	}
	addr := serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary, Databases: databases, Registry: shop}})
	elsewhere := session.Key{App: "/LM/W3SVC/9/ROOT(" + layout.StateServerHash("x") + ")", ID: "abcd"}
	keys := []session.Key{{App: "shop", ID: "q3m0zv5kd2xw1ea4tyh5rb0c"}, {App: "sql:0badcafe", ID: "lit3py55t21z5v55vlm25s55"}, elsewhere}
	for i, k := range keys {
		v := session.Value{Payload: bytes.Repeat([]byte{byte(i)}, 5000*(i+1)), Timeout: 20}
		if err := store.SetAndRelease(t.Context(), k, v, session.Insert()); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range emulated() {
		x := tableOver(t, addr, l.Name, l, nil)
		pg, err := x.Scan(t.Context(), session.ScanRequest{Limit: 10})
		if err != nil {
			t.Fatal(l, err)
		}
		want := map[string]session.Key{
			keys[0].ID + layout.Suffix(l.DefaultIDs[0], appID): keys[0], keys[1].ID + "0badcafe": keys[1], elsewhere.App + "/abcd": elsewhere,
		}
		if l.DefaultIDs[0] == layout.RuleRaw {
			want = map[string]session.Key{keys[0].ID: keys[0]}
		}
		if len(pg.Records) != len(want) || len(pg.Damaged) > 0 {
			t.Errorf("%v: %d records, %v", l, len(pg.Records), pg.Damaged)
		}
		for _, r := range pg.Records {
			k := want[r.Key.ID]
			there, err := session.PeekOne(t.Context(), store, k)
			if err != nil || !bytes.Equal(there.Payload, r.Payload) {
				t.Errorf("%v: %v is %v, %v", l, r.Key, k, err)
				continue
			}
			if got, err := session.PeekOne(t.Context(), x, r.Key); err != nil || got.Fence() != r.Fence() {
				t.Errorf("%v: looking up %v: %v", l, r.Key, err)
			}
		}
		id := fmt.Sprintf("new%021d", l.Form) + layout.Suffix(l.DefaultIDs[0], appID)
		made := session.Record{Key: session.Key{ID: id}, Payload: []byte("new"), Timeout: 20, Created: 300, Expires: session.At(time.Now()) + 600*session.Second}
		out, err := x.Apply(t.Context(), []session.Change{{Record: made}})
		if err != nil || out[0].Result != session.Applied {
			t.Fatalf("%v: %v, %v", l, out, err)
		}
		raw := session.Key{App: "shop", ID: fmt.Sprintf("new%021d", l.Form)}
		there, err := session.PeekOne(t.Context(), store, raw)
		if err != nil || string(there.Payload) != "new" || there.Created != 300 {
			t.Errorf("%v: what was written is not there: %v", l, err)
		}
		out, err = x.Apply(t.Context(), []session.Change{{Record: made, Delete: true, Expect: out[0].Current}})
		if err != nil || out[0].Result != session.Applied {
			t.Fatalf("%v: deleting: %v, %v", l, out, err)
		}
	}
}

// TestCopiesThousands: pages, bulk loads and long answers, from a layout on disk to one in memory and to chunks.
func TestCopiesThousands(t *testing.T) {
	const n = 3000
	names := []string{layout.FrameworkCompat, layout.InMemory, layout.SQLInMemory, layout.V11}
	databases, stores := map[string]Database{}, map[string]*memstore.Store{}
	for _, name := range names {
		stores[name] = memstore.New(memstore.Options{})
		t.Cleanup(func() { stores[name].Close() })
		databases[name] = Database{Layout: layoutNamed(t, name), Store: stores[name]}
	}
	addr := serveFront(t, &Front{Store: emptyStore(t), Settings: Settings{Login: secretary, Databases: databases}})
	var changes []session.Change
	for i := range n {
		changes = append(changes, session.Change{Record: session.Record{
			Key: session.Key{ID: fmt.Sprintf("%024d0badcafe", i)}, Payload: bytes.Repeat([]byte{byte(i)}, i%9000), Timeout: 20, Created: session.Instant(i),
			Expires: session.At(time.Now()) + session.Instant(i), Flags: session.Flags(i % 2), Lock: session.Lock{Locked: i%3 == 0, Cookie: int32(i), Since: 7},
		}})
	}
	if _, err := stores[names[0]].Apply(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	for i, name := range names[1:] {
		from, to := tableOver(t, addr, names[i], databases[names[i]].Layout, nil), tableOver(t, addr, name, databases[name].Layout, nil)
		copyAll(t, from, to)
		compareAll(t, stores[names[0]], stores[name], name, n)
	}
}

func copyAll(t *testing.T, from, to *compat.Table) {
	t.Helper()
	for after := session.Cursor(""); ; {
		pg, err := from.Scan(t.Context(), session.ScanRequest{After: after, Limit: 700, Bytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		var changes []session.Change
		var keys []session.Key
		for _, r := range pg.Records {
			changes, keys = append(changes, session.Change{Record: r}), append(keys, r.Key)
		}
		out, err := to.Apply(t.Context(), changes)
		if err != nil {
			t.Fatal(err)
		}
		there, err := to.Peek(t.Context(), keys)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range out {
			if o.Result != session.Applied || there[i] == nil || there[i].Fence() != changes[i].Record.Fence() || !bytes.Equal(there[i].Payload, changes[i].Record.Payload) {
				t.Fatalf("%v: %+v, there is %+v", keys[i], o, there[i])
			}
		}
		if after = pg.Next; after == "" {
			return
		}
	}
}

func compareAll(t *testing.T, a, b *memstore.Store, name string, n int) {
	t.Helper()
	pg, err := a.Scan(t.Context(), session.ScanRequest{Limit: 2 * n})
	if err != nil || len(pg.Records) != n {
		t.Fatal(len(pg.Records), err)
	}
	for _, r := range pg.Records {
		other, err := session.PeekOne(t.Context(), b, r.Key)
		if err != nil {
			t.Fatalf("%s: %v: %v", name, r.Key, err)
		}
		f, g := r.Fence(), other.Fence()
		f.Revision, g.Revision = 0, 0
		if f != g || !bytes.Equal(r.Payload, other.Payload) {
			t.Fatalf("%s: %+v has become %+v", name, f, g)
		}
	}
	if c, err := b.Count(t.Context()); err != nil || c != int64(n) {
		t.Errorf("%s: %d sessions, %v", name, c, err)
	}
}
