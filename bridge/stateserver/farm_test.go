package stateserver_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/bridge/tds"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/park"
)

// farmApp is the application of the farm, which each provider spells in its own way.
const farmApp = "/LM/W3SVC/3/ROOT/shop"

// farmer is a client of one of the providers.
type farmer interface {
	ask(ctx context.Context, r *rand.Rand, in asked, payload []byte) (session.Item, status, error)
}

// payloadOf is what is written for a value: lengths on both sides of 7000 and 8000 bytes, all of it determined by the value.
func payloadOf(value uint64) []byte {
	r := rand.New(rand.NewPCG(value, 0))
	b := make([]byte, []int{8, 185, 6999, 7000, 7001, 8000, 8001, 20085}[r.IntN(8)])
	for i := 8; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	binary.BigEndian.PutUint64(b, value)
	return b
}

// stateFarmer is the State Server's client.
type stateFarmer struct{ *stateserver.Client }

func (c stateFarmer) ask(ctx context.Context, _ *rand.Rand, in asked, payload []byte) (item session.Item, _ status, err error) {
	k := session.Key{ID: layout.StateServerPath{AppID: farmApp, Hash: layout.StateServerHash(farmApp), ID: in.key}.String()}
	item, err = in.ask(ctx, c, k, payload)
	var busy *session.LockedError
	switch {
	case errors.Is(err, session.ErrNotFound):
		return item, absent, nil
	case errors.As(err, &busy):
		return session.Item{Cookie: busy.Cookie}, locked, nil
	}
	return item, done, err
}

// querier is what the two SQL farmers call procedures on.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// sqlGet calls a procedure that reads, and sqlChange one that changes.
func sqlGet(ctx context.Context, q querier, procedure string, args []any, short *[]byte) (item session.Item, _ status, err error) {
	var isLocked sql.NullBool
	var age, cookie, flags sql.NullInt64
	args = append(args, sql.Named("locked", sql.Out{Dest: &isLocked}), sql.Named("lockAge", sql.Out{Dest: &age}),
		sql.Named("lockCookie", sql.Out{Dest: &cookie}), sql.Named("actionFlags", sql.Out{Dest: &flags}))
	rows, err := q.QueryContext(ctx, procedure, args...)
	if err != nil {
		return item, unknown, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&item.Payload); err != nil {
			return item, unknown, err
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return item, unknown, err
	}
	item.Cookie = int32(cookie.Int64)
	switch {
	case !isLocked.Valid:
		return item, absent, nil
	case isLocked.Bool:
		return item, locked, nil
	case short != nil && item.Payload == nil:
		item.Payload = *short
	}
	return item, done, nil
}

func sqlChange(ctx context.Context, q querier, procedure string, args []any) (status, error) {
	result, err := q.ExecContext(ctx, procedure, args...)
	var e mssql.Error
	if errors.As(err, &e) && e.Number == 2627 {
		return exists, nil
	}
	if err != nil {
		return unknown, err
	}
	switch n, err := result.RowsAffected(); n {
	case 0:
		return uncounted, err
	case 1:
		return done, err
	default:
		return unknown, fmt.Errorf("%s changes %d rows", procedure, n)
	}
}

// inboxFarmer is the in-box provider: it keeps its connection.
type inboxFarmer struct {
	conn   *sql.Conn
	suffix string
}

func (c inboxFarmer) ask(ctx context.Context, r *rand.Rand, in asked, payload []byte) (item session.Item, how status, err error) {
	id, cookie, minutes := sql.Named("id", in.key+c.suffix), sql.Named("lockCookie", in.cookie), sql.Named("timeout", 20)
	long, name := "Short", "itemShort"
	if len(payload) > 7000 {
		long, name = "Long", "itemLong"
	}
	value := sql.Named(name, payload)
	switch in.verb {
	case verbGet, verbAcquire:
		var short []byte
		procedure := "dbo.TempGetStateItem3"
		if in.verb == verbAcquire {
			procedure = "dbo.TempGetStateItemExclusive3"
		}
		return sqlGet(ctx, c.conn, procedure, []any{id, sql.Named("itemShort", sql.Out{Dest: &short})}, &short)
	case verbSet:
		if r.IntN(2) == 0 { // it was of the other kind
			long = map[string]string{"Short": "ShortNullLong", "Long": "LongNullShort"}[long]
		}
		how, err = sqlChange(ctx, c.conn, "dbo.TempUpdateStateItem"+long, []any{id, value, minutes, cookie})
	case verbInsert:
		how, err = sqlChange(ctx, c.conn, "dbo.TempInsertStateItem"+long, []any{id, value, minutes})
	case verbCreate:
		how, err = sqlChange(ctx, c.conn, "dbo.TempInsertUninitializedItem", []any{id, sql.Named("itemShort", payload), minutes})
	case verbRelease:
		how, err = sqlChange(ctx, c.conn, "dbo.TempReleaseStateItemExclusive", []any{id, cookie})
	case verbRemove:
		how, err = sqlChange(ctx, c.conn, "dbo.TempRemoveStateItem", []any{id, cookie})
	case verbReset:
		how, err = sqlChange(ctx, c.conn, "dbo.TempResetTimeout", []any{id})
	}
	return item, how, err
}

// asyncFarmer is async 2.1: each call has a connection out of the pool.
type asyncFarmer struct {
	pool   *sql.DB
	suffix string
}

func (c asyncFarmer) ask(ctx context.Context, _ *rand.Rand, in asked, payload []byte) (item session.Item, how status, err error) {
	id, cookie := sql.Named("SessionId", in.key+c.suffix), sql.Named("LockCookie", in.cookie)
	value := []any{id, sql.Named("Timeout", 20), sql.Named("SessionItemLong", payload)}
	switch in.verb {
	case verbGet:
		return sqlGet(ctx, c.pool, "GetStateItem", []any{id}, nil)
	case verbAcquire:
		return sqlGet(ctx, c.pool, "GetStateItemExclusive", []any{id}, nil)
	case verbSet:
		how, err = sqlChange(ctx, c.pool, "UpdateStateItem", append(value, cookie))
	case verbInsert:
		how, err = sqlChange(ctx, c.pool, "InsertStateItem", value)
	case verbCreate:
		how, err = sqlChange(ctx, c.pool, "InsertUninitializedItem", value)
	case verbRelease:
		how, err = sqlChange(ctx, c.pool, "ReleaseItemExclusive", []any{id, cookie})
	case verbRemove:
		how, err = sqlChange(ctx, c.pool, "RemoveStateItem", []any{id, cookie})
	case verbReset:
		how, err = sqlChange(ctx, c.pool, "ResetItemTimeout", []any{id})
	}
	return item, how, err
}

// farm serves a store by both fronts, and returns clients of three kinds, so many of each.
func farm(t *testing.T, store session.Store, wait time.Duration, each int) (all []farmer) {
	t.Helper()
	shop, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{farmApp}})
	if err != nil {
		t.Fatal(err)
	}
	state := &stateserver.Front{Store: store, Settings: stateserver.Settings{Registry: shop, Park: wait}, Named: park.Client}
	db := &tds.Front{Store: store, Named: park.Client, Settings: tds.Settings{
		Registry: shop, Park: wait, Login: func(user, password string) bool { return user == "web" && password == "s3cret" }}}
	serve := func(handle func(*bridge.Conn)) (addr string) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s, over := &bridge.Server{Handle: handle}, make(chan error, 1)
		go func() { over <- s.Serve(l) }()
		t.Cleanup(func() {
			if err := s.Shutdown(context.Background()); err != nil {
				t.Errorf("stopping: %v", err)
			}
			<-over
		})
		return l.Addr().String()
	}
	stateAddr := serve(state.Serve)
	pool, err := sql.Open("sqlserver", (&url.URL{Scheme: "sqlserver", User: url.UserPassword("web", "s3cret"), Host: serve(db.Serve),
		RawQuery: "encrypt=disable&database=ASPState"}).String())
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxIdleConns(2 * each)
	t.Cleanup(func() { pool.Close() })
	var id int32
	if _, err := pool.Exec("dbo.TempGetAppID", sql.Named("appName", strings.ToLower(farmApp)), sql.Named("appId", sql.Out{Dest: &id})); err != nil {
		t.Fatal(err)
	}
	for range each {
		c := stateserver.NewClient(stateAddr, stateserver.ClientOptions{})
		t.Cleanup(func() { c.Close() })
		conn, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		all = append(all, stateFarmer{c}, inboxFarmer{conn, fmt.Sprintf("%08x", uint32(id))}, asyncFarmer{pool, layout.Suffix(layout.RuleAsync21, farmApp)})
	}
	return all
}

// Sessions of the farm. All clients work on a few of them at a time, and go on to the next few together: they meet there.
const (
	farmSessions = 1000
	farmTogether = 20
	farmCalls    = 400 // to so many sessions
)

// work has the farm's clients make calls, as many as there are passes over all sessions, and returns what they did.
func work(t *testing.T, all []farmer, passes int) *historian {
	t.Helper()
	h := &historian{began: time.Now()}
	most := int64(passes * farmSessions / farmTogether * farmCalls)
	var calls atomic.Int64
	var run sync.WaitGroup
	for n, c := range all {
		run.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 21))
			held := map[int]int32{}
			for {
				call := calls.Add(1)
				if call > most {
					return
				}
				which := (int(call)/farmCalls*farmTogether + r.IntN(farmTogether)) % farmSessions
				cookie, err := h.farmCall(t.Context(), n, c, r, fmt.Sprintf("farm%020d", which), held[which])
				if err != nil {
					t.Errorf("client %d, a %T: %v", n, c, err)
					return
				}
				held[which] = cookie
			}
		})
	}
	run.Wait()
	return h
}

// farmCall makes one call, and returns the cookie that the client goes on with.
func (h *historian) farmCall(ctx context.Context, client int, c farmer, r *rand.Rand, key string, held int32) (int32, error) {
	_, state := c.(stateFarmer)
	verbs := []verb{verbGet, verbAcquire, verbAcquire, verbAcquire, verbSet, verbRelease, verbReset, verbCreate}
	if !state {
		verbs = append(verbs, verbInsert)
	}
	in := asked{key: key, verb: verbs[r.IntN(len(verbs))], sql: !state, cookie: held, value: h.number()}
	switch {
	case held > 0 && r.IntN(2) == 0:
		in.verb = verbSet
	case held > 0 && r.IntN(10) == 0:
		in.verb = verbRemove
	}
	began := h.now()
	item, how, err := c.ask(ctx, r, in, payloadOf(in.value))
	if err != nil {
		return 0, err
	}
	out := answered{status: how}
	if how == locked || how == done && in.verb == verbAcquire {
		out.cookie = item.Cookie
	}
	if how == done && (in.verb == verbGet || in.verb == verbAcquire) {
		if len(item.Payload) < 8 {
			return 0, fmt.Errorf("a payload of %d bytes is read", len(item.Payload))
		}
		out.value = binary.BigEndian.Uint64(item.Payload)
		if !bytes.Equal(item.Payload, payloadOf(out.value)) {
			return 0, fmt.Errorf("a payload of %d bytes is read otherwise than it was written", len(item.Payload))
		}
	}
	h.add(client, in, began, out)
	switch {
	case how == locked && r.IntN(3) == 0: // as ASP.NET takes a lock away that is too old; else it is one that was
		return out.cookie, nil
	case in.verb == verbAcquire && how == done:
		return out.cookie, nil
	case r.IntN(2) == 0:
		return held, nil
	}
	return 0, nil
}

// TestMixedFarm: State Server clients, in-box SQL clients and async 2.1 clients work on the same sessions at once. What they
// are answered could be the answers of a server that does one thing after the other, and payloads come back as they were
// written. ASPSTATE_TEST_LONG makes each of the two a minute's work.
func TestMixedFarm(t *testing.T) {
	passes := 1
	if os.Getenv("ASPSTATE_TEST_LONG") != "" {
		passes = 150
	}
	for _, queue := range []struct {
		name string
		wait time.Duration
	}{{"at once", 0}, {"waiting", 5 * time.Millisecond}} {
		t.Run(queue.name, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			t.Cleanup(func() { store.Close() })
			h := work(t, farm(t, park.New(store, park.Options{Keep: time.Millisecond}), queue.wait, 8), passes)
			took := time.Since(h.began)
			counts := map[string]map[status]int{}
			for _, o := range h.history {
				front := "State Server"
				if o.Input.(asked).sql {
					front = "SQL"
				}
				if counts[front] == nil {
					counts[front] = map[status]int{}
				}
				counts[front][o.Output.(answered).status]++
			}
			for front, outcomes := range map[string][]status{"State Server": {done, absent, locked}, "SQL": {done, absent, locked, uncounted, exists}} {
				for _, s := range outcomes {
					if counts[front][s] < 50*passes {
						t.Errorf("%s: outcome %d came %d times", front, s, counts[front][s])
					}
				}
			}
			if !porcupine.CheckOperations(model(queue.wait > 0), h.history) {
				t.Errorf("no order of these %d calls explains their answers", len(h.history))
			}
			t.Logf("%d calls in %v, and %v for their order; outcomes %v", len(h.history), took, time.Since(h.began)-took, counts)
		})
	}
}

// TestMixedFarmTellsOfFaults: the check finds what it is there for.
func TestMixedFarmTellsOfFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("the fronts are the same with and without faults")
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			t.Cleanup(func() { store.Close() })
			h := work(t, farm(t, fault(store), 0, 2), 1)
			if porcupine.CheckOperations(model(false), h.history) {
				t.Errorf("the histories of a store in which %s are said to be in order", name)
			}
		})
	}
}
