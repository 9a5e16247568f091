package ui

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/aspstate/aspstate/copier"
)

// WriteReport writes the outcome of a copy for people, in one write.
func WriteReport(w io.Writer, r copier.Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "copied %s sessions, %s, in %s", Count(r.Copied), Bytes(r.Bytes), r.Took.Round(time.Millisecond))
	if r.Resumed {
		fmt.Fprint(&b, " (resumed)")
	}
	fmt.Fprintln(&b)
	for _, l := range []struct {
		n      int64
		text   string
		always bool
	}{
		{r.Scanned, "scanned", true},
		{r.Updated, "updated: they had changed since an earlier run", false},
		{r.Unchanged, "unchanged", true},
		{r.Deleted, "deleted: the source has removed them since an earlier run", false},
		{r.SkippedExpired, "expired, left behind", true},
		{r.Superseded, "superseded by a row of the same session under another id rule", false},
		{r.TargetOwned, "the target's own, not touched", false},
		{r.Undecodable, "undecodable, carried byte for byte", false},
		{r.Refused, "refused", false},
		{r.RemovedOld, "old rows removed", false},
		{r.Verified, "verified: fence and content read back equal", true},
		{r.Differences, "DIFFERENT", true},
	} {
		if l.n != 0 || l.always {
			fmt.Fprintf(&b, "%10s  %s\n", Count(l.n), l.text)
		}
	}
	if f := r.Freeze; f != nil {
		fmt.Fprintf(&b, "cut over after %d passes: the application stood still for %s (%s to stop it, %s for the last changes, %s of that waiting for locks, %s to check)\n",
			r.Passes, short(f.Total), short(f.Stop), short(f.Carry), short(f.Locks), short(f.Check))
		if f.Locked > 0 {
			fmt.Fprintf(&b, "%10s  still locked, copied as they were\n", Count(f.Locked))
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func short(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// WriteComparison writes the outcome of a verification for people, in one write.
func WriteComparison(w io.Writer, c copier.Comparison) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s sessions are equal, %s differ", Count(c.Equal), Count(c.Differing))
	if c.Resumed {
		fmt.Fprintf(&b, " (resumed: the first of them were compared from %s on)", c.Began.Format(time.DateTime+" MST"))
	}
	fmt.Fprintln(&b)
	for _, a := range c.Differences() {
		fmt.Fprintf(&b, "%10s  %s\n", Count(c.Aspects[a]), a)
	}
	for _, l := range []struct {
		n      int64
		text   string
		always bool
	}{
		{c.Scanned, "scanned", true},
		{c.SkippedExpired, "expired", true},
		{c.Decoded, "equal when decoded, in other bytes", false},
		{c.Gone, "gone while they were compared", false},
		{c.Busy, "busy: they kept changing, so that nobody can say", false},
		{c.Superseded, "superseded", false},
		{c.Refused, "cannot be copied", false},
	} {
		if l.n != 0 || l.always {
			fmt.Fprintf(&b, "%10s  %s\n", Count(l.n), l.text)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
