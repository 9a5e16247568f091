package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
)

// copying is what the migrations of a farm leave on disk: checkpoint and ledger.
type copying struct {
	dir   string
	state string // path of the checkpoint
	kept  int    // how often it was put aside
	ends  [2]copier.End
	plain bool // old shows no revisions, as a table of SQL Server
	plant func(copier.Destination) copier.Destination
}

func newCopying(dir string, plain bool) (c copying, err error) {
	registry, err := layout.NewRegistry(layout.Application{Name: app, AppIDs: []string{"/LM/W3SVC/1/ROOT"}})
	if err != nil {
		return c, err
	}
	spelling, err := layout.NewSpelling(registry, layout.RuleNative)
	if err != nil {
		return c, err
	}
	native, err := layout.ByName(layout.Embedded)
	if err != nil {
		return c, err
	}
	c = copying{dir: dir, plain: plain, state: filepath.Join(dir, "checkpoint"), plant: func(d copier.Destination) copier.Destination { return d }}
	for i, name := range []string{"old", "new"} {
		c.ends[i] = copier.End{Title: name, Identity: name, Layout: native, Spelling: spelling}
	}
	return c, nil
}

// ours says of a row of new whether it is a copy, as a bridge does that was given the checkpoint.
func (c *copying) ours(_ context.Context, r session.Record) (bool, error) {
	open, err := copier.OpenCopied(c.state, c.ends[1], layout.RuleNative)
	if errors.Is(err, copier.ErrNothingCopied) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	has, err := open.Has(r)
	return has, errors.Join(err, open.Close())
}

// keep puts checkpoint and ledger aside as a program that is killed at this moment leaves them: what it does to them afterwards has not
// happened.
func (c *copying) keep() error {
	list := filepath.Join(c.state+".ledger", "state.json")
	for {
		c.kept++
		aside := filepath.Join(c.dir, fmt.Sprintf("killed%d", c.kept))
		if b, err := os.ReadFile(c.state); err == nil {
			if err := os.WriteFile(aside, b, 0o600); err != nil {
				return err
			}
		}
		before, err := os.ReadFile(list)
		if err == nil {
			err = os.CopyFS(aside+".ledger", os.DirFS(c.state+".ledger"))
		}
		if after, _ := os.ReadFile(list); err == nil && bytes.Equal(before, after) || os.IsNotExist(err) && before == nil {
			c.state = aside
			return nil
		} // else the ledger was merging
	}
}

// migration is one run of "aspstate migrate".
type migration struct {
	*life
	f        *farm
	rng      *rand.Rand
	steering *copier.Steering
	stop     context.CancelFunc // as an operator who aborts it
	over     chan struct{}      // closed when it has ended by itself
	rep      copier.Report
	err      error
}

// migrate starts a migration from old to new. passes: how many it makes until somebody stops it; 0: it does not follow.
func (f *farm) migrate(name string, passes int, o copier.Options) *migration {
	m := &migration{life: f.birth(name), f: f, rng: f.plan.random(name), steering: copier.NewSteering(0), over: make(chan struct{})}
	ctx, stop := context.WithCancel(m.ctx)
	m.stop = stop
	go func() {
		defer close(m.over)
		defer stop()
		m.rep, m.err = m.run(ctx, passes, o)
		f.note(m.name, "ends: %v, %+v", m.err, m.rep.Counters)
		for what, n := range map[string]int64{"copied": m.rep.Copied, "updated": m.rep.Updated, "deleted": m.rep.Deleted} {
			if n > 0 {
				f.count("a copier has " + what)
			}
		}
	}()
	return m
}

// kill ends a migration at once.
func (m *migration) kill() {
	if m.isDead() {
		return
	}
	select {
	case <-m.over:
		return
	default:
	}
	m.f.count("crash of a copier")
	m.crash()
	if err := m.f.copying.keep(); err != nil {
		m.f.bad("keeping the state of %s: %v", m.name, err)
	}
}

// wait waits until the migration has ended, in whatever way.
func (m *migration) wait() {
	select {
	case <-m.over:
	case <-m.dead:
	}
}

func (m *migration) run(ctx context.Context, passes int, o copier.Options) (rep copier.Report, err error) {
	c := &m.f.copying
	o.From, o.To, o.ToRule = c.ends[0], c.ends[1], layout.RuleNative
	o.State, o.Steering = c.state, m.steering
	old, fresh := &rows{way{life: m.life, kind: toStore, to: m.f.old}}, &rows{way{life: m.life, kind: toStore, to: m.f.new}}
	o.Source, o.Target = old, c.plant(fresh)
	if c.plain {
		o.Source = unrevised{old}
	}
	o.Workers, o.PageRows = 1, 3
	o.AllowDeletions = true // a farm as small as this is emptied now and then
	o.Follow.RebuildLedger = true
	if hooks := o.Stage; hooks != nil {
		o.Stage = func(ctx context.Context, s copier.Stage, facts copier.Facts) error {
			if m.isDead() {
				return m.freeze()
			}
			return hooks(ctx, s, facts)
		}
	}
	o.Observe = func(e copier.Event) {
		switch e := e.(type) {
		case copier.PassDone:
			m.f.count("pass of a copier")
			if passes > 0 && e.Pass >= passes {
				m.stop()
			}
		case copier.CutOverDone: // its checkpoint says so, and nobody has heard of it yet
			if m.rng.IntN(4) == 0 {
				m.kill()
			}
		}
	}
	job, err := copier.Prepare(ctx, o)
	if err != nil {
		return rep, err
	}
	defer func() { err = errors.Join(err, job.Close()) }()
	if m.f.bridges == nil { // nobody agrees on anything
		return job.Follow(ctx, m.steering)
	}
	lease, err := cutover.LeaseCopier(ctx, &table{m.life, m.f.new}, m.name, []string{app}, m.stop)
	if err != nil {
		return rep, err
	}
	defer func() { err = lease.End(ctx, err) }()
	if passes > 0 {
		return job.Follow(ctx, m.steering)
	}
	return job.Run(ctx)
}

// unrevised is a store whose rows show no revisions.
type unrevised struct{ *rows }

func (u unrevised) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	page, err := u.rows.Scan(ctx, req)
	for i := range page.Records {
		page.Records[i].Revision = 0
	}
	return page, err
}

func (u unrevised) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	found, err := u.rows.Peek(ctx, keys)
	for _, r := range found {
		if r != nil {
			r.Revision = 0
		}
	}
	return found, err
}
