package compat

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/azuread"
	_ "github.com/microsoft/go-mssqldb/integratedauth/krb5" // authenticator=krb5
	"github.com/microsoft/go-mssqldb/msdsn"
)

// ConnectOptions are for Connect; the zero value works.
type ConnectOptions struct {
	App      string // what the server shows as program_name if the DSN names none; empty: aspstate
	MaxConns int    // most connections at a time; 0: 16
}

const (
	defaultApp      = "aspstate"
	defaultMaxConns = 16
	// dialLimit is for the TCP connection, the time that .NET and the driver wait; openLimit for all until the login is
	// answered. The driver has no limit for what follows the dialing (tds.go, connect).
	dialLimit = 15 * time.Second
	openLimit = 30 * time.Second
	// idleLimit closes idle connections before the gateways and firewalls of Azure do (after 30 minutes, or less).
	idleLimit = 5 * time.Minute
)

// sessionText makes sessions alike whatever the server's "user options" and the login's language are. The driver resets
// a connection to its login's settings before it is used again (sp_reset_connection) and then runs this, at the cost
// of one round trip. All of it works on SQL Server 2008, Azure SQL and Babelfish.
//
//   - XACT_ABORT: an error, or a cancelled statement, rolls the whole transaction back; without it a batch goes on after
//     a duplicate key or a lock timeout (2627, 1222) and commits the rest.
//   - NOCOUNT: numbers of rows decide what was written.
//   - IMPLICIT_TRANSACTIONS: a write outside of a transaction commits.
//   - DATEFORMAT: 2026-01-02 is read as written in every language.
//
// ANSI_NULLS, QUOTED_IDENTIFIER and such are set by the login itself, as of an ODBC client (fODBC, [MS-TDS] 2.2.6.4),
// and TEXTSIZE with them.
const sessionText = "SET XACT_ABORT ON; SET NOCOUNT OFF; SET IMPLICIT_TRANSACTIONS OFF; SET DATEFORMAT ymd"

// Connect opens a pool of connections, makes one, and reads the Facts. A failure to open is a *ConnectError. It tries
// once; what comes later (Retry) opens anew what was lost.
func Connect(ctx context.Context, d DSN, o ConnectOptions) (*Server, error) {
	c, err := newConnector(d, o.App, runtime.GOOS)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	if o.MaxConns <= 0 {
		o.MaxConns = defaultMaxConns
	}
	db.SetMaxOpenConns(o.MaxConns)
	db.SetMaxIdleConns(o.MaxConns)
	db.SetConnMaxIdleTime(idleLimit)
	s := &Server{db: db, Facts: Facts{Title: d.Title()}}
	if err := s.readFacts(ctx); err != nil {
		db.Close()
		var refused *ConnectError
		if errors.As(err, &refused) {
			return nil, refused // it names the server itself
		}
		return nil, err
	}
	return s, nil
}

// connector is the driver's connector with a limit on the whole of opening a connection, and with errors that say that
// nothing was sent yet.
type connector struct {
	inner   *mssql.Connector
	title   string
	secrets []string
	limit   time.Duration // 0: none
}

// newConnector makes the connector of a DSN for the operating system goos.
func newConnector(d DSN, app, goos string) (*connector, error) {
	if d.get == nil {
		return nil, &ConnectError{Kind: BadSettings, cause: errors.New("the DSN names no server")}
	}
	c := &connector{title: d.Title(), secrets: d.secrets(), limit: openLimit}
	fail := func(err error) (*connector, error) {
		return nil, c.failed(BadSettings, err)
	}
	d, err := d.onSystem(goos)
	if err != nil {
		return fail(err)
	}
	v := d.get().values
	if v[keyApp] == "" {
		if app == "" {
			app = defaultApp
		}
		d = d.with(keyApp, app)
	}
	if v[keyDialTimeout] == "" {
		d = d.with(keyDialTimeout, "15")
	}
	cfg, err := msdsn.Parse(d.driverString())
	if err != nil {
		return fail(err)
	}
	c.limit = max(openLimit, cfg.DialTimeout)
	if v[keyFedAuth] == "" {
		c.inner = mssql.NewConnectorConfig(cfg)
	} else if c.inner, err = azuread.NewConnector(d.driverString()); err != nil {
		return fail(err)
	}
	switch v[keyFedAuth] {
	case "ActiveDirectoryInteractive", "ActiveDirectoryDeviceCode": // a person logs in meanwhile
		c.limit = 0
	}
	c.inner.SessionInitSQL = sessionText
	c.inner.Dialer = dialer{&net.Dialer{KeepAlive: cfg.KeepAlive}}
	return c, nil
}

// onSystem checks that there is somebody to log in as, which depends on the system, and is what the driver leaves out:
// elsewhere than on Windows it would send an empty SQL login.
func (d DSN) onSystem(goos string) (DSN, error) {
	v := d.get().values
	kerberos := v[keyAuthenticator] == "krb5"
	switch {
	case v[keyFedAuth] != "", kerberos:
		return d, nil
	case d.get().integrated && goos == "windows":
		d = d.with(keyUser, "") // .NET ignores them too
		return d.with(keyPassword, ""), nil
	case strings.Contains(v[keyUser], `\`): // NTLM, or SSPI with a user
		return d, nil
	case d.get().integrated:
		return d, errors.New(`Integrated Security needs Windows; elsewhere authenticator=krb5 (Kerberos) or "user id" as DOMAIN\user with a password`)
	case v[keyUser] == "" && goos != "windows":
		return d, errors.New(`there is no "user id"`)
	}
	return d, nil
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	w := &watch{ctx: ctx, limit: c.limit}
	conn, err := c.inner.Connect(context.WithValue(ctx, watchKey{}, w))
	w.end()
	if err == nil {
		return conn, nil
	}
	if open, ok := conn.(*mssql.Conn); ok && open != nil { // the driver hands it out even if sessionText failed
		open.Close()
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return nil, c.failed(kindOf(err), err)
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.inner.Driver() }

// dialer dials as the driver would, and shows the connections to the watch of the context.
type dialer struct{ d *net.Dialer }

func (d dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := d.d.DialContext(ctx, network, addr)
	if w, ok := ctx.Value(watchKey{}).(*watch); ok && err == nil {
		w.add(conn)
	}
	return conn, err
}

type watchKey struct{}

// watch ends reads and writes of a login when its time is over or the context ends, which the driver itself does not.
// The driver dials several times if there are several addresses, or a server that sends it to another one.
type watch struct {
	ctx   context.Context
	limit time.Duration

	mu    sync.Mutex
	ended bool
	conns []net.Conn
	stops []func() bool
}

func (w *watch) add(conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	if w.limit > 0 {
		conn.SetDeadline(time.Now().Add(w.limit))
	}
	w.conns = append(w.conns, conn)
	w.stops = append(w.stops, context.AfterFunc(w.ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.ended {
			conn.SetDeadline(time.Unix(1, 0))
		}
	}))
}

// end takes the deadlines off.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	for i, conn := range w.conns {
		w.stops[i]()
		conn.SetDeadline(time.Time{})
	}
}
