package client_test

import (
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/testengine"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// countMany lets several web servers with a store each count in one session, beside who uses the bridge's own store.
func countMany(t *testing.T, own *memstore.Store, stores ...session.Store) {
	t.Helper()
	told := newErrs()
	const workers, rounds = 4, 10
	var all sync.WaitGroup
	for _, s := range stores {
		h := (&client.Sessions{Store: s, App: "shop", Poll: 5 * time.Millisecond, OnError: told.told}).Handler(page(t, count))
		for range workers {
			all.Go(func() {
				for range rounds {
					if resp := serve(h, shopID); resp.StatusCode != 200 {
						t.Errorf("status %d", resp.StatusCode)
					}
				}
			})
		}
	}
	want := int32(len(stores) * workers * rounds)
	if own != nil {
		all.Go(func() {
			for range rounds {
				countDirectly(t, own)
			}
		})
		want += rounds
	}
	all.Wait()
	told.none(t)
	var got int32
	resp := serve((&client.Sessions{Store: stores[0], App: "shop"}).ReadOnly(page(t, func(_ http.ResponseWriter, r *http.Request) (err error) {
		got, err = client.Get[int32](r.Context(), "n")
		return err
	})), shopID)
	if got != want || resp.StatusCode != 200 {
		t.Errorf("counted to %d, want %d", got, want)
	}
}

func TestManyThroughBridge(t *testing.T) {
	for name, secure := range map[string]bool{"one": false, "two": true} {
		t.Run(name, func(t *testing.T) {
			mem := newStore(t)
			base, trust := overHTTP(t, &httpapi.Front{Store: mem}, secure)
			countMany(t, mem, newClient(t, base, trust), newClient(t, base, trust))
		})
	}
}

// TestAgeByBridge breaks a lock that is old by the bridge's clock.
func TestAgeByBridge(t *testing.T) {
	mem := newStore(t)
	put(t, mem, shopKey, blob(t, "n", int32(1)))
	if _, err := mem.GetExclusive(t.Context(), shopKey); err != nil {
		t.Fatal(err)
	}
	base, _ := overHTTP(t, &httpapi.Front{Store: mem, Now: func() time.Time { return time.Now().Add(2 * time.Minute) }}, false)
	began := time.Now()
	serve((&client.Sessions{Store: newClient(t, base, nil), App: "shop"}).Handler(page(t, count)), shopID)
	has(t, look(t, mem, shopKey), "n", int32(2))
	if waited := time.Since(began); waited > time.Minute {
		t.Errorf("waited %v", waited)
	}
}

// TestSQLServer is the middleware on a table of SQL Server, without a bridge.
func TestSQLServer(t *testing.T) {
	table, clear := testengine.Table(t, "aspstate_client")
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT"}})
	if err != nil {
		t.Fatal(err)
	}
	sp, err := layout.NewSpelling(reg, layout.RuleAsync21)
	if err != nil {
		t.Fatal(err)
	}
	clear(t)
	store := &layout.Respelled{Table: table, Spelling: sp, Rule: layout.RuleAsync21}
	countMany(t, nil, store, store)
}

// TestRespelled is the same on a table of spelled ids in memory.
func TestRespelled(t *testing.T) {
	table := newStore(t)
	reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT"}})
	if err != nil {
		t.Fatal(err)
	}
	sp, err := layout.NewSpelling(reg, layout.RuleAsync21)
	if err != nil {
		t.Fatal(err)
	}
	store := &layout.Respelled{Table: table, Spelling: sp, Rule: layout.RuleAsync21}
	countMany(t, nil, store, store)
	page, err := table.Scan(t.Context(), session.ScanRequest{Limit: 10})
	if err != nil || len(page.Records) != 1 || page.Records[0].Key.App != "" || len(page.Records[0].Key.ID) != len(shopID)+8 {
		t.Errorf("the table has %+v, %v", page.Records, err)
	}
}

// TestCopy copies from one bridge to another, and then what has changed.
func TestCopy(t *testing.T) {
	var mems [2]*memstore.Store
	var rows [2]*client.Rows
	var ends [2]copier.End
	for i := range rows {
		mems[i] = newStore(t)
		base, trust := overHTTP(t, &httpapi.Front{Store: mems[i], Rows: mems[i], Identity: []string{"old", "new"}[i]}, i == 1)
		var err error
		if rows[i], err = client.OpenRows(t.Context(), base, client.Options{Key: rowsSecret, TLS: trust}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rows[i].Close() })
		l, _ := layout.ByName(layout.Embedded)
		sp, err := layout.NewSpelling(&layout.Registry{}, layout.RuleNative)
		if err != nil {
			t.Fatal(err)
		}
		ends[i] = copier.End{Title: rows[i].Identity(), Identity: rows[i].Identity(), Layout: l, Spelling: sp}
	}
	many := 300
	if testing.Short() {
		many = 40
	}
	var last session.Key
	for i := range many {
		k := session.Key{App: []string{"shop", "forum"}[i%2], ID: client.NewID()}
		last = k
		put(t, mems[0], k, blob(t, "n", int32(i), "text", string(make([]byte, 200*i))))
	}
	put(t, mems[0], shopKey, []byte("nobody can read this"))
	if _, err := mems[0].GetExclusive(t.Context(), shopKey); err != nil {
		t.Fatal(err)
	}
	o := copier.Options{
		From: ends[0], Source: rows[0], To: ends[1], Target: rows[1], ToRule: layout.RuleNative, State: filepath.Join(t.TempDir(), "state"),
	}
	for _, change := range []func(){
		func() {},
		func() {
			put(t, mems[0], session.Key{App: "shop", ID: client.NewID()}, blob(t))
			if err := mems[0].Remove(t.Context(), last, session.IfFree(0)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		change()
		job, err := copier.Prepare(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		job.Close()
		same(t, mems[0], mems[1])
		found, err := copier.Verify(t.Context(), o, copier.VerifyOptions{Settle: -1})
		if err != nil || found.Differing != 0 || found.Equal < int64(many)+1 {
			t.Errorf("verifying gives %+v, %v", found, err)
		}
	}
}

func same(t *testing.T, a, b *memstore.Store) {
	t.Helper()
	n := 0
	page, err := a.Scan(t.Context(), session.ScanRequest{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range page.Records {
		c := look(t, b, r.Key)
		if c == nil || string(c.Payload) != string(r.Payload) || c.Lock != r.Lock || c.Expires != r.Expires || c.Timeout != r.Timeout || c.Created != r.Created {
			t.Errorf("%v is %+v there", r.Key, c)
		}
		n++
	}
	if m, err := b.Count(t.Context()); int(m) != n || err != nil {
		t.Errorf("%d rows there, want %d: %v", m, n, err)
	}
}
