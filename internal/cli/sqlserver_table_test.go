package cli

import (
	"bytes"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/session"
)

// sqlRow is a session as a table has it. Times are as stored, be they local; payload is what a table with one payload
// column has.
type sqlRow struct {
	ID                       string
	Created, Expires, LockAt session.Instant
	Cookie, Timeout, Flags   int32
	Locked                   bool
	Short, Long              []byte
}

// shape is how a layout's table holds a sqlRow; short is empty where there is one payload column.
type shape struct{ table, short, long string }

var (
	fxShape    = shape{"ASPStateTempSessions", "SessionItemShort", "SessionItemLong"}
	asyncShape = shape{"ASPNetSessionState", "", "SessionItemLong"}
	v10Shape   = shape{"Sessions", "", "SessionItem"}
)

func (x shape) columns() string {
	names := "SessionId, Created, Expires, LockDate, LockCookie, Timeout, Flags, Locked, " + x.long
	if x.short != "" {
		names += ", " + x.short
	}
	return names
}

// insert writes rows as a provider or an administrator could have left them. Tables with LockDateLocal get LockDate there.
func (d *testDatabase) insert(x shape, rows ...sqlRow) {
	d.t.Helper()
	names := x.columns()
	if d.has(x.table, "LockDateLocal") {
		names += ", LockDateLocal"
	}
	for _, r := range rows {
		values := []any{
			r.ID, mssql.DateTime1(r.Created.Time()), mssql.DateTime1(r.Expires.Time()), mssql.DateTime1(r.LockAt.Time()),
			r.Cookie, r.Timeout, r.Flags, r.Locked, r.Long,
		}
		if x.short != "" {
			values = append(values, r.Short)
		}
		if strings.HasSuffix(names, "LockDateLocal") {
			values = append(values, values[3])
		}
		marks := make([]string, len(values))
		for i := range marks {
			marks[i] = fmt.Sprint("@p", i+1)
		}
		d.exec("INSERT INTO "+x.table+" ("+names+") VALUES ("+strings.Join(marks, ", ")+")", values...)
	}
}

func (d *testDatabase) has(table, column string) bool {
	d.t.Helper()
	var there sql.NullInt64
	if err := d.db.QueryRow("SELECT COL_LENGTH(@p1, @p2)", table, column).Scan(&there); err != nil {
		d.t.Fatal(err)
	}
	return there.Valid
}

// rows reads a table by its ids.
func (d *testDatabase) rows(x shape) map[string]sqlRow {
	d.t.Helper()
	found, err := d.db.Query("SELECT " + x.columns() + " FROM " + x.table)
	if err != nil {
		d.t.Fatal(err)
	}
	defer found.Close()
	all := map[string]sqlRow{}
	for found.Next() {
		var r sqlRow
		var created, expires, lock time.Time
		into := []any{&r.ID, &created, &expires, &lock, &r.Cookie, &r.Timeout, &r.Flags, &r.Locked, &r.Long}
		if x.short != "" {
			into = append(into, &r.Short)
		}
		if err := found.Scan(into...); err != nil {
			d.t.Fatal(err)
		}
		r.Created, r.Expires, r.LockAt = session.At(created), session.At(expires), session.At(lock)
		all[r.ID] = r
	}
	if err := found.Err(); err != nil {
		d.t.Fatal(err)
	}
	return all
}

// wantRow checks one row; NULL is not an empty value.
func wantRow(t *testing.T, rows map[string]sqlRow, want sqlRow) {
	t.Helper()
	got, there := rows[want.ID]
	if !there {
		t.Errorf("no row %s; there are %q", want.ID, slices.Sorted(maps.Keys(rows)))
		return
	}
	if !bytes.Equal(got.Short, want.Short) || (got.Short == nil) != (want.Short == nil) {
		t.Errorf("%s: short %d bytes (NULL: %v), want %d", want.ID, len(got.Short), got.Short == nil, len(want.Short))
	}
	if !bytes.Equal(got.Long, want.Long) || (got.Long == nil) != (want.Long == nil) {
		t.Errorf("%s: long %d bytes (NULL: %v), want %d", want.ID, len(got.Long), got.Long == nil, len(want.Long))
	}
	got.Short, got.Long, want.Short, want.Long = nil, nil, nil, nil
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("got %s\nwant %s", g, w)
	}
}

// liveRow is a session that lives for two hours, with its payload where that belongs.
func liveRow(id string, payload []byte) sqlRow {
	now := session.At(clock())
	r := sqlRow{ID: id, Created: now - 5*session.Minute, Expires: now.AddMinutes(120), LockAt: now - session.Minute, Cookie: 3, Timeout: 120}
	if len(payload) > 7000 {
		r.Long = payload
	} else {
		r.Short = payload
	}
	return r
}

// payload is a session of exactly n bytes, 300 to 16,000 of them, filled with a letter.
func payload(t *testing.T, n int, letter string) []byte {
	t.Helper()
	size := n
	var b []byte
	for range 2 { // the second time the overhead is known
		c, err := aspnetser.Open(fixtures.Blob("empty"), aspnetser.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := aspnetser.Set(c, "a", strings.Repeat(letter, size)); err != nil {
			t.Fatal(err)
		}
		if b, err = c.Append(nil); err != nil {
			t.Fatal(err)
		}
		size -= len(b) - n
	}
	if len(b) != n {
		t.Fatalf("a payload of %d bytes, wanted %d", len(b), n)
	}
	return b
}
