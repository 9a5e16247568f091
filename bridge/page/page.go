// Package page is the status page of a running bridge: what it serves and how fast, in which phase a cut-over is, which
// sessions there are, who holds their locks and who waits. With a login it has buttons: pause and resume, change a phase, give a lock back.
//
// It shows no session id whole ([session.Mask]) and nothing of what a session holds. It does no I/O but by the functions of its
// Options. Sessions are listed only while somebody looks: by one scan at a time, in small pieces with rests between
// them, whose outcome all viewers share for some seconds.
//
// Paths, all of one level, so that it can be served under any prefix that a proxy takes off:
//
//	GET  /            overview
//	GET  /sessions    the listing: app, store, id (its first characters), locked=1, sort, page
//	GET  /page.json   both as a [Document], with the same parameters
//	GET  /do          asks whether an action is meant
//	POST /do          does it
//
// Without passwords everybody whom the server lets in may read, and nobody may do anything. With them all of it asks for HTTP
// Basic. The page needs no JavaScript; a small script keeps it up to date.
package page

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Options say what there is to show. Functions may be called concurrently, and must not take long; those that are nil are of nothing.
type Options struct {
	Title   string // what runs, for people
	Version string
	Began   time.Time

	Sources []Source
	// Status is how the bridge stands.
	Status func() Status
	// Calls are counted since the bridge began.
	Calls func() []Calls
	// Waiting are those who wait for a locked session.
	Waiting func() []Queue
	// Taker is who took the lock that a session has under a cookie; empty: not known.
	Taker func(k session.Key, cookie int32) (front, client string)

	// Passwords are who may enter; nil, or if it returns nil: everybody, to read.
	Passwords func() Passwords
	// Actions are those for which there are buttons.
	Actions Actions

	Refresh time.Duration    // how old a listing becomes before another look at the page has it made anew; 0: 5 s
	Sample  time.Duration    // how often calls are counted; 0: 5 s
	Now     func() time.Time // nil: time.Now
	Logger  *slog.Logger     // told of actions, refused logins and of what failed; nil: nobody is
}

// Source is a store whose sessions are shown.
type Source struct {
	Name  string // "store", or "old" and "new"
	Title string // what it is, without secrets
	// Rows lists its sessions; nil: it cannot. If it is a session.Skimmer, payloads are not looked at.
	Rows session.Scanner
	// Sized says that Rows.Scan neither loads nor copies payloads, so that their lengths can be had for nothing.
	Sized bool
	// Count is how many sessions it has, and how many bytes they take; nil: not known without listing them.
	Count func() (sessions, bytes int64)
}

// Status is how a bridge stands.
type Status struct {
	Paused  bool
	Notices []string // what is wrong
	Fronts  []Front
	Apps    []App
	Peers   []Peer // who takes part in a cut-over
}

// Front is a protocol that is served.
type Front struct {
	Name        string // as in Calls
	Protocol    string // for people
	Address     string
	Connections int
	Refused     int64 // connections that were closed unanswered, so far
}

// App is an application between two stores.
type App struct {
	Name      string
	Phase     string
	Since     time.Time // zero: not known
	Percent   int       // of a hand-over of a part; 0 or 100: of no part
	Next      string    // the phase that it is on the way to, and
	Stage     string    // how far; both empty: none
	To        string    // the Source that sessions are being moved to; empty: none are
	Progress  []Figure
	Obstacles []string // what stands in the way of going on
	Moves     []Move   // the phases that may come next
}

// Figure is a number with what it means.
type Figure struct {
	N    int64  `json:"n"`
	Text string `json:"text"`
	Bad  bool   `json:"bad,omitempty"`
}

// Move is a change of phase that may be asked for.
type Move struct {
	Phase string `json:"phase"`
	Label string `json:"-"`     // of its button
	About string `json:"about"` // what it does
	Back  bool   `json:"back,omitempty"`
	Final bool   `json:"final,omitempty"` // there is no way back from there
	// Percent and OldTimeout: it takes a part of a hundred, and the old store's largest timeout in minutes.
	Percent    bool `json:"percent,omitempty"`
	OldTimeout bool `json:"old_timeout,omitempty"`
}

// Peer is a program that takes part.
type Peer struct {
	Role  string    `json:"role"`
	Title string    `json:"title"`
	Epoch int64     `json:"epoch"`
	Until time.Time `json:"until"`
	Over  bool      `json:"over"`
}

// Calls counts those of one verb through one front.
type Calls struct {
	Front, Verb string
	All         uint64
	Locked      uint64 // of those: the session was locked by somebody else
	Failed      uint64 // the store could not do its work
}

// Queue is who waits for one session.
type Queue struct {
	Key     session.Key
	Waiting []Waiting // first come first
}

// Waiting is one who waits.
type Waiting struct {
	Client string    `json:"client,omitempty"` // empty: not known
	Since  time.Time `json:"since"`
	Away   bool      `json:"away,omitempty"` // sent away to ask again; the place is kept for a moment
}

// Actions are what buttons do; nil: there is none. Errors are shown to who is logged in.
type Actions struct {
	Pause, Resume func(context.Context) error
	Phase         func(context.Context, Change) error
	// Release gives a lock back, if it is still the one under the cookie.
	Release func(ctx context.Context, k session.Key, cookie int32) error
}

// Change is what a change of phase was asked for with.
type Change struct {
	App, Phase string
	Percent    int // 0: not said
	OldTimeout int // minutes; 0: not said
}

// Page is an http.Handler. Run must be called for rates and actions.
type Page struct {
	o       Options
	mux     *http.ServeMux
	key     []byte // of tokens; the program's own
	guesses guesses
	rates   rates
	deeds   deeds
	tasks   sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelFunc

	mu      sync.Mutex
	snap    *snapshot
	running chan struct{} // closed when the scan under way is over; nil: there is none
	next    time.Time     // no scan before
	looked  time.Time     // somebody did, last
}

// forget is how long after the last look a listing is kept.
const forget = time.Minute

// New makes a Page. Close ends what it does in the background.
func New(o Options) *Page {
	if o.Refresh == 0 {
		o.Refresh = 5 * time.Second
	}
	if o.Sample == 0 {
		o.Sample = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Page{o: o, key: make([]byte, 32)}
	rand.Read(p.key)
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.mux = p.routes()
	p.sample()
	return p
}

// Run counts calls until the context ends or the page is closed.
func (p *Page) Run(ctx context.Context) {
	tick := time.NewTicker(p.o.Sample)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.ctx.Done():
			return
		case <-tick.C:
			p.sample()
			p.forgetUnseen()
		}
	}
}

// Close ends scans and actions under way, and waits for them.
func (p *Page) Close() {
	p.cancel()
	p.tasks.Wait()
}

func (p *Page) status() Status {
	if p.o.Status == nil {
		return Status{}
	}
	return p.o.Status()
}

// sample counts calls now.
func (p *Page) sample() {
	if p.o.Calls != nil {
		p.rates.add(p.o.Now(), p.o.Calls())
	}
}
