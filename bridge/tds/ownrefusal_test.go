package tds

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// TestOwnRefusals: what cannot be done is an error of its own, and the connection goes on.
func TestOwnRefusals(t *testing.T) {
	f := &Front{Store: bare{emptyStore(t)}, Settings: Settings{Login: secretary, Databases: map[string]Database{
		"nothing": {Layout: layoutNamed(t, layout.SQLServer)}, "other": {Layout: layoutNamed(t, layout.InMemory)},
	}}}
	addr := serveFront(t, f)
	x := tableOver(t, addr, "nothing", layoutNamed(t, layout.SQLServer), nil)
	k := suffixed("shop", "q3m0zv5kd2xw1ea4tyh5rb0c")
	v := session.Value{Payload: []byte("x"), Timeout: 20}
	if err := x.SetAndRelease(t.Context(), k, v, session.Insert()); err != nil {
		t.Fatal(err)
	}
	_, peek := x.Peek(t.Context(), []session.Key{k})
	_, scan := x.Scan(t.Context(), session.ScanRequest{Limit: 1})
	_, count := x.Count(t.Context())
	_, sweep := x.Sweep(t.Context(), 1)
	_, apply := x.Apply(t.Context(), []session.Change{{Record: session.Record{Key: k}}})
	for what, err := range map[string]error{"Peek": peek, "Scan": scan, "Count": count, "Sweep": sweep, "Apply": apply} {
		if err == nil || !strings.Contains(err.Error(), "cannot") {
			t.Errorf("%s of a store that cannot: %v", what, err)
		}
	}
	if _, err := serverOver(t, addr, "other").Install(t.Context(), compat.SchemaOptions{Layout: layout.InMemory}); err == nil {
		t.Error("a layout was installed")
	}
	f.Change(Settings{Login: secretary, Databases: f.Settings.Databases, Owner: func(user string) bool { return user == "dba" }})
	if _, err := x.Peek(t.Context(), []session.Key{k}); compat.Number(err) != 229 {
		t.Errorf("a user who is no owner looks: %v", err)
	}
	if _, err := x.Get(t.Context(), k); err != nil {
		t.Errorf("and reads: %v", err)
	}
	f.Change(Settings{Login: secretary})
	if _, err := x.Get(t.Context(), k); compat.Number(err) != 208 {
		t.Errorf("the layout is another one: %v", err)
	}
}

// bare is a store without abilities.
type bare struct{ session.Store }

// TestScansThatNobodyWants: a page that has enough bytes is taken back, and then the front looks no further.
func TestScansThatNobodyWants(t *testing.T) {
	const n, size = 5000, 20_000
	store := &counted{Store: memstore.New(memstore.Options{})}
	t.Cleanup(func() { store.Close() })
	payload := make([]byte, size)
	for i := range n {
		k := session.Key{ID: fmt.Sprintf("%024d0badcafe", i)}
		if err := store.SetAndRelease(t.Context(), k, session.Value{Payload: payload, Timeout: 20}, session.Insert()); err != nil {
			t.Fatal(err)
		}
	}
	l := layoutNamed(t, layout.SQLServer)
	addr := serveFront(t, &Front{Store: emptyStore(t), Settings: Settings{Login: secretary, Databases: map[string]Database{"x": {Layout: l, Store: store}}}})
	x := tableOver(t, addr, "x", l, nil)
	for after := session.Cursor(""); ; {
		pg, err := x.Scan(t.Context(), session.ScanRequest{After: after, Limit: n, Bytes: 3 * size})
		if err != nil || len(pg.Records) != 3 {
			t.Fatalf("%d records, %v", len(pg.Records), err)
		}
		if after != "" {
			break
		}
		after = pg.Next
	}
	if looked := store.peeked.Load(); looked >= n {
		t.Errorf("%d sessions were looked at for two pages of three", looked)
	}
}

// counted counts the sessions that are looked at.
type counted struct {
	*memstore.Store
	peeked atomic.Int64
}

func (c *counted) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	c.peeked.Add(int64(len(keys)))
	return c.Store.Peek(ctx, keys)
}

// TestTransactionsOfRows: what somebody else changes between the look and the commit is found out, and what was rolled back
// was never there.
func TestTransactionsOfRows(t *testing.T) {
	store := &meddled{Store: memstore.New(memstore.Options{})}
	t.Cleanup(func() { store.Close() })
	l := layoutNamed(t, layout.SQLServer)
	f := &Front{Store: emptyStore(t), Settings: Settings{Login: secretary, Databases: map[string]Database{"x": {Layout: l, Store: store}}}}
	x := tableOver(t, serveFront(t, f), "x", l, nil)
	k := suffixed("shop", "q3m0zv5kd2xw1ea4tyh5rb0c")
	rec := session.Record{Key: k, Payload: []byte("first"), Timeout: 20, Expires: session.At(time.Now()) + session.Minute}
	out, err := x.Apply(t.Context(), []session.Change{{Record: rec}})
	if err != nil || out[0].Result != session.Applied {
		t.Fatal(out, err)
	}
	store.meddle = func() {
		if err := store.Store.ResetTimeout(context.Background(), k); err != nil {
			t.Error(err)
		}
	}
	rec.Payload = []byte("second")
	rec.Timeout = 30
	out, err = x.Apply(t.Context(), []session.Change{{Record: rec, Expect: out[0].Current}})
	if err != nil || out[0].Result != session.Conflict {
		t.Errorf("a change under a fence that has gone: %v, %v", out, err)
	}
	if there, err := session.PeekOne(t.Context(), x, k); err != nil || string(there.Payload) != "first" {
		t.Errorf("it is %+v, %v", there, err)
	}
}

// meddled is a store in which somebody does something before the next change is applied.
type meddled struct {
	*memstore.Store
	meddle func()
}

func (m *meddled) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	if f := m.meddle; f != nil {
		m.meddle = nil
		f()
	}
	return m.Store.Apply(ctx, changes)
}

// TestFullStore: what the store refuses is an error that says so, and nothing is tried again. A client that spares renewals
// is served as others are.
func TestFullStore(t *testing.T) {
	store := memstore.New(memstore.Options{MaxBytes: 4096})
	t.Cleanup(func() { store.Close() })
	l := layoutNamed(t, layout.SQLServer)
	addr := serveFront(t, &Front{Store: emptyStore(t), Settings: Settings{Login: secretary, Databases: map[string]Database{"x": {Layout: l, Store: store}}}})
	s := serverOver(t, addr, "x")
	d, err := s.Detect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	x, err := s.Open(t.Context(), &d.Found[0], compat.Options{RenewStep: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	small, big := suffixed("shop", "q3m0zv5kd2xw1ea4tyh5rb0c"), suffixed("shop", "lit3py55t21z5v55vlm25s55")
	if err := x.CreateUninitialized(t.Context(), small, session.Value{Payload: []byte("x"), Timeout: 20}); err != nil {
		t.Fatal(err)
	}
	for i, first := range []bool{true, false} {
		if item, err := x.Get(t.Context(), small); err != nil || string(item.Payload) != "x" || item.Uninitialized != first {
			t.Errorf("read %d: %+v, %v", i, item, err)
		}
	}
	if err := x.ResetTimeout(t.Context(), small); err != nil {
		t.Error(err)
	}
	full := session.Record{Key: big, Payload: make([]byte, 8192), Timeout: 20}
	_, apply := x.Apply(t.Context(), []session.Change{{Record: full}})
	insert := x.SetAndRelease(t.Context(), big, session.Value{Payload: full.Payload, Timeout: 20}, session.Insert())
	for what, err := range map[string]error{"Apply": apply, "SetAndRelease": insert} {
		if compat.Number(err) != 50000 || compat.Classify(err) != compat.GiveUp {
			t.Errorf("%s into a full store: %v", what, err)
		}
	}
}
