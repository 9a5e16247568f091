package compat

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// ControlSchema is the name by which Install makes the tables of a Control.
const ControlSchema = "control"

// controlTables are what ControlSchema makes, in schema dbo (scripts/control.sql).
var controlTables = []string{"[dbo].[aspstate_control]", "[dbo].[aspstate_leases]", "[dbo].[aspstate_dirty]"}

// epochRow is the app of the row that has the epoch: no UTF-8, so no application's name.
const epochRow = "0xFF"

// Control is a session.Controller over tables of its own beside a session table. Its methods may be called concurrently,
// and so may those of other programs. Its clock is the server's.
//
// Whoever changes what is agreed, or a lease, changes the row of the epoch first, even if only to what it is, and so holds it
// until the transaction ends; whoever reads holds it shared. Babelfish, which knows no lock hints, holds rows that
// were changed as well, and there each read is one statement, which sees one moment.
//
// Leases and agreements have connections of their own, and do not wait for one behind calls for sessions; marks do, which are part
// of such calls.
type Control struct {
	server *Server
	steer  *sql.DB
	retry  Retry
}

var _ session.Controller = (*Control)(nil)

// ControlMissingError says that a database has no tables for a Control.
type ControlMissingError struct {
	Database string
	Missing  []string // of the tables
}

func (e *ControlMissingError) Error() string {
	return fmt.Sprintf("database %q lacks %s, which a cut-over needs", e.Database, strings.Join(e.Missing, ", "))
}

// Hint is advice for people.
func (e *ControlMissingError) Hint() string {
	return "aspstate schema install control --database " + e.Database + " makes them"
}

// OpenControl opens the Control of the connection's database: *ControlMissingError if its tables are not there.
func (s *Server) OpenControl(ctx context.Context) (*Control, error) {
	c := &Control{server: s, steer: cmp.Or(s.steer, s.db), retry: Retry{Attempts: 11, Base: 10 * time.Millisecond, Max: time.Second}}
	missing := &ControlMissingError{Database: s.Facts.Database}
	for _, name := range controlTables {
		var id sql.NullInt64
		err := c.retry.Do(ctx, true, func(ctx context.Context) error {
			return s.db.QueryRowContext(ctx, layout.Mark(layout.OpObject)+"SELECT OBJECT_ID(@p1)", name).Scan(&id)
		})
		if err != nil {
			return nil, fmt.Errorf("looking for table %s: %w", name, err)
		}
		if !id.Valid {
			missing.Missing = append(missing.Missing, name)
		}
	}
	if len(missing.Missing) > 0 {
		return nil, missing
	}
	return c, nil
}

// Statements that those about agreements and leases are made of.
const (
	controlBegin = sessionSettings + "SET LOCK_TIMEOUT 5000;\nDECLARE @now datetime;\nBEGIN TRAN;\n"
	// holdEpoch keeps others out until the transaction ends.
	holdEpoch = "UPDATE [dbo].[aspstate_control] SET [epoch] = [epoch] WHERE [app] = " + epochRow + ";\n"
	// shareEpoch keeps those out who change something.
	shareEpoch = "DECLARE @held bigint;\nSELECT @held = [epoch] FROM [dbo].[aspstate_control] WITH (HOLDLOCK, ROWLOCK) WHERE [app] = " + epochRow + ";\n"
	askNow     = "SET @now = GETUTCDATE();\n"
	// agreementRows gives everything but marks, and the time.
	agreementRows = `SELECT 0, [app], [epoch], [body], CAST(NULL AS nvarchar(16)), CAST(NULL AS nvarchar(128)), @now, @now FROM [dbo].[aspstate_control]
UNION ALL SELECT 1, [holder], [epoch], CAST(NULL AS varbinary(max)), [role], [title], [until], @now FROM [dbo].[aspstate_leases]
WHERE [until] >= DATEADD(day, -1, @now);
`
)

// Agreement implements session.Controller.
func (c *Control) Agreement(ctx context.Context) (session.Agreement, error) {
	text := layout.Mark(layout.OpAgreement) + controlBegin + shareEpoch + askNow + agreementRows + commit
	a, err := c.agreement(ctx, text)
	if err != nil {
		return session.Agreement{}, fmt.Errorf("reading what is agreed: %w", err)
	}
	return a, nil
}

// Lease implements session.Controller. Taking one twice is as taking it once.
func (c *Control) Lease(ctx context.Context, l session.Lease, d time.Duration) (session.Agreement, error) {
	if err := l.Check(); err != nil {
		return session.Agreement{}, err
	}
	text := layout.Mark(layout.OpLease) + controlBegin + holdEpoch + askNow + `DECLARE @until datetime;
SET @until = DATEADD(millisecond, @p6, DATEADD(second, @p5, @now));
DELETE FROM [dbo].[aspstate_leases] WHERE [until] < DATEADD(day, -1, @now);
UPDATE [dbo].[aspstate_leases] SET [role] = @p2, [title] = @p3, [epoch] = @p4, [until] = @until WHERE [holder] = @p1;
IF @@ROWCOUNT = 0
INSERT INTO [dbo].[aspstate_leases] ([holder], [role], [title], [epoch], [until]) VALUES (@p1, @p2, @p3, @p4, @until);
` + agreementRows + commit
	a, err := c.agreement(ctx, text, []byte(l.Holder), l.Role, l.Title, l.Epoch, int64(d/time.Second), int64(d%time.Second/time.Millisecond))
	if err != nil {
		return session.Agreement{}, fmt.Errorf("taking a lease: %w", err)
	}
	return a, nil
}

// agreement runs a text that ends with agreementRows. It may be run again.
func (c *Control) agreement(ctx context.Context, text string, args ...any) (a session.Agreement, err error) {
	err = c.retry.Do(ctx, true, func(ctx context.Context) error {
		rows, err := c.steer.QueryContext(ctx, text, args...)
		if err != nil {
			return err
		}
		a, err = readAgreement(rows)
		return err
	})
	return a, err
}

// readAgreement reads agreementRows, and waits for the commit.
func readAgreement(rows *sql.Rows) (a session.Agreement, err error) {
	defer rows.Close()
	known := false
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var kind int
			var key, body []byte
			var epoch int64
			var role, title sql.NullString
			var until, now time.Time
			if err := rows.Scan(&kind, &key, &epoch, &body, &role, &title, &until, &now); err != nil {
				return a, err
			}
			a.Now = session.At(now)
			switch {
			case kind == 1:
				a.Leases = append(a.Leases, session.Lease{
					Holder: string(key), Role: role.String, Title: title.String, Epoch: epoch, Until: session.At(until),
				})
			case bytes.Equal(key, []byte{0xFF}):
				a.Epoch, known = epoch, true
			default:
				a.Apps = append(a.Apps, session.Agreed{App: string(key), Epoch: epoch, Body: body})
			}
		}
	}
	if err := rows.Err(); err != nil {
		return a, err
	}
	if !known {
		return a, errors.New("table [dbo].[aspstate_control] has lost the row of the epoch")
	}
	slices.SortFunc(a.Apps, func(a, b session.Agreed) int { return cmp.Compare(a.App, b.App) })
	slices.SortFunc(a.Leases, func(a, b session.Lease) int { return cmp.Compare(a.Holder, b.Holder) })
	return a, nil
}

// Agree implements session.Controller. Where the answer is lost, it says so (ErrUnknownOutcome): to do it again would tell
// whoever has agreed that somebody else has.
func (c *Control) Agree(ctx context.Context, app string, body []byte, epoch int64) (int64, error) {
	if err := session.CheckApp(app); err != nil {
		return 0, fmt.Errorf("agreeing: %w", err)
	}
	text := layout.Mark(layout.OpAgree) + controlBegin + `DECLARE @done int;
UPDATE [dbo].[aspstate_control] SET [epoch] = [epoch] + 1 WHERE [app] = ` + epochRow + ` AND [epoch] = @p1;
SET @done = @@ROWCOUNT;
IF @done = 1
BEGIN
DELETE FROM [dbo].[aspstate_control] WHERE [app] = @p2;
IF @p5 = 1
INSERT INTO [dbo].[aspstate_control] ([app], [name], [epoch], [body]) VALUES (@p2, @p3, @p1 + 1, @p4);
END;
` + commit + "SELECT @done;\n"
	kept := 1
	if len(body) == 0 {
		kept, body = 0, []byte{}
	}
	var done int
	err := c.retry.Do(ctx, false, func(ctx context.Context) error {
		rows, err := c.steer.QueryContext(ctx, text, epoch, []byte(app), app, body, kept)
		if err != nil {
			return err
		}
		return lastRow(rows, &done)
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("agreeing on application %q: %w", app, err)
	case done == 0:
		return 0, session.ErrEpoch
	}
	return epoch + 1, nil
}

// Leave implements session.Controller.
func (c *Control) Leave(ctx context.Context, holder string) error {
	text := layout.Mark(layout.OpLeave) + controlBegin + holdEpoch + "DELETE FROM [dbo].[aspstate_leases] WHERE [holder] = @p1;\n" + commit
	err := c.retry.Do(ctx, true, func(ctx context.Context) error {
		_, err := c.steer.ExecContext(ctx, text, []byte(holder))
		return err
	})
	if err != nil {
		return fmt.Errorf("ending a lease: %w", err)
	}
	return nil
}

// hashOf is the key of a mark in its table, beside its application: ids may be longer than a key of an index can be.
func hashOf(m session.Mark) []byte {
	sum := sha256.Sum256([]byte(m.Key.ID + "\x00" + m.ID))
	return sum[:]
}
