package cli

import (
	"context"
	"errors"
	"time"

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// targetControl is where the bridges of a target agree; nil: it has none.
func targetControl(ctx context.Context, to *end) (session.Controller, error) {
	if to.sandbox {
		return nil, nil
	}
	if s, embedded := to.table.(*memstore.Store); embedded { // no bridge has it open now, but some may have agreed on something
		g, err := s.Agreement(ctx)
		if err != nil || len(g.Apps) == 0 {
			return nil, err
		}
		return s, nil
	}
	for _, p := range to.parts {
		c, err := p.server.OpenControl(ctx)
		if _, missing := errors.AsType[*compat.ControlMissingError](err); missing {
			return nil, nil
		}
		return c, err
	}
	return nil, nil
}

// leaseStatus is a lease, for ctl.
type leaseStatus struct {
	Role   string    `json:"role"`
	Title  string    `json:"title"`
	Holder string    `json:"holder"`
	Epoch  int64     `json:"epoch"`
	Until  time.Time `json:"until"`
	Over   bool      `json:"over"`
}

func leasesOf(all []session.Lease, now session.Instant) []leaseStatus {
	some := []leaseStatus{}
	for _, l := range all {
		some = append(some, leaseStatus{l.Role, l.Title, l.Holder, l.Epoch, l.Until.Time(), l.Until < now})
	}
	return some
}
