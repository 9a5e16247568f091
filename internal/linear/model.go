package linear

import (
	"time"

	"github.com/aspstate/aspstate/session"
)

// forever is when an answer that never came will have come.
const forever = time.Duration(Never)

// row is the model's session. The zero row is no session.
type row struct {
	exists  bool
	locked  bool
	adrift  bool // locked, by a call whose answer nobody got
	marked  bool
	exact   bool  // the cookie is known; otherwise it is at least this
	cookie  int32 // of the last lock
	value   uint64
	timeout int32
	// The last renewal was not before early and not after late.
	early, late time.Duration
}

// call is an operation to be explained.
type call struct {
	rules Rules
	in    Asked
	out   Answered
}

// advance returns what a session can be after the operation; nothing: it cannot have gone like that.
func (c *call) advance(s row) (after []row) {
	if c.out.Status != Unknown {
		return c.answered(s)
	}
	after = []row{s} // it never came through
	if c.in.Verb == GiveBack {
		if s.adrift {
			s.locked, s.adrift = false, false
			after = append(after, s)
		}
		return after
	}
	if released, may := c.halfDone(s); may {
		after = append(after, released)
	}
	for known := Done; known <= Exists; known++ {
		guess := *c
		guess.out = Answered{Status: known, Value: s.value, At: forever}
		for _, cookie := range []int32{s.cookie, s.cookie + 1} {
			for _, told := range []bool{false, true} {
				guess.out.Cookie, guess.out.Marked = cookie, told
				for _, next := range guess.answered(s) {
					if c.in.Verb == Acquire && known == Done {
						next.adrift = true
						next.exact = next.exact && !c.rules.Jumps && !c.rules.Moves
					}
					after = append(after, next)
				}
			}
		}
	}
	return after
}

// halfDone is what a Set leaves that was cut off while the session was moved under its owner's lock: the lock is gone, and nothing
// was written.
func (c *call) halfDone(s row) (row, bool) {
	if !c.rules.Moves || c.in.Verb != Set || !s.exists || !s.locked || s.cookie != c.in.Cond.Cookie() {
		return s, false
	}
	s.locked, s.adrift, s.cookie, s.exact = false, false, s.cookie+1, false
	return s, true
}

// answered explains an operation that has an answer, by a session that is alive, or dead, or either.
func (c *call) answered(s row) (after []row) {
	if !s.exists {
		return c.absent()
	}
	life := time.Duration(s.timeout) * time.Minute
	if mayLive := s.late >= forever-life-c.rules.Slack || c.in.At <= s.late+life+c.rules.Slack; mayLive {
		after = c.present(s)
	}
	if mayBeDead := c.out.At >= s.early+life-c.rules.Slack; mayBeDead {
		after = append(after, c.absent()...)
	}
	return after
}

// absent explains an operation on a session that is not there.
func (c *call) absent() []row {
	switch c.in.Verb {
	case Create, Set:
		if c.in.Verb == Set && c.in.Cond.Kind() == session.KindIfCookie {
			break
		}
		if c.out.Status != Done {
			return nil
		}
		return []row{{
			exists: true, exact: true, cookie: 1, value: c.in.Value, timeout: c.in.Timeout, marked: c.in.Verb == Create,
			early: c.in.At, late: c.out.At,
		}}
	}
	uncounted := c.in.Over == SQLServer && c.out.Status == Stale
	if c.out.Status != Absent && !uncounted {
		return nil
	}
	return []row{{}}
}

// present explains an operation on a session that is there.
func (c *call) present(s row) []row {
	switch c.in.Verb {
	case Look:
		if c.out.Status != Done || c.out.Value != s.value || c.out.Held != s.locked {
			return nil
		}
		return c.where(s, c.out.Cookie)
	case Get, Acquire:
		return c.read(s)
	case Create:
		if c.in.Over == StateServer { // renewed and left as it is, which is not told
			return c.done(c.renewed(s))
		}
		if c.out.Status != Exists {
			return nil
		}
		return []row{s}
	case Reset:
		return c.done(c.renewed(s))
	case Set, Remove:
		return c.change(s)
	case Release:
		return c.release(s)
	}
	return nil
}

// read explains Get and Acquire.
func (c *call) read(s row) []row {
	if c.out.Marked != s.marked {
		return nil
	}
	s.marked = false
	s = c.renewed(s)
	switch {
	case s.locked && c.out.Status == Locked:
		return c.where(s, c.out.Cookie)
	case s.locked || c.out.Status != Done || c.out.Value != s.value:
		return nil
	case c.in.Verb == Get && c.in.Over == StateServer:
		return []row{s} // the cookie is not told
	case c.in.Verb == Get:
		return c.where(s, c.out.Cookie)
	}
	next := c.out.Cookie == s.cookie+1
	if c.rules.Jumps || c.rules.Moves || !s.exact {
		next = c.out.Cookie > s.cookie
	}
	if !next {
		return nil
	}
	s.locked, s.exact, s.cookie = true, true, c.out.Cookie
	return []row{s}
}

// change explains Set and Remove.
func (c *call) change(s row) []row {
	cookie := c.in.Cond.Cookie()
	switch c.in.Cond.Kind() {
	case session.KindInsert:
		if c.out.Status != Exists {
			return nil
		}
		return []row{s}
	case session.KindIfCookie:
		if c.out.Status == Stale {
			return c.notWhere(s, cookie)
		}
		return c.changed(c.where(s, cookie))
	}
	if c.out.Status != Locked {
		if s.locked {
			return c.changed(c.where(s, cookie))
		}
		return c.changed([]row{s})
	}
	if !s.locked || c.out.Cookie == cookie {
		return nil
	}
	return c.where(c.renewed(s), c.out.Cookie)
}

// changed does a Set or a Remove.
func (c *call) changed(found []row) (after []row) {
	if c.out.Status != Done {
		return nil
	}
	for _, s := range found {
		if c.in.Verb == Remove {
			after = append(after, row{})
			continue
		}
		if c.in.Cond.Kind() == session.KindIfFree && c.in.Timeout != s.timeout {
			s.marked = false
		}
		s.value, s.timeout, s.locked, s.adrift = c.in.Value, c.in.Timeout, false, false
		after = append(after, c.renewed(s))
	}
	return after
}

// release explains Release.
func (c *call) release(s row) (after []row) {
	switch c.out.Status {
	case Done:
		if c.in.Over == StateServer && !s.locked { // under any cookie, and then the mark is spent
			s.marked = false
			return []row{c.renewed(s)}
		}
		for _, s := range c.where(s, c.in.Cookie) {
			s.locked, s.adrift = false, false
			after = append(after, c.renewed(s))
		}
	case Locked:
		if s.locked && c.out.Cookie != c.in.Cookie {
			return c.where(s, c.out.Cookie)
		}
	case Stale:
		if !s.locked || c.in.Over == SQLServer {
			return c.notWhere(s, c.in.Cookie)
		}
	}
	return after
}

// renewed is a session renewed by the call.
func (c *call) renewed(s row) row {
	s.early, s.late = c.in.At, c.out.At
	return s
}

func (c *call) done(s row) []row {
	if c.out.Status != Done {
		return nil
	}
	return []row{s}
}

// loose says that the session's cookie may be higher than the last that is known.
func (c *call) loose(s row) bool { return !s.exact || c.rules.Moves && !s.locked }

// where is the session if its cookie is the given one; nothing if it cannot be.
func (c *call) where(s row, cookie int32) []row {
	if cookie < s.cookie || cookie > s.cookie && !c.loose(s) {
		return nil
	}
	s.cookie, s.exact = cookie, true
	return []row{s}
}

// notWhere is the session if its cookie is another one; nothing if it cannot be.
func (c *call) notWhere(s row, cookie int32) []row {
	if cookie != s.cookie {
		return []row{s} // which a loose one may still turn out to be: the model forgets that it was not
	}
	if !c.loose(s) {
		return nil
	}
	s.cookie, s.exact = cookie+1, false
	return []row{s}
}
