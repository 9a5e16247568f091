package compat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// SQL Server's Change Tracking, where somebody has turned it on for the table, says which rows have changed (Microsoft,
// "Work with change tracking"; sys.change_tracking_tables; CHANGETABLE). Memory-optimized tables and those of tempdb cannot
// have it. None of this has run on a SQL Server: the engine of the tests, Babelfish, lacks it. So whatever the server does
// not want to answer means that changes are not tracked, and who follows the table looks at all of its rows.
//
// The rules of reading are Microsoft's for databases without snapshot isolation: the present version is asked for first,
// then come the changes, of which some may be later than that version and are told twice, and at last it is seen whether the
// clean-up had begun to forget some of them.

// mostChanges is how many rows may have changed before it costs less to look at all: memory is bounded, and a pass over
// the rows reads them in order.
const mostChanges = 1 << 16

// tracked is what the server says about the tracking of a table.
type tracked struct {
	object int64 // of the table: another one when it was made anew
	begin  int64 // version at which tracking began; another one after a TRUNCATE TABLE too
	now    int64 // version of the last change that was committed, of the whole database
	oldest int64 // version from which changes can be asked for
}

// position is the text of a position. Besides the version it says of which table it is: versions alone do not tell that
// it was emptied.
func (t tracked) position() string { return fmt.Sprintf("%d.%d.%d", t.object, t.begin, t.now) }

// since reads a position of this table.
func (t tracked) since(position string) (version int64, err error) {
	var of tracked
	if _, err := fmt.Sscanf(position, "%d.%d.%d", &of.object, &of.begin, &of.now); err != nil || of.position() != position {
		return 0, fmt.Errorf("%w: it is no position of a table", session.ErrTooOld)
	}
	switch {
	case of.object != t.object:
		return 0, fmt.Errorf("%w: the table was made anew", session.ErrTooOld)
	case of.begin != t.begin:
		return 0, fmt.Errorf("%w: the table was emptied, or its tracking turned off and on", session.ErrTooOld)
	case of.now > t.now:
		return 0, fmt.Errorf("%w: the database was set back", session.ErrTooOld)
	}
	return of.now, nil
}

// Changes implements session.Tracker.
func (t *Table) Changes(ctx context.Context, since string) (ch session.Changes, err error) {
	err = t.o.Retry.Do(ctx, true, func(ctx context.Context) (err error) {
		ch, err = t.changes(ctx, since)
		return err
	})
	return ch, err
}

func (t *Table) changes(ctx context.Context, since string) (ch session.Changes, err error) {
	before, err := t.server.tracking(ctx, &t.found)
	if err != nil {
		return ch, err
	}
	ch.Next = before.position()
	if since == "" {
		return ch, nil
	}
	version, err := before.since(since)
	if err != nil {
		return session.Changes{}, err
	}
	if ch.Keys, err = t.changed(ctx, version); err != nil {
		return session.Changes{}, err
	}
	after, err := t.server.tracking(ctx, &t.found)
	switch {
	case err != nil:
		return session.Changes{}, err
	case after.object != before.object, after.begin != before.begin:
		return session.Changes{}, fmt.Errorf("%w: the table was emptied meanwhile", session.ErrTooOld)
	case version < after.oldest:
		return session.Changes{}, fmt.Errorf("%w: the server keeps changes since version %d, asked for were those since %d: CHANGE_RETENTION says how long they are kept",
			session.ErrTooOld, after.oldest, version)
	}
	return ch, nil
}

// changed reads the ids of the rows that have changed since a version.
func (t *Table) changed(ctx context.Context, version int64) (keys []session.Key, err error) {
	text := t.mark(layout.OpChanged) + t.engine.read() + "SELECT TOP (@p2) c.[SessionId] FROM CHANGETABLE(CHANGES " + t.name() + ", @p1) AS c"
	err = t.server.eachRow(ctx, text, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		keys = append(keys, session.Key{ID: id})
		return err
	}, version, mostChanges+1)
	switch {
	case err != nil:
		return nil, untracked(err)
	case len(keys) > mostChanges:
		return nil, fmt.Errorf("%w: more than %d rows", session.ErrTooOld, mostChanges)
	}
	return keys, nil
}

// errNoTrackingRight: the server tells the oldest version only who may use it.
var errNoTrackingRight = fmt.Errorf("%w: this login lacks VIEW CHANGE TRACKING on the table", session.ErrUntracked)

// mayTrack says whether a table can be tracked at all, and asked about from here: CHANGE_TRACKING_CURRENT_VERSION is of the
// connection's own database.
func (s *Server) mayTrack(f *Found) bool {
	return !f.isMemory() && !s.Facts.Babelfish && strings.EqualFold(f.Database, s.Facts.Database)
}

// tracking asks for the state of a table's tracking: session.ErrUntracked where there is none, or nobody tells.
func (s *Server) tracking(ctx context.Context, f *Found) (t tracked, err error) {
	if !s.mayTrack(f) {
		return t, session.ErrUntracked
	}
	var now, oldest sql.NullInt64
	err = s.db.QueryRowContext(ctx, layout.Mark(layout.OpTracking)+`SELECT t.object_id, t.begin_version, CHANGE_TRACKING_CURRENT_VERSION(), CHANGE_TRACKING_MIN_VALID_VERSION(t.object_id)
FROM sys.change_tracking_tables t WHERE t.object_id = OBJECT_ID(@p1)`, f.table(s.Facts.Database, f.Layout.Table)).Scan(&t.object, &t.begin, &now, &oldest)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return t, session.ErrUntracked
	case err != nil:
		return t, untracked(err)
	case !now.Valid: // turned off for the database
		return t, session.ErrUntracked
	case !oldest.Valid:
		return t, errNoTrackingRight
	}
	t.now, t.oldest = now.Int64, oldest.Int64
	return t, nil
}

// untracked makes of what the server does not want to answer, now or ever, that changes are not tracked.
func untracked(err error) error {
	if refusedByServer(err) && Classify(err) == GiveUp {
		return fmt.Errorf("%w: %v", session.ErrUntracked, err)
	}
	return err
}

// trackingRight says whether this login may ask which rows of a table have changed: the catalogue shows what is tracked to
// logins that may not.
func (s *Server) trackingRight(ctx context.Context, f *Found) (bool, error) {
	var has sql.NullInt64
	err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpRight)+`SELECT HAS_PERMS_BY_NAME(@p1, 'OBJECT', @p2)`,
		f.table(s.Facts.Database, f.Layout.Table), "VIEW CHANGE TRACKING").Scan(&has)
	return has.Int64 == 1, err
}

func checkTracking(ctx context.Context, in *inspection) (Check, error) {
	if in.role != RoleSource {
		return Check{}, nil
	}
	return in.server.TrackingCheck(ctx, in.found)
}

// TrackingCheck says how a following copy of a table will know what has changed: the preflight's change-tracking. It has
// no verdict where a table cannot be tracked.
func (s *Server) TrackingCheck(ctx context.Context, f *Found) (Check, error) {
	if !s.mayTrack(f) {
		return Check{}, nil
	}
	_, err := s.tracking(ctx, f)
	if err == nil {
		var may bool
		if may, err = s.trackingRight(ctx, f); err == nil && !may {
			err = errNoTrackingRight
		}
	}
	if err != nil && !errors.Is(err, session.ErrUntracked) {
		return Check{}, err
	}
	return judgeTracking(f, err), nil
}

func judgeTracking(f *Found, err error) Check {
	switch err {
	case nil:
		return passed("", "change tracking is on and used: most passes of a following copy look at changed rows only")
	case session.ErrUntracked:
		return passed("", "change tracking is off: each pass of a following copy looks at all rows")
	case errNoTrackingRight:
		return Check{
			"", verdictWarning, "change tracking is on, but this login lacks VIEW CHANGE TRACKING: each pass of a following copy looks at all rows",
			fmt.Sprintf("in database %s: GRANT VIEW CHANGE TRACKING ON %s to the login, if that is too slow", f.Database, quoted(f.Schema, f.Layout.Table)),
		}
	}
	return notKnown("", err)
}
