package cutover

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// side is one of the two stores with what it can do.
type side struct {
	session.Store
	name    string // "old" or "new"
	peeker  session.Peeker
	applier session.Applier
	scanner session.Scanner
	skimmer session.Skimmer // nil: Scan has to do
	clock   clock
}

// sideOf finds the abilities of a store. An old store may have none of them; some alone are of no use.
func sideOf(name string, s session.Store) (*side, error) {
	d := &side{Store: s, name: name}
	clocked, keepsTime := s.(session.Clocked)
	var peeks, applies, scans bool
	d.peeker, peeks = s.(session.Peeker)
	d.applier, applies = s.(session.Applier)
	d.scanner, scans = s.(session.Scanner)
	d.skimmer, _ = s.(session.Skimmer)
	d.clock.store = clocked
	switch {
	case peeks && applies && scans && keepsTime:
		return d, nil
	case name == "old" && !applies:
		d.peeker, d.scanner, d.skimmer = nil, nil, nil
		return d, nil
	}
	return nil, fmt.Errorf("the %s store cannot do all that is needed: Peek (%v), Apply (%v), Scan (%v), Now (%v)", name, peeks, applies, scans, keepsTime)
}

// rows reports whether the store shows its rows; else it can do the verbs only.
func (d *side) rows() bool { return d.applier != nil }

// look returns the row of a key, nil if there is none.
func (d *side) look(ctx context.Context, k session.Key) (*session.Record, error) {
	rs, err := d.peeker.Peek(ctx, []session.Key{k})
	if err != nil {
		return nil, fmt.Errorf("looking at session %v in the %s store: %w", k, d.name, err)
	}
	r := rs[0]
	if r != nil && r.Payload == nil {
		return nil, fmt.Errorf("looking at session %v in the %s store: %w", k, d.name, errUnreadable)
	}
	return r, nil
}

// write puts a row under the fence of what was seen there, nil for none.
func (d *side) write(ctx context.Context, r session.Record, seen *session.Record) (session.Outcome, error) {
	return d.apply(ctx, session.Change{Record: r, Expect: fenceOf(seen)})
}

// remove deletes a row as it was seen.
func (d *side) remove(ctx context.Context, k session.Key, seen session.Fence) (session.Outcome, error) {
	return d.apply(ctx, session.Change{Record: session.Record{Key: k}, Delete: true, Expect: &seen})
}

func (d *side) apply(ctx context.Context, c session.Change) (session.Outcome, error) {
	outs, err := d.applier.Apply(ctx, []session.Change{c})
	if err != nil {
		return session.Outcome{}, fmt.Errorf("changing session %v in the %s store: %w", c.Record.Key, d.name, err)
	}
	return outs[0], nil
}

func fenceOf(r *session.Record) *session.Fence {
	if r == nil {
		return nil
	}
	f := r.Fence()
	return &f
}

// each calls f with every row of the store, payload or not, a page at a time; f gets a whole page.
func (d *side) each(ctx context.Context, f func(page []session.Record) error) error {
	scan := d.scanner.Scan
	if d.skimmer != nil {
		scan = d.skimmer.Skim
	}
	req := session.ScanRequest{Limit: pageRows, Bytes: pageBytes}
	for {
		page, err := scan(ctx, req)
		if err != nil {
			return fmt.Errorf("listing the %s store: %w", d.name, err)
		}
		if err := f(page.Records); err != nil {
			return err
		}
		if page.Next == "" {
			return nil
		}
		req.After = page.Next
	}
}

// Pages of scans: what is held in memory of a store at a time.
const (
	pageRows  = 100
	pageBytes = 8 << 20
)

// clock tells whether moments of a store have passed without asking it each time.
type clock struct {
	store session.Clocked
	mu    sync.Mutex
	read  session.Instant
	at    time.Time // when it was read
}

// fresh is how long a reading is good for, and slack what is not trusted of it.
const (
	fresh = time.Second
	slack = 2 * session.Second
)

// now asks the store.
func (c *clock) now(ctx context.Context) (session.Instant, error) {
	at := time.Now()
	now, err := c.store.Now(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading a store's clock: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read, c.at = now, at
	return now, nil
}

// passed reports whether t lies before the store's now.
func (c *clock) passed(ctx context.Context, t session.Instant) (bool, error) {
	c.mu.Lock()
	read, age := c.read, time.Since(c.at)
	c.mu.Unlock()
	if age < fresh && t > read+session.Instant(age.Seconds()*float64(session.Second))+slack {
		return false, nil
	}
	now, err := c.now(ctx)
	return err == nil && t < now, err
}

// told reports whether an error is an answer of the store: an outcome of the contract, or that nothing was done.
func told(err error) bool {
	var locked *session.LockedError
	return err == nil || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrExists) || errors.Is(err, session.ErrStaleCookie) ||
		errors.Is(err, session.ErrRefused) || errors.As(err, &locked) || errors.Is(err, errAgain)
}
