package layout

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
)

func key(app, id string) session.Key { return session.Key{App: app, ID: id} }

func at(s string) session.Instant {
	t, err := time.Parse("2006-01-02 15:04:05.999", s)
	if err != nil {
		panic(err)
	}
	return session.At(t)
}

func rows() []*Layout {
	var ls []*Layout
	for _, l := range append(All(), fx7) {
		if l.Form != FormNative {
			ls = append(ls, l)
		}
	}
	return ls
}

// zones differ from layout to layout, one of them by half an hour, one by three quarters.
func zoneOf(l *Layout) Zone {
	if l == fx7 {
		return berlin
	}
	return map[string]Zone{
		FrameworkCompat: {time.FixedZone("", -4*3600-1800)}, V11: {time.FixedZone("", 5*3600+2700)}, SQLServer: berlin,
	}[l.Name]
}

var berlin = zone("Europe/Berlin")

func zone(name string) Zone {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return Zone{l}
}

// noise is a payload that nobody can take for anything.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)})
	_, _ = r.Read(b)
	return b
}

var sizes = []int{0, 1, 7, 6999, 7000, 7001, 14000, 14001, 62999, 63000, 63001, 200_001}

func records() []session.Record {
	base := session.Record{
		Key: key("", "q3m0zv5kd2xw1ea4tyh5rb0c2014c0f1"), Payload: noise(30), Timeout: 20,
		Created: at("2026-07-01 10:00:00.003"), Expires: at("2026-11-21 05:03:14.997"),
		Lock: session.Lock{Cookie: 2, Since: at("2026-11-21 04:46:14.123")},
	}
	var rs []session.Record
	with := func(change func(*session.Record)) {
		r := base
		change(&r)
		rs = append(rs, r)
	}
	for _, n := range sizes {
		with(func(r *session.Record) { r.Payload = noise(n) })
	}
	for i := range session.Second {
		with(func(r *session.Record) {
			r.Created, r.Expires, r.Lock.Since = r.Created+i, r.Expires+i, r.Lock.Since+i
		})
	}
	for _, cookie := range []int32{0, 1, math.MaxInt32, math.MinInt32} {
		with(func(r *session.Record) { r.Lock.Cookie, r.Lock.Locked = cookie, true })
	}
	with(func(r *session.Record) { r.Flags = session.Uninitialized })
	with(func(r *session.Record) { r.Timeout = math.MaxInt32 })
	with(func(r *session.Record) { r.Timeout = -1 })
	with(func(r *session.Record) { r.Key.ID = strings.Repeat("é", 88) })
	with(func(r *session.Record) { r.Key.ID = "" })
	with(func(r *session.Record) { r.Created = at("1754-01-01 00:00:00"); r.Expires = at("9999-12-30 00:00:00") })
	return rs
}

// TestEveryPairComesBack: from -> to -> from keeps everything, for every pair of layouts.
func TestEveryPairComesBack(t *testing.T) {
	through := func(l *Layout, rec *session.Record) (session.Record, Row) {
		t.Helper()
		row, err := l.Row(rec, zoneOf(l))
		if err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		back, _, err := l.Record(&row, zoneOf(l))
		if err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		return back, row
	}
	all := records()
	for _, from := range rows() {
		for _, to := range rows() {
			for _, rec := range all {
				source, row := through(from, &rec)
				target, _ := through(to, &source)
				again, rowAgain := through(from, &target)
				if !reflect.DeepEqual(source, rec) || !reflect.DeepEqual(target, rec) || !reflect.DeepEqual(again, rec) {
					t.Fatalf("%s -> %s -> %s: %+v\nbecame %+v\nthen %+v\nthen %+v", from, to, from, rec.Fence(), source.Fence(), target.Fence(), again.Fence())
				}
				if !reflect.DeepEqual(row, rowAgain) {
					t.Fatalf("%s -> %s -> %s: the row has changed", from, to, from)
				}
			}
		}
	}
}

func TestRowHasOneColumnOnly(t *testing.T) {
	for _, l := range rows() {
		for _, n := range sizes {
			rec := session.Record{Payload: noise(n)}
			row, err := l.Row(&rec, Zone{})
			if err != nil {
				t.Fatal(err)
			}
			short := n <= 7000
			want := map[string]bool{
				"Short": l.Form == FormShortLong && short, "Long": l.Form == FormLong || l.Form == FormShortLong && !short,
				"Item": l.Form == FormItem || l.Form == FormChunks && short, "Chunks": l.Form == FormChunks && !short,
			}
			got := map[string]bool{"Short": row.Short != nil, "Long": row.Long != nil, "Item": row.Item != nil, "Chunks": row.Chunks != nil}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %d bytes: got %v, want %v", l, n, got, want)
			}
			if l.Form == FormChunks && row.ItemSize != int64(n) || l.Form != FormChunks && row.ItemSize != 0 {
				t.Errorf("%s, %d bytes: ItemSize %d", l, n, row.ItemSize)
			}
			for i, c := range row.Chunks {
				if size := min(7000, n-i*7000); int(c.ID) != i+1 || len(c.Item) != size || cap(c.Item) != size {
					t.Errorf("%s, %d bytes: place %d has chunk %d of %d", l, n, i, c.ID, len(c.Item))
				}
			}
		}
		row, err := l.Row(&session.Record{Payload: nil}, Zone{})
		if err != nil {
			t.Fatal(err)
		}
		if back, _, err := l.Record(&row, Zone{}); err != nil || back.Payload == nil || len(back.Payload) > 0 {
			t.Errorf("%s: a nil payload comes back as %v, %v", l, back.Payload, err)
		}
	}
}

func TestInitializedIsTheOppositeOfTheFlag(t *testing.T) {
	for _, l := range rows() {
		for _, flags := range []session.Flags{0, session.Uninitialized} {
			row, err := l.Row(&session.Record{Flags: flags}, Zone{})
			if err != nil {
				t.Fatal(err)
			}
			if l.Form == FormChunks {
				if row.Flags != 0 || row.Initialized != (flags == 0) {
					t.Errorf("%s, flags %d: Flags %d, Initialized %v", l, flags, row.Flags, row.Initialized)
				}
			} else if row.Flags != int32(flags) || row.Initialized {
				t.Errorf("%s, flags %d: Flags %d, Initialized %v", l, flags, row.Flags, row.Initialized)
			}
		}
	}
}

func TestLongWins(t *testing.T) {
	short, long := noise(50), noise(7001)
	for _, l := range []*Layout{frameworkCompat, fx7, sampleInMemory} {
		for _, c := range []struct {
			why         string
			short, long []byte
			want        []byte
			notes       []NoteKind
		}{
			{"short", short, nil, short, nil},
			{"long", nil, long, long, nil},
			{"FrameworkCompat grew past 7000 (7.1): Short is stale", short, long, long, []NoteKind{NoteBothColumns}},
			{"a tool put short data into Long", nil, short, short, []NoteKind{NoteMisplacedLong}},
			{"the longest that is short", nil, long[:7000], long[:7000], []NoteKind{NoteMisplacedLong}},
			{"both, the long one short", long[:7000], short, short, []NoteKind{NoteBothColumns, NoteMisplacedLong}},
			{"an empty long is not NULL", short, []byte{}, []byte{}, []NoteKind{NoteBothColumns, NoteMisplacedLong}},
		} {
			rec, notes, err := l.Record(&Row{Short: c.short, Long: c.long}, Zone{})
			if err != nil {
				t.Fatalf("%s, %s: %v", l, c.why, err)
			}
			if !bytes.Equal(rec.Payload, c.want) || !reflect.DeepEqual(kinds(notes), c.notes) {
				t.Errorf("%s, %s: %d bytes, notes %v", l, c.why, len(rec.Payload), notes)
			}
			row, err := l.Row(&rec, Zone{})
			if err != nil || (row.Short == nil) == (row.Long == nil) {
				t.Errorf("%s, %s: the row made of it has Short %v, Long %v, %v", l, c.why, row.Short != nil, row.Long != nil, err)
			}
		}
	}
}

func kinds(notes []Note) []NoteKind {
	var ks []NoteKind
	for _, n := range notes {
		ks = append(ks, n.Kind)
	}
	return ks
}

func TestNoPayloadIsCorrupt(t *testing.T) {
	for _, l := range rows() {
		_, _, err := l.Record(&Row{SessionID: "secretsecretsecret12345678"}, Zone{})
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Damage != DamageNoPayload || corrupt.Layout != l.Name {
			t.Errorf("%s: %v", l, err)
		}
		if strings.Contains(fmt.Sprint(err), "secrets") {
			t.Errorf("%s: the error shows the id: %v", l, err)
		}
	}
}

func TestEmbeddedHasNoRows(t *testing.T) {
	var unsupported *UnsupportedError
	if _, err := embedded.Row(&session.Record{}, Zone{}); !errors.As(err, &unsupported) {
		t.Error(err)
	}
	if _, _, err := embedded.Record(&Row{}, Zone{}); !errors.As(err, &unsupported) {
		t.Error(err)
	}
}

func TestCannotHold(t *testing.T) {
	first, last := at("1753-01-01 00:00:00"), at("9999-12-31 23:59:59.997")
	earliest := at("0001-01-01 00:00:00")
	every := func(*Layout) bool { return true }
	none := func(*Layout) bool { return false }
	datetime := func(l *Layout) bool { return l.Times == DateTime }
	only := func(want *Layout) func(*Layout) bool { return func(l *Layout) bool { return l == want } }
	for _, c := range []struct {
		why     string
		change  func(*session.Record)
		refuses func(*Layout) bool
		column  string
	}{
		{"id of 89 characters", func(r *session.Record) { r.Key.ID = strings.Repeat("a", 89) }, every, "SessionId"},
		{"id of 45 surrogate pairs", func(r *session.Record) { r.Key.ID = strings.Repeat("🐟", 45) }, every, "SessionId"},
		{"id of 44 pairs", func(r *session.Record) { r.Key.ID = strings.Repeat("🐟", 44) }, none, ""},
		{"id that is not UTF-8", func(r *session.Record) { r.Key.ID = "secrets\xff" }, every, "SessionId"},
		{"key not spelled", func(r *session.Record) { r.Key.App = "shop" }, every, "SessionId"},
		{"another flag", func(r *session.Record) { r.Flags = 2 }, only(sqlInMemory), "Initialized"},
		{"flag of the sign", func(r *session.Record) { r.Flags = math.MinInt32 | 1 }, only(sqlInMemory), "Initialized"},
		{"Created before 1753", func(r *session.Record) { r.Created = first - 1 }, datetime, "Created"},
		{"Created in 1753", func(r *session.Record) { r.Created = first }, none, ""},
		{"Created before year 1", func(r *session.Record) { r.Created = earliest - 1 }, every, "Created"},
		{"Created in year 1", func(r *session.Record) { r.Created = earliest }, datetime, "Created"},
		{"Expires in year 10000", func(r *session.Record) { r.Expires = last + 1 }, every, "Expires"},
		{"Expires at the end of 9999", func(r *session.Record) { r.Expires = last }, none, ""},
		{"LockDate in year 10000", func(r *session.Record) { r.Lock.Since = last + 1 }, every, "LockDate"},
	} {
		for _, l := range rows() {
			rec := session.Record{Key: key("", "secretsecretsecret12345678"), Payload: noise(7)}
			c.change(&rec)
			_, err := l.Row(&rec, Zone{})
			var held *CannotHoldError
			switch {
			case !c.refuses(l) && err != nil:
				t.Errorf("%s, %s: %v", l, c.why, err)
			case c.refuses(l) && (!errors.As(err, &held) || held.Column != c.column || held.Layout != l.Name):
				t.Errorf("%s, %s: %v, want one of %s", l, c.why, err, c.column)
			}
			if strings.Contains(fmt.Sprint(err), "secrets") {
				t.Errorf("%s, %s: the error shows the id: %v", l, c.why, err)
			}
		}
	}
	if err := inMemory.checkSize(&session.Record{}, 1<<31); err == nil {
		t.Error("2 GiB are held")
	}
	if err := inMemory.checkSize(&session.Record{}, 1<<31-1); err != nil {
		t.Error(err)
	}
}

// TestDateTime2RoundsToTheTick: datetime2(7) values that a driver reads come back to the tick they left.
func TestDateTime2RoundsToTheTick(t *testing.T) {
	base := at("2026-11-21 04:46:14")
	for i := range session.Second {
		row, err := sqlInMemory.Row(&session.Record{Created: base + i}, Zone{})
		if err != nil {
			t.Fatal(err)
		}
		stored := row.Created.Time().Truncate(100 * time.Nanosecond) // what the column keeps
		rec, _, err := sqlInMemory.Record(&Row{Created: session.At(stored), Item: []byte{}, Initialized: true}, Zone{})
		if err != nil || rec.Created != base+i {
			t.Fatalf("tick %d: came back as %d, %v", i, rec.Created-base, err)
		}
	}
}
