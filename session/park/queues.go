package park

import (
	"time"

	"github.com/aspstate/aspstate/session"
)

// Queue is who waits for one session.
type Queue struct {
	Key     session.Key
	Waiting []Waiting // first come first
}

// Waiting is one who waits.
type Waiting struct {
	Client string    // as its context names it; empty: it does not
	Since  time.Time // it came, by the machine's clock
	Away   bool      // it was sent away, and its place is kept for a moment
}

// Queues returns who waits now, in no order. They are not all as of one moment.
func (s *Store) Queues() (all []Queue) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		for k := range sh.queues {
			q := sh.queue(k)
			if q == nil {
				continue
			}
			of := Queue{Key: k, Waiting: make([]Waiting, len(q.places))}
			for n, p := range q.places {
				of.Waiting[n] = Waiting{Client: p.client, Since: p.since, Away: !p.kept.IsZero()}
			}
			all = append(all, of)
		}
		sh.mu.Unlock()
	}
	return all
}
