package main

import (
	"context"
	"database/sql"
	"errors"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// provider is the async session-state provider 2.1 as far as pages need it: it calls its procedures by name, as SqlClient does,
// with its own spelling of ids (sql-layouts.md 6.2). What is not here panics.
type provider struct {
	session.Store
	db     *sql.DB
	suffix string
}

// openProvider connects a provider to the TDS front.
func openProvider(dsn, appID string) (*provider, error) {
	db, err := sql.Open("sqlserver", dsn)
	if err != nil {
		return nil, err
	}
	return &provider{db: db, suffix: layout.Suffix(layout.RuleAsync21, appID)}, nil
}

func (p *provider) id(k session.Key) sql.NamedArg { return sql.Named("SessionId", k.ID+p.suffix) }

func (p *provider) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return p.read(ctx, "GetStateItem", k)
}

func (p *provider) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return p.read(ctx, "GetStateItemExclusive", k)
}

func (p *provider) read(ctx context.Context, procedure string, k session.Key) (item session.Item, err error) {
	var locked sql.NullBool
	var age, cookie, flags sql.NullInt64
	rows, err := p.db.QueryContext(ctx, procedure, p.id(k), sql.Named("Locked", sql.Out{Dest: &locked}), sql.Named("LockAge", sql.Out{Dest: &age}),
		sql.Named("LockCookie", sql.Out{Dest: &cookie}), sql.Named("ActionFlags", sql.Out{Dest: &flags}))
	if err != nil {
		return item, err
	}
	for rows.Next() {
		if err := rows.Scan(&item.Payload); err != nil {
			return item, errors.Join(err, rows.Close())
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return item, err
	}
	item.Cookie = int32(cookie.Int64)
	switch {
	case !locked.Valid:
		return item, session.ErrNotFound
	case locked.Bool:
		return item, &session.LockedError{Cookie: item.Cookie, Since: session.At(time.Now().Add(-time.Duration(age.Int64) * time.Second))}
	}
	item.Uninitialized = flags.Int64 == 1
	return item, nil
}

// SetAndRelease is under session.IfCookie.
func (p *provider) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	return p.change(ctx, "UpdateStateItem", p.id(k), sql.Named("LockCookie", cond.Cookie()), sql.Named("Timeout", v.Timeout), sql.Named("SessionItemLong", v.Payload))
}

func (p *provider) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return p.change(ctx, "ReleaseItemExclusive", p.id(k), sql.Named("LockCookie", cookie))
}

func (p *provider) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	err := p.change(ctx, "InsertUninitializedItem", p.id(k), sql.Named("Timeout", v.Timeout), sql.Named("SessionItemLong", v.Payload))
	if e := (mssql.Error{}); errors.As(err, &e) && e.Number == 2627 {
		return session.ErrExists
	}
	return err
}

// change calls a procedure that changes one row, if the cookie is that of the lock. ASP.NET does not look at the number: the
// change would be lost without a word.
func (p *provider) change(ctx context.Context, procedure string, args ...any) error {
	r, err := p.db.ExecContext(ctx, procedure, args...)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return errors.Join(session.ErrStaleCookie, err)
	}
	return nil
}
