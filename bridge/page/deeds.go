package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
)

// Deed is an action that was asked for here, for who comes after.
type Deed struct {
	At      time.Time
	User    string
	Text    string // what was asked for
	Over    bool   // false: it is under way
	Took    time.Duration
	Failure string // empty: it was done, or is under way
}

// deeds are the last ones, the newest first.
type deeds struct {
	mu  sync.Mutex
	all []*Deed
}

const mostDeeds = 20

func (d *deeds) begin(at time.Time, user, text string) *Deed {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := &Deed{At: at, User: user, Text: text}
	d.all = slices.Insert(d.all, 0, one)
	d.all = d.all[:min(len(d.all), mostDeeds)]
	return one
}

func (d *deeds) end(one *Deed, at time.Time, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one.Over, one.Took = true, at.Sub(one.At)
	if err != nil {
		one.Failure = err.Error()
	}
}

func (d *deeds) list() (all []Deed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.all {
		all = append(all, *one)
	}
	return all
}

// action is what a form asks for.
type action struct {
	Name  string // pause, resume, phase, release
	Text  string // for people
	About string // what comes of it
	Move  Move   // of a change of phase
	App   string
	Token string // of a lock
	Grave bool   // it takes something away, or stops everybody
	do    func(context.Context) error
}

// patience of actions: a change of phase waits for every bridge.
const (
	shortPatience = 30 * time.Second
	phasePatience = 10 * time.Minute
	answerAfter   = 2 * time.Second // with what has come of it by then
)

var (
	errNoSuchAction = errors.New("there is no such action here")
	errLockGone     = errors.New("that lock is not in the listing any more")
)

// asked reads the action that a form asks for. An error is for who asks.
func (p *Page) asked(r *http.Request) (*action, error) {
	a := p.o.Actions
	switch name := r.Form.Get("action"); {
	case name == "pause" && a.Pause != nil:
		return &action{
			Name: name, Text: "pause the bridge", Grave: true, do: a.Pause,
			About: "Requests under way are finished. All that come wait until the bridge is resumed, as long as their clients do; then pages fail.",
		}, nil
	case name == "resume" && a.Resume != nil:
		return &action{Name: name, Text: "resume the bridge", About: "Requests that wait go on.", do: a.Resume}, nil
	case name == "release" && a.Release != nil:
		return p.askedRelease(name, r.Form.Get("lock"))
	case name == "phase" && a.Phase != nil:
		return p.askedPhase(name, r)
	}
	return nil, errNoSuchAction
}

func (p *Page) askedRelease(name, token string) (*action, error) {
	p.mu.Lock()
	snap := p.snap
	p.mu.Unlock()
	if snap == nil {
		return nil, errLockGone
	}
	for _, i := range snap.order(defaultSort) {
		r := &snap.rows[i]
		if !r.locked {
			break
		}
		if sameToken(p.lockToken(r.key, r.cookie), token) {
			k, cookie := r.key, r.cookie
			return &action{
				Name: name, Text: fmt.Sprintf("give back lock %d of session %s", cookie, k), Token: token, Grave: true,
				About: "The page that holds it goes on, and what it writes into the session at its end is refused. Only for a page that is known to be dead.",
				do:    func(ctx context.Context) error { return p.o.Actions.Release(ctx, k, cookie) },
			}, nil
		}
	}
	return nil, errLockGone
}

func (p *Page) askedPhase(name string, r *http.Request) (*action, error) {
	c := Change{App: r.Form.Get("app"), Phase: r.Form.Get("phase")}
	apps := p.status().Apps
	i := slices.IndexFunc(apps, func(a App) bool { return a.Name == c.App })
	if i < 0 {
		return nil, fmt.Errorf("there is no application %q between two stores", c.App)
	}
	at := slices.IndexFunc(apps[i].Moves, func(m Move) bool { return m.Phase == c.Phase })
	if at < 0 {
		return nil, fmt.Errorf("application %q is in phase %s, after which %q does not come", c.App, apps[i].Phase, c.Phase)
	}
	a := &action{Name: name, Text: fmt.Sprintf("take application %s to phase %s", c.App, c.Phase), App: c.App, Move: apps[i].Moves[at], About: apps[i].Moves[at].About}
	a.Grave = a.Move.Final
	var err error
	if text := r.Form.Get("percent"); text != "" && a.Move.Percent {
		if c.Percent, err = strconv.Atoi(text); err != nil || c.Percent < 1 || c.Percent > 100 {
			return nil, fmt.Errorf("%q is no part of a hundred", text)
		}
		a.Text += fmt.Sprintf(" of %d %%", c.Percent)
	}
	if text := r.Form.Get("old_timeout"); text != "" && a.Move.OldTimeout {
		if c.OldTimeout, err = strconv.Atoi(text); err != nil || c.OldTimeout < 1 || c.OldTimeout > 1<<20 {
			return nil, fmt.Errorf("%q are no minutes", text)
		}
	}
	a.do = func(ctx context.Context) error { return p.o.Actions.Phase(ctx, c) }
	return a, nil
}

// start does an action, and returns when it is over or a while has passed.
func (p *Page) start(a *action, by who) {
	patience := shortPatience
	if a.Name == "phase" {
		patience = phasePatience
	}
	one := p.deeds.begin(p.o.Now(), by.user, a.Text)
	p.o.Logger.Info("asked for on the page", "action", a.Name, "app", a.App, "phase", a.Move.Phase, "user", by.user, "client", by.client)
	over := make(chan struct{})
	p.tasks.Go(func() {
		defer close(over)
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		defer cancel()
		err := a.do(ctx)
		var locked *session.LockedError
		switch { // of a lock that was given back meanwhile
		case errors.Is(err, session.ErrStaleCookie), errors.Is(err, session.ErrNotFound), errors.As(err, &locked):
			err = errors.New("the lock is not held any more, or by another")
		}
		if err != nil {
			p.o.Logger.Warn("what was asked for on the page failed", "action", a.Name, "error", err)
		}
		p.deeds.end(one, p.o.Now(), err)
		if a.Name == "release" {
			p.stale()
		}
	})
	t := time.NewTimer(answerAfter)
	defer t.Stop()
	select {
	case <-over:
	case <-t.C:
	}
}

// stale has the next look wait for a new listing: the latest shows what is not so any more.
func (p *Page) stale() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.snap, p.next = nil, time.Time{}
}
