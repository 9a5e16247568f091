package storetest

import (
	"strings"

	"github.com/aspstate/aspstate/session"
)

var keyChecks = []check{
	{name: "keys", run: checkKeys},
	{name: "letter case", run: checkCase},
}

// checkKeys: sessions of different keys have nothing to do with each other.
func checkKeys(h *harness) {
	keys := []session.Key{
		h.keyOf("shop", "aaaaaaaaaaaaaaaaaaaaaaaa"), h.keyOf("shop", "aaaaaaaaaaaaaaaaaaaaaaab"), h.keyOf("shop", "a"),
		h.keyOf("shop", strings.Repeat("z", 80)), // the longest that ASP.NET takes
		h.keyOf("shop", "a/b%2fc+d e&f=g\"h'i;j--k"), h.keyOf("shop", "a/b/c+d e&f=g\"h'i;j--k"),
	}
	if other := h.keyOf("forum", "a"); other != keys[2] { // SqlInMemory has no applications
		keys = append(keys, other, h.keyOf("sho", "pa"))
	}
	for i, k := range keys {
		h.ok(h.s.CreateUninitialized(h.ctx, k, value(noise(20, byte(i)))), "creating session %d", i)
	}
	for i, k := range keys {
		item := h.lock(k)
		if string(item.Payload) != string(noise(20, byte(i))) || !item.Uninitialized || item.Cookie != h.next(h.rules.FirstCookie) {
			h.t.Errorf("session %d reads as %+v", i, item)
		}
	}
	h.ok(h.s.Remove(h.ctx, keys[0], h.mine(h.next(h.rules.FirstCookie))), "removing session 0")
	for i, k := range keys[1:] {
		h.looks(k, want{noise(20, byte(i+1)), timeout, h.next(h.rules.FirstCookie), true, false}, "session %d after session 0 was removed", i+1)
	}
}

func checkCase(h *harness) {
	h.create("q3m0zv5kd2xw1ea4tyh5rb0c", value(payload))
	_, err := h.s.Get(h.ctx, h.key("Q3M0ZV5KD2XW1EA4TYH5RB0C"))
	want := "not found"
	if h.rules.FoldsCase {
		want = "done"
	}
	h.gives(err, want, "Get under the id in capitals")
}
