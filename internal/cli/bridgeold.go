package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
)

// serve opens what a bridge serves: the store that --store names, or, with --old, that and the old one as one store.
func (s *stores) serve(log *slog.Logger, set *settings) (*served, error) {
	if set.old == "" {
		return s.served(log, set)
	}
	if err := twoStores(set); err != nil {
		return nil, err
	}
	old, err := s.servedOld(log, set)
	if err != nil {
		return nil, err
	}
	s.know(old.registry) // of the applications that it has rows of
	young, err := s.served(log, set)
	if err != nil {
		return nil, err
	}
	control, err := controllerOf(s.c.Context, set, young)
	if err != nil {
		return nil, err
	}
	o := cutover.Options{
		Old: old.Store, New: young.Store, Control: control, Holder: rand.Text(), Title: thisProcess(), Shadow: set.shadow / 100, Logger: log,
	}
	for _, a := range set.apps {
		o.Apps = append(o.Apps, a.Name)
	}
	if old.embedded != nil {
		if o.Apps, err = appsOf(s.c.Context, old.embedded, o.Apps); err != nil {
			return nil, err
		}
	}
	if set.checkpoint != "" {
		c := &copies{path: set.checkpoint, to: young.end, rule: young.rule}
		s.closers = append(s.closers, c)
		c.try(log)
		o.Ours = c.has
	}
	both, err := cutover.Open(s.c.Context, o)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, both)
	return young.beside(old, both), nil
}

// twoStores refuses one directory on both sides, however it is spelled.
func twoStores(set *settings) error {
	old, embedded := strings.CutPrefix(set.old, embeddedScheme)
	young, both := strings.CutPrefix(set.store, embeddedScheme)
	if !embedded || !both {
		return nil
	}
	a, err := os.Stat(old)
	if err != nil {
		return nil // said when it is opened
	}
	if b, err := os.Stat(young); err == nil && os.SameFile(a, b) {
		return usage("name another directory for --store", "--old and --store are one store: %s", old)
	}
	return nil
}

// appsOf adds to the applications that were named those that a store has sessions of: one that nobody has asked for since the
// bridge was started must not be missing where a person looks whether all have moved.
func appsOf(ctx context.Context, from session.Scanner, named []string) ([]string, error) {
	for req := (session.ScanRequest{Limit: 1000, Bytes: 4 << 20}); ; {
		pg, err := from.Scan(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("listing the applications of --old: %w", err)
		}
		for i := range pg.Records {
			if app := pg.Records[i].Key.App; !slices.Contains(named, app) {
				named = append(named, app)
			}
		}
		if req.After = pg.Next; pg.Next == "" {
			return named, nil
		}
	}
}

// beside is what is served when a store and an old one are one.
func (s *served) beside(old *served, both *cutover.Store) *served {
	all := *s
	all.Store, all.cutover, all.old, all.young, all.title = both, both, old, s, old.title+" -> "+s.title
	if s.embedded != nil { // it takes every application, but the old one may not
		all.registry = old.registry
	}
	all.again = func(fresh *settings) (*layout.Registry, error) {
		r, err := old.again(fresh)
		if err != nil {
			return nil, err
		}
		if s.embedded != nil {
			return r, nil
		}
		return s.again(fresh)
	}
	return &all
}

// thisProcess is a title for people who look at leases.
func thisProcess() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%.100s, process %d", host, os.Getpid())
}

// controllerOf is where the bridges of a store agree.
func controllerOf(ctx context.Context, set *settings, s *served) (session.Controller, error) {
	switch {
	case set.store == "":
		return nil, usage("--store embedded:DIR, or a SQL Server", "--old: sessions would be moved into memory alone, and be gone with the program")
	case s.embedded != nil:
		return s.embedded, nil
	case s.control == nil:
		return nil, usage("--store embedded:DIR, or a SQL Server", "--old: a State Server as --store has no place for what bridges have to agree on")
	}
	return s.control(ctx)
}

// copies looks up in a ledger what a migration has copied. It has it open only while it is asked: another migration may want it.
type copies struct {
	path string
	to   copier.End
	rule layout.IDRule

	mu   sync.Mutex
	open *copier.Copied
	idle *time.Timer
}

// copiesIdle is how long a ledger is kept for the next question.
const copiesIdle = 5 * time.Second

// try warns at the start of a checkpoint that is of no use. It is no reason to serve nobody: it may never be asked for.
func (c *copies) try(log *slog.Logger) {
	open, err := copier.OpenCopied(c.path, c.to, c.rule)
	switch {
	case errors.Is(err, copier.ErrStateInUse): // a migration is under way
		return
	case err == nil:
		err = open.Close()
	}
	if err != nil {
		log.Warn("without the checkpoint nobody knows which sessions of the new store are copies", "checkpoint", c.path, "error", err)
	}
}

func (c *copies) has(_ context.Context, r session.Record) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		open, err := copier.OpenCopied(c.path, c.to, c.rule)
		var state *copier.StateError
		switch {
		case errors.Is(err, copier.ErrStateInUse):
			return false, fmt.Errorf("a migration is under way: %w", err)
		case errors.Is(err, copier.ErrNothingCopied), errors.As(err, &state): // it is no better the next time
			return false, &cutover.RefusedError{
				App: r.Key.App, Reason: fmt.Sprintf("which sessions of the new store are copies cannot be told: %v", err),
				Remedy: "start the bridge with the --checkpoint of the copy, or without one where there was none",
			}
		case err != nil:
			return false, err
		}
		c.open, c.idle = open, time.AfterFunc(copiesIdle, c.release)
	}
	c.idle.Reset(copiesIdle)
	return c.open.Has(r)
}

func (c *copies) release() { _ = c.Close() } // it was only read

// Close gives the ledger back.
func (c *copies) Close() (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != nil {
		c.idle.Stop()
		err = c.open.Close()
		c.open = nil
	}
	return err
}
