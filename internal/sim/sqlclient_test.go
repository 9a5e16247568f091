package sim

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"

	"github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// overSQL is a node's way to a front by the procedures of the async provider 2.1.
type overSQL struct{ pool *sql.DB }

// sqlDialer makes the driver's connections.
type sqlDialer struct {
	at   func() *port
	from *life
}

func (d sqlDialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	if p := d.at(); p != nil {
		return p.dial(ctx, d.from)
	}
	return nil, errFailed
}

// sqlClient is of the front whose port it is; nil: there is none at the moment.
func (l *life) sqlClient(at func() *port) overSQL {
	config, err := msdsn.Parse("sqlserver://" + sqlUser + ":" + sqlPassword + "@127.0.0.1?encrypt=disable&database=ASPState")
	if err != nil {
		panic(err)
	}
	c := mssql.NewConnectorConfig(config)
	c.Dialer = sqlDialer{at, l}
	pool := sql.OpenDB(c)
	l.w.atEnd(func() { pool.Close() })
	return overSQL{pool}
}

var sqlSuffix = layout.Suffix(layout.RuleAsync21, appID)

func sqlID(k session.Key) sql.NamedArg { return sql.Named("SessionId", k.ID+sqlSuffix) }

// read calls a procedure that reads.
func (o overSQL) read(ctx context.Context, k session.Key, procedure string) (item session.Item, err error) {
	var isLocked sql.NullBool
	var age, cookie, flags sql.NullInt64
	rows, err := o.pool.QueryContext(ctx, procedure, sqlID(k), sql.Named("locked", sql.Out{Dest: &isLocked}),
		sql.Named("lockAge", sql.Out{Dest: &age}), sql.Named("lockCookie", sql.Out{Dest: &cookie}),
		sql.Named("actionFlags", sql.Out{Dest: &flags}))
	if err != nil {
		return item, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&item.Payload); err != nil {
			return item, err
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return item, err
	}
	item.Cookie, item.Uninitialized = int32(cookie.Int64), flags.Int64&1 != 0
	switch {
	case !isLocked.Valid:
		return session.Item{}, session.ErrNotFound
	case isLocked.Bool:
		return session.Item{}, &session.LockedError{Cookie: item.Cookie, Uninitialized: item.Uninitialized}
	}
	return item, nil
}

// change calls a procedure that changes.
func (o overSQL) change(ctx context.Context, procedure string, args ...any) error {
	result, err := o.pool.ExecContext(ctx, procedure, args...)
	if e, is := errors.AsType[mssql.Error](err); is && e.Number == 2627 {
		return session.ErrExists
	}
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	switch {
	case err != nil:
		return err
	case n == 0:
		return session.ErrStaleCookie
	case n > 1:
		return fmt.Errorf("%s changes %d rows", procedure, n)
	}
	return nil
}

func (o overSQL) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return o.read(ctx, k, "GetStateItem")
}

func (o overSQL) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return o.read(ctx, k, "GetStateItemExclusive")
}

func (o overSQL) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	args := []any{sqlID(k), sql.Named("Timeout", v.Timeout), sql.Named("SessionItemLong", v.Payload)}
	if cond.Kind() == session.KindInsert {
		return o.change(ctx, "InsertStateItem", args...)
	}
	return o.change(ctx, "UpdateStateItem", append(args, sql.Named("LockCookie", cond.Cookie()))...)
}

func (o overSQL) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return o.change(ctx, "ReleaseItemExclusive", sqlID(k), sql.Named("LockCookie", cookie))
}

func (o overSQL) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	return o.change(ctx, "RemoveStateItem", sqlID(k), sql.Named("LockCookie", cond.Cookie()))
}

func (o overSQL) ResetTimeout(ctx context.Context, k session.Key) error {
	return o.change(ctx, "ResetItemTimeout", sqlID(k))
}

func (o overSQL) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	return o.change(ctx, "InsertUninitializedItem", sqlID(k), sql.Named("Timeout", v.Timeout), sql.Named("SessionItemLong", v.Payload))
}
