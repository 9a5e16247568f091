package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"time"

	"github.com/aspstate/aspstate/session"
)

// trace is what happened, a line a step.
type trace struct {
	hash  hash.Hash
	lines []string
}

func (t *trace) add(at time.Duration, line string) {
	if t.hash == nil {
		t.hash = sha256.New()
	}
	l := fmt.Sprintf("%14.6f %s", at.Seconds(), line)
	fmt.Fprintln(t.hash, l)
	t.lines = append(t.lines, l)
	if *showSteps {
		fmt.Println(l)
	}
}

// sum is the hash of the whole trace.
func (t *trace) sum() string { return hex.EncodeToString(t.hash.Sum(nil)[:8]) }

// tail is the last lines.
func (t *trace) tail(n int) string { return strings.Join(t.lines[max(0, len(t.lines)-n):], "\n") }

// told is an answer in a few words.
func told(v any, err error) string {
	var locked *session.LockedError
	switch {
	case errors.As(err, &locked):
		return fmt.Sprintf("locked under %d", locked.Cookie)
	case errors.Is(err, session.ErrNotFound):
		return "absent"
	case errors.Is(err, session.ErrStaleCookie):
		return "stale"
	case errors.Is(err, session.ErrExists):
		return "exists"
	case errors.Is(err, session.ErrEpoch):
		return "agreed otherwise"
	case err != nil:
		return "error: " + err.Error()
	}
	switch v := v.(type) {
	case session.Item:
		return fmt.Sprintf("value %d, cookie %d, uninitialized %v", number(v.Payload), v.Cookie, v.Uninitialized)
	case []session.Outcome:
		words := make([]string, len(v))
		for i, o := range v {
			words[i] = [...]string{"?", "applied", "already", "conflict"}[o.Result]
		}
		return strings.Join(words, ", ")
	case []*session.Record:
		words := make([]string, len(v))
		for i, r := range v {
			words[i] = row(r)
		}
		return strings.Join(words, "; ")
	case session.Page:
		return fmt.Sprintf("%d records", len(v.Records))
	}
	return "done"
}

// row is a record in a few words.
func row(r *session.Record) string {
	if r == nil {
		return "no row"
	}
	lock := "free"
	if r.Lock.Locked {
		lock = "locked"
	}
	return fmt.Sprintf("value %d, %s under %d, revision %d", number(r.Payload), lock, r.Lock.Cookie, r.Revision)
}
