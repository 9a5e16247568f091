package copier

import (
	"context"
	"time"

	"github.com/aspstate/aspstate/session"
)

// state is what is compared between two looks at a row: whether both stores show the same as before. An unchanged fence
// means an unchanged row, see session.Fence.
type state struct {
	src, dst     session.Fence
	inSrc, inDst bool
}

func stateOf(src, dst *session.Record) (s state) {
	if src != nil {
		s.src, s.inSrc = src.Fence(), true
	}
	if dst != nil {
		s.dst, s.inDst = dst.Fence(), true
	}
	return s
}

// doubt is something that looks different. aspects is nil when it does no longer.
type doubt interface {
	aspects() []Aspect
	state() state
}

// settle looks again, Settle apart, at what looks different. Both ends may be in use: a look reads one store after the
// other, and what is written between is no difference. But two looks that show the same rows have both stores so at the
// moment between them. What has changed at each look is busy: nobody can say.
//
// again looks once more at all that it is given, and returns as many in the same order.
func settle[D doubt](ctx context.Context, v *verification, doubts []D, again func(context.Context, []D) ([]D, error)) (
	fine, sure, busy []D, err error,
) {
	for range v.how.Rereads {
		if len(doubts) == 0 {
			break
		}
		if err := pause(ctx, v.how.Settle); err != nil {
			return nil, nil, nil, err
		}
		if err := v.pace.wait(ctx, len(doubts)); err != nil {
			return nil, nil, nil, err
		}
		next, err := again(ctx, doubts)
		if err != nil {
			return nil, nil, nil, err
		}
		var left []D
		for i, d := range next {
			switch {
			case d.aspects() == nil:
				fine = append(fine, d)
			case d.state() == doubts[i].state():
				sure = append(sure, d)
			default:
				left = append(left, d)
			}
		}
		doubts = left
	}
	return fine, sure, doubts, nil
}

// pause waits; not at all for a time that is not positive.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
