package ui

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/aspstate/aspstate/copier"
)

// lineEvery is how often progress is written where no terminal shows a bar.
const lineEvery = 5 * time.Second

// Text shows a run to people.
type Text struct {
	w        io.Writer
	terminal bool
	now      func() time.Time
	state    State
	bar      *progressbar.ProgressBar
	lastLine time.Time
}

// NewText writes to w; terminal says whether w shows a progress bar well.
func NewText(w io.Writer, terminal bool, now func() time.Time) *Text {
	return &Text{w: w, terminal: terminal, now: now}
}

// Observe shows one event.
func (t *Text) Observe(e copier.Event) {
	now := t.now()
	t.state.apply(e, now)
	switch e := e.(type) {
	case copier.PhaseStarted:
		t.endBar()
		if e.Phase != copier.PhaseFollow { // its passes come one after another
			t.lastLine = now
		}
		if t.terminal {
			t.bar = progressbar.NewOptions64(e.Total, progressbar.OptionSetWriter(t.w),
				progressbar.OptionSetDescription(fmt.Sprintf("%-10s", e.Phase)), progressbar.OptionShowCount(),
				progressbar.OptionSetPredictTime(true),
				progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		}
	case copier.Progress:
		if t.bar != nil {
			if t.bar.GetMax64() != t.state.Total && t.state.Total >= 0 {
				t.bar.ChangeMax64(t.state.Total)
			}
			if now.Sub(t.state.began) >= time.Second { // before, a rate is noise
				t.bar.Describe(fmt.Sprintf("%-10s %s/s", t.state.Phase, Count(int64(t.state.Rate(now)))))
			}
			_ = t.bar.Set64(t.state.Rows) // a bar that cannot be drawn stops nothing
		} else if !t.terminal && now.Sub(t.lastLine) >= lineEvery {
			t.lastLine = now
			fmt.Fprintln(t.w, t.line(now))
		}
	case copier.PassDone:
		if now.Sub(t.lastLine) >= lineEvery {
			t.endBar()
			t.lastLine = now
			fmt.Fprintf(t.w, "pass %d: %s sessions had changed, %s were gone, %.1f s behind\n", e.Pass, Count(e.Lag.Rows), Count(e.Deleted), e.Lag.Seconds)
		}
	case copier.CaughtUp:
		t.endBar()
		fmt.Fprintf(t.w, "caught up: aspstate ctl cut-over finishes it\n")
	case copier.CutOverDone:
		t.endBar()
		fmt.Fprintf(t.w, "cut over: the target has everything, and leads\n")
	case copier.Notice:
		t.clearBar()
		if e.ID == "" { // about no row
			fmt.Fprintf(t.w, "%s: %s\n", noticeWord(e.Kind), e.Text)
			return
		}
		fmt.Fprintf(t.w, "%s: %s: %s\n", noticeWord(e.Kind), e.ID, e.Text)
	}
}

// Close takes the bar away.
func (t *Text) Close() { t.endBar() }

func (t *Text) endBar() {
	if t.bar != nil {
		_ = t.bar.Clear()
		_ = t.bar.Exit()
		t.bar = nil
	}
}

func (t *Text) clearBar() {
	if t.bar != nil {
		_ = t.bar.Clear()
	}
}

func (t *Text) line(now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", t.state.Phase, Count(t.state.Rows))
	if t.state.Total >= 0 {
		fmt.Fprintf(&b, " of %s", Count(t.state.Total))
	}
	fmt.Fprintf(&b, " sessions, %s a second", Count(int64(t.state.Rate(now))))
	if eta, known := t.state.ETA(now); known {
		fmt.Fprintf(&b, ", %s left", eta.Round(time.Second))
	}
	if t.state.Throttle != "" {
		fmt.Fprintf(&b, "; slower now: %s", t.state.Throttle)
	}
	return b.String()
}

func noticeWord(k copier.NoticeKind) string {
	switch k {
	case copier.NoticeTargetOwned:
		return "left to the target"
	case copier.NoticeDifference:
		return "DIFFERENT"
	case copier.NoticeTracking:
		return "change tracking"
	}
	return string(k)
}

// Count writes a number with thousands separated.
func Count(n int64) string {
	if n < 0 {
		return "-" + Count(-n)
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Bytes writes a number of bytes for people: "6.1 MB" (powers of 1000).
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d bytes", n)
	}
	f, unit := float64(n)/1000, "kB"
	for _, u := range []string{"MB", "GB", "TB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, u
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
