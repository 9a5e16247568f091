package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aspstate/aspstate/session"
)

var dirtyChecks = []check{
	{name: "dirty keys", run: checkDirty},
	{name: "dirty keys listed", run: checkDirtyListed},
	{name: "dirty keys of many clients", many: true, run: checkDirtyAtOnce},
}

// marks lists all marks of an application, in pages, and fails if one comes twice.
func (h *harness) marks(app string, limit int) []session.Mark {
	h.t.Helper()
	var all []session.Mark
	seen := map[session.Mark]bool{}
	for after := (*session.Mark)(nil); ; {
		page, err := h.control.Marks(h.ctx, app, after, limit)
		h.ok(err, "Marks")
		if len(page) > limit {
			h.t.Fatalf("%d marks are listed, limit %d", len(page), limit)
		}
		for _, m := range page {
			if seen[m] {
				h.t.Fatalf("mark %q of %v is listed twice", m.ID, m.Key)
			}
			seen[m] = true
		}
		all = append(all, page...)
		if len(page) < limit {
			return all
		}
		after = &page[len(page)-1]
	}
}

func compareMarks(a, b session.Mark) int {
	return strings.Compare(a.Key.App+"\x00"+a.Key.ID+"\x00"+a.ID, b.Key.App+"\x00"+b.Key.ID+"\x00"+b.ID)
}

// marked compares the marks of an application with the wanted ones.
func (h *harness) marked(app string, want ...session.Mark) {
	h.t.Helper()
	got := h.marks(app, 7)
	slices.SortFunc(got, compareMarks)
	want = slices.SortedFunc(slices.Values(want), compareMarks)
	if !slices.Equal(got, want) {
		h.t.Errorf("%d marks of %.20q are %v, want %d, %v", len(got), app, got, len(want), want)
	}
}

// checkDirty marks and unmarks, each twice.
func checkDirty(h *harness) {
	h.needControl()
	mark := func(app, key, id string) session.Mark {
		return session.Mark{Key: session.Key{App: app, ID: key}, ID: id}
	}
	h.marked("shop")
	one, two := mark("shop", "one", "a"), mark("shop", "two", "a")
	again, others := mark("shop", "one", "b"), []session.Mark{mark("shop", "One", "a"), mark("shop", "one ", "a"), mark("shop", "one", "A"), mark("shop", "żółw 🐢", "🐢"), mark("shop", "on", "ea")}
	elsewhere := mark("forum", "one", "a")
	for range 2 {
		h.ok(h.control.Mark(h.ctx, one, two, one), "marking")
		h.marked("shop", one, two)
	}
	h.ok(h.control.Mark(h.ctx, append(others, again, elsewhere)...), "marking")
	h.marked("shop", append(others, one, two, again)...)
	h.marked("forum", elsewhere)
	h.marked("Shop")
	for range 2 {
		h.ok(h.control.Unmark(h.ctx, one, mark("shop", "three", "a"), one), "unmarking")
		h.marked("shop", append(others, two, again)...)
	}
	h.marked("forum", elsewhere)
	h.ok(h.control.Unmark(h.ctx, append(others, two, again)...), "unmarking")
	h.marked("shop")
	h.ok(h.control.Mark(h.ctx), "marking nothing")
	h.ok(h.control.Unmark(h.ctx), "unmarking nothing")
	h.ok(h.control.Mark(h.ctx, one), "marking anew")
	h.marked("shop", one)
}

// checkDirtyListed reads pages of several sizes, and goes on after marks that are gone.
func checkDirtyListed(h *harness) {
	h.needControl()
	var all []session.Mark
	for i := range 60 {
		all = append(all, session.Mark{Key: session.Key{App: "shop", ID: fmt.Sprint("key", i%20)}, ID: fmt.Sprint("by", i/20)})
	}
	h.ok(h.control.Mark(h.ctx, all...), "marking")
	order := h.marks("shop", 1000)
	if len(order) != len(all) {
		h.t.Fatalf("%d marks are listed of %d", len(order), len(all))
	}
	for _, limit := range []int{1, 7, 60} {
		if !slices.Equal(h.marks("shop", limit), order) {
			h.t.Errorf("pages of %d have another order", limit)
		}
	}
	h.ok(h.control.Unmark(h.ctx, order[9], order[10], order[11]), "unmarking")
	h.ok(h.control.Mark(h.ctx, session.Mark{Key: session.Key{App: "forum", ID: "x"}, ID: "y"}), "marking")
	for at, want := range map[int][]session.Mark{8: order[12:14], 9: order[12:14], 10: order[12:14], 11: order[12:14], 57: order[58:], 59: nil} {
		got, err := h.control.Marks(h.ctx, "shop", &order[at], 2)
		h.ok(err, "Marks")
		if !slices.Equal(got, want) {
			h.t.Errorf("after mark %d there are %v, want %v", at, got, want)
		}
	}
}

// checkDirtyAtOnce: clients mark and unmark what is theirs; what stays is listed once, whatever goes on.
func checkDirtyAtOnce(h *harness) {
	h.needControl()
	const clients, each = 6, 20
	mark := func(client, i int, id string) session.Mark {
		return session.Mark{Key: session.Key{App: "shop", ID: fmt.Sprint("key", i)}, ID: fmt.Sprint(id, client)}
	}
	var stay []session.Mark
	for i := range 10 {
		stay = append(stay, mark(clients, i, "stays"))
	}
	h.ok(h.control.Mark(h.ctx, stay...), "marking")
	var all sync.WaitGroup
	var working atomic.Int32
	working.Store(clients)
	for c := range clients {
		all.Go(func() {
			defer working.Add(-1)
			for i := range each {
				err := h.control.Mark(h.ctx, mark(c, i, "goes"), mark(c, i, "stays"))
				if err == nil {
					err = h.control.Unmark(h.ctx, mark(c, i, "goes"))
				}
				if err != nil {
					h.t.Errorf("marking: %v", err)
					return
				}
			}
		})
	}
	for busy := true; busy; {
		busy = working.Load() > 0
		listed := h.marks("shop", 5)
		for _, m := range stay {
			if !slices.Contains(listed, m) {
				h.t.Fatalf("a mark that stays is not listed while others come and go")
			}
		}
	}
	all.Wait()
	for c := range clients {
		for i := range each {
			stay = append(stay, mark(c, i, "stays"))
		}
	}
	h.marked("shop", stay...)
}
