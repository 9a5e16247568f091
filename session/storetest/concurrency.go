package storetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/aspstate/aspstate/session"
)

var concurrencyChecks = []check{
	{name: "no increment lost", many: true, run: checkIncrements},
	{name: "one creator", many: true, run: checkOneCreator},
	{name: "everything at once", many: true, run: checkEverything},
}

// checkIncrements: many clients count in few sessions. Each increment is there in the end, nobody had the lock while
// somebody else had it, and no cookie was handed out twice.
func checkIncrements(h *harness) {
	const clients, each, sessions = 8, 40, 3
	keys := make([]session.Key, sessions)
	owners := make([]atomic.Int32, sessions)
	var cookies sync.Map
	var failed atomic.Bool // a client that gave up may hold a lock that the others would wait for
	for i := range keys {
		keys[i] = h.create(fmt.Sprint("counter", i), value(make([]byte, 8)))
		for range 2 { // else the clients would wait for ever
			h.ok(h.s.SetAndRelease(h.ctx, keys[i], value(make([]byte, 8)), h.mine(h.lock(keys[i]).Cookie)), "writing")
		}
	}
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for i := range each {
				n := (c + i) % sessions
				item, err := h.spin(keys[n], &failed)
				if err != nil {
					failed.Store(true)
					h.t.Errorf("locking: %v", err)
					return
				}
				if owners[n].Add(1) != 1 {
					h.t.Errorf("two owners of one lock")
				}
				if _, twice := cookies.LoadOrStore([2]int32{int32(n), item.Cookie}, true); twice && !h.rules.CookieFrozen {
					h.t.Errorf("cookie %d was handed out twice", item.Cookie)
				}
				runtime.Gosched() // let others come while the lock is held
				p := binary.LittleEndian.AppendUint64(nil, binary.LittleEndian.Uint64(item.Payload)+1)
				owners[n].Add(-1)
				if err := h.s.SetAndRelease(h.ctx, keys[n], value(p), h.mine(item.Cookie)); err != nil {
					failed.Store(true)
					h.t.Errorf("writing under the lock: %v", err)
					return
				}
			}
		})
	}
	all.Wait()
	sum := uint64(0)
	for _, k := range keys {
		item, err := h.s.Get(h.ctx, k)
		h.ok(err, "reading the counter")
		sum += binary.LittleEndian.Uint64(item.Payload)
	}
	if sum != clients*each {
		h.t.Errorf("%d increments were acknowledged, %d are there", clients*each, sum)
	}
}

// spin takes the lock as a State Server's client does, but without its half a second between two tries, until it has it
// or stop is set.
func (h *harness) spin(k session.Key, stop *atomic.Bool) (session.Item, error) {
	for {
		item, err := h.s.GetExclusive(h.ctx, k)
		var locked *session.LockedError
		if !errors.As(err, &locked) || stop.Load() {
			return item, err
		}
		runtime.Gosched()
	}
}

// checkOneCreator: of many that make one session, one does.
func checkOneCreator(h *harness) {
	if h.rules.CreateOnExistingSilent && !h.rules.can(session.KindInsert) {
		h.t.Skipf("the store does not tell a creator whether it was the one")
	}
	for range 20 {
		k := h.key("contested")
		var made, exist atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				create := func() error { return h.s.CreateUninitialized(h.ctx, k, value(payload)) }
				if h.rules.can(session.KindInsert) && (i%2 == 0 || h.rules.CreateOnExistingSilent) {
					create = func() error { return h.s.SetAndRelease(h.ctx, k, value(payload), session.Insert()) }
				}
				switch got := outcome(create()); got {
				case "done":
					made.Add(1)
				case "exists":
					exist.Add(1)
				default:
					h.t.Errorf("creating gives %s", got)
				}
			})
		}
		all.Wait()
		if made.Load() != 1 || exist.Load() != 7 {
			h.t.Fatalf("of 8 creators %d made the session, %d found it", made.Load(), exist.Load())
		}
		h.ok(h.s.Remove(h.ctx, k, h.mine(h.rules.FirstCookie)), "removing")
	}
}

// checkEverything calls all methods at once for few sessions. What it looks for is found by the race detector, or is a
// call that gives an error of no outcome, or one that never ends.
func checkEverything(h *harness) {
	var all sync.WaitGroup
	keys := []session.Key{h.key("one"), h.key("two")}
	try := func(name string, call func(k session.Key) error) {
		all.Go(func() {
			for i := range 60 {
				if got := outcome(call(keys[i%2])); isFailure(got) {
					h.t.Errorf("%s gives %s", name, got)
					return
				}
			}
		})
	}
	var cookie atomic.Int32
	for range 2 {
		try("CreateUninitialized", func(k session.Key) error { return h.s.CreateUninitialized(h.ctx, k, value(payload)) })
		try("Get", func(k session.Key) error { _, err := h.s.Get(h.ctx, k); return err })
		try("GetExclusive", func(k session.Key) error {
			item, err := h.s.GetExclusive(h.ctx, k)
			cookie.Store(item.Cookie)
			return err
		})
		try("SetAndRelease", func(k session.Key) error { return h.s.SetAndRelease(h.ctx, k, value(payload), h.mine(cookie.Load())) })
		try("ReleaseExclusive", func(k session.Key) error { return h.s.ReleaseExclusive(h.ctx, k, cookie.Load()) })
		try("Remove", func(k session.Key) error { return h.s.Remove(h.ctx, k, h.mine(cookie.Load())) })
		try("ResetTimeout", func(k session.Key) error { return h.s.ResetTimeout(h.ctx, k) })
		if h.peeker != nil {
			try("Peek", func(k session.Key) error { _, err := h.peeker.Peek(h.ctx, []session.Key{k}); return err })
		}
		if h.scanner != nil {
			try("Scan", func(session.Key) error { _, err := h.scanner.Scan(h.ctx, session.ScanRequest{Limit: 5}); return err })
		}
		if h.sweeper != nil {
			try("Sweep", func(session.Key) error { _, err := h.sweeper.Sweep(h.ctx, 5); return err })
		}
		if h.counter != nil {
			try("Count", func(session.Key) error { _, err := h.counter.Count(h.ctx); return err })
		}
		if h.applier != nil && h.peeker != nil {
			try("Apply", func(k session.Key) error {
				rs, err := h.peeker.Peek(h.ctx, []session.Key{k})
				if err != nil || rs[0] == nil {
					return err
				}
				f := rs[0].Fence()
				_, err = h.applier.Apply(h.ctx, []session.Change{{Record: *rs[0], Expect: &f}})
				return err
			})
		}
	}
	all.Wait()
}
