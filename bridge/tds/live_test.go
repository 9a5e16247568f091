package tds

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// certificate makes one that nobody trusts.
func certificate(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, made, made, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// secretary is a Login with one user.
func secretary(user, password string) bool { return user == "web" && password == "s3cret" }

// TestGoDriver: go-mssqldb without TLS, with TLS for the login, and with TLS for all.
func TestGoDriver(t *testing.T) {
	for _, mode := range []string{"disable", "false&trustservercertificate=true", "true&trustservercertificate=true"} {
		t.Run(mode, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			t.Cleanup(func() { store.Close() })
			addr := serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary}, TLS: certificate(t)})
			db, err := sql.Open("sqlserver", "sqlserver://web:s3cret@"+addr+"?database=Sessions&encrypt="+mode)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var one int
			if err := db.QueryRow("SELECT 1").Scan(&one); err != nil || one != 1 {
				t.Fatal(one, err)
			}
			id := "lit3py55t21z5v55vlm25s55" + "0badcafe"
			big := make([]byte, 2<<20)
			copy(big, "a payload of two megabytes")
			if _, err := db.Exec("InsertStateItem", sql.Named("SessionId", id), sql.Named("Timeout", 20), sql.Named("SessionItemLong", big)); err != nil {
				t.Fatal(err)
			}
			_, err = db.Exec("InsertStateItem", sql.Named("SessionId", id), sql.Named("Timeout", 20), sql.Named("SessionItemLong", big))
			if e := (mssql.Error{}); !asError(err, &e) || e.Number != 2627 {
				t.Errorf("the second insert: %v", err)
			}
			var locked sql.NullBool
			var age, cookie, flags sql.NullInt64
			read := func(proc, id string) (payload []byte) {
				t.Helper()
				rows, err := db.Query(proc, sql.Named("SessionId", id), sql.Named("Locked", sql.Out{Dest: &locked}), sql.Named("LockAge", sql.Out{Dest: &age}),
					sql.Named("LockCookie", sql.Out{Dest: &cookie}), sql.Named("ActionFlags", sql.Out{Dest: &flags}))
				if err != nil {
					t.Fatal(err)
				}
				defer rows.Close()
				for rows.Next() {
					if err := rows.Scan(&payload); err != nil {
						t.Fatal(err)
					}
				}
				return payload
			}
			if got := read("GetStateItemExclusive", id); string(got) != string(big) || locked.Bool || cookie.Int64 != 2 {
				t.Errorf("%d bytes, locked %v, cookie %v", len(got), locked, cookie)
			}
			if got := read("GetStateItem", id); got != nil || !locked.Bool || cookie.Int64 != 2 {
				t.Errorf("locked: %d bytes, locked %v, cookie %v", len(got), locked, cookie)
			}
			if r, err := db.Exec("UpdateStateItem", sql.Named("SessionId", id), sql.Named("LockCookie", 1), sql.Named("Timeout", 20), sql.Named("SessionItemLong", []byte("stale"))); err != nil {
				t.Error(err)
			} else if n, _ := r.RowsAffected(); n != 0 {
				t.Errorf("a stale cookie writes %d rows", n)
			}
			if read("GetStateItem", "nobody"+"0badcafe"); locked.Valid {
				t.Errorf("an absent session has locked %v", locked)
			}
			if _, err := db.Exec("DropEverything"); err == nil {
				t.Error("an unknown procedure is answered")
			}
			if err := db.QueryRow("SELECT 1").Scan(&one); err != nil {
				t.Errorf("after an error: %v", err)
			}
		})
	}
}

func asError(err error, e *mssql.Error) bool {
	got, ok := err.(mssql.Error)
	*e = got
	return ok
}

// openDB connects go-mssqldb to a front, by one connection.
func openDB(t *testing.T, addr, encrypt string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlserver", "sqlserver://web:s3cret@"+addr+"?database=Sessions&encrypt="+encrypt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

// TestGoDriverHasOneConnection: resets, transactions, errors and gets that are given up leave the connection usable.
func TestGoDriverHasOneConnection(t *testing.T) {
	for _, mode := range []string{"disable", "false&trustservercertificate=true", "true&trustservercertificate=true"} {
		t.Run(mode, func(t *testing.T) {
			store := memstore.New(memstore.Options{})
			t.Cleanup(func() { store.Close() })
			waits := make(chan struct{}, 1)
			var connections atomic.Int32
			addr := serveFront(t, &Front{
				Store: telling{store, waits}, Settings: Settings{Login: secretary, Park: time.Minute}, TLS: certificate(t),
				Named: func(ctx context.Context, _ string) context.Context { connections.Add(1); return ctx },
			})
			db := openDB(t, addr, mode)
			selects := func(when string, q interface {
				QueryRow(string, ...any) *sql.Row
			}) {
				t.Helper()
				var n int
				if err := q.QueryRow("SELECT 8").Scan(&n); err != nil || n != 8 {
					t.Errorf("%s: %d, %v", when, n, err)
				}
			}
			for what, number := range map[string]int32{"dbo.sp_help": 2812, "SELECT * FROM Orders": 50000} {
				_, err := db.Exec(what)
				if e := (mssql.Error{}); !asError(err, &e) || e.Number != number {
					t.Errorf("%s: %v", what, err)
				}
				selects("after "+what, db)
			}
			for _, end := range []func(*sql.Tx) error{(*sql.Tx).Commit, (*sql.Tx).Rollback} {
				tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
				if err != nil {
					t.Fatal(err)
				}
				selects("in a transaction", tx)
				if err := end(tx); err != nil {
					t.Error(err)
				}
				selects("after a transaction", db)
			}
			k := session.Key{App: "sql:0badcafe", ID: "lit3py55t21z5v55vlm25s55"}
			if err := store.SetAndRelease(t.Context(), k, session.Value{Payload: []byte("x"), Timeout: 20}, session.Insert()); err != nil {
				t.Fatal(err)
			}
			held, err := store.GetExclusive(t.Context(), k)
			if err != nil {
				t.Fatal(err)
			}
			var locked sql.NullBool
			var age, cookie, flags sql.NullInt64
			get := func(ctx context.Context) error {
				_, err := db.ExecContext(ctx, "GetStateItemExclusive", sql.Named("SessionId", k.ID+"0badcafe"), sql.Named("Locked", sql.Out{Dest: &locked}),
					sql.Named("LockAge", sql.Out{Dest: &age}), sql.Named("LockCookie", sql.Out{Dest: &cookie}), sql.Named("ActionFlags", sql.Out{Dest: &flags}))
				return err
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-waits
				cancel()
			}()
			if err := get(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("a get that is given up: %v", err)
			}
			selects("after a get was given up", db)
			if err := store.ReleaseExclusive(t.Context(), k, held.Cookie); err != nil {
				t.Fatal(err)
			}
			if err := get(t.Context()); err != nil || locked.Bool || cookie.Int64 != int64(held.Cookie)+1 {
				t.Errorf("after all: locked %v, cookie %v, %v", locked, cookie, err)
			}
			if n := connections.Load(); n != 1 {
				t.Errorf("that took %d connections", n)
			}
		})
	}
}

// TestGoDriverChunks: the procedures of SqlInMemory, whose large payloads come as a table.
func TestGoDriverChunks(t *testing.T) {
	const size = 7000
	type piece struct {
		SessionItemId int64
		Item          []byte
	}
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	db := openDB(t, serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary}}), "disable")
	id := sql.Named("SessionId", "lit3py55t21z5v55vlm25s55")
	write := func(fresh, initialized bool, cookie int64, item []byte) error {
		args := []any{id, sql.Named("NewItem", fresh), sql.Named("LockCookie", cookie), sql.Named("Timeout", 20), sql.Named("ItemSize", int64(len(item)))}
		var table []piece
		for part := range slices.Chunk(item, size) {
			table = append(table, piece{int64(len(table)) + 1, part})
		}
		procedure := "InsertOrUpdateStateItem"
		switch {
		case len(table) <= 1:
			args = append(args, sql.Named("Initialized", initialized), sql.Named("Item", item))
		case len(table) <= 9:
			procedure += "Medium"
			args = append(args, sql.Named("Initialized", initialized))
			for n := range 9 {
				var part []byte
				if n < len(table) {
					part = table[n].Item
				}
				args = append(args, sql.Named(fmt.Sprintf("Item%d", n+1), part))
			}
		default:
			procedure += "Large"
			slices.Reverse(table) // ids say the order, not rows
			args = append(args, sql.Named("Items", mssql.TVP{TypeName: "dbo.SessionItemsTable", Value: table}))
		}
		_, err := db.Exec(procedure, args...)
		return err
	}
	var locked, initialized sql.NullBool
	var age, cookie sql.NullInt64
	read := func(procedure string) []byte {
		t.Helper()
		var short, item []byte
		rows, err := db.Query(procedure, id, sql.Named("Locked", sql.Out{Dest: &locked}), sql.Named("LockAge", sql.Out{Dest: &age}),
			sql.Named("LockCookie", sql.Out{Dest: &cookie}), sql.Named("Initialized", sql.Out{Dest: &initialized}), sql.Named("Item", sql.Out{Dest: &short}))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for n := 1; rows.Next(); n++ {
			var at int
			var part []byte
			if err := rows.Scan(&at, &part); err != nil || at != n {
				t.Fatalf("piece %d is called %d, %v", n, at, err)
			}
			item = append(item, part...)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		if item == nil {
			return short
		}
		return item
	}
	if item := read("GetStateItemExclusive"); item != nil || !locked.Valid || locked.Bool || !cookie.Valid || cookie.Int64 != 0 || !initialized.Valid || initialized.Bool {
		t.Errorf("an absent session: %d bytes, locked %v, cookie %v, initialized %v", len(item), locked, cookie, initialized)
	}
	if err := write(true, false, 0, []byte("empty")); err != nil {
		t.Fatal(err)
	}
	if e := (mssql.Error{}); !asError(write(true, true, 0, []byte("again")), &e) || e.Number != 2627 {
		t.Errorf("a second insert: %v", e)
	}
	if item := read("GetStateItemExclusive"); string(item) != "empty" || initialized.Bool || locked.Bool {
		t.Errorf("the first read: %q, initialized %v, locked %v", item, initialized, locked)
	}
	for _, n := range []int{185, size, size + 1, 9 * size, 9*size + 1, 20, 2 << 20} {
		held := cookie.Int64
		item := bytes.Repeat([]byte(fmt.Sprint(n, " ")), n)[:n]
		if read("GetStateItemExclusive"); !locked.Bool || cookie.Int64 != held || !initialized.Bool {
			t.Errorf("a locked session: locked %v, cookie %v, initialized %v", locked, cookie, initialized)
		}
		if err := errors.Join(write(false, true, held-1, []byte("stale")), write(false, true, held, item)); err != nil {
			t.Fatal(err)
		}
		if got := read("GetStateItemExclusive"); !bytes.Equal(got, item) || locked.Bool || cookie.Int64 != held+1 {
			t.Errorf("%d bytes: %d come back, locked %v, cookie %v", n, len(got), locked, cookie)
		}
	}
	if _, err := db.Exec("RemoveItem", id, sql.Named("LockCookie", cookie.Int64)); err != nil {
		t.Fatal(err)
	}
	if item := read("GetStateItem"); item != nil {
		t.Errorf("a removed session has %d bytes", len(item))
	}
}

func TestLoginsAreRefused(t *testing.T) {
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	addr := serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary}})
	for dsn, want := range map[string]int32{"web:wrong@": 18456, "nobody:s3cret@": 18456} {
		db, err := sql.Open("sqlserver", "sqlserver://"+dsn+addr+"?encrypt=disable")
		if err != nil {
			t.Fatal(err)
		}
		err = db.Ping()
		if e := (mssql.Error{}); !asError(err, &e) || e.Number != want {
			t.Errorf("%s: %v", dsn, err)
		}
		db.Close()
	}
}

// tapped passes connections on to a server, and keeps what clients send.
func tapped(t *testing.T, addr string) (at string, sent *shared) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sent = &shared{}
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", addr)
			if err != nil {
				from.Close()
				continue
			}
			passing.Go(func() {
				io.Copy(to, io.TeeReader(from, sent))
				to.Close()
			})
			passing.Go(func() {
				io.Copy(from, to)
				from.Close()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		passing.Wait()
	})
	return l.Addr().String(), sent
}

// TestFreeTDS: another client that we did not write, with each of its settings for encryption, before a front without TLS, one
// with it, and one that requires it.
func TestFreeTDS(t *testing.T) {
	tsql, err := exec.LookPath("tsql")
	if err != nil {
		t.Skip("tsql is not installed (Debian: freetds-bin)")
	}
	const (
		refused = iota // nobody gets to know the password
		all            // is encrypted
		loginOnly
		plain
	)
	readable := map[int]int{loginOnly: clearStatement, plain: clearLogin | clearStatement}
	for _, c := range []struct {
		front   string
		setting string // empty: none, as where there is no file
		want    int
	}{
		{"no TLS", "", plain}, {"no TLS", "off", plain}, {"no TLS", "request", plain}, {"no TLS", "require", refused},
		{"TLS", "", loginOnly}, {"TLS", "off", plain}, {"TLS", "request", loginOnly}, {"TLS", "require", all},
		{"TLS required", "", all}, {"TLS required", "off", all}, {"TLS required", "request", all}, {"TLS required", "require", all},
	} {
		for _, version := range []string{"7.3", "7.4"} {
			t.Run(fmt.Sprintf("%s, encryption %q, TDS %s", c.front, c.setting, version), func(t *testing.T) {
				store := memstore.New(memstore.Options{})
				t.Cleanup(func() { store.Close() })
				front := &Front{Store: store, Settings: Settings{Login: secretary}, RequireTLS: c.front == "TLS required"}
				if c.front != "no TLS" {
					front.TLS = certificate(t)
				}
				addr, sent := tapped(t, serveFront(t, front))
				host, port, _ := strings.Cut(addr, ":")
				conf := "[aspstate]\n\thost = " + host + "\n\tport = " + port + "\n\ttds version = " + version + "\n"
				if c.setting != "" {
					conf += "\tencryption = " + c.setting + "\n"
				}
				file := filepath.Join(t.TempDir(), "freetds.conf")
				if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
					t.Fatal(err)
				}
				run := func(password, say string) (string, error) {
					cmd := exec.Command(tsql, "-S", "aspstate", "-U", "web", "-P", password, "-D", "Sessions")
					cmd.Env = append(cmd.Environ(), "FREETDSCONF="+file)
					cmd.Stdin = strings.NewReader(say)
					out, err := cmd.CombinedOutput()
					return string(out), err
				}
				out, err := run("s3cret", "SELECT 1\ngo\nSELECT 42\ngo\nselect nonsense from nowhere\ngo\nexec dbo.sp_help\ngo\nSELECT 43\ngo\nexit\n")
				switch works := err == nil && strings.Contains(out, "42") && strings.Contains(out, "43") && strings.Count(out, "Msg 50000") == 2 && strings.Count(out, "does not know this one") == 2; {
				case c.want == refused:
					if err == nil || strings.Contains(out, "42") {
						t.Errorf("it enters: %v\n%s", err, out)
					}
				case !works:
					t.Errorf("%v\n%s", err, out)
				}
				if got := inClear(sent); got != readable[c.want] {
					t.Errorf("what can be read on the way is %b, want %b", got, readable[c.want])
				}
				if c.want == refused {
					return
				}
				if out, err := run("other", "SELECT 44\ngo\nexit\n"); err == nil || !strings.Contains(out, "18456") || strings.Contains(out, "\n44\n") {
					t.Errorf("a wrong password: %v\n%s", err, out)
				}
			})
		}
	}
}

// What can be read of what a client sent.
const (
	clearLogin = 1 << iota
	clearStatement
)

// inClear says what can be read of what TestFreeTDS's client sent.
func inClear(sent *shared) (what int) {
	said := sent.String()
	_, login := hello("web", "s3cret", "Sessions")
	at := binary.LittleEndian.Uint16(login[44:])
	if strings.Contains(said, string(login[at:at+12])) { // the password
		what |= clearLogin
	}
	if strings.Contains(said, string(appendText(nil, "SELECT 42"))) {
		what |= clearStatement
	}
	return what
}
