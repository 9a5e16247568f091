package httpapi

import (
	"bytes"
	"strconv"

	"github.com/aspstate/aspstate/aspnetser"
)

// sendSession answers a session as JSON:
//
//	{"app":"shop","id":"…","timeout":20,"compressed":false,"uninitialized":false,
//	 "lock":{"cookie":1,"since":"2026-01-01T00:00:00.000Z","ageSeconds":3},
//	 "items":[{"key":"UserName","value":{"type":"String","value":"Ada"}}],
//	 "static":["log"],"rest":"…"}
//
// lock is null where nobody has it, key where it is null. rest is there where the other members do not say all of the payload:
// its static objects, mostly. It is base64 of the payload with all values null, and makes what is sent back unchanged the same
// bytes.
func (x *exchange) sendSession(st *state) (sent bool, p *problem) {
	s, err := aspnetser.Decode(st.payload, x.reading(st.payload))
	if err != nil {
		return false, notASession(err)
	}
	x.began = true
	x.setState(st)
	x.w.Header()["Content-Type"] = typeJSON
	buf := buffers.get()
	defer buffers.put(buf)
	e := encoder{dst: (*buf)[:0], w: x.w, noGraphs: x.q.noGraphs, objects: x.f.objects()}
	e.session(x, st, s)
	h := x.w.Header()
	if *buf = e.dst[:0]; !e.flushed {
		h["Content-Length"] = []string{strconv.Itoa(len(e.dst))}
	}
	e.flush(e.dst)
	return e.err == nil, nil
}

func (e *encoder) session(x *exchange, st *state, s *aspnetser.Session) {
	e.str(`{"app":`)
	e.text(x.key.App)
	e.str(`,"id":`)
	e.text(x.key.ID)
	e.str(`,"timeout":`)
	e.dst = strconv.AppendInt(e.dst, int64(st.timeout), 10)
	e.str(`,"compressed":`)
	e.dst = strconv.AppendBool(e.dst, s.Form == aspnetser.FormCompressed)
	e.str(`,"uninitialized":`)
	e.dst = strconv.AppendBool(e.dst, st.uninitialized)
	e.str(`,"lock":`)
	if st.locked {
		e.str(`{"cookie":`)
		e.dst = strconv.AppendInt(e.dst, int64(st.cookie), 10)
		e.str(`,"since":"`)
		e.str(st.since.String())
		e.str(`","ageSeconds":`)
		e.dst = x.f.appendAge(e.dst, st.since)
		e.str("}")
	} else {
		e.str("null")
	}
	e.str(",\n\"items\":[")
	for i := range s.Items {
		if i > 0 {
			e.str(",")
		}
		e.str("\n{\"key\":")
		if s.Items[i].NullKey {
			e.str("null")
		} else {
			e.text(s.Items[i].Key)
		}
		e.str(`,"value":`)
		e.value(s.Items[i].Value, s.ItemErr(i))
		e.str("}")
		e.full()
	}
	e.str("],\n\"static\":[")
	for i := range s.Static {
		if i > 0 {
			e.str(",")
		}
		e.text(s.Static[i].Name)
	}
	e.str("]")
	if rest := restOf(s, st.timeout); rest != nil {
		e.str(",\n\"rest\":")
		e.base64(rest)
	}
	e.str("}\n")
}

// restOf is the session with all values null, as a plain payload, where keys and values alone make another session of it; else nil.
func restOf(s *aspnetser.Session, timeout int32) []byte {
	whole := *s
	whole.Form = aspnetser.FormPlain
	was, err := whole.Append(nil)
	if err != nil {
		return nil // its values cannot be written, whatever stands beside them
	}
	bare := aspnetser.Collection{Form: aspnetser.FormPlain, Timeout: timeout}
	for i := range s.Items {
		setItem(&bare, itemKey{null: s.Items[i].NullKey, text: s.Items[i].Key}, s.Items[i].Value)
	}
	if again, err := bare.Append(nil); err == nil && bytes.Equal(was, again) {
		return nil
	}
	whole.Items = append([]aspnetser.Item(nil), s.Items...)
	for i := range whole.Items {
		whole.Items[i].Value = aspnetser.Null()
	}
	rest, err := whole.Append(nil)
	if err != nil {
		return nil
	}
	return rest
}
