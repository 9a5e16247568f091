package tds

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Limits of a Front where it sets none.
const (
	DefaultMaxMessage = 32 << 20         // bytes
	DefaultIdle       = 10 * time.Minute // pools close idle connections after 4 to 8 minutes themselves
	DefaultPatience   = 15 * time.Second // SqlClient's own default for connecting
)

// mostBeforeLogin bounds the messages of a client that has not logged in yet: the strings of a LOGIN7 have 16 bits for their length.
const mostBeforeLogin = 128 << 10

// Settings are what can be changed while a Front serves.
type Settings struct {
	// Registry says which suffixes of ids are one application; what it does not name is an application of its own, by its
	// suffix. nil: it names none.
	Registry *layout.Registry
	// Park is how long an exclusive read of a locked session waits for it, if Store is a session.Waiter; 0: not at all. It
	// must be shorter than the clients' command timeout.
	Park time.Duration
	// MaxItem is the longest payload that is taken, in bytes; 0: any that a message holds.
	MaxItem int
	// Login says whether a user may enter with a password. nil: nobody may.
	Login func(user, password string) bool
	// Owner says whether a user may list all sessions and write them as they are, which aspstate itself does in migrations;
	// others have the verbs alone. nil: whoever may enter may.
	Owner func(user string) bool
	// Databases are those about which something is to be said, by their names in lower case. Every other name will do as well,
	// and is a Database of which nothing is said.
	Databases map[string]Database
}

// Database is what a database is to its clients. All procedures and statements of providers are answered in each.
type Database struct {
	// Layout is what it seems to hold, where a provider asks: FrameworkCompat has another table over v1.1. nil: the tables of
	// aspnet_regsql.
	Layout *layout.Layout
	// Store keeps its sessions, by spelled ids: keys have no application. nil: it shares that of the Front, where keys have
	// one.
	Store session.Store
	// App is the application of ids that end with none: those of SqlInMemory (sql-layouts.md 9). Empty: one that nobody has named.
	App string
}

// Emulates says whether the provider of a layout is answered. That of async 1.0 is not: it is Entity Framework.
func Emulates(l *layout.Layout) bool { return l.Form != layout.FormNative && l.Name != layout.V10 }

// Front serves a Store to SQL clients. Fields must not be changed once it serves.
type Front struct {
	Store    session.Store
	Settings // those to begin with; see Change
	// TLS has the certificate. nil: there is no encryption, and clients that ask for it are left to their own rules (2).
	TLS *tls.Config
	// RequireTLS refuses clients that do not encrypt all that is sent.
	RequireTLS bool
	// OldTLS also takes what Windows before Server 2012 R2 offers: TLS 1.0 and 1.1, RSA key exchange, CBC and 3DES.
	OldTLS bool
	// Rows looks at the sessions of Store and writes them as they are, where aspstate itself is the client: it is a
	// session.Peeker, Scanner, Applier … of the same keys. nil: Store is, as far as it can.
	Rows any
	// Identity tells the sessions of Store from others, where aspstate itself is the client; empty: that of Rows or Store, if it has
	// one, else one that lives as long as the Front.
	Identity string
	// Named tells the Waiter who asks, by host; nil: it is not told.
	Named func(ctx context.Context, client string) context.Context

	MaxMessage int           // most bytes of a request; 0: DefaultMaxMessage
	Idle       time.Duration // how long a connection may be without a request; 0: DefaultIdle
	Patience   time.Duration // how long each packet of a request, or the taking of an answer, may take; 0: DefaultPatience

	Now    func() time.Time // the server's clock, in its time zone; nil: time.Now
	Logger *slog.Logger     // told of what failed, never of what a session holds; nil: nobody is

	spids   atomic.Uint32
	changed bridge.Live[Settings]
	said    bridge.Seldom
	strange bridge.Once // what nobody answers

	chosen   sync.Once // of identity
	identity string
	listings listings
}

// Change replaces the settings. Requests under way end as they began.
func (f *Front) Change(s Settings) { f.changed.Set(s) }

func (f *Front) settings() *Settings { return f.changed.Or(&f.Settings) }

// about is what is said of the client's database.
func (c *conn) about() Database { return c.f.settings().Databases[c.folded] }

// serverName is what errors come from.
const serverName = "aspstate"

// conn is one connection.
type conn struct {
	*wire
	f           *Front
	ctx         context.Context
	database    string
	folded      string // database in lower case
	user        string
	transaction uint64 // descriptor of the one that is open; 0: none
	begun       uint64 // transactions so far
	unsent      func() // what is to be done if the answer under way cannot be sent; may be nil
	unfinished  unfinished
}

// Serve is a [bridge.Server]'s Handle: it serves a connection until the client closes it, something fails, or the server
// stops.
func (f *Front) Serve(bc *bridge.Conn) {
	w := &wire{
		conn: bc, packet: defaultPacket, spid: uint16(50 + f.spids.Add(1)%32000),
		most: min(mostBeforeLogin, cmp.Or(f.MaxMessage, DefaultMaxMessage)), patience: cmp.Or(f.Patience, DefaultPatience),
	}
	w.through(bc.Conn)
	c := &conn{wire: w, f: f, ctx: bc.Context()}
	if f.Named != nil {
		c.ctx = f.Named(c.ctx, bc.Host.String())
	}
	w.until = time.Now().Add(w.patience) // for the whole of the login
	bc.SetReadDeadline(w.until)
	if err := c.enter(); err != nil {
		f.warn("a client did not log in", err)
		return
	}
	w.until, w.most = time.Time{}, cmp.Or(f.MaxMessage, DefaultMaxMessage)
	for bc.End() {
		bc.SetReadDeadline(time.Now().Add(cmp.Or(f.Idle, DefaultIdle)))
		m, err := c.message()
		if err == nil {
			err = c.serve(m)
		}
		if err != nil {
			f.warn("a connection was closed", err)
			return
		}
	}
}

// warn tells of what is worth it: that clients go, and that the server stops, is not.
func (f *Front) warn(what string, err error) {
	var timeout net.Error
	if err == nil || errors.Is(err, errGone) || errors.As(err, &timeout) && timeout.Timeout() || isClosed(err) {
		return
	}
	f.said.Warn(f.Logger, what, "error", err)
}

func (f *Front) now() time.Time {
	if f.Now == nil {
		return time.Now()
	}
	return f.Now()
}
