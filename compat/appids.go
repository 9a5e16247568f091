package compat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/compat/layout"
)

// AppRow is a row of ASPStateTempApplications: the in-box provider's suffix is AppID (sql-layouts.md 13.2). Name is the
// application id as the table keeps it: lower-cased by the database, cut to 280 characters, without the blanks behind.
type AppRow struct {
	AppID int32
	Name  string
}

// appTable lies beside the session table of aspnet_regsql and of the samples (3.3, 8).
const appTable = "ASPStateTempApplications"

// maxAppName is its limit, which the provider cuts names to (3.5).
const maxAppName = 280

// ErrNoApplications: the table of applications is not there, or this login may not see it.
var ErrNoApplications = errors.New("compat: no table " + appTable + ", or this login may not see it")

// AppIDs reads the applications that are registered beside a table, in order of their names. Layouts whose providers have
// no such table have none. Where it is missing: ErrNoApplications.
func (s *Server) AppIDs(ctx context.Context, f *Found) ([]AppRow, error) {
	if f.Layout.Form != layout.FormShortLong {
		return nil, nil
	}
	table := f.table(s.Facts.Database, appTable)
	var id sql.NullInt64
	err := s.db.QueryRowContext(ctx, layout.Mark(layout.OpObject)+`SELECT OBJECT_ID(@p1)`, table).Scan(&id)
	if err != nil {
		return nil, fmt.Errorf("looking for table %s: %w", table, err)
	}
	if !id.Valid {
		return nil, fmt.Errorf("reading the applications of %s: %w", f.place(), ErrNoApplications)
	}
	var apps []AppRow
	err = s.eachRow(ctx, layout.Mark(layout.OpApps, f.Layout.Reference)+`SELECT [AppId], [AppName] FROM `+table, func(rows *sql.Rows) error {
		var a AppRow
		if err := rows.Scan(&a.AppID, &a.Name); err != nil {
			return err
		}
		a.Name = strings.TrimRight(a.Name, " ")
		apps = append(apps, a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading table %s: %w", table, err)
	}
	slices.SortFunc(apps, func(a, b AppRow) int { return strings.Compare(a.Name, b.Name) })
	return apps, nil
}

// AppCollisionError says that an application cannot be registered: the hash of its name is the AppId of another one. The
// in-box provider does not start either then (sql-layouts.md 13.2).
type AppCollisionError struct {
	App   string
	Other string // empty: not known
	Err   error  // the server's
}

func (e *AppCollisionError) Error() string {
	other := "another application"
	if e.Other != "" {
		other = fmt.Sprintf("application %q", e.Other)
	}
	return fmt.Sprintf("registering application %q: its AppId is already that of %s: %v", e.App, other, e.Err)
}

func (e *AppCollisionError) Unwrap() error { return e.Err }

// EnsureAppID returns the AppId of an application, by the AppDomainAppId in its true spelling (/LM/W3SVC/1/ROOT). It calls
// TempGetAppID as the in-box provider does at its start, which registers an application that is not there yet: this
// writes. Errors: *AppCollisionError.
func (s *Server) EnsureAppID(ctx context.Context, f *Found, appName string) (int32, error) {
	if f.Layout.Form != layout.FormShortLong {
		return 0, &layout.UnsupportedError{Layout: f.Layout.Name, Why: "its providers have no table of applications"}
	}
	var id sql.NullInt32
	_, err := s.db.ExecContext(ctx, layout.Mark(layout.OpRegister, f.Layout.Reference)+sessionSettings+"EXEC "+f.proc(s.Facts.Database, "TempGetAppID")+" @p1, @appId OUTPUT",
		cutName(appName), sql.Named("appId", sql.Out{Dest: &id}))
	var e mssql.Error
	if errors.As(err, &e) && (e.Number == 2627 || e.Class == 18) {
		return s.registered(ctx, f, appName, err)
	}
	if err != nil {
		return 0, fmt.Errorf("registering application %q: %w", appName, err)
	}
	if !id.Valid { // names beyond ASCII under a double-byte code page (13.2)
		return 0, fmt.Errorf("registering application %q: the server computes no AppId for it", appName)
	}
	return id.Int32, nil
}

// registered finds out what a refusal means: another client was quicker with the same application, or it collides.
func (s *Server) registered(ctx context.Context, f *Found, appName string, refused error) (int32, error) {
	apps, err := s.AppIDs(ctx, f)
	if err != nil {
		return 0, errors.Join(refused, err)
	}
	collision := &AppCollisionError{App: appName, Err: refused}
	hash, _ := layout.SuffixValue(layout.RuleInbox, cutName(appName))
	for _, a := range apps {
		if strings.EqualFold(a.Name, strings.TrimRight(cutName(appName), " ")) {
			return a.AppID, nil
		}
		if a.AppID == int32(hash) {
			collision.Other = a.Name
		}
	}
	return 0, collision
}

// cutName cuts a name to what the parameter takes.
func cutName(name string) string {
	if u := utf16.Encode([]rune(name)); len(u) > maxAppName {
		return string(utf16.Decode(u[:maxAppName]))
	}
	return name
}
