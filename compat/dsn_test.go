package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/microsoft/go-mssqldb/msdsn"
)

func TestParseDSN(t *testing.T) {
	// want holds settings beside server and port as the driver gets them.
	for _, v := range []struct {
		name, dsn, title string
		want             map[string]string
	}{
		{"url", "sqlserver://app:s3cret@db1?database=ASPState", "db1:1433/ASPState as app", map[string]string{"password": "s3cret"}},
		{"url, port", "sqlserver://app:s3cret@db1:1444?database=ASPState", "db1:1444/ASPState as app", nil},
		{"url, instance", "sqlserver://app@db1/SQL2019?database=ASPState", `db1\SQL2019/ASPState as app`, nil},
		{"url, IPv6", "sqlserver://app@[::1]:1433", "[::1]:1433 as app", nil},
		{"url, mssql", "MSSQL://app@db1", "db1:1433 as app", nil},
		{"url, encoded", "sqlserver://app:%40%3A%2F%3F%23%25@db1", "db1:1433 as app", map[string]string{"password": "@:/?#%"}},
		{"url, login in the query", "sqlserver://db1?user+id=a@corp&password=x%40y&encrypt=strict", "db1:1433 as a@corp", map[string]string{"password": "x@y", "encrypt": "strict"}},
		{"url, driver's encrypt=false", "sqlserver://app@db1?encrypt=false", "db1:1433 as app", map[string]string{"encrypt": "false", "trustservercertificate": ""}},
		{"url, TLS", "sqlserver://app@db1?encrypt=true&certificate=ca.pem&hostnameincertificate=db1.corp&tlsmin=1.2", "db1:1433 as app",
			map[string]string{"encrypt": "true", "certificate": "ca.pem", "hostnameincertificate": "db1.corp", "tlsmin": "1.2"}},
		{"url, Entra", "sqlserver://db1.database.windows.net?database=s&fedauth=activedirectorydefault", "db1.database.windows.net:1433/s as ActiveDirectoryDefault",
			map[string]string{"fedauth": "ActiveDirectoryDefault"}},
		{"url, Kerberos", "sqlserver://db1?authenticator=krb5&krb5-credcachefile=%2Ftmp%2Fcc&krb5-realm=CORP", "db1:1433 as the current user",
			map[string]string{"authenticator": "krb5", "krb5-credcachefile": "/tmp/cc"}},

		{"web.config", "data source=localhost;Integrated Security=SSPI;Initial Catalog=ASPState", "localhost:1433/ASPState as the current user", nil},
		{"ado, spaces and ends", " Server = db1 ; Database = ASPState ;; UID = app ; PWD = s3 cret ; ", "db1:1433/ASPState as app", map[string]string{"password": "s3 cret"}},
		{"ado, tcp and port", "Network Address=tcp:db1,1444;User=app", "db1:1444 as app", nil},
		{"ado, instance", `Addr=.\SQLEXPRESS;User ID=app`, `localhost\SQLEXPRESS as app`, nil},
		{"ado, local", "Address=(local);User ID=app", "localhost:1433 as app", nil},
		{"ado, dot", "Server=.;User ID=app", "localhost:1433 as app", nil},
		{"ado, DAC", "Server=admin:db1;User ID=app", "db1:1433 as app", map[string]string{"protocol": "admin"}},
		{"ado, apostrophes", "Server=db1;User ID=app;Password='a;b''c\"d'", "db1:1433 as app", map[string]string{"password": `a;b'c"d`}},
		{"ado, quotes", `Server=db1;User ID=app;Password="a;b""c'd=" ;Database=x`, "db1:1433/x as app", map[string]string{"password": `a;b"c'd=`}},
		{"ado, quotes inside", `Server=db1;User ID=app;Password=a"b'c`, "db1:1433 as app", map[string]string{"password": `a"b'c`}},
		{"ado, = in a value", "Server=db1;User ID=app;Password=a=b==", "db1:1433 as app", map[string]string{"password": "a=b=="}},
		{"ado, the last counts", "Server=db1;Server=db2;User ID=app", "db2:1433 as app", nil},
		{"ado, the last with its port", "Server=admin:db1,1444;Server=db2;User ID=app", "db2:1433 as app", map[string]string{"protocol": ""}},
		{"ado, port first", "Port=1444;Server=db1;User ID=app", "db1:1444 as app", nil},
		{"ado, NTLM", `Server=db1;User ID=CORP\app;Password=x`, `db1:1433 as CORP\app`, nil},
		{"ado, trusted", "Server=db1;Trusted_Connection=yes", "db1:1433 as the current user", nil},
		{"ado, integrated=false", "Server=db1;Integrated Security=false;UID=app", "db1:1433 as app", nil},
		{"ado, encrypt=false", "Server=db1;UID=app;Encrypt=False", "db1:1433 as app", map[string]string{"encrypt": "false", "trustservercertificate": "true"}},
		{"ado, optional but told", "Server=db1;UID=app;Trust Server Certificate=no;Encrypt=Optional", "db1:1433 as app", map[string]string{"encrypt": "false", "trustservercertificate": "false"}},
		{"ado, mandatory", "Server=db1;UID=app;Encrypt=Mandatory;TrustServerCertificate=True", "db1:1433 as app", map[string]string{"encrypt": "true", "trustservercertificate": "true"}},
		{"ado, Entra", "Server=db1;Authentication=Active Directory Service Principal;User ID=id@tenant;Password=x", "db1:1433 as id@tenant (ActiveDirectoryServicePrincipal)",
			map[string]string{"fedauth": "ActiveDirectoryServicePrincipal"}},
		{"ado, SqlPassword", "Server=db1;Authentication=Sql Password;User ID=app;Password=x", "db1:1433 as app", map[string]string{"fedauth": ""}},
		{"ado, times", "Server=db1;UID=app;Connect Timeout=5", "db1:1433 as app", map[string]string{"dial timeout": "5", "connection timeout": ""}},
		{"ado, no limit of time", "Server=db1;UID=app;Connection Timeout=0", "db1:1433 as app", map[string]string{"dial timeout": "", "connection timeout": ""}},
		{"ado, cluster", "Server=db1;UID=app;Failover Partner=tcp:db2,1444;MultiSubnetFailover=Yes;ApplicationIntent=readonly;Database=x", "db1:1433/x as app",
			map[string]string{"failoverpartner": "db2", "failoverport": "1444", "multisubnetfailover": "true", "applicationintent": "ReadOnly"}},
		{"ado, without use here", "Server=db1;UID=app;Pooling=true;Max Pool Size=100;MultipleActiveResultSets=True;Persist Security Info=False;Application Name=web", "db1:1433 as app",
			map[string]string{"app name": "web", "max pool size": ""}},

		{"odbc", "odbc:Driver={ODBC Driver 18 for SQL Server};Server=tcp:db1,1444;Database=ASPState;UID=app;PWD={a}}b;c}", "db1:1444/ASPState as app", map[string]string{"password": "a}b;c"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			d, err := ParseDSN(v.dsn)
			if err != nil {
				t.Fatal(err)
			}
			if d.Title() != v.title {
				t.Errorf("title %q, want %q", d.Title(), v.title)
			}
			cfg, err := msdsn.Parse(strings.ReplaceAll(d.driverString(), "certificate={ca.pem}", ""))
			if err != nil {
				t.Fatal(err)
			}
			for k, want := range v.want {
				if got := cfg.Parameters[k]; got != want && k != "certificate" {
					t.Errorf("%s is %q for the driver, want %q", k, got, want)
				}
			}
			if cfg.ConnTimeout != 0 {
				t.Errorf("every read may take %v", cfg.ConnTimeout)
			}
		})
	}
}

// What the driver itself makes of what it was given.
func TestDriverConfig(t *testing.T) {
	d, err := ParseDSN(`Server=tcp:db1\inst,1444;Database={x};UID=app;Password="};port={1"`)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := msdsn.Parse(d.driverString())
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Host != "db1" || cfg.Instance != "inst" || cfg.Port != 1444 || cfg.Database != "{x}" || cfg.User != "app" || cfg.Password != "};port={1" {
		t.Errorf("%q %q %d %q %q %q", cfg.Host, cfg.Instance, cfg.Port, cfg.Database, cfg.User, cfg.Password)
	}
}

func TestParseDSNRefuses(t *testing.T) {
	for _, v := range []struct{ name, dsn, says string }{
		{"nothing", "", "neither a URL"},
		{"a name", "ASPState", "neither a URL"},
		{"another scheme", "postgres://db1", "neither a URL"},
		{"key", "Server=db1;Colour=s3cret", `"Colour"`},
		{"key in a URL", "sqlserver://db1?colour=s3cret", `"colour"`},
		{"twice in a URL", "sqlserver://db1?database=s3cret&database=s3cret", "more than once"},
		{"change of the password", "sqlserver://db1?change+password=s3cret", `"change password"`},
		{"password with a semicolon", "Server=db1;UID=app;Password=abc;s3cret=x;Database=y", "must be quoted"},
		{"password with a semicolon, no =", "Server=db1;UID=app;Password=abc;s3cret;Database=y", "must be quoted"},
		{"quote without end", `Server=db1;Password="s3cret`, `"Password"`},
		{"quote and more", `Server=db1;Password="abc"s3cret;Database=x`, `"Password"`},
		{"brace without end", "odbc:server=db1;pwd={s3cret", `"pwd"`},
		{"brace and more", "odbc:server=db1;pwd={abc}s3cret", `"pwd"`},
		{"URL: slash", "sqlserver://app:12/s3cret@db1", "percent-encoded"},
		{"URL: question mark", "sqlserver://app:12?s3cret@db1", "percent-encoded"},
		{"URL: question mark and =", "sqlserver://app:12?database=s3cret@db1", "percent-encoded"},
		{"URL: hash", "sqlserver://app:12#s3cret@db1", "percent-encoded"},
		{"URL: at and slash", "sqlserver://app:12@ab/s3cret@db1", "percent-encoded"},
		{"URL: ampersand", "sqlserver://app@db1?password=abc&s3cret=x", "percent-encoded"},
		{"no server", "Database=s3cret;UID=app", `"server"`},
		{"no server in a URL", "sqlserver://?database=s3cret", `"server"`},
		{"URL: percent", "sqlserver://app:s3cret%zz@db1", "percent-encoded"},
		{"URL: letters for a port", "sqlserver://app:s3cret/x@db1", "percent-encoded"},
		{"URL: database as a path", "sqlserver://app@db1/inst/s3cret", "instance"},
		{"port", "sqlserver://app@db1:0", `"port"`},
		{"port of a server", "Server=db1,s3cret", `"port"`},
		{"encrypt", "Server=db1;Encrypt=s3cret", `"encrypt"`},
		{"yes or no", "Server=db1;TrustServerCertificate=s3cret", `"trustservercertificate"`},
		{"way of Entra", "Server=db1;Authentication=s3cret", `"fedauth"`},
		{"authenticator", "Server=db1;authenticator=s3cret", `"authenticator"`},
		{"protocol", "Server=db1;protocol=s3cret", `"protocol"`},
		{"seconds", "Server=db1;Connect Timeout=s3cret", `"connection timeout"`},
		{"intent", "Server=db1;ApplicationIntent=s3cret", `"applicationintent"`},
		{"pipe", `Server=np:\\db1\pipe\s3cret`, "named pipes"},
		{"pipe by its path", `Server=\\db1\pipe\s3cret`, "named pipes"},
		{"shared memory", "Server=lpc:s3cret", "shared memory"},
		{"LocalDB", `Server=(LocalDB)\s3cret`, "LocalDB"},
		{"file", `Server=.\SQLEXPRESS;AttachDbFilename=s3cret`, "attach"},
		{"NUL", "Server=db1;Password=s3cret\x00", "not text"},
		{"bytes", "Server=db1;Password=s3cret\xff", "not text"},
	} {
		t.Run(v.name, func(t *testing.T) {
			_, err := ParseDSN(v.dsn)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), v.says) || !strings.HasPrefix(err.Error(), "reading the DSN: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q does not say %q", err, v.says)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the secret is in %q", err)
			}
		})
	}
}

// prints are ways by which a DSN could reach a terminal or a file.
func prints(d DSN) []string {
	var log, jsonLog bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "dsn", d)
	slog.New(slog.NewJSONHandler(&jsonLog, nil)).Info("x", "dsn", d)
	j, err := json.Marshal(map[string]any{"dsn": d, "p": &d})
	if err != nil {
		panic(err)
	}
	type outer struct{ inner DSN }
	all := []string{d.String(), d.GoString(), string(j), log.String(), jsonLog.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%T"} {
		all = append(all, fmt.Sprintf(verb, d), fmt.Sprintf(verb, &d), fmt.Sprintf(verb, outer{d}), fmt.Sprintf(verb, []any{d}))
	}
	return all
}

func TestDSNShowsNoSecret(t *testing.T) {
	var pairs []string
	for _, k := range secretKeys {
		pairs = append(pairs, k+"=s3cret")
	}
	d, err := ParseDSN("Server=db1;" + strings.Join(pairs, ";"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []DSN{d, d.WithPassword("s3cret"), d.WithDatabase("x")} {
		for _, text := range prints(d) {
			if strings.Contains(text, "s3cret") {
				t.Errorf("the secret is in %s", text)
			}
		}
		if len(d.secrets()) != len(secretKeys) {
			t.Errorf("%d secrets, want %d", len(d.secrets()), len(secretKeys))
		}
	}
}

func TestDSNWith(t *testing.T) {
	first, err := ParseDSN("Server=db1;UID=app")
	if err != nil {
		t.Fatal(err)
	}
	next := first.WithDatabase("tempdb").WithPassword("")
	if first.Database() != "" || first.HasPassword() {
		t.Error("the first has changed")
	}
	if next.Database() != "tempdb" || !next.HasPassword() || next.Title() != "db1:1433/tempdb as app" {
		t.Errorf("%v, password %v", next, next.HasPassword())
	}
	var none DSN
	if none.Title() != "" || none.Database() != "" || none.HasPassword() || len(none.WithPassword("x").secrets()) != 1 {
		t.Error("the zero value")
	}
}

// Every setting is named as the driver or azuread names it, in lower case.
func TestDSNKeys(t *testing.T) {
	for _, k := range slices.Sorted(maps.Keys(dsnKeys)) {
		if k != strings.ToLower(k) || strings.Contains(k, " ") {
			t.Errorf("%q is never found", k)
		}
		if v := dsnKeys[k]; v.name == "" && v.kind != dsnIgnored {
			t.Errorf("%q has no name", k)
		}
	}
}

func TestNewConnector(t *testing.T) {
	for _, v := range []struct {
		name, dsn, goos, says string // says: of the error; empty: none
		limit                 time.Duration
	}{
		{"plain", "sqlserver://app:x@db1", "linux", "", openLimit},
		{"patient", "Server=db1;UID=app;Connect Timeout=60", "linux", "", 60 * time.Second},
		{"integrated on Windows", "Server=db1;Integrated Security=SSPI", "windows", "", openLimit},
		{"integrated elsewhere", "Server=db1;Integrated Security=SSPI", "linux", "needs Windows", 0},
		{"integrated by NTLM", `Server=db1;Integrated Security=SSPI;UID=CORP\app;PWD=x`, "linux", "", openLimit},
		{"integrated by Kerberos", "Server=db1;Integrated Security=SSPI;authenticator=krb5", "linux", "", openLimit},
		{"nobody", "Server=db1", "linux", "user id", 0},
		{"nobody on Windows", "Server=db1", "windows", "", openLimit},
		{"Entra", "Server=db1;Authentication=Active Directory Default", "linux", "", openLimit},
		{"Entra, a person", "Server=db1;Authentication=Active Directory Interactive;applicationclientid=x", "linux", "", 0},
		{"Entra, incomplete", "Server=db1;Authentication=Active Directory Service Principal", "linux", "client id", 0},
		{"certificate", "Server=db1;UID=app;encrypt=true;certificate=/nowhere/ca.pem", "linux", "/nowhere/ca.pem", 0},
		{"read only", "Server=db1;UID=app;ApplicationIntent=ReadOnly", "linux", "database must be specified", 0},
	} {
		t.Run(v.name, func(t *testing.T) {
			d, err := ParseDSN(v.dsn)
			if err != nil {
				t.Fatal(err)
			}
			c, err := newConnector(d, "", v.goos)
			switch {
			case v.says == "" && err != nil:
				t.Fatal(err)
			case v.says == "" && c.limit != v.limit:
				t.Errorf("limit %v, want %v", c.limit, v.limit)
			case v.says != "" && (err == nil || !strings.Contains(err.Error(), v.says) || err.(*ConnectError).Kind != BadSettings):
				t.Errorf("error %v", err)
			}
		})
	}
}

// FuzzParseDSN puts a password into DSNs of every form, rightly and wrongly quoted. Nothing that comes out holds it.
func FuzzParseDSN(f *testing.F) {
	for _, p := range []string{"s3cret-word", "pass@word/x", "pass;word=long", "a'b\"c}d{e;f", "12?x=secret@y", "1433/secret"} {
		for form := range byte(8) {
			f.Add(p, form)
		}
	}
	f.Fuzz(func(t *testing.T, password string, form byte) {
		var dsn string
		rest := "sqlserver://app@db1:1433?database=ASPState;odbc:Server=Password=UID=not text"
		switch form % 8 {
		case 0:
			dsn = "Server=db1;Database=ASPState;UID=app;Password=" + password
		case 1:
			dsn = "Server=db1;UID=app;Password=" + password + ";Database=ASPState"
		case 2:
			dsn = `Server=db1;UID=app;Password="` + strings.ReplaceAll(password, `"`, `""`) + `";Database=ASPState`
		case 3:
			dsn = `Server=db1;UID=app;Password='` + password + `';Database=ASPState`
		case 4:
			dsn = "odbc:Server=db1;UID=app;PWD={" + strings.ReplaceAll(password, "}", "}}") + "}"
		case 5:
			dsn = "sqlserver://app:" + password + "@db1?database=ASPState"
		case 6:
			dsn = "sqlserver://app@db1?database=ASPState&password=" + password
		case 7:
			dsn = password
		}
		d, err := ParseDSN(dsn)
		var out []string
		secrets := []string{}
		if err != nil {
			out = append(out, err.Error())
		} else {
			out = prints(d)
			secrets = d.secrets()
			if c, err := newConnector(d.with("certificate", ""), "", "linux"); err != nil {
				out = append(out, err.Error(), err.(*ConnectError).Hint())
			} else if got := c.failed(LoginRefused, fmt.Errorf("refused: %s", strings.Join(secrets, ","))); got != nil {
				out = append(out, got.Error(), fmt.Sprint(got.Unwrap()))
			}
		}
		// The password as it was written counts where it is one: with a separator in it, the rest of it is settings.
		if form%8 != 7 && !strings.ContainsAny(password, ";") {
			secrets = append(secrets, password)
		}
		for _, secret := range secrets {
			if len(secret) < 8 || strings.Contains(rest, secret) { // too short to tell from other text
				continue
			}
			for _, text := range out {
				if strings.Contains(text, secret) && !strings.Contains(titleWithout(d), secret) {
					t.Errorf("DSN %q: the secret %q is in %q", dsn, secret, text)
				}
			}
		}
	})
}

// titleWithout is the title if it does not come from a password: of form 7, a fuzzer may give the same text twice.
func titleWithout(d DSN) string {
	if d.get == nil {
		return ""
	}
	return d.get().values[keyServer] + " " + d.get().values[keyDatabase] + " " + d.get().values[keyUser]
}
