package cutover

import (
	"bytes"
	"context"
	"time"

	"github.com/aspstate/aspstate/session"
)

// shadowQueue is how many comparisons may wait; more are left out.
const shadowQueue = 64

// shadowPause is between the two looks after which a difference counts: what is on its way must have arrived.
const shadowPause = 200 * time.Millisecond

// shadow is a read that was served, to be compared with what the other store holds.
type shadow struct {
	app            *app
	key            session.Key
	payload        []byte
	leading, other *side
}

// shadow has some reads compared, in the phases in which the other store should hold the same.
func (c *call) shadow(k session.Key, o *op, item session.Item, err error) {
	s := c.s
	if s.o.Shadow == 0 || o.verb != get || err != nil {
		return
	}
	one := shadow{c.app, k, item.Payload, s.old, s.new}
	switch c.agreed.Phase {
	case Handoff, Handback:
		return
	case Mirror, Done:
		one.leading, one.other = s.new, s.old
	}
	n := s.counts.reads.Add(1)
	if !one.other.rows() || int64(float64(n)*s.o.Shadow) == int64(float64(n-1)*s.o.Shadow) {
		return
	}
	select {
	case s.shadows <- one:
	default:
	}
}

// compareShadows works through the queue until Close.
func (s *Store) compareShadows() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case one := <-s.shadows:
			differs, err := s.differs(s.ctx, &one)
			if err != nil {
				continue // a store that does not answer is no difference
			}
			one.app.stats.shadowed.Add(1)
			if differs && one.app.stats.differed.Add(1) <= mostReported {
				s.log.Warn("the stores differ", keyApp, one.app.name, keySession, one.key.String())
			}
		}
	}
}

// differs looks, and once more a little later at both.
func (s *Store) differs(ctx context.Context, one *shadow) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.MoveLimit)
	defer cancel()
	r, err := one.other.look(ctx, one.key)
	if err != nil || r != nil && bytes.Equal(r.Payload, one.payload) {
		return false, err
	}
	pause := time.NewTimer(shadowPause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if r, err = one.other.look(ctx, one.key); err != nil {
		return false, err
	}
	now := &session.Record{Payload: one.payload}
	if one.leading.rows() {
		if now, err = one.leading.look(ctx, one.key); err != nil || now == nil {
			return false, err
		}
	}
	return r == nil || !bytes.Equal(r.Payload, now.Payload), nil
}
