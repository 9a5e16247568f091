package page

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// How sessions are listed. A piece of an embedded store takes some 0.1 ms; the rest after it leaves the store, and the processor, to the
// clients for at least four times as long.
const (
	piece     = 256 // rows
	leastRest = time.Millisecond
	restFor   = 4  // times as long as the piece took
	seldom    = 25 // a listing is made anew no sooner than so many times what its pieces took
	longest   = 2 * time.Minute
	mostRows  = 20_000  // that are kept: those that are locked, then the largest
	mostSeen  = 200_000 // of one store that are looked at
	mostApps  = 200     // that are told apart: outsiders can make some
)

// row is a session of a snapshot. The id is there masked; whole it is of a locked session alone, so that its lock can be given back.
type row struct {
	store, app, id string
	size           int32 // bytes; -1: not known
	timeout        int32
	created        session.Instant
	expires        session.Instant
	since          session.Instant // of the lock
	cookie         int32
	locked         bool
	uninitialized  bool
	key            session.Key
}

// total is of an application in a store, or of a store.
type total struct {
	sessions, locked, expired int64
	bytes                     int64 // of payloads, where their sizes are known
}

func (t *total) add(r *row, now session.Instant) {
	t.sessions++
	t.bytes += int64(max(0, r.size))
	if r.expires < now {
		t.expired++
	} else if r.locked {
		t.locked++
	}
}

type storeApp struct{ store, app string }

// snapshot is what a scan has found.
type snapshot struct {
	began, taken time.Time
	took         time.Duration // without rests
	rows         []row
	stores       map[string]*total
	apps         map[storeApp]*total
	unnamed      bool            // there are more applications than are told apart
	ended        map[string]bool // stores that have been seen to the end

	mu     sync.Mutex
	orders map[string][]int32
}

// How long a look waits for a listing that is being made: of few sessions that is soon there.
const (
	whileOld  = 300 * time.Millisecond // there is another one that will do
	whileNone = 2 * time.Second
)

// snapshot returns the latest listing, and has a new one made where it is old; nil: there is none yet.
func (p *Page) snapshot(ctx context.Context) *snapshot {
	now := p.o.Now()
	p.mu.Lock()
	p.looked = now
	if p.running == nil && !now.Before(p.next) && p.ctx.Err() == nil {
		running := make(chan struct{})
		p.running = running
		p.tasks.Go(func() { p.look(running) })
	}
	snap, running := p.snap, p.running
	p.mu.Unlock()
	if running == nil {
		return snap
	}
	patience := whileNone
	if snap != nil && now.Sub(snap.taken) < 4*p.o.Refresh {
		patience = whileOld
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-running:
	case <-t.C:
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.snap
}

// look makes a snapshot.
func (p *Page) look(over chan struct{}) {
	ctx, cancel := context.WithTimeout(p.ctx, longest)
	defer cancel()
	p.mu.Lock()
	rows := 0 // as many as there were, and some
	if p.snap != nil {
		rows = len(p.snap.rows) + len(p.snap.rows)/16
	}
	p.mu.Unlock()
	snap := p.scan(ctx, rows)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.snap, p.running = snap, nil
	p.next = snap.taken.Add(max(p.o.Refresh, seldom*snap.took))
	close(over)
}

// forgetUnseen drops what nobody looks at any more.
func (p *Page) forgetUnseen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil && p.o.Now().Sub(p.looked) > forget {
		p.snap = nil
	}
}

// scan lists the sessions of all sources: about so many.
func (p *Page) scan(ctx context.Context, rows int) *snapshot {
	s := &snapshot{
		began: p.o.Now(), stores: map[string]*total{}, apps: map[storeApp]*total{}, ended: map[string]bool{}, orders: map[string][]int32{},
		rows: make([]row, 0, rows),
	}
	for i := range p.o.Sources {
		src := &p.o.Sources[i]
		if src.Rows == nil {
			continue
		}
		s.stores[src.Name] = &total{}
		if err := s.list(ctx, src, p.o.Now); err != nil && p.ctx.Err() == nil {
			p.o.Logger.Warn("the page could not list all sessions", "store", src.Name, "error", err)
		}
	}
	s.keepMost()
	s.taken = p.o.Now()
	return s
}

// list lists those of one, in pieces.
func (s *snapshot) list(ctx context.Context, src *Source, now func() time.Time) error {
	next := src.Rows.Scan
	if sk, can := src.Rows.(session.Skimmer); can && !src.Sized {
		next = sk.Skim
	}
	seen := 0
	for req := (session.ScanRequest{Limit: piece}); ; {
		began := time.Now()
		pg, err := next(ctx, req)
		if err != nil {
			return fmt.Errorf("listing sessions: %w", err)
		}
		at := session.At(now())
		for i := range pg.Records {
			s.add(src, &pg.Records[i], at)
		}
		seen += len(pg.Records) + len(pg.Damaged)
		took := time.Since(began)
		s.took += took
		if pg.Next == "" {
			s.ended[src.Name] = true
			return nil
		}
		if seen >= mostSeen {
			return nil
		}
		req.After = pg.Next
		if err := rest(ctx, max(leastRest, restFor*took)); err != nil {
			return err
		}
	}
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (s *snapshot) add(src *Source, rec *session.Record, now session.Instant) {
	r := row{
		store: src.Name, app: rec.Key.App, id: session.Mask(rec.Key.ID), size: -1, timeout: rec.Timeout, created: rec.Created, expires: rec.Expires,
		since: rec.Lock.Since, cookie: rec.Lock.Cookie, locked: rec.Lock.Locked, uninitialized: rec.Flags&session.Uninitialized != 0,
	}
	if src.Sized {
		r.size = int32(min(len(rec.Payload), 1<<31-1))
	}
	if r.locked {
		r.key = rec.Key
	}
	s.stores[src.Name].add(&r, now)
	of := storeApp{src.Name, r.app}
	t := s.apps[of]
	if t == nil {
		if len(s.apps) < mostApps {
			t = &total{}
			s.apps[storeApp{src.Name, strings.Clone(r.app)}] = t
		} else {
			s.unnamed = true
		}
	}
	if t != nil {
		t.add(&r, now)
	}
	if s.rows = append(s.rows, r); len(s.rows) >= 2*mostRows {
		s.keepMost()
	}
}

// keepMost drops what is too much.
func (s *snapshot) keepMost() {
	if len(s.rows) > mostRows {
		kept := make([]row, 0, 2*mostRows)
		for _, at := range sorts[defaultSort].sorted(s.rows)[:mostRows] {
			kept = append(kept, s.rows[at])
		}
		s.rows = kept
	}
}

// order is how rows are sorted: by a number, and where that is the same, or there is none, by comparing. What comes first is what people
// look for.
type order struct {
	number  func(*row) int64
	compare func(a, b *row) int
}

// byLock: who has been locked the longest comes first, then the largest.
func byLock(r *row) int64 {
	if r.locked {
		return math.MinInt64 + int64(r.since)
	}
	return -int64(r.size)
}

func bySize(a, b *row) int {
	return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.created, b.created), cmp.Compare(a.app, b.app), cmp.Compare(a.id, b.id))
}

// sorts are the orders of a listing by what names them.
var sorts = map[string]order{
	"locked":  {byLock, bySize},
	"size":    {func(r *row) int64 { return -int64(r.size) }, bySize},
	"created": {func(r *row) int64 { return -int64(r.created) }, bySize},
	"expires": {func(r *row) int64 { return int64(r.expires) }, bySize},
	"app": {nil, func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.app, b.app), cmp.Compare(byLock(a), byLock(b)), bySize(a, b))
	}},
	"id": {nil, func(a, b *row) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.app, b.app), bySize(a, b)) }},
}

// sorted is the places of rows in an order.
func (o order) sorted(rows []row) []int32 {
	type place struct {
		number int64
		at     int32
	}
	places := make([]place, len(rows)) // numbers side by side: rows are far apart
	for i := range rows {
		places[i].at = int32(i)
		if o.number != nil {
			places[i].number = o.number(&rows[i])
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.number != b.number {
			return cmp.Compare(a.number, b.number)
		}
		return o.compare(&rows[a.at], &rows[b.at])
	})
	at := make([]int32, len(rows))
	for i := range places {
		at[i] = places[i].at
	}
	return at
}

// order is the places of the rows in an order, which is made once for all viewers. It must not be changed.
func (s *snapshot) order(name string) []int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at := s.orders[name]; at != nil {
		return at
	}
	at := sorts[name].sorted(s.rows)
	s.orders[name] = at
	return at
}
