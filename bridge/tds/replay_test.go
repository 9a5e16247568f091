package tds

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session/memstore"
)

// replays says of every recorded session what its replay gives. Messages are counted from PRELOGIN, which is 0, and LOGIN7, 1.
var replays = map[string]struct {
	same    int            // messages, PRELOGIN and LOGIN7 among them, that are answered as they were (differ)
	unknown map[int]string // those that the catalogue has not, by their place: its error answers them
}{
	// Providers: the same 38 steps each, and what their start sends.
	"inbox-plain":                     {same: 40},
	"inbox-tlslogin":                  {same: 39},
	"p11-async-plain":                 {same: 40},
	"p11-inmemory-plain":              {same: 40},
	"p21-fxcompat-async11-plain":      {same: 40},
	"p21-fxcompat-fx8-plain":          {same: 40},
	"p21-inmemory-plain":              {same: 67},
	"p21-sqlserver-customtable-plain": {same: 71},
	"p21-sqlserver-plain":             {same: 71},
	"p21-sqlserver-tlslogin":          {same: 61},

	// LOGIN7 went through TLS, all else is plain.
	"freetds-73":            {same: 2},
	"freetds-default":       {same: 2},
	"go-default":            {same: 2},
	"mono-select1-tlslogin": {same: 2},

	// All but PRELOGIN went through TLS.
	"go-encrypt":           {same: 1},
	"mono-select1-encrypt": {same: 1},
	"tedious-default":      {same: 1},

	"freetds-plain":         {same: 3},
	"go-disable":            {same: 3},
	"mono-select1-plain":    {same: 3},
	"mono-pool-plain":       {same: 5},
	"mono-badlogin-plain":   {same: 2},
	"mono-baddb-plain":      {same: 1}, // and a login that was refused: here each name of a database will do
	"tedious-encrypt-false": {same: 8, unknown: map[int]string{7: "adds two numbers"}},
	"tedious-plain":         {same: 8, unknown: map[int]string{7: "adds two numbers"}},
	"mono-attention-plain":  {same: 6, unknown: map[int]string{2: "counts a table's rows", 5: "again"}},
	"mono-deadlock-plain": {same: 3, unknown: map[int]string{
		2: "drops a table of its own", 3: "makes it", 5: "writes to it", 6: "again: the victim of the deadlock, which nothing here can be"}},
	"mono-deadlock-plain-conn2": {same: 4, unknown: map[int]string{3: "writes to a table of its own", 4: "again"}},
	"mono-txn-plain": {same: 12, unknown: map[int]string{2: "drops a table of its own", 3: "makes it", 5: "writes to it", 8: "writes to it",
		11: "writes a key that is there", 13: "counts its rows", 14: "reads from it", 15: "writes to it", 16: "drops it"}},
	"go-procs": {same: 8, unknown: map[int]string{5: "writes to the sessions' table as no provider does", 6: "reads it likewise", 9: "deletes likewise",
		11: "deletes likewise", 12: "lists the table"}},
}

// recording is a recorded session as far as it can be read: requests and their answers.
type recording struct {
	asked, told []message
	hidden      bool // the login went through TLS: its request is empty
}

func recordingOf(t *testing.T, name string) recording {
	t.Helper()
	half := func(direction string) (first []message, rest []byte) {
		b, err := os.ReadFile(filepath.Join(captureDir(t), name+direction))
		if err != nil {
			t.Fatal(err)
		}
		n := binary.BigEndian.Uint16(b[2:])
		if first, err = cutPackets(b[:n]); err != nil {
			t.Fatalf("%s%s: %v", name, direction, err)
		}
		return first, b[n:]
	}
	cut := func(b []byte) []message {
		all, err := cutPackets(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return all
	}
	asked, from := half(".c2s")
	told, to := half(".s2c")
	r := recording{hidden: from[0] == byte(typePrelogin)}
	if r.hidden {
		if from, to = withoutTLS(from), withoutTLS(to); len(from) == 0 {
			return recording{asked: asked, told: told}
		}
		asked = append(asked, message{})
	}
	r.asked, r.told = append(asked, cut(from)...), append(told, cut(to)...)
	if len(r.asked) != len(r.told) {
		t.Fatalf("%s: %d requests and %d answers are recorded", name, len(r.asked), len(r.told))
	}
	return r
}

// withoutTLS leaves out the handshake in PRELOGIN packets and the records of TLS behind it.
func withoutTLS(b []byte) []byte {
	for len(b) > headerSize {
		switch {
		case b[0] == byte(typePrelogin):
			b = b[binary.BigEndian.Uint16(b[2:]):]
		case b[0] >= 0x14 && b[0] <= 0x17 && b[1] == 3:
			b = b[5+binary.BigEndian.Uint16(b[3:]):]
		default:
			return b
		}
	}
	return b
}

// TestReplays sends what real clients sent, and compares what they are told with what they were told then.
func TestReplays(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(captureDir(t), "*.c2s"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".c2s"))
	}
	slices.Sort(names)
	if want := slices.Sorted(maps.Keys(replays)); !slices.Equal(names, want) {
		t.Fatalf("recorded are %v, but expected %v", names, want)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { replay(t, name) })
	}
}

func replay(t *testing.T, name string) {
	want, r := replays[name], recordingOf(t, name)
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	f := &Front{Store: store, Settings: Settings{Login: anyone}}
	if r.hidden || len(r.asked) == 1 {
		f.TLS = certificate(t)
	}
	if strings.Contains(name, "async11") {
		l, err := parseLogin7(r.asked[1].data)
		if err != nil {
			t.Fatal(err)
		}
		f.Databases = map[string]Database{strings.ToLower(l.database): {Layout: layoutNamed(t, layout.V11)}}
	}
	addr := serveFront(t, f)
	s := dial(t, addr)
	same, unknown := 0, 0
	var transaction []byte
	for i, m := range r.asked {
		if i == 1 && r.hidden {
			s = enter(t, addr)
			continue
		}
		if transaction != nil && (m.typ == typeBatch || m.typ == typeRPC || m.typ == typeTransaction) && binary.LittleEndian.Uint64(m.data[10:]) != 0 {
			copy(m.data[10:], transaction)
		}
		s.say(m)
		got := s.hear()
		if i == 0 {
			now, err := parsePrelogin(got.data)
			then, err2 := parsePrelogin(r.told[i].data)
			if err != nil || err2 != nil || now != then {
				t.Errorf("PRELOGIN is answered %+v, was %+v: %v, %v", now, then, err, err2)
			}
			same++
			continue
		}
		now, err := understand(got.data)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		then, err := understand(r.told[i].data)
		if err != nil {
			t.Fatal(err)
		}
		if now.begun != nil {
			transaction = now.begun
		}
		what, isUnknown := want.unknown[i]
		switch why := differ(&now, &then, m, name); {
		case isUnknown:
			unknown++
			if !slices.Equal(now.errors, []int32{50000}) || now.last&doneMore != 0 || len(now.rows)+len(now.outputs) > 0 || m.reset != bytes.Contains(now.changes, []byte{changeReset}) {
				t.Errorf("request %d, which %s: %+v", i, what, now)
			}
		case i == 1 && name == "mono-baddb-plain":
			if !now.login || then.login {
				t.Errorf("a database that there is not: login %v, was %v", now.login, then.login)
			}
		case why != "":
			t.Errorf("request %d (%s): %s", i, describe(m), why)
		default:
			same++
		}
		if m.typ == typeLogin7 {
			s.size = max(s.size, 8000)
			if !now.login {
				if n, err := s.conn.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("after a login that was refused: %d bytes, %v", n, err)
				}
			}
		}
	}
	if same != want.same || unknown != len(want.unknown) {
		t.Errorf("%d messages are answered as they were, and %d are not in the catalogue; want %d and %d", same, unknown, want.same, len(want.unknown))
	}
}

// differ compares what a client looks at. These differ, and may:
//   - ages of locks, by a second or two;
//   - what start-up finds: here all exists;
//   - the version: @@ver;
//   - SessionItemShort beside a long item: FrameworkCompat leaves the former one there (sql-layouts.md 7.1), and nobody looks at it;
//   - ActionFlags of an absent session in the memory kinds: 0 there (6.3), which the engine of the recording made NULL;
//   - that SET LANGUAGE is told (ENVCHANGE 2), which the engine of the recording does;
//   - the order of ENVCHANGEs in a login, and rows that a read counts: statements of the engine's own (README.md 2).
func differ(now, then *told, m message, name string) string {
	if !slices.Equal(now.errors, then.errors) {
		return fmt.Sprintf("errors %v, were %v", now.errors, then.errors)
	}
	if now.last&doneMore != 0 || now.last&doneAttention != then.last&doneAttention {
		return fmt.Sprintf("the last DONE has status 0x%X, had 0x%X", now.last, then.last)
	}
	if m.reset != bytes.Contains(now.changes, []byte{changeReset}) {
		return "the reset is not told, or is told without one"
	}
	switch m.typ {
	case typeLogin7:
		a, b := slices.Sorted(slices.Values(now.changes)), slices.Sorted(slices.Values(then.changes))
		if now.login != then.login || now.login && !slices.Equal(a, b) {
			return fmt.Sprintf("login %v, was %v; changes %v, were %v", now.login, then.login, a, b)
		}
		return ""
	case typeTransaction:
		if !slices.Equal(now.changes, then.changes) {
			return fmt.Sprintf("changes %v, were %v", now.changes, then.changes)
		}
		return ""
	case typeAttention:
		if now.done != 1 || then.done != 1 {
			return fmt.Sprintf("%d DONEs, were %d", now.done, then.done)
		}
		return ""
	}
	if m.typ == typeBatch && !isNumberSelected(m) {
		if len(now.rows) != len(then.rows) || len(now.rows) > 0 && len(now.rows[0]) != len(then.rows[0]) {
			return fmt.Sprintf("rows %v, were %v", now.rows, then.rows)
		}
		return ""
	}
	if !slices.EqualFunc(now.rows, then.rows, slices.Equal) {
		return fmt.Sprintf("%d rows, were %d, or they differ", len(now.rows), len(then.rows))
	}
	if len(then.outputs) == 0 && now.count != then.count {
		return fmt.Sprintf("counts %d rows, were %d", now.count, then.count)
	}
	names := slices.Sorted(maps.Keys(then.outputs))
	if got := slices.Sorted(maps.Keys(now.outputs)); !slices.Equal(got, names) {
		return fmt.Sprintf("outputs %v, were %v", got, names)
	}
	for _, n := range names {
		a, b := now.outputs[n], then.outputs[n]
		if a == b || strings.EqualFold(n, "@@ver") || strings.EqualFold(n, "@itemShort") && len(now.rows) == 1 && a == "NULL" {
			continue
		}
		if n == "@ActionFlags" && strings.Contains(name, "inmemory") && a == "0" && now.outputs["@Locked"] == "NULL" {
			continue
		}
		if strings.EqualFold(n, "@lockAge") {
			x, err := strconv.Atoi(a)
			y, err2 := strconv.Atoi(b)
			if err == nil && err2 == nil && max(x-y, y-x) <= 2 {
				continue
			}
		}
		return fmt.Sprintf("%s is %.60s, was %.60s", n, a, b)
	}
	return ""
}

// isNumberSelected says whether a batch asks for a number and nothing else, which is answered to the value.
func isNumberSelected(m message) bool {
	q, err := parseBatch(m.data)
	words := tokens(q.text)
	return err == nil && len(words) == 2 && words[0] == "select" && isNumber(words[1])
}

func describe(m message) string {
	switch m.typ {
	case typeBatch:
		q, _ := parseBatch(m.data)
		return beginning(q.text)
	case typeRPC:
		q, _ := parseRPC(m.data)
		return q.calls[0].name
	}
	return fmt.Sprintf("type 0x%02X", byte(m.typ))
}

func layoutNamed(t *testing.T, name string) *layout.Layout {
	t.Helper()
	l, err := layout.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
