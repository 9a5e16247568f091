package storetest

import (
	"bytes"
	"fmt"

	"github.com/aspstate/aspstate/session"
)

var applyChecks = []check{
	{name: "apply inserts", run: checkApplyInserts},
	{name: "apply updates and deletes", run: checkApplyUpdates},
	{name: "apply refuses", run: checkApplyRefuses},
	{name: "apply batch", run: checkApplyBatch},
	{name: "apply and the verbs", run: checkApplyVerbs},
	{name: "apply and revisions", run: checkApplyRevisions},
}

// sample is a record with nothing in its first state and times in between seconds.
func (h *harness) sample(id string) session.Record {
	now := h.now()
	return session.Record{
		Key: h.key(id), Payload: noise(7100, 9), Timeout: 37, Created: now - 3*60*session.Minute - 1, Expires: now + 31*session.Minute + 101,
		Flags: session.Uninitialized, Lock: session.Lock{Locked: true, Cookie: 41, Since: now - 7*session.Minute - 200},
		Revision: h.revision(1000),
	}
}

// revision is n where the store keeps revisions, else 0.
func (h *harness) revision(n uint64) uint64 {
	if h.rules.KeepsRevision {
		return n
	}
	return 0
}

// applies does one change and compares outcome and row with what is wanted.
func (h *harness) applies(c session.Change, result session.Result, what string) session.Outcome {
	h.t.Helper()
	var before *session.Record
	rs, err := h.peeker.Peek(h.ctx, []session.Key{c.Record.Key})
	h.ok(err, "Peek")
	before = rs[0]
	predicted := h.applier.After(c)
	out, err := h.applier.Apply(h.ctx, []session.Change{c})
	h.ok(err, "%s", what)
	if len(out) != 1 || out[0].Result != result {
		h.t.Fatalf("%s gives %+v, want result %d", what, out, result)
	}
	rs, err = h.peeker.Peek(h.ctx, []session.Key{c.Record.Key})
	h.ok(err, "Peek")
	after := rs[0]
	switch {
	case (after == nil) != (out[0].Current == nil), after != nil && after.Fence() != *out[0].Current:
		h.t.Errorf("%s: Current is %+v, the row %+v", what, out[0].Current, after)
	case result == session.Applied && c.Delete && after != nil:
		h.t.Errorf("%s: the row is there", what)
	case result == session.Applied && !c.Delete && after == nil:
		h.t.Errorf("%s: the row is not there", what)
	case result == session.Applied && !c.Delete:
		h.isApplied(c, predicted, *after, what)
	case result != session.Applied && before != nil && (before.Fence() != after.Fence() || !bytes.Equal(before.Payload, after.Payload)):
		h.t.Errorf("%s changed %+v to %+v", what, before.Fence(), after.Fence())
	}
	return out[0]
}

// isApplied compares a row with the change that wrote it, and with what After said.
func (h *harness) isApplied(c session.Change, predicted session.Fence, row session.Record, what string) {
	h.t.Helper()
	if c.Record.Revision == 0 && h.rules.KeepsRevision {
		predicted.Revision = row.Revision // the store's choice
	}
	if row.Fence() != predicted {
		h.t.Errorf("%s: After predicts %+v, the row is %+v", what, predicted, row.Fence())
	}
	asked := c.Record.Fence()
	asked.Revision = row.Revision
	if row.Fence() != asked {
		h.t.Errorf("%s: asked for %+v, the row is %+v", what, asked, row.Fence())
	}
	if !bytes.Equal(row.Payload, c.Record.Payload) {
		h.t.Errorf("%s: another payload of %d bytes", what, len(row.Payload))
	}
}

func checkApplyInserts(h *harness) {
	h.needApplier()
	h.needPeeker()
	for _, n := range []int{0, 1, 7, 7000, 7001, 100_000} {
		if n == 0 && h.rules.RefusesEmpty || h.rules.MaxPayload > 0 && n > h.rules.MaxPayload {
			continue
		}
		r := h.sample(fmt.Sprint("insert", n))
		r.Payload = noise(n, 3)
		c := session.Change{Record: r}
		h.applies(c, session.Applied, fmt.Sprintf("inserting %d bytes", n))
		h.applies(c, session.Already, "the same again")
	}
	dead := h.sample("dead")
	dead.Expires = h.now() - 60*session.Minute
	h.applies(session.Change{Record: dead}, session.Applied, "inserting an expired record")
	r := h.sample("plain")
	r.Flags, r.Lock = 0, session.Lock{Cookie: h.rules.FirstCookie, Since: r.Created}
	h.applies(session.Change{Record: r}, session.Applied, "inserting a record like a new one")
	r.Lock.Cookie++
	h.applies(session.Change{Record: r}, session.Conflict, "inserting over a row")
}

func checkApplyUpdates(h *harness) {
	h.needApplier()
	h.needPeeker()
	r := h.sample("update")
	fence := *h.applies(session.Change{Record: r}, session.Applied, "inserting").Current
	for i, change := range []func(){
		func() { r.Payload, r.Revision = noise(10, 1), h.revision(r.Revision+1) },
		func() { r.Payload, r.Revision = noise(20000, 2), h.revision(r.Revision+1) },
		func() { r.Expires++ },
		func() { r.Expires -= 5 * session.Minute },
		func() { r.Lock.Locked = false },
		func() { r.Lock.Cookie++ },
		func() { r.Lock.Since++ },
		func() { r.Timeout = 5 },
		func() { r.Flags = 0 },
		func() { r.Flags = session.Uninitialized },
		func() { r.Created++ },
		func() { r.Lock.Locked, r.Expires = true, r.Expires-24*60*session.Minute },
	} {
		change()
		before := fence
		c := session.Change{Record: r, Expect: &before}
		fence = *h.applies(c, session.Applied, fmt.Sprintf("update %d", i)).Current
		h.applies(c, session.Already, fmt.Sprintf("update %d again", i))
		if fence == before { // only the payload has changed, and the store has no revisions: the fence cannot tell
			continue
		}
		late := r
		late.Timeout += 100
		h.applies(session.Change{Record: late, Expect: &before}, session.Conflict, fmt.Sprintf("update %d under the fence before", i))
	}
	r.Payload = noise(20000, 5)
	h.applies(session.Change{Record: r, Expect: &fence}, session.Applied, "changing what the fence does not show")
	remove := session.Change{Record: session.Record{Key: r.Key}, Delete: true, Expect: &fence}
	h.applies(remove, session.Applied, "deleting")
	h.applies(remove, session.Already, "deleting again")
	h.applies(session.Change{Record: session.Record{Key: r.Key}, Delete: true}, session.Already, "deleting what never was")
	r.Timeout++
	h.applies(session.Change{Record: r, Expect: &fence}, session.Conflict, "updating a deleted row")
}

// checkApplyRefuses tries fences that differ from the row's in one field.
func checkApplyRefuses(h *harness) {
	h.needApplier()
	h.needPeeker()
	r := h.sample("fenced")
	fence := *h.applies(session.Change{Record: r}, session.Applied, "inserting").Current
	r.Timeout++
	wrong := map[string]func(f *session.Fence){
		"Created":    func(f *session.Fence) { f.Created++ },
		"LockCookie": func(f *session.Fence) { f.LockCookie-- },
		"Locked":     func(f *session.Fence) { f.Locked = !f.Locked },
		"LockDate":   func(f *session.Fence) { f.LockDate-- },
		"Expires":    func(f *session.Fence) { f.Expires++ },
		"Timeout":    func(f *session.Fence) { f.Timeout++ },
		"Flags":      func(f *session.Fence) { f.Flags ^= session.Uninitialized },
	}
	if h.rules.KeepsRevision {
		wrong["Revision"] = func(f *session.Fence) { f.Revision++ }
	}
	for name, spoil := range wrong {
		f := fence
		spoil(&f)
		h.applies(session.Change{Record: r, Expect: &f}, session.Conflict, "updating under another "+name)
		h.applies(session.Change{Record: r, Expect: &f, Delete: true}, session.Conflict, "deleting under another "+name)
	}
	h.applies(session.Change{Record: r}, session.Conflict, "updating under no fence")
	h.applies(session.Change{Record: r, Delete: true}, session.Conflict, "deleting under no fence")
	other := h.sample("other")
	h.applies(session.Change{Record: other, Expect: &fence}, session.Conflict, "updating a row that is not there")
}

// checkApplyBatch mixes all outcomes in one call.
func checkApplyBatch(h *harness) {
	h.needApplier()
	h.needPeeker()
	a, b, c, d, e := h.sample("a"), h.sample("b"), h.sample("c"), h.sample("d"), h.sample("e")
	fence := map[session.Key]*session.Fence{}
	for _, r := range []session.Record{b, c, d} {
		fence[r.Key] = h.applies(session.Change{Record: r}, session.Applied, "inserting").Current
	}
	b2, c2 := b, c
	b2.Timeout, c2.Timeout = 90, 91
	batch := []session.Change{
		{Record: a},
		{Record: b2, Expect: fence[b.Key]},
		{Record: c2}, // its row is there
		{Record: d, Expect: fence[d.Key], Delete: true},
		{Record: e, Delete: true},
	}
	for round, wants := range [][]session.Result{
		{session.Applied, session.Applied, session.Conflict, session.Applied, session.Already},
		{session.Already, session.Already, session.Conflict, session.Already, session.Already},
	} {
		out, err := h.applier.Apply(h.ctx, batch)
		h.ok(err, "applying the batch")
		if len(out) != len(batch) {
			h.t.Fatalf("%d outcomes for %d changes", len(out), len(batch))
		}
		rows, err := h.peeker.Peek(h.ctx, []session.Key{a.Key, b.Key, c.Key, d.Key, e.Key})
		h.ok(err, "Peek")
		for i, o := range out {
			if o.Result != wants[i] {
				h.t.Errorf("round %d, change %d: result %d, want %d", round, i, o.Result, wants[i])
			}
			if (rows[i] == nil) != (o.Current == nil) || rows[i] != nil && rows[i].Fence() != *o.Current {
				h.t.Errorf("round %d, change %d: Current is %+v, the row %+v", round, i, o.Current, rows[i])
			}
		}
		if rows[1].Timeout != 90 || rows[2].Timeout != c.Timeout || rows[3] != nil || rows[4] != nil {
			h.t.Errorf("round %d left other rows than the outcomes say", round)
		}
	}
	if out, err := h.applier.Apply(h.ctx, nil); err != nil || len(out) != 0 {
		h.t.Errorf("applying nothing gives %v, %v", out, err)
	}
}

// checkApplyVerbs uses rows that Apply wrote.
func checkApplyVerbs(h *harness) {
	h.needApplier()
	h.needPeeker()
	r := h.sample("copied")
	r.Flags = 0
	h.applies(session.Change{Record: r}, session.Applied, "inserting")
	h.looks(r.Key, want{r.Payload, 37, 41, true, false}, "a locked copy")
	h.ok(h.s.SetAndRelease(h.ctx, r.Key, value(payload), h.mine(41)), "the owner of the copied lock writes")
	h.looks(r.Key, want{payload, timeout, 41, false, false}, "after the owner wrote")

	m := h.sample("marked")
	m.Lock.Locked = false
	h.applies(session.Change{Record: m}, session.Applied, "inserting")
	item := h.lock(m.Key)
	if !item.Uninitialized || item.Cookie != h.next(41) {
		h.t.Errorf("the first exclusive read of a marked copy gives %+v", item)
	}

	short := h.sample("short")
	short.Lock.Locked, short.Flags = false, 0
	short.Timeout, short.Expires = timeout, h.now()+session.Minute
	h.applies(session.Change{Record: short}, session.Applied, "inserting")
	h.age(3, short.Key)
	if !h.isDead(short.Key) {
		h.t.Errorf("a copy that had one minute to live is alive after three")
	}
}

func checkApplyRevisions(h *harness) {
	h.needApplier()
	h.needPeeker()
	r := h.sample("revised")
	r.Lock.Locked, r.Flags = false, 0
	if !h.rules.KeepsRevision {
		out := h.applies(session.Change{Record: r}, session.Applied, "inserting")
		if out.Current.Revision != 0 {
			h.t.Errorf("a store without revisions gives %d", out.Current.Revision)
		}
		return
	}
	r.Revision = 0
	first := h.applies(session.Change{Record: r}, session.Applied, "inserting with revision 0").Current
	if first.Revision == 0 {
		h.t.Errorf("revision 0 was taken as it is")
	}
	h.applies(session.Change{Record: r}, session.Already, "the same again with revision 0")
	r.Revision = first.Revision + 1_000_000
	h.applies(session.Change{Record: r, Expect: first}, session.Applied, "updating with a high revision")
	// The next one is higher, of this session and of another.
	other := h.create("other", value(payload))
	if got := h.peek(other).Revision; got <= r.Revision {
		h.t.Errorf("after revision %d the store gives %d", r.Revision, got)
	}
	item := h.lock(r.Key)
	h.ok(h.s.SetAndRelease(h.ctx, r.Key, value(payload), h.mine(item.Cookie)), "writing")
	if got := h.peek(r.Key).Revision; got <= r.Revision {
		h.t.Errorf("after revision %d a write gives %d", r.Revision, got)
	}
}
