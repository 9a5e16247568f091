package compat

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
)

// DSN says how to reach a SQL Server and as whom. It is read once, by ParseDSN, and shows no secret however it is
// printed: every verb of fmt, JSON, and slog give its Title. The secret is behind a function: where a DSN is an unexported
// field of another struct, fmt does not ask its methods, follows pointers for some verbs, and prints a function as an
// address. The zero value names no server.
type DSN struct{ get func() *dsn }

// dsn is never changed once made.
type dsn struct {
	values     map[string]string // by the driver's own name of each setting (dsnKeys)
	integrated bool              // .NET's Integrated Security: Windows authentication
}

// dsnOf wraps what is not changed any more.
func dsnOf(d *dsn) DSN { return DSN{func() *dsn { return d }} }

// Title names the server, the database and the login for people: "db1:1433/ASPState as app".
func (d DSN) Title() string {
	if d.get == nil {
		return ""
	}
	host, instance, named := strings.Cut(d.get().values[keyServer], `\`)
	if host == "" || host == "." || strings.EqualFold(host, "(local)") { // as msdsn reads them
		host = "localhost"
	}
	title := host + `\` + instance
	if port := d.get().values[keyPort]; port != "" || !named {
		if port == "" {
			port = "1433" // msdsn's default
		}
		title = net.JoinHostPort(host, port)
	}
	if db := d.Database(); db != "" {
		title += "/" + db
	}
	return title + " as " + d.login()
}

// login is the user, or the way of authentication where that is all there is.
func (d DSN) login() string {
	v := d.get().values
	switch {
	case v[keyFedAuth] != "" && v[keyUser] != "":
		return v[keyUser] + " (" + v[keyFedAuth] + ")"
	case v[keyFedAuth] != "":
		return v[keyFedAuth]
	case v[keyUser] != "":
		return v[keyUser]
	case d.get().integrated, v[keyAuthenticator] != "":
		return "the current user"
	}
	return "nobody"
}

// Database is the database that it names; empty: the login's own.
func (d DSN) Database() string {
	if d.get == nil {
		return ""
	}
	return d.get().values[keyDatabase]
}

// WithDatabase returns a copy for another database of the same server.
func (d DSN) WithDatabase(name string) DSN { return d.with(keyDatabase, name) }

// WithPassword returns a copy with a password that came another way: from the environment or a file.
func (d DSN) WithPassword(password string) DSN { return d.with(keyPassword, password) }

// HasPassword says whether a password, which may be empty, was given.
func (d DSN) HasPassword() bool {
	if d.get == nil {
		return false
	}
	_, has := d.get().values[keyPassword]
	return has
}

func (d DSN) with(key, value string) DSN {
	next := &dsn{values: map[string]string{}}
	if d.get != nil {
		next.integrated = d.get().integrated
		next.values = maps.Clone(d.get().values)
	}
	next.values[key] = value
	return dsnOf(next)
}

// String, GoString, Format and MarshalText are for fmt, encoding/json and log/slog. There is no way back from them.
func (d DSN) String() string               { return d.Title() }
func (d DSN) GoString() string             { return "compat.DSN(" + strconv.Quote(d.Title()) + ")" }
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.Title()), nil }
func (d DSN) Format(f fmt.State, verb rune) {
	switch {
	case verb == 'q':
		io.WriteString(f, strconv.Quote(d.Title()))
	case verb == 'v' && f.Flag('#'):
		io.WriteString(f, d.GoString())
	default:
		io.WriteString(f, d.Title())
	}
}

// secrets are the values that nothing may show.
func (d DSN) secrets() []string {
	var all []string
	for _, k := range secretKeys {
		if v := d.get().values[k]; v != "" {
			all = append(all, v)
		}
	}
	return all
}

// driverString is the DSN as the driver reads it: in its ODBC form, the one whose quoting holds any value and that
// interprets none of them.
func (d DSN) driverString() string {
	var b strings.Builder
	b.WriteString("odbc:")
	for _, k := range slices.Sorted(maps.Keys(d.get().values)) {
		b.WriteString(k + "={" + strings.ReplaceAll(d.get().values[k], "}", "}}") + "};")
	}
	return b.String()
}
