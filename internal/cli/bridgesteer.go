package cli

import (
	"context"
	"io"
	"log/slog"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/internal/control"
	"github.com/aspstate/aspstate/internal/ui"
)

// bridgeStatus is what a bridge does, for ctl.
type bridgeStatus struct {
	Store  string        `json:"store"`
	Fronts []frontStatus `json:"fronts"`
}

type frontStatus struct {
	Protocol    string `json:"protocol"`
	Address     string `json:"address"`
	Connections int    `json:"connections"`
}

// steered lets ctl reach the bridge.
func (all frontEnds) steered(c *cli.Context, log *slog.Logger, store *served) (io.Closer, error) {
	self := control.This("bridge", store.title)
	commands := map[string]control.Handler{
		"status": func(context.Context, control.Request) control.Answer {
			return control.Done(steeredStatus{Self: self, Bridge: all.status(store)})
		},
	}
	ctl, err := openControl(c, self, commands, log, false, func(err error) {
		log.Warn("aspstate ctl cannot reach this bridge", "error", err)
	})
	if ctl == nil {
		return nowhere{}, err
	}
	log.Info("aspstate ctl can steer", "control", ctl.Path())
	return ctl, nil
}

// nowhere is a socket that could not be made.
type nowhere struct{}

func (nowhere) Close() error { return nil }

func (all frontEnds) status(store *served) *bridgeStatus {
	b := &bridgeStatus{Store: store.title}
	for _, f := range all {
		b.Fronts = append(b.Fronts, frontStatus{f.protocol, f.l.Addr().String(), f.srv.Open()})
	}
	return b
}

func (b *bridgeStatus) write(p *printer) {
	for _, f := range b.Fronts {
		p.printf("%-14s %s, %s connections\n", f.Protocol, f.Address, ui.Count(int64(f.Connections)))
	}
}
