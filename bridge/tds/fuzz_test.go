package tds

import (
	"testing"
)

// seeds adds what real clients sent, of one type.
func seeds(f *testing.F, typ packetType) {
	for _, hand := range [][]byte{nil, {0}, {22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 's', 0}} {
		f.Add(hand)
	}
	dir, err := captureBytes()
	if err != nil {
		return
	}
	for _, b := range dir {
		all, _ := cutPackets(b)
		for _, m := range all {
			if m.typ == typ && len(m.data) < 4096 {
				f.Add(m.data)
			}
		}
	}
}

func FuzzPrelogin(f *testing.F) {
	seeds(f, typePrelogin)
	f.Fuzz(func(t *testing.T, b []byte) { parsePrelogin(b) })
}

func FuzzLogin7(f *testing.F) {
	seeds(f, typeLogin7)
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := parseLogin7(b); err == nil && len(l.user) > 3*len(b) {
			t.Errorf("%d bytes of login make a user of %d", len(b), len(l.user))
		}
	})
}

func FuzzBatch(f *testing.F) {
	seeds(f, typeBatch)
	f.Fuzz(func(t *testing.T, b []byte) {
		if q, err := parseBatch(b); err == nil {
			tokens(q.text)
			beginning(q.text)
		}
	})
}

func FuzzRPC(f *testing.F) {
	seeds(f, typeRPC)
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := parseRPC(b)
		if err != nil {
			return
		}
		for i := range q.calls {
			for j := range q.calls[i].params {
				p := &q.calls[i].params[j]
				p.text()
				p.integer()
				p.binary()
				var a answer
				a.returnValue(j, p, p.value) // what was sent can be sent back, and read again
				r := reader{b: a.b[3:]}
				if name := r.text(int(r.byte())); len(p.name) < 100 && name != p.name {
					t.Errorf("name %q comes back as %q", p.name, name)
				}
			}
			findProcedure(&q.calls[i])
		}
	})
}

func FuzzTransaction(f *testing.F) {
	seeds(f, typeTransaction)
	f.Fuzz(func(t *testing.T, b []byte) { parseTransaction(b) })
}
