package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/internal/control"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
)

// bridgeStatus is what a bridge does, for ctl.
type bridgeStatus struct {
	Store  string        `json:"store"`
	Fronts []frontStatus `json:"fronts"`
	Paused bool          `json:"paused"`

	Old    string              `json:"old,omitempty"`
	Epoch  int64               `json:"epoch,omitempty"`
	Lease  bool                `json:"lease,omitempty"`
	Leads  bool                `json:"leads,omitempty"`
	Stolen int64               `json:"stolen_locks,omitempty"`
	Apps   []cutover.AppStatus `json:"apps,omitempty"`
}

type frontStatus struct {
	Protocol    string `json:"protocol"`
	Address     string `json:"address"`
	Connections int    `json:"connections"`
}

// steeredBridge is a bridge as ctl sees it.
type steeredBridge struct {
	self   control.Self
	fronts frontEnds
	store  *served
	gate   *gatedStore
	log    *slog.Logger
	ctx    context.Context // of what goes on when nobody waits for it; ends with the bridge
}

// reached lets ctl reach the bridge. Where its phases could not be changed otherwise, the socket must be there.
func (b *steeredBridge) reached(c *cli.Context) (io.Closer, error) {
	ctl, err := openControl(c, b.self, b.commands(), b.log, b.store.cutover != nil, func(err error) {
		b.log.Warn("aspstate ctl cannot reach this bridge", "error", err)
	})
	if ctl == nil {
		return nowhere{}, err
	}
	b.log.Info("aspstate ctl can steer", "control", ctl.Path())
	return ctl, nil
}

// nowhere is a socket that could not be made.
type nowhere struct{}

func (nowhere) Close() error { return nil }

// commands are those of ctl that a bridge understands; what is about phases only with --old.
func (b *steeredBridge) commands() map[string]control.Handler {
	all := map[string]control.Handler{
		"status": func(context.Context, control.Request) control.Answer {
			return control.Done(steeredStatus{Self: b.self, Bridge: b.status()})
		},
		"pause":  b.pause,
		"resume": b.resume,
	}
	for name, handle := range map[string]control.Handler{"phase": b.phase, "leases": b.leases} {
		if b.store.cutover == nil {
			handle = func(context.Context, control.Request) control.Answer {
				return refused(usage("bridge --old DSN serves two", "%s: this bridge serves one store", name))
			}
		}
		all[name] = handle
	}
	return all
}

func (b *steeredBridge) status() *bridgeStatus {
	st := &bridgeStatus{Store: b.store.title, Paused: b.gate.paused()}
	for _, f := range b.fronts {
		st.Fronts = append(st.Fronts, frontStatus{f.protocol, f.l.Addr().String(), f.srv.Open()})
	}
	if both := b.store.cutover; both != nil {
		of := both.Status()
		st.Store, st.Old = b.store.young.title, b.store.old.title
		st.Epoch, st.Lease, st.Leads, st.Stolen, st.Apps = of.Epoch, of.Lease, of.Leads, of.Stolen, of.Apps
	}
	return st
}

func (b *steeredBridge) leases(context.Context, control.Request) control.Answer {
	return control.Done(leasesOf(b.store.cutover.Status().Leases, session.At(clock())))
}

// phase changes the phase of an application. Who leaves while it waits gives it up; what is agreed on by then is called off by
// itself, or gone on with by whoever asks next.
func (b *steeredBridge) phase(ctx context.Context, q control.Request) control.Answer {
	to, err := cutover.ParsePhase(q.Phase)
	if err != nil {
		return refused(usage("", "%v", err))
	}
	if err := b.known(q.App); err != nil {
		return refused(err)
	}
	req := cutover.Request{Phase: to}
	if q.Percent != nil {
		if to != cutover.Handoff {
			return refused(usage("", "--percent is for handoff, not for %v", to))
		}
		req.Percent = *q.Percent
	}
	if q.OldTimeout != nil {
		if to != cutover.Mirror {
			return refused(usage("", "--old-timeout is for mirror, not for %v", to))
		}
		req.OldTimeout = int32(min(*q.OldTimeout, 1<<30))
	}
	b.log.Info("a change of phase is asked for", "app", q.App, "phase", q.Phase)
	if !q.Wait {
		go b.change(b.ctx, q.App, req)
		return control.Done(b.app(q.App))
	}
	if err := b.change(ctx, q.App, req); err != nil {
		return refused(b.changeFailed(err, to))
	}
	return control.Done(b.app(q.App))
}

func (b *steeredBridge) change(ctx context.Context, app string, req cutover.Request) error {
	err := b.store.cutover.Change(ctx, app, req)
	if err != nil {
		b.log.Warn("the phase has not been changed", "app", app, "phase", req.Phase.String(), "error", err)
	}
	return err
}

// changeFailed adds to a refusal what on the command line can be done about it.
func (b *steeredBridge) changeFailed(err error, to cutover.Phase) error {
	var no *cutover.RefusedError
	switch {
	case errors.As(err, &no) && to == cutover.Mirror && strings.HasPrefix(b.store.old.title, stateServerScheme):
		return &failure{code: exitRefused, err: err, hint: no.Remedy + " (--old-timeout MINUTES)"}
	case errors.Is(err, context.Canceled):
		return &failure{code: exitFailed, err: errors.New("the bridge ends, and the change is left to others"), hint: "ask again"}
	}
	return err
}

// known refuses the name of an application that nobody has: a typing error would agree on something about nothing.
func (b *steeredBridge) known(app string) error {
	var names []string
	for _, a := range b.store.cutover.Status().Apps {
		names = append(names, a.App)
	}
	if slices.Contains(names, app) {
		return nil
	}
	return usage("known are "+cmp.Or(strings.Join(names, ", "), "none: name them with --app"), "no application is called %q", app)
}

// app is how an application stands.
func (b *steeredBridge) app(name string) cutover.AppStatus {
	for _, a := range b.store.cutover.Status().Apps {
		if a.App == name {
			return a
		}
	}
	return cutover.AppStatus{App: name}
}
