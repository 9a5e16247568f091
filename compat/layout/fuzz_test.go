package layout

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
)

// FuzzParseSpell: an id that is understood is spelled back with the value of its suffix, and what is spelled is
// understood.
func FuzzParseSpell(f *testing.F) {
	for _, id := range []string{raw24 + "2014c0f1", raw24 + "b3003E84", "x15890198", "15890198", "abcB3003E84B3003E84", "abcb3003e84B3003E84", "B3003E84B3003E84", ""} {
		f.Add(id)
	}
	// One id an application: an alias is spelled under the first one.
	reg := mustRegistry(f, Application{Name: "shop", AppIDs: []string{site1}}, Application{Name: "blog", AppIDs: []string{site8}})
	s := must(NewSpelling(reg, suffixRules...))
	f.Fuzz(func(t *testing.T, id string) {
		p, err := s.Parse(key("", id))
		if err != nil {
			var unsuffixed *UnsuffixedError
			var unknown *UnknownSuffixError
			if !errors.As(err, &unsuffixed) && !errors.As(err, &unknown) {
				t.Fatalf("%q: %v", id, err)
			}
		} else {
			stored, err := s.Spell(p.Key, p.Rule)
			if err != nil {
				t.Fatal(err)
			}
			n := len(id) - 8
			if len(stored.ID) != len(id) || stored.ID[:n] != id[:n] || !strings.EqualFold(stored.ID[n:], id[n:]) {
				t.Fatalf("%q is read as %q and stored as %q", id, p.Key.ID, stored.ID)
			}
		}
		for _, rule := range suffixRules {
			stored, err := s.Spell(key("shop", id), rule)
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Parse(stored)
			if err != nil {
				if id == "" || id == stored.ID {
					continue // nothing is left in front of the suffix
				}
				t.Fatalf("%q is stored as %q: %v", id, stored.ID, err)
			}
			if again, err := s.Spell(p.Key, p.Rule); err != nil || again != stored || p.Rule != rule {
				t.Fatalf("%q is stored as %q, and then as %q by %s, %v", id, stored.ID, again.ID, p.Rule, err)
			}
			if stored.ID != id && p.Key.ID != id {
				t.Fatalf("%q is stored as %q and read as %q", id, stored.ID, p.Key.ID)
			}
			if !slices.Contains(reg.Resolve(stored.ID), p.Key) {
				t.Fatalf("%q does not resolve to %q", stored.ID, p.Key.ID)
			}
		}
	})
}

// FuzzTarget: a path that is escaped decodes to itself; decoding gives text; parsing a path and putting it together
// again is the identity.
func FuzzTarget(f *testing.F) {
	for _, target := range []string{capturedKey + raw24, "//LM/W3SVC/1/ROOT(x)/y", "%u0041%ud83d%c3%a9+%", "/a(b)/c(AAAAAAAAAAAAAAAAAAAAAAAAAAA=)/d"} {
		f.Add(target)
	}
	reg := farm(f)
	f.Fuzz(func(t *testing.T, target string) {
		decoded := DecodeTarget(target)
		if utf8.ValidString(target) && !utf8.ValidString(decoded) {
			t.Fatalf("%q gives %q", target, decoded)
		}
		if again := DecodeTarget(EscapeTarget(decoded)); utf8.ValidString(decoded) && again != decoded {
			t.Fatalf("%q gives %q, and escaped %q", target, decoded, again)
		}
		p, err := reg.ParsePath(target)
		if err != nil {
			return
		}
		if p.String() != rooted(decoded) || p.ID == "" {
			t.Fatalf("%q gives %+v", target, p)
		}
		k, err := reg.StateServerKey(target)
		if err != nil || k.ID != p.ID {
			t.Fatalf("%q gives %+v, %v", target, k, err)
		}
	})
}

// FuzzRow: whatever a row holds, reading it ends in a record or a *CorruptError; the row made of the record gives the
// same record. The three payloads are Short, Long and Item; for sqlinmemory, Item and two chunks.
func FuzzRow(f *testing.F) {
	for i := range rows() {
		f.Add(uint8(i), []byte{1}, []byte(nil), []byte{20, 0, 0, 0, 0, 0, 255}, int64(7), int32(0), int32(0), false)
		f.Add(uint8(i), []byte(nil), []byte{7, 7}, []byte{0}, int64(0), int32(0), int32(0), true)
	}
	chunks := uint8(slices.Index(rows(), sqlInMemory))
	f.Add(chunks, bytes.Repeat([]byte{7}, 7000), []byte{1}, []byte(nil), int64(7001), int32(1), int32(2), true)
	f.Add(chunks, []byte{1}, bytes.Repeat([]byte{7}, 7000), []byte(nil), int64(7001), int32(2), int32(1), true)
	f.Fuzz(func(t *testing.T, which uint8, a, b, item []byte, size int64, id1, id2 int32, initialized bool) {
		null := func(b []byte) []byte { // an empty argument is NULL, one of a single 0 is empty
			switch {
			case len(b) == 0:
				return nil
			case len(b) == 1 && b[0] == 0:
				return []byte{}
			}
			return b
		}
		l := rows()[int(which)%len(rows())]
		row := Row{SessionID: raw24, Short: null(a), Long: null(b), Item: null(item), ItemSize: size, Initialized: initialized}
		for _, c := range []Chunk{{id1, a}, {id2, b}} {
			if l.Form == FormChunks && c.ID != 0 {
				row.Chunks = append(row.Chunks, c)
			}
		}
		rec, _, err := l.Record(&row, Zone{})
		if err != nil {
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := l.Row(&rec, Zone{})
		if err != nil {
			t.Fatal(err)
		}
		back, notes, err := l.Record(&again, Zone{})
		if err != nil || back.Fence() != rec.Fence() || !bytes.Equal(back.Payload, rec.Payload) {
			t.Fatalf("%+v became %+v, %v, %v", rec.Fence(), back.Fence(), notes, err)
		}
		if l.Form == FormChunks && int64(len(rec.Payload)) != size {
			t.Fatalf("ItemSize %d gives %d bytes", size, len(rec.Payload))
		}
	})
}

// FuzzTail: only bytes behind the payload go, and what is left is not trimmed again.
func FuzzTail(f *testing.F) {
	for _, name := range fixtures.Blobs {
		b := fixtures.Blob(name)
		f.Add(b, []byte(nil))
		f.Add(deflated(f, b, 6), b)
	}
	f.Fuzz(func(t *testing.T, payload, before []byte) {
		stored := buffer(payload, before)
		got, notes := trimTail(stored)
		if !bytes.HasPrefix(stored, got) || (len(got) < len(stored)) != slices.Contains(kinds(notes), NoteTrimmedTail) {
			t.Fatalf("%d bytes became %d, %v", len(stored), len(got), notes)
		}
		if again, _ := trimTail(got); len(again) != len(got) {
			t.Fatalf("%d bytes became %d and then %d", len(stored), len(got), len(again))
		}
		if len(got) < len(stored) {
			rec := session.Record{Payload: got}
			for _, l := range rows() {
				row, err := l.Row(&rec, Zone{})
				if err != nil {
					t.Fatal(err)
				}
				if back, _, err := l.Record(&row, Zone{}); err != nil || !bytes.Equal(back.Payload, got) {
					t.Fatalf("%s: %d bytes became %d, %v", l, len(got), len(back.Payload), err)
				}
			}
		}
	})
}
