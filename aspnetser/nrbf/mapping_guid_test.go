package nrbf

import (
	"testing"
	"time"
)

func TestParseGUID(t *testing.T) {
	want := GUID{0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	for _, s := range []string{"00112233-4455-6677-8899-aabbccddeeff", "{00112233-4455-6677-8899-AABBCCDDEEFF}",
		"00112233445566778899aabbccddeeff"} {
		if g, ok := ParseGUID(s); !ok || g != want || g.String() != "00112233-4455-6677-8899-aabbccddeeff" {
			t.Errorf("%q: %v %v", s, g, ok)
		}
	}
	for _, s := range []string{"", "00112233-4455-6677-8899-aabbccddeef", "00112233-4455-6677-8899-aabbccddeefg", "0011223344-55-6677-8899-aabbccddeeff",
		"{00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeeff}", "{}", "(00112233445566778899aabbccddeeff)"} {
		if g, ok := ParseGUID(s); ok || g != (GUID{}) {
			t.Errorf("%q: %v %v", s, g, ok)
		}
	}
}

// The kind of a DateTime survives as the location of a time.Time, and no other location is taken for one.
func TestDateTimeLocations(t *testing.T) {
	for k := DateTimeUnspecified; k <= DateTimeLocalDST; k++ {
		d := DateTime{637134336000000001, k}
		if got, ok := dateTime(d.Time()); !ok || got != d {
			t.Errorf("%v became %v", d, got)
		}
		if s := d.Time().Format("2006-01-02T15:04:05.0000000Z07:00"); s != "2020-01-01T00:00:00.0000001Z" {
			t.Errorf("%v shows as %s", d, s)
		}
	}
	elsewhere := time.Date(2020, 1, 1, 2, 0, 0, 0, time.FixedZone("Local", 2*60*60))
	if got, ok := dateTime(elsewhere); !ok || got != (DateTime{637134336000000000, DateTimeUTC}) {
		t.Errorf("%v became %v", elsewhere, got)
	}
	for _, bad := range []time.Time{time.Date(0, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(0, 99)} {
		if got, ok := dateTime(bad); ok {
			t.Errorf("%v became %v", bad, got)
		}
	}
}
