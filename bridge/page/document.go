package page

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Document is everything that the page shows but the buttons and what was done by them, as /page.json gives it. Times are RFC 3339; ids are masked.
type Document struct {
	At      time.Time `json:"at"`
	Title   string    `json:"title"`
	Version string    `json:"version"`
	Began   time.Time `json:"began"`
	Uptime  int64     `json:"uptime_seconds"`
	Paused  bool      `json:"paused"`
	Notices []string  `json:"notices,omitempty"`

	Total  Totals       `json:"total"`
	Stores []StoreState `json:"stores"`
	Fronts []FrontState `json:"fronts"`
	Verbs  []VerbRate   `json:"verbs"`
	Apps   []AppState   `json:"apps"`
	Peers  []Peer       `json:"peers,omitempty"`
	Waits  []Wait       `json:"waiting"`
	Locks  []Session    `json:"longest_locked"` // ten at most
	List   Listing      `json:"sessions"`
}

// Totals are of all stores and fronts.
type Totals struct {
	Sessions    int64 `json:"sessions"` // -1: not known
	Locked      int64 `json:"locked"`   // -1: not known
	Waiting     int   `json:"waiting"`
	Connections int   `json:"connections"`
	Rate        Rate  `json:"rate"`
}

// StoreState is a store.
type StoreState struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Lists    bool   `json:"lists"`    // whether it can list its sessions
	Whole    bool   `json:"whole"`    // whether it has been listed to its end
	Sessions int64  `json:"sessions"` // -1: not known
	Bytes    int64  `json:"bytes"`    // with what is kept beside them; -1: not known
	Locked   int64  `json:"locked"`   // as of the listing, as all below
	Expired  int64  `json:"expired"`
	Seen     int64  `json:"listed"`
}

// FrontState is a protocol that is served.
type FrontState struct {
	Name        string `json:"name"`
	Protocol    string `json:"protocol"`
	Address     string `json:"address"`
	Connections int    `json:"connections"`
	Refused     int64  `json:"refused_connections"`
	Rate        Rate   `json:"rate"`
	Calls       uint64 `json:"calls_total"`
	Errors      uint64 `json:"errors_total"`
	Line        []Rate `json:"line"` // of the last minutes, the newest last, Sample apart
}

// AppState is an application.
type AppState struct {
	Name      string     `json:"name"`
	Sessions  int64      `json:"sessions"` // as of the listing, as the next two
	Locked    int64      `json:"locked"`
	Bytes     int64      `json:"bytes"` // of payloads, where sizes are known
	Phase     string     `json:"phase,omitempty"`
	Since     time.Time  `json:"since,omitzero"`
	Percent   int        `json:"percent,omitempty"`
	Next      string     `json:"next,omitempty"`
	Stage     string     `json:"stage,omitempty"`
	Moving    *Moving    `json:"moving,omitempty"`
	Progress  []Figure   `json:"progress,omitempty"`
	Obstacles []string   `json:"obstacles,omitempty"`
	Moves     []Move     `json:"moves,omitempty"`
	stores    []StoreApp // where its sessions are
}

// StoreApp is how many sessions of an application are in a store.
type StoreApp struct {
	Store    string
	Sessions int64
}

// Moving is how far the sessions of an application have come on the way to a store, as of the listing.
type Moving struct {
	To   string `json:"to"`
	Done int64  `json:"done"`
	Of   int64  `json:"of"`
}

// Session is one, as of the listing.
type Session struct {
	ID            string    `json:"id"` // masked
	App           string    `json:"app"`
	Store         string    `json:"store"`
	Size          int32     `json:"size"`    // bytes; -1: not known
	Timeout       int32     `json:"timeout"` // minutes
	Created       time.Time `json:"created"`
	Expires       time.Time `json:"expires"`
	Expired       bool      `json:"expired,omitempty"`
	Uninitialized bool      `json:"uninitialized,omitempty"`
	Lock          *Held     `json:"lock,omitempty"`
}

// Held is the lock of a session.
type Held struct {
	Cookie  int32     `json:"cookie"`
	Since   time.Time `json:"since"`
	Age     int64     `json:"age_seconds"`
	Front   string    `json:"front,omitempty"`  // through which it was taken; empty: not by this bridge, or not known
	Client  string    `json:"client,omitempty"` // who took it
	Waiting int       `json:"waiting"`
	token   string    // names it to POST /do
}

// Wait is who waits for a session.
type Wait struct {
	ID      string    `json:"id"` // masked
	App     string    `json:"app"`
	Waiting []Waiting `json:"clients"` // first come first
}

// Listing is a page of the sessions.
type Listing struct {
	Taken   time.Time `json:"taken,omitzero"` // zero: there is none yet
	Age     int64     `json:"age_seconds"`
	Sort    string    `json:"sort"`
	Page    int       `json:"page"`
	Pages   int       `json:"pages"`
	Found   int       `json:"found"` // sessions that are asked for
	Kept    int       `json:"kept"`  // sessions that can be listed: of very many, those that are locked, and the largest
	Rows    []Session `json:"rows"`
	Comes   bool      `json:"being_listed,omitempty"` // a newer one is being made
	unnamed bool
}

// document is the page as of now.
func (p *Page) document(snap *snapshot, comes bool, q query) *Document {
	now, st := p.o.Now(), p.status()
	d := &Document{
		At: now, Title: p.o.Title, Version: p.o.Version, Began: p.o.Began, Uptime: int64(now.Sub(p.o.Began).Seconds()), Paused: st.Paused,
		Notices: st.Notices, Peers: st.Peers, Verbs: p.rates.verbs(), Stores: []StoreState{}, Fronts: []FrontState{}, Apps: []AppState{}, Locks: []Session{},
	}
	waiting := map[session.Key]int{}
	d.Waits, d.Total.Waiting = p.waits(waiting)
	d.fronts(st.Fronts, &p.rates)
	d.stores(p.o.Sources, snap)
	d.apps(st.Apps, snap)
	l := lister{p, snap, now, waiting}
	if snap != nil {
		d.Locks = append(d.Locks, l.locks()...)
	}
	d.List = l.listing(q)
	d.List.Comes = comes
	return d
}

// mostWaits bounds the sessions whose waiters are shown.
const mostWaits = 100

// waits are those who wait, and how many of each session.
func (p *Page) waits(count map[session.Key]int) (all []Wait, n int) {
	all = []Wait{}
	if p.o.Waiting == nil {
		return all, 0
	}
	for _, q := range p.o.Waiting() {
		for _, w := range q.Waiting {
			if !w.Away {
				n++
				count[q.Key]++
			}
		}
		all = append(all, Wait{session.Mask(q.Key.ID), q.Key.App, q.Waiting})
	}
	slices.SortFunc(all, func(a, b Wait) int {
		return cmp.Or(cmp.Compare(len(b.Waiting), len(a.Waiting)), cmp.Compare(a.App, b.App), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(len(all), mostWaits)], n
}

func (d *Document) fronts(fronts []Front, r *rates) {
	for _, f := range fronts {
		s := FrontState{Name: f.Name, Protocol: f.Protocol, Address: f.Address, Connections: f.Connections, Refused: f.Refused, Line: r.line(f.Name)}
		if n := len(s.Line); n > 0 {
			s.Rate = s.Line[n-1]
		}
		s.Calls, s.Errors = r.total(f.Name)
		d.Fronts = append(d.Fronts, s)
		d.Total.Connections += s.Connections
		d.Total.Rate = d.Total.Rate.plus(s.Rate)
	}
}

func (d *Document) stores(sources []Source, snap *snapshot) {
	d.Total.Locked = -1
	for i := range sources {
		src := &sources[i]
		s := StoreState{Name: src.Name, Title: src.Title, Lists: src.Rows != nil, Sessions: -1, Bytes: -1}
		if snap != nil && snap.stores[src.Name] != nil {
			t := snap.stores[src.Name]
			s.Seen, s.Locked, s.Expired, s.Whole = t.sessions, t.locked, t.expired, snap.ended[src.Name]
			d.Total.Locked = max(0, d.Total.Locked) + t.locked
			if s.Whole {
				s.Sessions = t.sessions
			}
		}
		if src.Count != nil {
			s.Sessions, s.Bytes = src.Count()
		}
		switch {
		case i > 0 && (d.Total.Sessions < 0 || s.Sessions < 0):
			d.Total.Sessions = -1
		default:
			d.Total.Sessions += s.Sessions
		}
		d.Stores = append(d.Stores, s)
	}
	if len(sources) == 0 {
		d.Total.Sessions = -1
	}
}

// apps are those that the bridge names, and those of the listing.
func (d *Document) apps(named []App, snap *snapshot) {
	for _, a := range named {
		d.Apps = append(d.Apps, AppState{
			Name: a.Name, Phase: a.Phase, Since: a.Since, Percent: a.Percent, Next: a.Next, Stage: a.Stage, Progress: a.Progress, Obstacles: a.Obstacles, Moves: a.Moves,
		})
	}
	if snap == nil {
		return
	}
	at := map[string]int{}
	for i, a := range d.Apps {
		at[a.Name] = i
	}
	for of, t := range snap.apps {
		i, known := at[of.app]
		if !known {
			i = len(d.Apps)
			at[of.app] = i
			d.Apps = append(d.Apps, AppState{Name: of.app})
		}
		a := &d.Apps[i]
		a.Sessions, a.Locked, a.Bytes = a.Sessions+t.sessions, a.Locked+t.locked, a.Bytes+t.bytes
		a.stores = append(a.stores, StoreApp{of.store, t.sessions})
	}
	for i, a := range named {
		if a.To != "" {
			m := &Moving{To: a.To, Of: d.Apps[i].Sessions}
			if t := snap.apps[storeApp{a.To, a.Name}]; t != nil {
				m.Done = t.sessions
			}
			d.Apps[i].Moving = m
		}
	}
	for i := range d.Apps {
		slices.SortFunc(d.Apps[i].stores, func(a, b StoreApp) int { return strings.Compare(b.Store, a.Store) })
	}
	slices.SortStableFunc(d.Apps, func(a, b AppState) int { return cmp.Compare(a.Name, b.Name) })
}

// lister makes sessions of the rows of a snapshot.
type lister struct {
	p       *Page
	snap    *snapshot
	now     time.Time
	waiting map[session.Key]int
}

const mostLocks = 10

// locks are the sessions that have been locked the longest.
func (l *lister) locks() (all []Session) {
	now := session.At(l.now)
	for _, i := range l.snap.order(defaultSort) {
		r := &l.snap.rows[i]
		if !r.locked || len(all) == mostLocks {
			break
		}
		if r.expires >= now {
			all = append(all, l.session(r))
		}
	}
	return all
}

func (l *lister) listing(q query) Listing {
	of := Listing{Sort: q.Sort, Page: 1, Pages: 1, Rows: []Session{}}
	if l.snap == nil {
		return of
	}
	of.Taken, of.Age, of.Kept, of.unnamed = l.snap.taken, int64(max(0, l.now.Sub(l.snap.taken).Seconds())), len(l.snap.rows), l.snap.unnamed
	name, turned := strings.CutPrefix(q.Sort, "-")
	order := l.snap.order(name)
	var rows []int32
	if q.App == "" && q.Store == "" && q.ID == "" && !q.Locked {
		rows = order
	} else {
		for _, i := range order {
			if q.fits(&l.snap.rows[i]) {
				rows = append(rows, i)
			}
		}
	}
	of.Found = len(rows)
	of.Pages = max(1, (len(rows)+perPage-1)/perPage)
	of.Page = min(q.Page, of.Pages)
	from := (of.Page - 1) * perPage
	for n := from; n < min(len(rows), from+perPage); n++ {
		at := n
		if turned {
			at = len(rows) - 1 - n
		}
		of.Rows = append(of.Rows, l.session(&l.snap.rows[rows[at]]))
	}
	return of
}

func (l *lister) session(r *row) Session {
	s := Session{
		ID: r.id, App: r.app, Store: r.store, Size: r.size, Timeout: r.timeout, Created: r.created.Time(), Expires: r.expires.Time(),
		Expired: r.expires < session.At(l.now), Uninitialized: r.uninitialized,
	}
	if r.locked {
		s.Lock = &Held{
			Cookie: r.cookie, Since: r.since.Time(), Age: int64(max(0, l.now.Sub(r.since.Time()).Seconds())), Waiting: l.waiting[r.key],
			token: l.p.lockToken(r.key, r.cookie),
		}
		if l.p.o.Taker != nil {
			s.Lock.Front, s.Lock.Client = l.p.o.Taker(r.key, r.cookie)
		}
	}
	return s
}
