package bridge

import (
	"log/slog"
	"sync"
	"time"
)

// Seldom tells people of what outsiders can cause as often as they like: each text at most once a second, with the number
// of times that it was left out since. The zero value works.
type Seldom struct {
	mu   sync.Mutex
	said map[string]saying
}

type saying struct {
	last time.Time
	more int
}

// Warn logs a warning to a logger; nil: to nobody. text is one of few.
func (s *Seldom) Warn(l *slog.Logger, text string, args ...any) {
	if l == nil {
		return
	}
	s.mu.Lock()
	if s.said == nil {
		s.said = map[string]saying{}
	}
	now, was := time.Now(), s.said[text]
	if now.Sub(was.last) < time.Second {
		was.more++
		s.said[text] = was
		s.mu.Unlock()
		return
	}
	s.said[text] = saying{last: now}
	s.mu.Unlock()
	if was.more > 0 {
		args = append(args, "left_out", was.more)
	}
	l.Warn(text, args...)
}
