package bridge

import (
	"log/slog"
	"sync"
)

// Once tells people of each thing a single time, however often it comes: what a client asks for that nobody answers, say. The
// zero value works.
type Once struct {
	mu   sync.Mutex
	said map[string]bool
}

// mostOnce bounds the things that are remembered: they are of outsiders' choice.
const mostOnce = 1000

// Warn logs a warning about a thing to a logger, nil: to nobody, if it is the first about it. After the thousandth thing it says
// that no more are told.
func (o *Once) Warn(l *slog.Logger, text, thing string) {
	if l == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.said[thing] || len(o.said) == mostOnce {
		return
	}
	if o.said == nil {
		o.said = map[string]bool{}
	}
	o.said[thing] = true
	l.Warn(text, "what", thing)
	if len(o.said) == mostOnce {
		l.Warn("so many different things were asked for that no more of them are told")
	}
}
