package layout

import (
	"reflect"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
)

func TestLocalTime(t *testing.T) {
	ny := zone("America/New_York")
	for _, c := range []struct {
		why       string
		z         Zone
		wall, utc string
		readings  int
	}{
		{"no zone", Zone{}, "2026-10-25 02:30:00.003", "2026-10-25 02:30:00.003", 1},
		{"winter", berlin, "2026-01-10 12:00:00", "2026-01-10 11:00:00", 1},
		{"summer", berlin, "2026-07-10 12:00:00", "2026-07-10 10:00:00", 1},
		{"last tick before the hour that occurs twice", berlin, "2026-10-25 01:59:59.997", "2026-10-24 23:59:59.997", 1},
		{"its first", berlin, "2026-10-25 02:00:00", "2026-10-25 01:00:00", 2},
		{"its last", berlin, "2026-10-25 02:59:59.997", "2026-10-25 01:59:59.997", 2},
		{"after it", berlin, "2026-10-25 03:00:00", "2026-10-25 02:00:00", 1},
		{"before the skipped hour", berlin, "2026-03-29 01:59:59.997", "2026-03-29 00:59:59.997", 1},
		{"the skipped hour", berlin, "2026-03-29 02:00:00", "2026-03-29 01:00:00", 0},
		{"20 minutes after 01:50", berlin, "2026-03-29 02:10:00", "2026-03-29 01:10:00", 0},
		{"after the skipped hour", berlin, "2026-03-29 03:00:00", "2026-03-29 01:00:00", 1},
		{"west of Greenwich, twice", ny, "2026-11-01 01:30:00", "2026-11-01 06:30:00", 2},
		{"west of Greenwich, skipped", ny, "2026-03-08 02:30:00", "2026-03-08 07:30:00", 0},
		{"half an hour twice", zone("Australia/Lord_Howe"), "2026-04-05 01:45:00", "2026-04-04 15:15:00", 2},
		{"half-hour zone", zone("Asia/Kolkata"), "2026-11-21 10:16:14", "2026-11-21 04:46:14", 1},
		{"a day skipped", zone("Pacific/Apia"), "2011-12-30 12:00:00", "2011-12-30 22:00:00", 0},
		{"fixed", Zone{time.FixedZone("", -3*3600-1800)}, "2026-11-21 01:16:14", "2026-11-21 04:46:14", 1},
	} {
		got, n := c.z.utc(at(c.wall))
		if got != at(c.utc) || n != c.readings {
			t.Errorf("%s: %s is %v with %d readings, want %s with %d", c.why, c.wall, got, n, c.utc, c.readings)
		}
		if n > 0 && c.z.local(got) != at(c.wall) {
			t.Errorf("%s: %v comes back as %v", c.why, got, c.z.local(got))
		}
	}
}

// TestEveryInstantOfAYear: local and back is the identity, except in the first run of an hour that occurs twice.
func TestEveryInstantOfAYear(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns"} {
		z := zone(name)
		twice := 0
		for i := at("2026-01-01 00:00:00"); i < at("2027-01-01 00:00:00"); i += 10*session.Minute + 1 {
			back, n := z.utc(z.local(i))
			switch {
			case n == 2 && back > i: // the first run
				twice++
				if later := back - i; later != 60*session.Minute && later != 30*session.Minute {
					t.Fatalf("%s: %v comes back %d ticks later", name, i, later)
				}
			case back != i:
				t.Fatalf("%s: %v comes back as %v, %d readings", name, i, back, n)
			}
		}
		if name != "Asia/Kolkata" && twice == 0 {
			t.Errorf("%s: no hour occurs twice", name)
		}
	}
}

func TestFX7Notes(t *testing.T) {
	row := Row{
		SessionID: "q3m0zv5kd2xw1ea4tyh5rb0c2014c0f1", Short: []byte{1}, Timeout: 20,
		Created: at("2026-10-24 12:00:00"), LockDate: at("2026-10-25 02:20:00"), Expires: at("2026-10-25 02:40:00"),
	}
	rec, notes, err := fx7.Record(&row, berlin)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(kinds(notes), []NoteKind{NoteAmbiguousHour, NoteAmbiguousHour}) {
		t.Errorf("notes: %v", notes)
	}
	if want := "Expires 2026-10-25 02:40:00.000 occurs twice in Europe/Berlin: the later moment was taken"; notes[0].Text != want {
		t.Errorf("note %q", notes[0].Text)
	}
	if rec.Created != at("2026-10-24 10:00:00") || rec.Expires != at("2026-10-25 01:40:00") || rec.Lock.Since != at("2026-10-25 01:20:00") {
		t.Errorf("got %+v", rec.Fence())
	}
	row.Expires, row.LockDate = at("2026-03-29 02:10:00"), at("2026-03-29 01:50:00")
	rec, notes, err = fx7.Record(&row, berlin)
	if err != nil || !reflect.DeepEqual(kinds(notes), []NoteKind{NoteSkippedHour}) || rec.Expires != rec.Lock.Since.AddMinutes(20) {
		t.Errorf("skipped hour: %+v, %v, %v", rec.Fence(), notes, err)
	}
	// Other layouts do not look at the zone when they read.
	if rec, notes, err := frameworkCompat.Record(&row, berlin); err != nil || notes != nil || rec.Expires != row.Expires {
		t.Errorf("frameworkcompat: %+v, %v, %v", rec.Fence(), notes, err)
	}
}

func TestLockDateLocal(t *testing.T) {
	rec := session.Record{Lock: session.Lock{Since: at("2026-07-01 04:46:14.123")}}
	for _, c := range []struct {
		z    Zone
		want string
	}{
		{Zone{}, "2026-07-01 04:46:14.123"},
		{berlin, "2026-07-01 06:46:14.123"}, // of the lock's own season
		{zone("Asia/Kolkata"), "2026-07-01 10:16:14.123"},
		{zone("Australia/Eucla"), "2026-07-01 13:31:14.123"},
		{Zone{time.FixedZone("", -4*3600-1800-29)}, "2026-07-01 00:16:14.123"}, // whole minutes
	} {
		for _, l := range rows() {
			row, err := l.Row(&rec, c.z)
			if err != nil {
				t.Fatal(err)
			}
			want := at(c.want)
			if !l.HasColumn("LockDateLocal") {
				want = 0
			}
			if row.LockDateLocal != want {
				t.Errorf("%s in %v: %v, want %v", l, c.z, row.LockDateLocal, want)
			}
			if l != fx7 && row.LockDate != rec.Lock.Since {
				t.Errorf("%s in %v: LockDate %v", l, c.z, row.LockDate)
			}
		}
	}
	// A moment that only its local reading carries out of the range.
	rec = session.Record{Lock: session.Lock{Since: at("1753-01-01 00:00:00")}}
	if _, err := v11.Row(&rec, Zone{time.FixedZone("", -60)}); err == nil {
		t.Error("LockDateLocal of 1752 is held")
	}
}
