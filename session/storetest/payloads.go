package storetest

import (
	"bytes"
	"fmt"

	"github.com/aspstate/aspstate/session"
)

var payloadChecks = []check{
	{name: "payload sizes", run: checkSizes},
	{name: "payload too long", run: checkTooLong},
	{name: "payload empty", run: checkEmpty},
	{name: "payload kept", run: checkPayloadKept},
}

// noise is n bytes, all values in them, others for each seed.
func noise(n int, seed byte) []byte {
	p := make([]byte, n)
	x := uint32(seed)*2654435761 + 12345
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
	}
	return p
}

// checkSizes writes payloads around the sizes at which a layout stores them differently: 7000 (column or chunk, sql-layouts.md
// 3.7 and 9), 8192 (read block), 63000 (SqlInMemory's procedures); each as a creation and over a payload of another size.
func checkSizes(h *harness) {
	sizes := []int{1, 7, 255, 6999, 7000, 7001, 8191, 8192, 13999, 14000, 14001, 62999, 63000, 63001, 1 << 20}
	over := h.create("over", value(payload))
	for i, n := range sizes {
		if h.rules.MaxPayload > 0 && n > h.rules.MaxPayload {
			continue
		}
		p := noise(n, byte(i))
		k := h.create(fmt.Sprint("size", n), value(p))
		h.looks(k, want{p, timeout, h.rules.FirstCookie, false, false}, "created with %d bytes", n)
		if n <= 7000 { // longer ones do not come uninitialized: the procedures take a short one only
			z := h.key(fmt.Sprint("uninitialized", n))
			h.ok(h.s.CreateUninitialized(h.ctx, z, value(p)), "creating with %d bytes", n)
			h.looks(z, want{p, timeout, h.rules.FirstCookie, false, true}, "created uninitialized with %d bytes", n)
		}
	}
	for i := range 2 * len(sizes) {
		n := sizes[i*7%len(sizes)] // from short to long and back
		if h.rules.MaxPayload > 0 && n > h.rules.MaxPayload {
			continue
		}
		p := noise(n, byte(100+i))
		cookie := h.lock(over).Cookie
		h.ok(h.s.SetAndRelease(h.ctx, over, value(p), h.mine(cookie)), "writing %d bytes", n)
		h.looks(over, want{p, timeout, cookie, false, false}, "written over with %d bytes", n)
	}
}

func checkTooLong(h *harness) {
	if h.rules.MaxPayload == 0 {
		h.t.Skipf("the store declares no limit")
	}
	k := h.create("limit", value(noise(h.rules.MaxPayload, 1)))
	cookie := h.lock(k).Cookie
	if err := h.s.SetAndRelease(h.ctx, k, value(noise(h.rules.MaxPayload+1, 2)), h.mine(cookie)); !isFailure(outcome(err)) {
		h.t.Errorf("writing a byte more than the limit gives %v", err)
	}
	h.looks(k, want{noise(h.rules.MaxPayload, 1), timeout, cookie, true, false}, "after a write over the limit")
}

func checkEmpty(h *harness) {
	k := h.create("empty", value(payload))
	cookie := h.lock(k).Cookie
	err := h.s.SetAndRelease(h.ctx, k, session.Value{Timeout: timeout}, h.mine(cookie))
	if h.rules.RefusesEmpty {
		if !isFailure(outcome(err)) {
			h.t.Errorf("writing no bytes gives %v", err)
		}
		h.looks(k, want{payload, timeout, cookie, true, false}, "after no bytes were refused")
		return
	}
	h.ok(err, "writing no bytes")
	h.looks(k, want{nil, timeout, cookie, false, false}, "after no bytes were written")
	if p, ok := h.s.(session.Peeker); ok {
		r, err := session.PeekOne(h.ctx, p, k)
		h.ok(err, "peeking")
		if r.Payload == nil {
			h.t.Errorf("a payload of no bytes is shown as one that nobody can read")
		}
	}
}

// checkPayloadKept: what a read returned stays as it is, whatever becomes of the session.
func checkPayloadKept(h *harness) {
	p := noise(500, 1)
	k := h.create("kept", value(p))
	item := h.lock(k)
	h.ok(h.s.SetAndRelease(h.ctx, k, value(noise(500, 2)), h.mine(item.Cookie)), "writing")
	next := h.lock(k)
	h.ok(h.s.Remove(h.ctx, k, h.mine(next.Cookie)), "removing")
	h.create("kept", value(noise(500, 3)))
	if !bytes.Equal(item.Payload, p) || !bytes.Equal(next.Payload, noise(500, 2)) {
		h.t.Errorf("a payload changed after it was returned")
	}
}
