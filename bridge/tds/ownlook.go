package tds

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// lookSize is how many sessions are looked up at a time.
const lookSize = 64

// mostLooks bounds the ids of a statement.
const mostLooks = 1 << 14

// peek looks sessions up, with their payloads or without, where that costs less.
func (o *own) peek(keys []session.Key, payload bool) (found []*session.Record, err error) {
	skimmer, skims := o.able.(session.Skimmer)
	peeker, peeks := o.able.(session.Peeker)
	switch {
	case skims && !payload:
		found, err = skimmer.SkimKeys(o.ctx, keys)
	case peeks:
		found, err = peeker.Peek(o.ctx, keys)
	default:
		return nil, lacks("show sessions without touching them")
	}
	if err != nil {
		return nil, o.failed("looking up sessions", err)
	}
	return found, nil
}

// numberedID is one that is asked for.
type numberedID struct {
	n  int
	id string
}

// asked are the ids of OpLook.
func (o *own) asked() (all []numberedID, err error) {
	if !o.says(layout.WordJSON) {
		for i := range o.params {
			if id, ok := o.params[i].text(); ok { // NULL is nobody's
				all = append(all, numberedID{i, id})
			}
		}
		return all, nil
	}
	text, err := o.text(0)
	if err != nil {
		return nil, err
	}
	return numberedIDs(text)
}

// numberedIDs reads [[0,"id"],…].
func numberedIDs(text string) (all []numberedID, err error) {
	var list [][]json.RawMessage
	if json.Unmarshal([]byte(text), &list) != nil || len(list) > mostLooks {
		return nil, wrong(0)
	}
	for _, pair := range list {
		var one numberedID
		if len(pair) != 2 || json.Unmarshal(pair[0], &one.n) != nil || json.Unmarshal(pair[1], &one.id) != nil {
			return nil, wrong(0)
		}
		all = append(all, one)
	}
	return all, nil
}

func (o *own) look() error {
	ids, err := o.asked()
	if err != nil {
		return err
	}
	fields := o.shown()
	o.beginRows(fields)
	for some := range slices.Chunk(ids, lookSize) {
		keys := make([]session.Key, len(some))
		for i := range some {
			keys[i] = o.key(some[i].id)
		}
		found, err := o.peek(keys, o.says(layout.WordPayload))
		if err != nil {
			return err
		}
		for i, r := range found {
			if r == nil {
				continue
			}
			id, here := o.spelled(r.Key)
			if !here {
				continue
			}
			if o.db.Store == nil { // several spellings are one session: it goes by the one that was asked for
				id = some[i].id
			}
			if err := o.give(some[i].n, id, r, fields); err != nil {
				return err
			}
		}
	}
	return o.end()
}

// none gives no rows, where that is allowed: between two ids, since no store keeps its sessions in that order and what is not
// given is looked up; and of sessions whose renewal is not due, since here every read renews, which the store may spare itself.
func (o *own) none() error {
	o.beginRows(o.shown())
	return o.end()
}

// listed is a session of a listing.
type listed struct {
	id  string
	key session.Key
}

// listing are all sessions of a table, in order of their spelled ids.
func (o *own) listing() (all []listed, err error) {
	err = o.each(func(r *session.Record) error {
		if id, here := o.spelled(r.Key); here {
			all = append(all, listed{id, r.Key})
		}
		return nil
	})
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(a.id, b.id) })
	return all, err
}

// each goes through the store, without payloads where that costs less. Of what is damaged it gives the key.
func (o *own) each(f func(*session.Record) error) error {
	const page = 1000
	var scan func(session.ScanRequest) (session.Page, error)
	if s, can := o.able.(session.Scanner); can {
		scan = func(req session.ScanRequest) (session.Page, error) { return s.Scan(o.ctx, req) }
	}
	if s, can := o.able.(session.Skimmer); can {
		scan = func(req session.ScanRequest) (session.Page, error) { return s.Skim(o.ctx, req) }
	}
	if scan == nil {
		return lacks("list its sessions")
	}
	for after := session.Cursor(""); ; {
		pg, err := scan(session.ScanRequest{After: after, Limit: page})
		if err != nil {
			return o.failed("listing sessions", err)
		}
		for i := range pg.Records {
			if err := f(&pg.Records[i]); err != nil {
				return err
			}
		}
		for _, d := range pg.Damaged {
			if err := f(&session.Record{Key: d.Key}); err != nil {
				return err
			}
		}
		if after = pg.Next; after == "" {
			return nil
		}
	}
}

// walk gives the rows of a listing from one behind an id on, at most limit of them, and says how many that were. What
// stands before a row is the length of its payload, or 0.
func (o *own) walk(all []listed, after *string, limit int, fields []field, sized bool) (given int, err error) {
	if after != nil {
		at, found := slices.BinarySearchFunc(all, *after, func(l listed, id string) int { return strings.Compare(l.id, id) })
		for found && at < len(all) && all[at].id == *after {
			at++
		}
		all = all[at:]
	}
	watched, stop := o.c.watch()
	defer stop()
	for len(all) > 0 && given < limit {
		some := all[:min(len(all), lookSize, limit-given)]
		all = all[len(some):]
		keys := make([]session.Key, len(some))
		for i := range some {
			keys[i] = some[i].key
		}
		found, err := o.peek(keys, sized || o.says(layout.WordPayload))
		if err != nil {
			return given, err
		}
		for i, r := range found {
			if r == nil { // gone since
				continue
			}
			n := 0
			if sized {
				n = len(r.Payload)
			}
			if err := o.give(n, some[i].id, r, fields); err != nil {
				return given, err
			}
			if given++; watched.Err() != nil {
				return given, errUnwanted
			}
		}
	}
	return given, nil
}

// errUnwanted ends an answer whose rest the client does not want: the attention that says so comes next.
var errUnwanted = &sqlError{number: 3617, state: 1, class: 11, text: "The request was taken back."}

// after is the parameter of WordAfter; nil: from the beginning.
func (o *own) after(i int) (*string, error) {
	if !o.says(layout.WordAfter) {
		return nil, nil
	}
	id, err := o.text(i)
	return &id, err
}

// scan gives a page in order of ids. The order is made at the beginning of a scan and kept for its other pages: sessions
// that come meanwhile need not be seen.
func (o *own) scan() error {
	limit, err := o.integer(0)
	if err != nil {
		return err
	}
	after, err := o.after(1)
	if err != nil {
		return err
	}
	name := o.c.folded
	var all []listed
	if after != nil {
		all = o.c.f.listings.of(name)
	}
	if all == nil {
		if all, err = o.listing(); err != nil {
			return err
		}
		o.c.f.listings.keep(name, all)
	}
	fields := o.shown()
	o.beginRows(fields)
	given, err := o.walk(all, after, int(max(0, limit)), fields, false)
	if err != nil {
		return err
	}
	if int64(given) < limit {
		o.c.f.listings.drop(name)
	}
	return o.end()
}

// list gives all in order of ids, with the lengths of their payloads.
func (o *own) list() error {
	after, err := o.after(0)
	if err != nil {
		return err
	}
	all, err := o.listing()
	if err != nil {
		return err
	}
	fields := o.shown()
	o.beginRows(fields)
	if _, err := o.walk(all, after, len(all), fields, true); err != nil {
		return err
	}
	return o.end()
}

// listingLife is how long a listing is kept without being asked for.
const listingLife = time.Minute

// listings are those of scans under way, by database.
type listings struct {
	mu  sync.Mutex
	all map[string]*keptListing
}

type keptListing struct {
	rows []listed
	gone *time.Timer
}

func (ls *listings) of(name string) []listed {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.all[name]
	if l == nil {
		return nil
	}
	l.gone.Reset(listingLife)
	return l.rows
}

func (ls *listings) keep(name string, rows []listed) {
	ls.drop(name)
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.all == nil {
		ls.all = map[string]*keptListing{}
	}
	ls.all[name] = &keptListing{rows, time.AfterFunc(listingLife, func() { ls.drop(name) })}
}

func (ls *listings) drop(name string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l := ls.all[name]; l != nil {
		l.gone.Stop()
		delete(ls.all, name)
	}
}
