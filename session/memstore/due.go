package memstore

import "github.com/aspstate/aspstate/session"

// dueHeap orders a shard's entries by the moment at which it is worth looking whether they have expired: a binary
// min-heap. A renewal leaves the moment as it is, so it costs nothing; a sweep that finds the entry alive then files it
// anew. Only an Expires that moves before the moment has to move the entry.
type dueHeap []dueSlot

type dueSlot struct {
	at session.Instant // never after e.expires
	e  *entry
}

func (h *dueHeap) add(e *entry) {
	*h = append(*h, dueSlot{})
	h.up(len(*h)-1, dueSlot{e.expires, e})
}

func (h *dueHeap) remove(e *entry) {
	i, last := int(e.dueAt), len(*h)-1
	moved := (*h)[last]
	(*h)[last] = dueSlot{}
	*h = (*h)[:last]
	if c := cap(*h); c > 64 && last < c/4 {
		*h = append(make(dueHeap, 0, c/2), *h...)
	}
	if i < last {
		h.place(i, moved)
	}
}

// moved has to be called after e.expires has become earlier, and may be called after any change.
func (h *dueHeap) moved(e *entry) {
	if i := int(e.dueAt); e.expires < (*h)[i].at {
		h.up(i, dueSlot{e.expires, e})
	}
}

// first returns the entry with the earliest Expires if that lies before now, else nil.
func (h *dueHeap) first(now session.Instant) *entry {
	for len(*h) > 0 && (*h)[0].at < now {
		e := (*h)[0].e
		if e.expires < now {
			return e
		}
		h.down(0, dueSlot{e.expires, e})
	}
	return nil
}

func (h *dueHeap) place(i int, s dueSlot) {
	if i > 0 && s.at < (*h)[(i-1)/2].at {
		h.up(i, s)
	} else {
		h.down(i, s)
	}
}

// up puts s at i or above it.
func (h *dueHeap) up(i int, s dueSlot) {
	for i > 0 {
		parent := (i - 1) / 2
		if (*h)[parent].at <= s.at {
			break
		}
		h.put(i, (*h)[parent])
		i = parent
	}
	h.put(i, s)
}

// down puts s at i or below it.
func (h *dueHeap) down(i int, s dueSlot) {
	for {
		child := 2*i + 1
		if child >= len(*h) {
			break
		}
		if child+1 < len(*h) && (*h)[child+1].at < (*h)[child].at {
			child++
		}
		if s.at <= (*h)[child].at {
			break
		}
		h.put(i, (*h)[child])
		i = child
	}
	h.put(i, s)
}

func (h *dueHeap) put(i int, s dueSlot) {
	(*h)[i] = s
	s.e.dueAt = int32(i)
}
