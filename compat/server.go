package compat

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/compat/layout"
)

// Server is an open pool of connections to one database of a SQL Server. Connect makes it.
type Server struct {
	db    *sql.DB
	steer *sql.DB // a few connections more for what must not wait for those of sessions (Control); nil: there are none
	Facts Facts
}

// Facts are what a Server tells of itself when it is opened.
type Facts struct {
	Title     string // for people, without secrets: "db1:1433/ASPState as app"
	Version   string // ProductVersion: "16.0.4105.2"
	Major     int    // first part of Version; 0: not known
	Edition   string // "Developer Edition (64-bit)", "SQL Azure"
	Azure     bool   // Azure SQL Database or Managed Instance (EngineEdition 5, 8)
	Babelfish bool   // Babelfish for PostgreSQL
	Name      string // @@SERVERNAME
	Database  string // DB_NAME() of the connection
	Collation string // of that database
	Login     string // SUSER_SNAME(): who the server takes us for
}

// Close closes the pool. It waits for statements that are running.
func (s *Server) Close() error {
	if s.steer == nil {
		return s.db.Close()
	}
	return errors.Join(s.db.Close(), s.steer.Close())
}

// factsText asks with functions alone, which need no rights and which SQL Server 2008, Azure SQL and Babelfish all have.
// SERVERPROPERTY of a name that an engine does not know is NULL; BabelfishVersion is Babelfish's own.
var factsText = layout.Mark(layout.OpFacts) + `SELECT CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')),
	CONVERT(int, SERVERPROPERTY('EngineEdition')),
	CONVERT(nvarchar(128), SERVERPROPERTY('Edition')),
	CONVERT(nvarchar(128), SERVERPROPERTY('BabelfishVersion')),
	CONVERT(nvarchar(128), @@SERVERNAME),
	CONVERT(nvarchar(128), DB_NAME()),
	CONVERT(nvarchar(128), DATABASEPROPERTYEX(DB_NAME(), 'Collation')),
	CONVERT(nvarchar(128), SUSER_SNAME())`

// readFacts fills Facts, but for Title.
func (s *Server) readFacts(ctx context.Context) error {
	var version, edition, babelfish, name, database, collation, login sql.NullString
	var engine sql.NullInt64
	err := s.db.QueryRowContext(ctx, factsText).Scan(&version, &engine, &edition, &babelfish, &name, &database, &collation, &login)
	if err != nil {
		return fmt.Errorf("reading the version and database of %s: %w", s.Facts.Title, err)
	}
	f := &s.Facts
	f.Version, f.Edition, f.Name = version.String, edition.String, name.String
	f.Database, f.Collation, f.Login = database.String, collation.String, login.String
	f.Azure = engine.Int64 == 5 || engine.Int64 == 8
	f.Babelfish = babelfish.Valid
	major, _, _ := strings.Cut(f.Version, ".")
	f.Major, _ = strconv.Atoi(major) // 0 is what an unknown version is
	return nil
}
