package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

var controlChecks = []check{
	{name: "agree", run: checkAgree},
	{name: "agree at one epoch", many: true, run: checkAgreeAtOnce},
	{name: "lease", run: checkLease},
	{name: "lease in one step", many: true, run: checkLeaseAtOnce},
	{name: "leases that are over", run: checkLapsed},
	{name: "control has limits", run: checkControlLimits},
	{name: "control after reopening", run: checkControlReopened},
	{name: "control is no session", run: checkControlHidden},
}

func (h *harness) needControl() { h.t.Helper(); h.need(h.control != nil, Controls, "Controller") }

func (h *harness) agreement() session.Agreement {
	h.t.Helper()
	a, err := h.control.Agreement(h.ctx)
	h.ok(err, "Agreement")
	h.sensible(a)
	return a
}

// sensible looks at what every agreement has to be.
func (h *harness) sensible(a session.Agreement) {
	h.t.Helper()
	if !h.near(a.Now, h.now()) {
		h.t.Errorf("the agreement is of %v, and it is %v", a.Now, h.now())
	}
	for i, app := range a.Apps {
		if i > 0 && a.Apps[i-1].App >= app.App {
			h.t.Errorf("applications %q and %q are not in order", a.Apps[i-1].App, app.App)
		}
		if app.Epoch < 1 || app.Epoch > a.Epoch {
			h.t.Errorf("%q was agreed at epoch %d of %d", app.App, app.Epoch, a.Epoch)
		}
	}
	for i, l := range a.Leases {
		if i > 0 && a.Leases[i-1].Holder >= l.Holder {
			h.t.Errorf("leases of %q and %q are not in order", a.Leases[i-1].Holder, l.Holder)
		}
	}
}

// agree must succeed.
func (h *harness) agree(app, body string, epoch int64) {
	h.t.Helper()
	next, err := h.control.Agree(h.ctx, app, []byte(body), epoch)
	h.ok(err, "agreeing on %q at epoch %d", app, epoch)
	if next != epoch+1 {
		h.t.Errorf("agreeing at epoch %d gives epoch %d", epoch, next)
	}
}

// shown is for messages.
func shown(all []session.Agreed) (texts []string) {
	for _, a := range all {
		texts = append(texts, fmt.Sprintf("%.30q at %d: %.60s", a.App, a.Epoch, a.Body))
	}
	return texts
}

// agreed compares what is agreed.
func (h *harness) agreed(epoch int64, want ...session.Agreed) {
	h.t.Helper()
	a := h.agreement()
	if a.Epoch != epoch || len(a.Apps) != len(want) || len(want) > 0 && !reflect.DeepEqual(a.Apps, want) {
		h.t.Errorf("epoch %d and %v are agreed, want epoch %d and %v", a.Epoch, shown(a.Apps), epoch, shown(want))
	}
}

func checkAgree(h *harness) {
	h.needControl()
	h.agreed(0)
	refused := func(app, body string, epoch int64) {
		h.t.Helper()
		if _, err := h.control.Agree(h.ctx, app, []byte(body), epoch); !errors.Is(err, session.ErrEpoch) {
			h.t.Errorf("agreeing at epoch %d gives %v", epoch, err)
		}
	}
	refused("shop", `{"early":1}`, 1)
	h.agree("shop", `{"phase":"proxy"}`, 0)
	refused("shop", `{"late":1}`, 0)
	refused("forum", `{"late":1}`, 0) // one epoch counts them all
	h.agree("forum", `{"phase":"proxy"}`, 1)
	h.agreed(2, session.Agreed{App: "forum", Epoch: 2, Body: []byte(`{"phase":"proxy"}`)}, session.Agreed{App: "shop", Epoch: 1, Body: []byte(`{"phase":"proxy"}`)})
	long := `{"grüße":"` + strings.Repeat("ÿ ", 20000) + `"}`
	h.agree("shop", long, 2)
	h.agree("Shop ", "{}", 3) // names are compared byte for byte
	shop := session.Agreed{App: "shop", Epoch: 3, Body: []byte(long)}
	h.agreed(4, session.Agreed{App: "Shop ", Epoch: 4, Body: []byte("{}")}, session.Agreed{App: "forum", Epoch: 2, Body: []byte(`{"phase":"proxy"}`)}, shop)
	refused("forum", "", 2)
	h.agree("forum", "", 4)
	h.agree("Shop ", "", 5)
	h.agree("never was", "", 6) // that is agreed now
	h.agreed(7, shop)
}

// checkAgreeAtOnce: of many who agree at one epoch, one does.
func checkAgreeAtOnce(h *harness) {
	h.needControl()
	const clients = 8
	for round := range int64(15) {
		won := make([]bool, clients)
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				_, err := h.control.Agree(h.ctx, fmt.Sprint("app", i%2), fmt.Append(nil, `{"by":`, i, `}`), round)
				won[i] = err == nil
				if err != nil && !errors.Is(err, session.ErrEpoch) {
					h.t.Errorf("agreeing gives %v", err)
				}
			})
		}
		all.Wait()
		winners, last := 0, 0
		for i, w := range won {
			if w {
				winners, last = winners+1, i
			}
		}
		a := h.agreement()
		if winners != 1 || a.Epoch != round+1 {
			h.t.Fatalf("at epoch %d %d of %d agreed, and it is %d now", round, winners, clients, a.Epoch)
		}
		there := session.Agreed{App: fmt.Sprint("app", last%2), Epoch: round + 1, Body: fmt.Append(nil, `{"by":`, last, `}`)}
		if !holds(a.Apps, func(x session.Agreed) bool { return reflect.DeepEqual(x, there) }) {
			h.t.Fatalf("%v was agreed, and %v is", shown([]session.Agreed{there}), shown(a.Apps))
		}
	}
}

func holds[T any](all []T, is func(T) bool) bool {
	for _, x := range all {
		if is(x) {
			return true
		}
	}
	return false
}

// lease takes a lease and returns what was answered.
func (h *harness) lease(l session.Lease, d time.Duration) session.Agreement {
	h.t.Helper()
	a, err := h.control.Lease(h.ctx, l, d)
	h.ok(err, "taking a lease for %v", d)
	h.sensible(a)
	return a
}

// leased compares leases, but for Until, which has to lie so far after Now, give or take a tick.
func (h *harness) leased(a session.Agreement, what string, want ...session.Lease) {
	h.t.Helper()
	if len(a.Leases) != len(want) {
		h.t.Errorf("%s: leases are %+v, want %+v", what, a.Leases, want)
		return
	}
	for i, l := range a.Leases {
		left := l.Until - a.Now
		l.Until = want[i].Until
		if l != want[i] {
			h.t.Errorf("%s: lease %d is %+v, want %+v", what, i, l, want[i])
		}
		slack := session.Instant(1)
		if h.sub.Clock == nil {
			slack = session.Minute
		}
		if left < want[i].Until-slack || left > want[i].Until+slack {
			h.t.Errorf("%s: lease %d has %d ticks left, want %d", what, i, left, want[i].Until)
		}
	}
}

// checkLease takes, renews and leaves.
func checkLease(h *harness) {
	h.needControl()
	h.agree("shop", "{}", 0)
	b := session.Lease{Holder: "b", Role: "bridge", Title: "wéb1 żółw 🐢 process 4711 ", Epoch: 1, Until: 12345} // Until is not looked at
	wantB := b
	wantB.Until = 10 * session.Second
	a := h.lease(b, 10*time.Second)
	h.leased(a, "the answer to the first", wantB)
	if a.Epoch != 1 || len(a.Apps) != 1 {
		h.t.Errorf("the answer is %+v", a)
	}
	c := session.Lease{Holder: "B ", Role: "copier"}
	wantC := c
	wantC.Until = 30 * session.Second
	h.leased(h.lease(c, 30*time.Second), "the answer to the second", wantC, wantB)
	h.leased(h.agreement(), "the agreement", wantC, wantB)
	b.Epoch, b.Title = 2, "renamed"
	wantB.Epoch, wantB.Title, wantB.Until = 2, "renamed", 20*session.Second
	h.leased(h.lease(b, 20*time.Second), "the answer to a renewal", wantC, wantB)
	for range 2 {
		h.ok(h.control.Leave(h.ctx, "B "), "leaving")
		h.leased(h.agreement(), "after one left", wantB)
	}
	h.ok(h.control.Leave(h.ctx, "nobody"), "leaving what was never taken")
	if got := h.agreement().Epoch; got != 1 {
		h.t.Errorf("leases have made epoch %d of 1", got)
	}
}

// checkLeaseAtOnce: who takes a lease sees all who did before, and nobody who did after.
func checkLeaseAtOnce(h *harness) {
	h.needControl()
	const clients = 6
	for round := range 8 {
		seen := make([]int, clients)
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				me := fmt.Sprint("client", i)
				a, err := h.control.Lease(h.ctx, session.Lease{Holder: me, Role: "bridge"}, time.Hour)
				if err != nil || !holds(a.Leases, func(l session.Lease) bool { return l.Holder == me }) {
					h.t.Errorf("taking a lease gives %+v, %v: it is not among them", a.Leases, err)
				}
				seen[i] = len(a.Leases)
			})
		}
		all.Wait()
		counts := make([]bool, clients+1)
		for _, n := range seen {
			if n > clients || counts[n] {
				h.t.Fatalf("round %d: %d leases taken at once show %v", round, clients, seen)
			}
			counts[n] = true
		}
		for i := range clients {
			h.ok(h.control.Leave(h.ctx, fmt.Sprint("client", i)), "leaving")
		}
	}
}

// checkLapsed: a lease whose time is up is shown for a day, and can be taken anew.
func checkLapsed(h *harness) {
	h.needControl()
	lease := func(holder string, d time.Duration) session.Lease {
		h.lease(session.Lease{Holder: holder, Role: "bridge"}, d)
		return session.Lease{Holder: holder, Role: "bridge", Until: session.Instant(d/time.Second) * session.Second}
	}
	long, short := lease("a long over", -25*time.Hour), lease("a short over", -23*time.Hour)
	h.leased(h.agreement(), "the agreement", short)
	live := lease("live", 2*time.Hour)
	h.leased(h.lease(session.Lease{Holder: "a short over", Role: "bridge"}, -22*time.Hour), "the answer",
		session.Lease{Holder: "a short over", Role: "bridge", Until: -22 * 60 * session.Minute}, live)
	long = lease(long.Holder, time.Hour)
	h.leased(h.lease(session.Lease{Holder: "live", Role: "bridge"}, 2*time.Hour), "after it was taken anew", long,
		session.Lease{Holder: "a short over", Role: "bridge", Until: -22 * 60 * session.Minute}, live)
	if h.sub.Clock == nil {
		return
	}
	h.sub.Clock.Advance(3 * time.Hour)
	long.Until -= 3 * 60 * session.Minute
	live.Until -= 3 * 60 * session.Minute
	h.leased(h.agreement(), "three hours later", long, live)
	h.sub.Clock.Advance(22*time.Hour + time.Minute)
	live.Until -= (22*60 + 1) * session.Minute
	h.leased(h.agreement(), "a day after one was over", live)
	h.sub.Clock.Advance(time.Hour)
	h.leased(h.agreement(), "a day after both were over")
	if got := h.lease(session.Lease{Holder: "new"}, time.Hour); len(got.Leases) != 1 {
		h.t.Errorf("then a lease is taken, and there are %+v", got.Leases)
	}
}

// checkControlLimits takes the longest of everything, and a byte more.
func checkControlLimits(h *harness) {
	h.needControl()
	word := func(n int) string { return strings.Repeat("w", n) }
	key := func(app, id string) session.Key { return session.Key{App: app, ID: id} }
	lease := func(l session.Lease) error { _, err := h.control.Lease(h.ctx, l, time.Hour); return err }
	agree := func(app string) error {
		_, err := h.control.Agree(h.ctx, app, []byte("{}"), h.agreement().Epoch)
		return err
	}
	mark := func(k session.Key, id string) error { return h.control.Mark(h.ctx, session.Mark{Key: k, ID: id}) }
	h.ok(lease(session.Lease{Holder: word(session.MaxHolder), Role: word(session.MaxRole), Title: word(session.MaxTitle)}), "the longest lease")
	h.ok(agree(word(session.MaxApp)), "the longest name")
	h.ok(mark(key(word(session.MaxApp), word(session.MaxMarked)), word(session.MaxMark)), "the longest mark")
	h.ok(mark(key("", "ü"), ""), "the shortest mark")
	for what, err := range map[string]error{
		"a longer holder": lease(session.Lease{Holder: word(session.MaxHolder + 1)}),
		"no holder":       lease(session.Lease{}),
		"a longer role":   lease(session.Lease{Holder: "a", Role: word(session.MaxRole + 1)}),
		"a longer title":  lease(session.Lease{Holder: "a", Title: word(session.MaxTitle + 1)}),
		"a longer name":   agree(word(session.MaxApp + 1)),
		"no text":         agree("\xff"),
		"a longer mark":   mark(key("a", "b"), word(session.MaxMark+1)),
		"a longer id":     mark(key("a", word(session.MaxMarked+1)), "c"),
		"a zero":          mark(key("a", "b\x00"), "c"),
		"an id, no text":  mark(key("a", "\xff"), "c"),
		"a mark's name":   mark(key(word(session.MaxApp+1), "b"), "c"),
	} {
		if !errors.Is(err, session.ErrRefused) {
			h.t.Errorf("%s gives %v", what, err)
		}
	}
	for app, want := range map[string]session.Mark{
		word(session.MaxApp): {Key: key(word(session.MaxApp), word(session.MaxMarked)), ID: word(session.MaxMark)}, "": {Key: key("", "ü")},
	} {
		h.marked(app, want)
	}
	if _, err := h.control.Marks(h.ctx, "shop", nil, 0); err == nil {
		h.t.Errorf("0 marks can be listed")
	}
}

func checkControlReopened(h *harness) {
	h.needControl()
	if h.sub.Reopen == nil {
		h.t.Skipf("nothing of the store survives closing")
	}
	mark := func(id string) session.Mark { return session.Mark{Key: session.Key{App: "shop", ID: id}, ID: "by me"} }
	h.agree("gone", "{}", 0)
	h.agree("shop", `{"phase":"mirror"}`, 1)
	h.agree("gone", "", 2)
	l := session.Lease{Holder: "a", Role: "bridge", Title: "host", Epoch: 2}
	h.lease(l, time.Hour)
	h.lease(session.Lease{Holder: "left"}, time.Hour)
	h.ok(h.control.Leave(h.ctx, "left"), "leaving")
	h.ok(h.control.Mark(h.ctx, mark("one"), mark("two"), mark("three")), "marking")
	h.ok(h.control.Unmark(h.ctx, mark("two"), mark("three")), "unmarking")
	h.ok(h.control.Mark(h.ctx, mark("three")), "marking again")
	for range 2 {
		h.use(h.sub.Reopen())
		h.agreed(3, session.Agreed{App: "shop", Epoch: 2, Body: []byte(`{"phase":"mirror"}`)})
		l.Until = 60 * session.Minute
		h.leased(h.agreement(), "after reopening", l)
		h.marked("shop", mark("one"), mark("three"))
	}
	h.ok(h.control.Unmark(h.ctx, mark("one"), mark("three")), "unmarking")
	h.ok(h.control.Leave(h.ctx, "a"), "leaving")
	h.agree("shop", "", 3)
	h.use(h.sub.Reopen())
	h.agreed(4)
	h.marked("shop")
	if got := h.agreement().Leases; len(got) > 0 {
		h.t.Errorf("leases %+v are there again", got)
	}
}

// checkControlHidden: nothing of it is to be seen among sessions, and sessions do not touch it.
func checkControlHidden(h *harness) {
	h.needControl()
	k := h.key("dirty")
	m := session.Mark{Key: k, ID: "m"}
	h.agree(k.App, "{}", 0)
	h.lease(session.Lease{Holder: "a"}, -time.Hour)
	h.ok(h.control.Mark(h.ctx, m), "marking")
	h.isAbsent(k, "a key that is marked and has no session")
	sees := func(sessions int) {
		h.t.Helper()
		if h.scanner != nil {
			if got := h.scan("", 100); len(got) != sessions {
				h.t.Errorf("a scan of %d sessions gives %d", sessions, len(got))
			}
		}
		if h.counter != nil && h.rules.CountsExactly {
			if n, err := h.counter.Count(h.ctx); n != int64(sessions) || err != nil {
				h.t.Errorf("%d sessions are counted as %d, %v", sessions, n, err)
			}
		}
		if h.sweeper != nil && h.sweep(10) != 0 {
			h.t.Errorf("something was swept")
		}
	}
	sees(0)
	h.create("dirty", value(payload))
	sees(1)
	h.marked(k.App, m)
	h.ok(h.s.Remove(h.ctx, k, h.mine(h.rules.FirstCookie)), "removing")
	h.marked(k.App, m)
}
