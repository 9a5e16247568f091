package stateserver_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/park"
)

// verb is what a client asked, in histories.
type verb uint8

const (
	verbGet verb = iota
	verbAcquire
	verbSet
	verbRelease
	verbRemove
	verbCreate
	verbReset
	verbGiveBack // of the server: a lock whose answer could not be sent
	verbInsert   // of SQL clients alone: a Set of a session that is not there
)

// asked is an operation's input.
type asked struct {
	key    string
	verb   verb
	sql    bool   // by a procedure of SQL Server's, which tells less: advanceSQL
	cookie int32  // Set, Release, Remove
	value  uint64 // Set, Create, Insert
	mark   uint64 // Acquire, GiveBack: which acquire
}

// status is how a call ended.
type status uint8

const (
	done status = iota
	absent
	locked
	unknown   // the connection broke
	uncounted // SQL: no row was changed, and the session may be absent, or its cookie another one
	exists    // SQL: error 2627
)

// answered is an operation's output.
type answered struct {
	status status
	value  uint64 // Get, Acquire
	cookie int32  // Acquire; and of who holds the lock, if locked
}

// row is the model's session. The uninitialized mark and times are not in it.
type row struct {
	exists, locked bool
	cookie         int32
	value          uint64
	owed           [8]struct { // locks whose answers may not have been sent, and which the server then gives back
		mark   uint64
		cookie int32
	}
}

// advance returns what a session can be after an operation; nothing: the operation cannot have gone like that. While others wait
// for a session, one who comes later is refused even when it is free for a moment: queued allows that.
func advance(s row, in asked, out answered, queued bool) []row {
	if out.status == unknown {
		after := []row{s} // it never came through
		for _, known := range []status{done, absent, locked} {
			o := answered{status: known, value: s.value, cookie: s.cookie}
			if in.verb == verbAcquire && known == done {
				o.cookie++
			}
			for _, next := range advance(s, in, o, queued) {
				if in.verb == verbAcquire && known == done {
					next.owe(in.mark)
				}
				after = append(after, next)
			}
		}
		return after
	}
	if in.sql && in.verb != verbGet && in.verb != verbAcquire {
		return advanceSQL(s, in, out)
	}
	refused := s.locked && in.cookie != s.cookie
	switch in.verb {
	case verbGet, verbAcquire:
		refused = s.locked
	case verbCreate, verbReset:
		refused = false
	case verbGiveBack:
		for i := range s.owed { // by its cookie, which may be another one's lock when the session was made anew since
			if o := &s.owed[i]; o.mark == in.mark {
				s.locked = s.locked && s.cookie != o.cookie
				o.mark, o.cookie = 0, 0
			}
		}
		return []row{s}
	}
	if queued && in.verb == verbAcquire && out.status == locked && s.exists {
		return []row{s}
	}
	makes := in.verb == verbSet || in.verb == verbCreate
	want := done
	switch {
	case !s.exists && !makes:
		want = absent
	case s.exists && refused:
		want = locked
	}
	if out.status != want || want == locked && out.cookie != s.cookie {
		return nil
	}
	if want != done {
		return []row{s}
	}
	switch in.verb {
	case verbGet, verbAcquire:
		if out.value != s.value {
			return nil
		}
		if in.verb == verbAcquire {
			s.locked, s.cookie = true, s.cookie+1
			if out.cookie != s.cookie {
				return nil
			}
		}
	case verbSet, verbCreate:
		if !s.exists {
			s = row{exists: true, cookie: 1, value: in.value, owed: s.owed}
		} else if in.verb == verbSet {
			s.value, s.locked = in.value, false
		}
	case verbRelease:
		s.locked = false
	case verbRemove:
		s = row{owed: s.owed}
	}
	return []row{s}
}

// advanceSQL is advance of the procedures that change a session: by its cookie, locked or not, or if it is not there.
func advanceSQL(s row, in asked, out answered) []row {
	want := done
	switch in.verb {
	case verbCreate, verbInsert:
		if s.exists {
			want = exists
		}
	case verbReset:
		if !s.exists {
			want = uncounted
		}
	default:
		if !s.exists || in.cookie != s.cookie {
			want = uncounted
		}
	}
	if out.status != want {
		return nil
	}
	if want != done {
		return []row{s}
	}
	switch in.verb {
	case verbCreate, verbInsert:
		s = row{exists: true, cookie: 1, value: in.value, owed: s.owed}
	case verbSet:
		s.value, s.locked = in.value, false
	case verbRelease:
		s.locked = false
	case verbRemove:
		s = row{owed: s.owed}
	}
	return []row{s}
}

// owe notes that the server may have to give back the lock just taken.
func (s *row) owe(mark uint64) {
	for i := range s.owed {
		if s.owed[i].mark == 0 {
			s.owed[i].mark, s.owed[i].cookie = mark, s.cookie
			return
		}
	}
	panic("more acquires of one session were cut off than the model counts")
}

func model(queued bool) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
			at := map[string]int{}
			for _, o := range history {
				key := o.Input.(asked).key
				if _, known := at[key]; !known {
					at[key] = len(parts)
					parts = append(parts, nil)
				}
				parts[at[key]] = append(parts[at[key]], o)
			}
			return parts
		},
		Init: func() []any { return []any{row{}} },
		Step: func(state, in, out any) (after []any) {
			for _, s := range advance(state.(row), in.(asked), out.(answered), queued) {
				after = append(after, s)
			}
			return after
		},
		Equal: func(a, b any) bool { return a == b },
	}
	return m.ToModel()
}

// cutting breaks connections in the middle of what they read or write: one call in fifty.
type cutting struct{ net.Listener }

func (l cutting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &cutConn{Conn: c}, nil
}

type cutConn struct{ net.Conn }

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if rand.IntN(50) == 0 {
		c.Close()
		return n, err // what was read counts: the client does not know that
	}
	return n, err
}

func (c *cutConn) Write(b []byte) (int, error) {
	if rand.IntN(50) == 0 {
		n, _ := c.Conn.Write(b[:rand.IntN(len(b))])
		c.Close()
		return n, net.ErrClosed
	}
	return c.Conn.Write(b)
}

// historian has clients work on sessions, and writes down what they did.
type historian struct {
	began   time.Time
	mu      sync.Mutex
	history []porcupine.Operation
	cut     int
	next    uint64 // value or mark
}

func (h *historian) now() int64 { return int64(time.Since(h.began)) }

func (h *historian) number() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next++
	return h.next
}

func (h *historian) add(client int, in asked, call int64, out answered) {
	o := porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: h.now()}
	h.mu.Lock()
	defer h.mu.Unlock()
	if out.status == unknown {
		o.Return = math.MaxInt64
		h.cut++
		if in.verb == verbAcquire {
			back := in
			back.verb = verbGiveBack
			h.history = append(h.history, porcupine.Operation{ClientId: client, Input: back, Call: call, Output: out, Return: math.MaxInt64})
		}
	}
	h.history = append(h.history, o)
}

// do asks one thing, gives up on it now and then, and returns what is known of the lock then: a cookie that may be its own.
func (h *historian) do(ctx context.Context, client int, c *stateserver.Client, r *rand.Rand, key string, held int32) int32 {
	in := asked{key: key, verb: verb(r.IntN(int(verbGiveBack))), value: h.number(), mark: h.number(), cookie: held}
	if held > 0 && r.IntN(2) == 0 {
		in.verb = verbSet
	} else if in.verb == verbRemove && r.IntN(4) > 0 {
		in.verb = verbAcquire
	}
	k := spelled("shop", key)
	payload := binary.BigEndian.AppendUint64(nil, in.value)
	if r.IntN(20) == 0 {
		short, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(300))*time.Microsecond)
		defer cancel()
		ctx = short
	}
	call := h.now()
	item, err := in.ask(ctx, c, k, payload)
	var out answered
	var busy *session.LockedError
	switch {
	case err == nil && len(item.Payload) == 8:
		out = answered{done, binary.BigEndian.Uint64(item.Payload), item.Cookie}
	case err == nil:
	case errors.Is(err, session.ErrNotFound):
		out.status = absent
	case errors.As(err, &busy):
		out = answered{status: locked, cookie: busy.Cookie}
	default:
		out.status = unknown
	}
	h.add(client, in, call, out)
	switch {
	case out.status == locked && r.IntN(3) == 0: // as ASP.NET takes a lock away that is too old; else it is one that was
		return out.cookie
	case in.verb == verbAcquire && out.status == done:
		return out.cookie
	case r.IntN(2) == 0:
		return held
	}
	return 0
}

// record has clients work through a Front over a store, and returns what they did.
func record(t *testing.T, store session.Store, wait time.Duration, rounds int) *historian {
	const clients, calls = 6, 25
	f := &stateserver.Front{Store: store, Settings: stateserver.Settings{Park: wait}, Named: park.Client}
	s := &bridge.Server{Handle: f.Serve}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- s.Serve(cutting{l}) }()
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("stopping: %v", err)
		}
		<-over
	}()
	h := &historian{began: time.Now()}
	for round := range rounds {
		var run sync.WaitGroup
		for n := range clients {
			run.Go(func() {
				c := stateserver.NewClient(l.Addr().String(), stateserver.ClientOptions{})
				defer c.Close()
				r := rand.New(rand.NewPCG(uint64(round), uint64(n)))
				held := [2]int32{}
				for range calls {
					which := r.IntN(len(held))
					held[which] = h.do(t.Context(), n, c, r, fmt.Sprintf("round%d-%d", round, which), held[which])
				}
			})
		}
		run.Wait()
	}
	return h
}

// TestHistoriesAreLinear: whatever clients do at the same time, and wherever their connections break, what they are answered
// could be the answers of a server that does one thing after the other (github.com/anishathalye/porcupine finds an order).
func TestHistoriesAreLinear(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for _, queue := range []struct {
		name string
		wait time.Duration
	}{{"at once", 0}, {"waiting", 5 * time.Millisecond}} {
		t.Run(queue.name, func(t *testing.T) {
			store := memstore.New(memstore.Options{Quirks: memstore.StateServerQuirks()})
			defer store.Close()
			h := record(t, park.New(store, park.Options{Keep: time.Millisecond}), queue.wait, rounds)
			switch porcupine.CheckOperationsTimeout(model(queue.wait > 0), h.history, time.Minute) {
			case porcupine.Illegal:
				t.Errorf("no order of these %d calls explains their answers", len(h.history))
			case porcupine.Unknown:
				t.Errorf("no order of these %d calls was found in a minute", len(h.history))
			}
			t.Logf("%d calls, of which %d were cut off", len(h.history), h.cut)
			if h.cut < rounds {
				t.Errorf("only %d calls were cut off", h.cut)
			}
		})
	}
}

// faults are stores that are not what they should be.
var faults = map[string]func(*memstore.Store) session.Store{
	"a stale cookie is accepted": func(s *memstore.Store) session.Store { return staleCookies{s} },
	"a release is lost":          func(s *memstore.Store) session.Store { return lostReleases{s} },
	"a write is lost":            func(s *memstore.Store) session.Store { return lostWrites{s} },
}

// TestHistoriesTellOfFaults: the check finds what it is there for.
func TestHistoriesTellOfFaults(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			store := memstore.New(memstore.Options{Quirks: memstore.StateServerQuirks()})
			defer store.Close()
			h := record(t, fault(store), 0, 30)
			if got := porcupine.CheckOperationsTimeout(model(false), h.history, time.Minute); got != porcupine.Illegal {
				t.Errorf("the histories of a store in which %s are %s", name, got)
			}
		})
	}
}

// seldom is a fault's turn.
func seldom() bool { return rand.IntN(10) == 0 }

// staleCookies takes a write now and then under whatever cookie.
type staleCookies struct{ *memstore.Store }

func (s staleCookies) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	if r, err := session.PeekOne(ctx, s.Store, k); err == nil && seldom() {
		cond = session.IfFree(r.Lock.Cookie)
	}
	return s.Store.SetAndRelease(ctx, k, v, cond)
}

// lostReleases leaves a release undone now and then.
type lostReleases struct{ *memstore.Store }

func (s lostReleases) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	if r, err := session.PeekOne(ctx, s.Store, k); err == nil && r.Lock.Locked && r.Lock.Cookie == cookie && rand.IntN(2) == 0 {
		return nil
	}
	return s.Store.ReleaseExclusive(ctx, k, cookie)
}

// lostWrites keeps what was there now and then, and releases.
type lostWrites struct{ *memstore.Store }

func (s lostWrites) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	if r, err := session.PeekOne(ctx, s.Store, k); err == nil && seldom() {
		v.Payload = r.Payload
	}
	return s.Store.SetAndRelease(ctx, k, v, cond)
}

// ask asks a store for what is asked of it by State Server's rules.
func (in asked) ask(ctx context.Context, c session.Store, k session.Key, payload []byte) (item session.Item, err error) {
	v := session.Value{Payload: payload, Timeout: 20}
	switch in.verb {
	case verbGet:
		item, err = c.Get(ctx, k)
	case verbAcquire:
		item, err = c.GetExclusive(ctx, k)
	case verbSet:
		err = c.SetAndRelease(ctx, k, v, session.IfFree(in.cookie))
	case verbRelease:
		err = c.ReleaseExclusive(ctx, k, in.cookie)
	case verbRemove:
		err = c.Remove(ctx, k, session.IfFree(in.cookie))
	case verbCreate:
		err = c.CreateUninitialized(ctx, k, v)
	case verbReset:
		err = c.ResetTimeout(ctx, k)
	}
	return item, err
}
