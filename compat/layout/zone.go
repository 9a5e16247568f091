package layout

import (
	"slices"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Zone is the time zone of a database server: needed to read and write fx7, whose rows are in local time, and to fill
// LockDateLocal. The zero Zone is UTC. For LockDateLocal alone a time.FixedZone of the server's present offset will do;
// fx7 needs the real zone with its summer time.
type Zone struct {
	Location *time.Location // nil: UTC
}

func (z Zone) String() string {
	if z.Location == nil {
		return "UTC"
	}
	return z.Location.String()
}

// offset returns how far the wall clock is ahead of UTC, in whole minutes as SQL Server's GETDATE() minus GETUTCDATE()
// (sql-layouts.md 16.3 l+); the seconds that zones had before 1900 or so are dropped.
func (z Zone) offset(at session.Instant) session.Instant {
	if z.Location == nil {
		return 0
	}
	_, seconds := at.Time().In(z.Location).Zone()
	return session.Instant(seconds/60) * session.Minute
}

// local returns what the wall clock shows at an instant.
func (z Zone) local(at session.Instant) session.Instant { return at + z.offset(at) }

// utc returns the instant at which the wall clock shows wall, and by how many it could be: 1 as a rule; 2 in the hour
// that occurs twice, then it is the later one (sql-layouts.md 16.3 Z: a session must not be cut short); 0 in the hour
// that is skipped, then the time is counted on as if the clock had not been changed.
func (z Zone) utc(wall session.Instant) (at session.Instant, readings int) {
	if z.Location == nil {
		return wall, 1
	}
	const day = 24 * 60 * session.Minute // no offset is larger
	var all, real []session.Instant
	for t, end := (wall - day).Time().In(z.Location), (wall + day).Time(); ; {
		off := z.offset(session.At(t))
		all = append(all, wall-off)
		if z.offset(wall-off) == off {
			real = append(real, wall-off)
		}
		_, next := t.ZoneBounds()
		if next.IsZero() || next.After(end) {
			break
		}
		t = next
	}
	if len(real) == 0 {
		return slices.Max(all), 0
	}
	slices.Sort(real)
	return real[len(real)-1], len(slices.Compact(real))
}
