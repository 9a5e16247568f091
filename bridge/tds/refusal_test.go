package tds

import (
	"database/sql"
	"log/slog"
	"strings"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/session/memstore"
)

// client opens a pool of go-mssqldb's without TLS.
func client(t *testing.T, f *Front, database string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlserver", "sqlserver://web:s3cret@"+serveFront(t, f)+"?encrypt=disable&database="+database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestAStoreThatRefuses: the application is told, nobody calls again, and the connection lives on (11).
func TestAStoreThatRefuses(t *testing.T) {
	var log shared
	store := memstore.New(memstore.Options{MaxBytes: 1000})
	t.Cleanup(func() { store.Close() })
	db := client(t, &Front{Store: store, Settings: Settings{Login: secretary}, Logger: slog.New(slog.NewTextHandler(&log, nil))}, "Shop")
	db.SetMaxOpenConns(1)
	insert := func(id string, size int) error {
		_, err := db.Exec("InsertStateItem", sql.Named("SessionId", id), sql.Named("Timeout", 20), sql.Named("SessionItemLong", make([]byte, size)))
		return err
	}
	var before, after int
	if err := db.QueryRow("SELECT 1").Scan(&before); err != nil {
		t.Fatal(err)
	}
	var e mssql.Error
	if err := insert("lit3py55t21z5v55vlm25s550badcafe", 2000); !asError(err, &e) || e.Number != 50000 || e.Class != 16 || !strings.Contains(e.Message, "memory cap") {
		t.Errorf("a session that is too large: %v", err)
	}
	if err := insert("lit3py55t21z5v55vlm25s550badcafe", 20); err != nil {
		t.Errorf("one that is not, on the same connection: %v", err)
	}
	if err := db.QueryRow("SELECT 2").Scan(&after); err != nil || after != 2 {
		t.Error(after, err)
	}
	if said := log.String(); !strings.Contains(said, "refused a call") || strings.Contains(said, "lit3py55") {
		t.Errorf("the log: %s", said)
	}
}

// TestUnknownRequestsAreLoggedOnce: each by what it is, and the error names it; no session stands in the log.
func TestUnknownRequestsAreLoggedOnce(t *testing.T) {
	var log shared
	db := client(t, &Front{Store: emptyStore(t), Settings: Settings{Login: secretary}, Logger: slog.New(slog.NewTextHandler(&log, nil))}, "Shop")
	for range 3 {
		for text, says := range map[string]string{"SELECT a FROM Orders": "orders", "DROP TABLE Customers": "customers", "DELETE Orders WHERE id = 'lit3py55t21z5v55vlm25s55'": "delete orders"} {
			var e mssql.Error
			if _, err := db.Exec(text); !asError(err, &e) || e.Number != 50000 || !strings.Contains(e.Message, says) {
				t.Errorf("%s: %v", text, err)
			}
		}
		for _, proc := range []string{"Nightly", "TempGetStateItemExclusive2"} {
			var e mssql.Error
			if _, err := db.Exec(proc); !asError(err, &e) || e.Number != 2812 || !strings.Contains(e.Message, proc) {
				t.Errorf("%s: %v", proc, err)
			}
		}
	}
	said := log.String()
	for _, once := range []string{"from orders", "drop table customers", "delete orders", "Nightly", "TempGetStateItemExclusive2"} {
		if n := strings.Count(said, once); n != 1 {
			t.Errorf("%s stands in the log %d times:\n%s", once, n, said)
		}
	}
	if strings.Contains(said, "lit3py55") {
		t.Errorf("the log:\n%s", said)
	}
}

// TestOldProviders: those of ASP.NET 1.x, and those that take the server for SQL Server 7, are told so; what else is no call of a
// provider is refused likewise, over one connection that lives on.
func TestOldProviders(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	front := &Front{Store: store, Settings: Settings{Login: secretary}}
	db := client(t, front, "ASPState")
	db.SetMaxOpenConns(1)
	id := sql.Named("id", "lit3py55t21z5v55vlm25s550badcafe")
	var date mssql.DateTime1
	for _, c := range []struct {
		proc   string
		args   []any
		number int32
		says   string
	}{
		{"TempGetStateItem", []any{id}, 2812, "ASP.NET 1.x"},
		{"dbo.TempGetStateItemExclusive2", []any{id}, 2812, "ASP.NET 1.x"},
		{"TempGetStateItem3", []any{id, sql.Named("lockDate", sql.Out{Dest: &date})}, 8145, "SQL Server 7"},
		{"TempGetStateItem3", []any{id, sql.Named("colour", 1)}, 8145, "@colour"},
		{"TempResetTimeout", []any{id, sql.Named("id", "again")}, 8144, "TempResetTimeout"},
		{"TempGetStateItem3", []any{id, sql.Named("xml", mssql.NVarCharMax("x"))}, 8145, "@xml"},
		{"TempResetTimeout", []any{id, sql.Named("x", 1.5)}, 50000, "type"}, // float: no provider sends that
		{"TempGetStateItem4", []any{id}, 2812, "TempGetStateItem4"},
	} {
		var e mssql.Error
		if _, err := db.Exec(c.proc, c.args...); !asError(err, &e) || e.Number != c.number || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %v, want %d that says %q", c.proc, err, c.number, c.says)
		}
	}
	if n := front.spids.Load(); n != 1 {
		t.Errorf("%d connections were opened", n)
	}
}
