package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/page"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/ui"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
	"github.com/aspstate/aspstate/session/park"
)

// openPage listens for the page, which is a front like others but that it serves no sessions. What it returns is to be called at the end.
func (b *steeredBridge) openPage(ctx context.Context, set *settings, w *watched, queue *park.Store) (f *frontEnd, over func(), err error) {
	var secure *tls.Config
	if set.pageCert != "" {
		c, err := tls.LoadX509KeyPair(set.pageCert, set.pageKey)
		if err != nil {
			return nil, nil, &failure{code: exitUnreachable, err: fmt.Errorf("--page-cert, --page-key: %w", err)}
		}
		secure = &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", set.page)
	if err != nil {
		return nil, nil, &failure{code: exitUnreachable, err: fmt.Errorf("listening for --page: %w", err)}
	}
	var logins bridge.Live[*logins]
	logins.Set(set.pageLogins)
	p := page.New(b.pageOptions(w, queue, func() page.Passwords {
		if l := *logins.Or(nil); l != nil {
			return l
		}
		return nil
	}))
	conns := newHTTPConns(l.Addr())
	srv := &http.Server{Handler: p, ConnState: httpState, ErrorLog: slog.NewLogLogger(b.log.Handler(), slog.LevelDebug)}
	httpTimes(srv)
	var served net.Listener = conns
	if secure != nil {
		served = tls.NewListener(conns, secure)
	}
	f = &frontEnd{
		protocol: "page", secret: true, most: watchers, l: l,
		srv:    &bridge.Server{Handle: conns.serve, Allow: set.allow, MaxConns: watchers, Logger: b.log},
		change: func(s *settings, _ *layout.Registry) { logins.Set(s.pageLogins) },
	}
	w.server("page", f.srv)
	go p.Run(ctx)
	go srv.Serve(served)
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && set.pageLogins != nil && secure == nil {
		b.log.Warn("passwords of --page-login can be read on the way: give the page a certificate (--page-cert, --page-key), or keep it on this machine behind a proxy that has one")
	}
	return f, func() {
		srv.Close()
		conns.end()
		p.Close()
	}, nil
}

func (b *steeredBridge) pageOptions(w *watched, queue *park.Store, passwords func() page.Passwords) page.Options {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	o := page.Options{
		Title: fmt.Sprintf("%s, process %d", host, os.Getpid()), Version: version(), Began: clock(), Now: clock, Logger: b.log, Passwords: passwords,
		Status: b.pageStatus,
		Calls: func() (all []page.Calls) {
			for _, c := range w.tally.Counts() {
				all = append(all, page.Calls{Front: c.Layer, Verb: c.Verb, All: c.Calls, Locked: c.Locked, Failed: c.Failed})
			}
			return all
		},
		Waiting: func() (all []page.Queue) {
			for _, q := range queue.Queues() {
				one := page.Queue{Key: q.Key}
				for _, at := range q.Waiting {
					one.Waiting = append(one.Waiting, page.Waiting(at))
				}
				all = append(all, one)
			}
			return all
		},
		Taker: func(k session.Key, cookie int32) (front, client string) {
			who, _ := w.tally.Taker(k, cookie)
			return who.Layer, who.Client
		},
		Actions: page.Actions{
			Pause: b.hold, Resume: func(context.Context) error { b.letGo(); return nil }, Release: queue.ReleaseExclusive,
		},
	}
	if both := b.store.cutover; both != nil {
		o.Sources = []page.Source{b.store.old.source("old"), b.store.young.source("new")}
		o.Actions.Phase = b.pagePhase
	} else {
		o.Sources = []page.Source{b.store.source("store")}
	}
	return o
}

// source is the store as the page lists it.
func (s *served) source(name string) page.Source {
	src := page.Source{Name: name, Title: s.title, Rows: s.rows}
	if m := s.embedded; m != nil {
		src.Rows, src.Sized = m, true
		src.Count = func() (sessions, bytes int64) {
			n, _ := m.Count(context.Background()) // its only error is the context's
			return n, m.Bytes()
		}
	}
	return src
}

// pageStatus is how the bridge stands, for the page.
func (b *steeredBridge) pageStatus() page.Status {
	st := page.Status{Paused: b.gate.paused()}
	for _, f := range b.fronts {
		one := page.Front{Name: f.name, Protocol: f.protocol, Address: f.l.Addr().String(), Connections: f.srv.Open()}
		for _, n := range f.srv.Refused() {
			one.Refused += n
		}
		st.Fronts = append(st.Fronts, one)
	}
	if b.store.cutover == nil {
		return st
	}
	of := b.store.cutover.Status()
	if !of.Lease {
		st.Notices = append(st.Notices, "This bridge has no lease and serves nothing: the store in which bridges agree does not answer.")
	}
	leases := leasesOf(of.Leases, session.At(clock()))
	for _, l := range leases {
		st.Peers = append(st.Peers, page.Peer{Role: l.Role, Title: l.Title, Epoch: l.Epoch, Until: l.Until, Over: l.Over})
	}
	for i := range of.Apps {
		st.Apps = append(st.Apps, pageApp(&of.Apps[i], leases, strings.HasPrefix(b.store.old.title, stateServerScheme)))
	}
	return st
}

// pageApp is an application between two stores. listless: the old one cannot list its sessions.
func pageApp(a *cutover.AppStatus, leases []leaseStatus, listless bool) page.App {
	app := page.App{Name: a.App, Phase: a.Phase.String(), Since: a.Since, Next: a.Next, Obstacles: obstacles(a, leases)}
	if a.Next != "" {
		app.Stage = a.Stage
	}
	switch a.Phase {
	case cutover.Handoff:
		app.Percent, app.To = a.Percent, "new"
	case cutover.Handback:
		app.To = "old"
	}
	for _, f := range appFigures(a) {
		if f.n > 0 {
			app.Progress = append(app.Progress, page.Figure{N: f.n, Text: f.text, Bad: f.bad})
		}
	}
	if a.Next == "" {
		for _, p := range a.Phase.Follows() {
			if p == a.Phase && a.Percent == 100 { // no part is left to be handed off
				continue
			}
			app.Moves = append(app.Moves, moveOf(a.Phase, p, listless))
		}
	}
	return app
}

// obstacles are what keeps an application from its next phase.
func obstacles(a *cutover.AppStatus, leases []leaseStatus) (all []string) {
	say := func(text string, args ...any) { all = append(all, fmt.Sprintf(text, args...)) }
	for _, l := range leases {
		switch {
		case l.Over:
		case l.Role == cutover.RoleCopier && a.Phase == cutover.Proxy:
			say("A copier is at work (%s): proxy is not left while it writes.", l.Title)
		case l.Role != cutover.RoleCopier && a.Next != "" && l.Epoch < a.Epoch:
			say("%s (%s) has not confirmed the change yet.", l.Title, l.Role)
		}
	}
	switch a.Phase {
	case cutover.Handoff:
		if a.Percent < 100 {
			say("Only %d of a hundred sessions are handed off; all must be before mirror.", a.Percent)
		}
		switch {
		case a.LeftInOld > 0:
			say("%s sessions are left in the old store. One that a page holds moves when the page ends.", ui.Count(a.LeftInOld))
		case a.LeftInOld < 0:
			say("No pass over the old store has told yet what is left there.")
		}
	case cutover.Mirror:
		if a.Dirty > 0 {
			say("The stores may differ in %s sessions, which are being brought level.", ui.Count(a.Dirty))
		}
		if !a.AllCopied {
			say("Copy-back is not through: until then, going back moves the rest one by one.")
		}
	}
	for _, k := range slices.Sorted(maps.Keys(a.Reported)) {
		switch a.Reported[k] {
		case "direct":
			say("Session %s was made in the old store after the hand-over: a node without a bridge is still out there.", k)
		default:
			say("Session %s is %s.", k, a.Reported[k])
		}
		if len(all) >= mostObstacles {
			say("… and more: aspstate ctl status lists them.")
			break
		}
	}
	return all
}

const mostObstacles = 10

// moveOf says what a change of phase means, for who is asked to confirm it.
func moveOf(from, to cutover.Phase, listless bool) page.Move {
	m := page.Move{Phase: to.String()}
	switch to {
	case cutover.Prepare:
		m.Label = "Prepare"
		m.About = "Sessions stay in the old store, and what a copy has left in the new one is swept. No web server may use the old store without a bridge from now on."
	case cutover.Handoff:
		m.Label, m.Percent = "Hand off", true
		m.About = "Sessions move to the new store when they are touched, and in the background. Without a number all of them; no part gets smaller again but by going back."
	case cutover.Mirror:
		m.Label, m.OldTimeout = "Mirror", listless
		m.About = "The new store leads, and every change is made in both. It is refused while the old store has sessions that have not moved."
	case cutover.Done:
		m.Label, m.Final = "Finish: done", true
		m.About = "The old store is left for good. There is no way back from here."
	case cutover.Handback:
		m.Label, m.Back, m.About = "Hand back", true, "Sessions move back to the old store when they are touched, and in the background."
	case cutover.Proxy:
		m.Label, m.Back, m.About = "Back to proxy", true, "Everything is served from the old store alone, as in the beginning. It is refused while sessions are in the new store alone."
	}
	if from == cutover.Handback && to == cutover.Handoff {
		m.About = "Sessions move to the new store again."
	}
	return m
}

// pagePhase changes a phase by a button.
func (b *steeredBridge) pagePhase(ctx context.Context, c page.Change) error {
	to, err := cutover.ParsePhase(c.Phase)
	if err != nil {
		return err
	}
	err = b.change(ctx, c.App, cutover.Request{Phase: to, Percent: c.Percent, OldTimeout: int32(c.OldTimeout)})
	var no *cutover.RefusedError
	switch {
	case errors.As(err, &no):
		return fmt.Errorf("%s; %s", no.Reason, no.Remedy)
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("it has not come about in time; what is agreed stays, and goes on when it is asked for again")
	}
	return err
}
