package compat

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"runtime"
	"strconv"
	"strings"
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
	// steeringConns are for leases and agreements: one is renewed while the other looks. A bridge that waits for its lease behind a hundred
	// calls loses it.
	steeringConns = 2
	// dialLimit is for the TCP connection, the time that .NET and the driver wait; openLimit for all until the login is
	// answered. The driver has no limit for what follows the dialing (tds.go, connect).
	dialLimit = 15 * time.Second
	openLimit = 30 * time.Second
	// packetSize is the most that SQL Server takes for encrypted connections. A page of sessions is some hundreds of kB; the
	// driver's default of 4096 bytes makes it a hundred packets, each a call of the system.
	packetSize = "16383"
	// idleLimit closes idle connections before the gateways and firewalls of Azure do (after 30 minutes, or less).
	idleLimit = 5 * time.Minute
)

// Connect opens a pool of connections, makes one, and reads the Facts. A failure to open is a *ConnectError. It tries
// once; what comes later (Retry) opens anew what was lost.
func Connect(ctx context.Context, d DSN, o ConnectOptions) (*Server, error) {
	c, err := newConnector(d, o.App, runtime.GOOS)
	if err != nil {
		return nil, err
	}
	if o.MaxConns <= 0 {
		o.MaxConns = defaultMaxConns
	}
	s := &Server{db: pool(c, o.MaxConns), steer: pool(c, steeringConns), Facts: Facts{Title: d.Title()}}
	if err := s.readFacts(ctx); err != nil {
		s.Close()
		var refused *ConnectError
		if errors.As(err, &refused) {
			return nil, refused // it names the server itself
		}
		return nil, err
	}
	return s, nil
}

// pool opens nothing yet.
func pool(c driver.Connector, conns int) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(idleLimit)
	return db
}

// connector is the driver's connector with a limit on the whole of opening a connection, and with errors that say that
// nothing was sent yet.
type connector struct {
	inner   *mssql.Connector
	title   string
	secrets []string
	limit   time.Duration // 0: none
	idle    time.Duration // of pooled
}

// newConnector makes the connector of a DSN for the operating system goos.
func newConnector(d DSN, app, goos string) (*connector, error) {
	if d.get == nil {
		return nil, &ConnectError{Kind: BadSettings, cause: errors.New("the DSN names no server")}
	}
	c := &connector{title: d.Title(), secrets: d.secrets(), limit: openLimit, idle: trusted}
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
		d = d.with(keyDialTimeout, strconv.Itoa(int(dialLimit/time.Second)))
	}
	if v["packet size"] == "" {
		d = d.with("packet size", packetSize)
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
	if ctx.Err() != nil && err != nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, c.failed(kindOf(err), err)
	}
	return &pooled{Conn: conn.(*mssql.Conn), idle: c.idle, back: time.Now()}, nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.inner.Driver() }
