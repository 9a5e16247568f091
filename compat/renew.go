package compat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// renewing is Options.RenewStep for one table. Times are the server's, so that clients of any clock agree.
type renewing struct {
	step  time.Duration // 0: every renewal is written, by the provider's procedures
	ahead time.Duration // how much later than the timeout says a renewal is written
}

// renewingOf follows session/memstore: up to a second is what Microsoft's State Server leaves out; what is longer is written
// ahead, so that no session lives shorter than its timeout.
func renewingOf(step time.Duration) renewing {
	r := renewing{step: step}
	if step > time.Second {
		r.ahead = step
	}
	return r
}

// mostRenewStep keeps DATEADD's number of milliseconds an int.
const mostRenewStep = 24 * time.Hour

func (o *Options) checkRenewStep(l *layout.Layout) error {
	switch {
	case o.RenewStep < 0 || o.RenewStep > mostRenewStep:
		return fmt.Errorf("a renewal step of %v: it must be between 0 and %v", o.RenewStep, mostRenewStep)
	case o.RenewStep > 0 && l.Clock != layout.ClockSQLUTC:
		return &layout.UnsupportedError{Layout: l.Name, Why: "its times are not those of the database server: renewals cannot be spared"}
	}
	return nil
}

// due is what Expires of a row would be if its timeout began now, and some time more. alias is the row's, with a dot.
func due(alias string, more time.Duration) string {
	return fmt.Sprintf("DATEADD(ms, %d, DATEADD(minute, %s[Timeout], GETUTCDATE()))", more.Milliseconds(), alias)
}

// fresh is the condition that a renewal of a row would gain less than a step.
func (r renewing) fresh(alias string) string {
	return alias + "[Expires] > " + due(alias, r.ahead-r.step) + " AND " + alias + "[Expires] <= " + due(alias, r.ahead)
}

// renewal renews row @p1 unless that is not needed.
func (t *Table) renewal() string {
	return "UPDATE " + t.name() + t.engine.hint() + " SET [Expires] = " + due("", t.renewing.ahead) +
		" WHERE [SessionId] = @p1 AND NOT (" + t.renewing.fresh("") + ");\n"
}

// getFresh reads a session whose renewal is not due, and changes nothing; nil: it is due, or something else is to be done to the
// row (it is locked, marked, damaged, or none).
func (t *Table) getFresh(ctx context.Context, k session.Key) (*session.Item, error) {
	plain := "s.[Flags] & 1 = 0"
	if t.chunked() {
		plain = "s.[Initialized] = 1"
	}
	text, args := t.lookUp(layout.OpFresh, []session.Key{k}, all, " AND s.[Locked] = 0 AND "+plain+" AND "+t.renewing.fresh("s."))
	var item *session.Item
	err := t.readAnew(ctx, text, args, all, func() { item = nil }, func(_ int, row *layout.Row) error {
		rec, err := t.record(row)
		if damaged := (*layout.CorruptError)(nil); errors.As(err, &damaged) {
			return nil
		}
		item = &session.Item{Payload: rec.Payload, Timeout: rec.Timeout, Cookie: rec.Lock.Cookie, Since: rec.Lock.Since}
		return err
	})
	return item, err
}
