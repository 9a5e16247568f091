package compat

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"
)

// TestChunkProcs are the effects of sql-layouts.md 9, by the stand-in of SqlInMemory's procedures.
func TestChunkProcs(t *testing.T) {
	s := schemaServer(t, "h_schema_chunkprocs")
	if _, err := s.Install(t.Context(), SchemaOptions{Layout: "sqlinmemory", StandIn: true}); err != nil {
		t.Fatal(err)
	}
	exec := func(text string, args ...any) error {
		_, err := s.db.Exec(text, args...)
		return err
	}
	type answer struct {
		locked, initialized bool
		age, cookie         int
		item                []byte
		chunks              map[int][]byte
	}
	read := func(proc string) (a answer) {
		rows, err := s.db.Query("DECLARE @l bit, @a int, @c int, @n bit, @i varbinary(7000); EXEC dbo." + proc +
			" N'id', @l OUTPUT, @a OUTPUT, @c OUTPUT, @n OUTPUT, @i OUTPUT; SELECT @l, @a, @c, @n, @i")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		a.chunks = map[int][]byte{}
		for more := true; more; more = rows.NextResultSet() {
			cols, _ := rows.Columns()
			for rows.Next() {
				if len(cols) == 2 {
					var n int
					var b []byte
					err = rows.Scan(&n, &b)
					a.chunks[n] = b
				} else {
					err = rows.Scan(&a.locked, &a.age, &a.cookie, &a.initialized, &a.item)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return a
	}
	// row is what stands in the tables: cookie, locked, initialized, timeout, size, bytes of Item, chunks, minutes to Expires.
	row := func() string {
		var v [8]any
		p := make([]any, len(v))
		for i := range v {
			p[i] = &v[i]
		}
		err := s.db.QueryRow("SELECT LockCookie, CAST(Locked AS int), CAST(Initialized AS int), Timeout, ItemSize, ISNULL(DATALENGTH(Item), -1), " +
			"(SELECT COUNT(*) FROM dbo.SessionItems WHERE SessionId = N'id'), (DATEDIFF(second, GETUTCDATE(), Expires) + 30) / 60 FROM dbo.Sessions WHERE SessionId = N'id'").Scan(p...)
		if err != nil {
			return err.Error()
		}
		return strings.Trim(fmt.Sprint(v), "[]")
	}
	expect := func(what, want string) {
		t.Helper()
		if got := row(); got != want {
			t.Errorf("%s: row is %s, want %s", what, got, want)
		}
	}
	check := func(what string, a answer, locked, initialized bool, cookie, item, chunks int) {
		t.Helper()
		if a.locked != locked || a.initialized != initialized || a.cookie != cookie || len(a.item) != item || len(a.chunks) != chunks {
			t.Errorf("%s: locked %v, initialized %v, cookie %d, %d bytes, %d chunks", what, a.locked, a.initialized, a.cookie, len(a.item), len(a.chunks))
		}
	}
	long := func(n int) []byte { return bytes.Repeat([]byte{7}, n) }
	const small = "EXEC dbo.InsertOrUpdateStateItem N'id', @p1, @p2, @p3, @p4, @p5, @p6"

	check("G of nothing", read("GetStateItem"), false, false, 0, 0, 0)
	check("X of nothing", read("GetStateItemExclusive"), false, false, 0, 0, 0)
	if err := exec(small, true, false, 0, 20, 5, long(5)); err != nil { // Z
		t.Fatal(err)
	}
	expect("Z", "0 0 0 20 5 5 0 20")
	if err := exec(small, true, true, 0, 20, 5, long(5)); Number(err) != 2627 {
		t.Errorf("N of a row that is there: %v, want 2627", err)
	}
	a := read("GetStateItemExclusive")
	check("X", a, false, false, 1, 5, 0)
	expect("X", "1 1 1 20 5 5 0 20")
	if err := exec("UPDATE dbo.Sessions SET Expires = '2050-01-01', LockDate = DATEADD(second, -100, GETUTCDATE())"); err != nil {
		t.Fatal(err)
	}
	a = read("GetStateItemExclusive")
	check("X of a locked row", a, true, true, 1, 0, 0)
	if a.age < 100 || a.age > 105 {
		t.Errorf("X of a locked row: age %d", a.age)
	}
	expect("X of a locked row", "1 1 1 20 5 5 0 20")
	if err := exec("EXEC dbo.InsertOrUpdateStateItemMedium N'id', 0, 0, @p1, 30, 15000, @p2, @p3, @p4, NULL, NULL, NULL, NULL, NULL, NULL", 2, long(7000), long(7000), long(1000)); err != nil {
		t.Fatal(err)
	}
	expect("U with another cookie", "1 1 1 20 5 5 0 20")
	if err := exec("EXEC dbo.InsertOrUpdateStateItemMedium N'id', 0, 0, @p1, 30, 15000, @p2, @p3, @p4, NULL, NULL, NULL, NULL, NULL, NULL", 1, long(7000), long(7000), long(1000)); err != nil {
		t.Fatal(err)
	}
	expect("U, medium", "1 0 1 30 15000 -1 3 30")
	a = read("GetStateItem")
	check("G, medium", a, false, true, 1, 0, 3)
	if len(a.chunks[3]) != 1000 {
		t.Errorf("chunk 3 has %d bytes", len(a.chunks[3]))
	}
	items := []chunkRow{{1, long(7000)}, {2, long(7)}}
	if err := exec("EXEC dbo.InsertOrUpdateStateItemLarge N'id', 0, 1, 30, 7007, @p1", mssql.TVP{TypeName: "dbo.SessionItemsTable", Value: items}); err != nil {
		t.Fatal(err)
	}
	expect("U, large, over other chunks", "1 0 1 30 7007 -1 2 30")
	if err := exec(small, false, false, 1, 10, 3, long(3)); err != nil {
		t.Fatal(err)
	}
	expect("U, small, over chunks", "1 0 1 10 3 3 0 10")
	for _, c := range []struct{ call, want string }{
		{"ReleaseStateItemExclusive N'id', 9", "2 1 1 10 3 3 0 10"}, {"ReleaseStateItemExclusive N'id', 2", "2 0 1 10 3 3 0 10"},
		{"ResetItemTimeout N'id'", "2 0 1 10 3 3 0 10"}, {"RemoveItem N'id', 9", "2 0 1 10 3 3 0 10"}, {"RemoveItem N'id', 2", "sql: no rows in result set"},
	} {
		if c.call == "ReleaseStateItemExclusive N'id', 9" {
			read("GetStateItemExclusive")
		}
		if err := exec("EXEC dbo." + c.call); err != nil {
			t.Fatal(err)
		}
		expect(c.call, c.want)
	}
	if err := exec("EXEC dbo.InsertOrUpdateStateItemLarge N'id', 1, 0, -5, 7007, @p1", mssql.TVP{TypeName: "dbo.SessionItemsTable", Value: items}); err != nil {
		t.Fatal(err)
	}
	expect("N, large", "0 0 1 -5 7007 -1 2 -4")
	if err := exec("EXEC dbo.DeleteExpiredSessions"); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := s.db.QueryRow("SELECT (SELECT COUNT(*) FROM dbo.Sessions) + (SELECT COUNT(*) FROM dbo.SessionItems)").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows are left by the purge, %v", left, err)
	}
}
