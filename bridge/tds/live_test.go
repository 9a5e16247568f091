package tds

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"math/big"
	"os/exec"
	"strings"
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

// TestFreeTDS: another client that we did not write.
func TestFreeTDS(t *testing.T) {
	tsql, err := exec.LookPath("tsql")
	if err != nil {
		t.Skip("tsql is not installed (Debian: freetds-bin)")
	}
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() { store.Close() })
	if err := store.SetAndRelease(t.Context(), session.Key{App: "sql:0badcafe", ID: "lit3py55t21z5v55vlm25s55"}, session.Value{Payload: []byte("x"), Timeout: 20}, session.Insert()); err != nil {
		t.Fatal(err)
	}
	addr := serveFront(t, &Front{Store: store, Settings: Settings{Login: secretary}, TLS: certificate(t)})
	host, port, _ := strings.Cut(addr, ":")
	for _, version := range []string{"7.3", "7.4"} {
		c := exec.Command(tsql, "-H", host, "-p", port, "-U", "web", "-P", "s3cret", "-D", "Sessions")
		c.Env = append(c.Environ(), "TDSVER="+version)
		c.Stdin = strings.NewReader("SELECT 42\ngo\nselect nonsense from nowhere\ngo\nSELECT 43\ngo\nexit\n")
		out, err := c.CombinedOutput()
		if text := string(out); err != nil || !strings.Contains(text, "42") || !strings.Contains(text, "43") || !strings.Contains(text, "does not know this one") {
			t.Errorf("TDS %s: %v\n%s", version, err, out)
		}
	}
}
