package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/copier"
)

type fakeClock struct{ t time.Time }

func (c *fakeClock) now() time.Time { return c.t }

func newClock() *fakeClock { return &fakeClock{time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)} }

func TestTextWithoutATerminalWritesALineNowAndThen(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	x := NewText(&b, false, c.now)
	x.Observe(copier.PhaseStarted{Phase: copier.PhaseCopy, Total: 10000})
	for i := range 12 {
		c.t = c.t.Add(time.Second)
		x.Observe(copier.Progress{Phase: copier.PhaseCopy, Rows: int64(i+1) * 500})
	}
	x.Observe(copier.Notice{Kind: copier.NoticeDifference, ID: "q3m0…", Text: "[payload]"})
	x.Close()
	want := "copy: 2,500 of 10,000 sessions, 500 a second, 15s left\n" +
		"copy: 5,000 of 10,000 sessions, 500 a second, 10s left\n" +
		"DIFFERENT: q3m0…: [payload]\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTextOnATerminalShowsABar(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	x := NewText(&b, true, c.now)
	x.Observe(copier.PhaseStarted{Phase: copier.PhaseCopy, Total: 100})
	x.Observe(copier.Progress{Phase: copier.PhaseCopy, Rows: 50})
	x.Close()
	if got := b.String(); !strings.Contains(got, "copy") || !strings.Contains(got, "\r") {
		t.Errorf("no bar in %q", got)
	}
}

func TestUnknownIsNotZero(t *testing.T) {
	c := newClock()
	var s State
	s.apply(copier.PhaseStarted{Phase: copier.PhaseCopy, Total: -1}, c.t)
	c.t = c.t.Add(time.Second)
	s.apply(copier.Progress{Rows: 10}, c.t)
	if _, known := s.ETA(c.t); known {
		t.Error("an ETA without a total")
	}
	if got := s.Rate(c.t); got != 10 {
		t.Errorf("rate %v", got)
	}
	// A resumed run does not count what the run before has done as its own speed.
	s.apply(copier.PhaseStarted{Phase: copier.PhaseCopy, Total: 1000, Done: 900}, c.t)
	c.t = c.t.Add(time.Second)
	s.apply(copier.Progress{Rows: 950}, c.t)
	if eta, _ := s.ETA(c.t); s.Rate(c.t) != 50 || eta != time.Second {
		t.Errorf("rate %v, ETA %v", s.Rate(c.t), eta)
	}
}

func TestJSONLines(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	j := NewJSON(&b, c.now)
	j.Observe(copier.PhaseStarted{Phase: copier.PhaseCopy, Total: -1})
	j.Observe(copier.Progress{Phase: copier.PhaseCopy, Rows: 1}) // too soon
	c.t = c.t.Add(2 * time.Second)
	j.Observe(copier.Progress{Phase: copier.PhaseCopy, Rows: 10})
	j.Observe(copier.Notice{Kind: copier.NoticeRefused, ID: "ab…", Text: `suffix "x" <none>`})
	j.Report(copier.Report{Counters: copier.Counters{Scanned: 3, Copied: 2, SkippedExpired: 1, Verified: 2, Bytes: 14}, Took: 1500 * time.Millisecond})
	want := `{"event":"phase","phase":"copy","total":null}
{"event":"progress","phase":"copy","rows":10,"total":null,"rows_per_second":5,"eta_seconds":null}
{"event":"notice","kind":"refused","id":"ab…","text":"suffix \"x\" <none>"}
{"event":"report","scanned":3,"copied":2,"updated":0,"unchanged":0,"deleted":0,"skipped_expired":1,"superseded":0,"target_owned":0,"undecodable":0,"refused":0,"unknown":0,"verified":2,"differences":0,"bytes":14,"seconds":1.5}
`
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestJSONPlanIsOneLineAndWhole(t *testing.T) {
	var b bytes.Buffer
	j := NewJSON(&b, newClock().now)
	j.Observe(copier.Planned{Plan: &copier.Plan{TargetRows: -1, Checks: []copier.Check{{Name: "x", Verdict: copier.Refused, Remedy: "do"}}}})
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || strings.Count(b.String(), "\n") != 1 {
		t.Fatalf("%v: %s", err, b.String())
	}
	if got["event"] != "plan" || got["target_rows"] != nil || got["groups"] == nil || got["from_ids"] == nil {
		t.Errorf("got %v", got)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestJSONKeepsItsFirstError(t *testing.T) {
	j := NewJSON(broken{}, newClock().now)
	j.Report(copier.Report{})
	if j.Err() == nil {
		t.Error("a report that could not be written looks written")
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) gives %s", n, got)
		}
	}
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 6_140_000: "6.1 MB", 2_500_000_000: "2.5 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) gives %s", n, got)
		}
	}
}
