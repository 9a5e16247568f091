package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// table is what every end of a command can do.
type table interface {
	session.Peeker
	session.Scanner
	session.Applier
	session.Counter
	Identity() string
	io.Closer
}

// end is an open store with its place in the command.
type end struct {
	copier.End
	table   table
	rules   []layout.IDRule // how its ids are spelled, by default or as named
	named   bool            // rules were named on the command line
	sandbox bool
	path    string // of its directory, to see whether two ends are one
}

// stores opens the ends of one command.
type stores struct {
	c       *cli.Context
	s       Streams
	known   []layout.Application
	chosen  []string
	dir     *sandbox.Dir // nil before a sandbox is needed
	closers []io.Closer

	greeting    bool // the line about the sandbox has been said
	onlySandbox bool // both ends are of it
}

func newStores(c *cli.Context, s Streams) (*stores, error) {
	known, chosen, err := appsFlag(c)
	if err != nil {
		return nil, err
	}
	return &stores{c: c, s: s, known: known, chosen: chosen}, nil
}

// Close closes every end that was opened.
func (s *stores) Close() error {
	var err error
	for _, c := range slices.Backward(s.closers) {
		err = errors.Join(err, c.Close())
	}
	s.closers = nil
	return err
}

// registry returns the applications that the command knows: those of --app, and the sandbox's where it is used.
func (s *stores) registry() (*layout.Registry, error) {
	apps := slices.Clone(s.known)
	if s.dir != nil {
		for _, a := range sandbox.Applications() {
			if !slices.ContainsFunc(apps, func(b layout.Application) bool { return b.Name == a.Name }) {
				apps = append(apps, a)
			}
		}
	}
	r, err := layout.NewRegistry(apps...)
	if err != nil {
		return nil, usage("", "--app: %v", err)
	}
	for _, name := range s.chosen {
		if _, ok := r.ByName(name); !ok {
			return nil, usage("make it known with --app "+name+"=APPID", "--app: no application is called %q", name)
		}
	}
	return r, nil
}

// spelling makes the spelling of an end. Raw ids are of one application: the chosen one, or the first.
func (s *stores) spelling(rules []layout.IDRule) (*layout.Spelling, error) {
	r, err := s.registry()
	if err != nil {
		return nil, err
	}
	if slices.Contains(rules, layout.RuleRaw) {
		apps := r.Applications()
		if len(apps) == 0 {
			return nil, usage("--app NAME=APPID", "rule %s: no application is known", layout.RuleRaw)
		}
		one := apps[0]
		if len(s.chosen) > 0 {
			one, _ = r.ByName(s.chosen[0])
		}
		if r, err = layout.NewRegistry(one); err != nil {
			return nil, err
		}
	}
	sp, err := layout.NewSpelling(r, rules...)
	if err != nil {
		return nil, usage("", "%v", err)
	}
	return sp, nil
}

// openSandbox opens the sandbox directory and says so in the first line.
func (s *stores) openSandbox() error {
	if s.dir != nil {
		return nil
	}
	if s.c.String("sandbox") == "" {
		return usage("", "--sandbox: the directory has no name")
	}
	dir, err := sandbox.Open(s.c.String("sandbox"), s.c.Bool("sandbox-reset"), clock)
	if err != nil {
		return err
	}
	s.dir = dir
	if !s.greeting {
		s.greeting = true
		fmt.Fprintf(s.s.Err, "This is the sandbox in %s: made-up sessions in embedded stores; name real ones with --from-dsn and --to-dsn.\n", dir.Path())
	}
	return nil
}

// source opens the end that is read.
func (s *stores) source() (*end, error) {
	e, err := s.open("from", true)
	if err != nil {
		return nil, err
	}
	return e, s.spell(e, "from-ids")
}

// spell fills in how the ids of an end are spelled.
func (s *stores) spell(e *end, flag string) error {
	rules, err := rulesFlag(s.c, flag)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if !e.Layout.Spells(r) {
			return usage("", "--%s: no provider of layout %s spells ids by rule %s; by %s they do", flag, e.Layout.Name, r, ruleList(e.Layout.IDs))
		}
	}
	switch {
	case rules != nil:
		e.rules, e.named = rules, true
	case e.Layout.Name == layout.Embedded || e.sandbox:
		e.rules, e.named = e.Layout.DefaultIDs, true
	}
	e.Spelling, err = s.spelling(e.rules)
	return err
}

// target opens the end that is written. It may be the source's own table.
func (s *stores) target(from *end) (*end, error) {
	l, dsn, err := s.where("to")
	if err != nil {
		return nil, err
	}
	if path, sameKind := s.pathOf(l, dsn); sameKind && from.path == path {
		return s.sameTable(from)
	}
	e, err := s.open("to", false)
	if err != nil {
		return nil, err
	}
	return e, s.spellTarget(e)
}

// sameTable makes the target of a re-spelling in place.
func (s *stores) sameTable(from *end) (*end, error) {
	if s.c.String("to-ids") == "" {
		return nil, usage("to spell its ids anew in place, name the new rule with --to-ids", "%v", copier.ErrSameTable)
	}
	to := *from
	if err := s.spellTarget(&to); err != nil {
		return nil, err
	}
	// The rows under the new rule are the target's: what is left of the rules is the source.
	from.rules = slices.DeleteFunc(slices.Clone(from.rules), func(r layout.IDRule) bool { return r == to.rules[0] })
	if len(from.rules) == 0 {
		return nil, copier.ErrSameTable
	}
	var err error
	from.Spelling, err = s.spelling(from.rules)
	return &to, err
}

// spellTarget is spell for the end that is written: one rule.
func (s *stores) spellTarget(e *end) error {
	if err := s.spell(e, "to-ids"); err != nil {
		return err
	}
	if s.c.String("to-ids") == "" {
		e.rules = e.rules[:1]
	}
	if len(e.rules) != 1 {
		return usage("", "--to-ids: target ids are spelled by one rule, not %d", len(e.rules))
	}
	var err error
	e.Spelling, err = s.spelling(e.rules)
	return err
}

// where reads the layout and the DSN of a side.
func (s *stores) where(side string) (*layout.Layout, string, error) {
	dsn := s.c.String(side + "-dsn")
	if dsn != "" && !strings.HasPrefix(dsn, "embedded:") { // it may hold a password: nothing of it is shown
		return nil, "", usage("embedded:DIR is an embedded store", "--%s-dsn: this version opens embedded stores only", side)
	}
	if dsn != "" && cmp.Or(s.c.String(side), layout.Embedded) != layout.Embedded {
		return nil, "", usage("", "--%s: the store of an embedded: DSN has the layout %s", side, layout.Embedded)
	}
	if dsn != "" {
		l, err := layout.ByName(layout.Embedded)
		return l, dsn, err
	}
	if s.c.String(side) == "" {
		return nil, "", usage("layouts: "+strings.Join(layout.Names(), ", "), "--%s LAYOUT is missing", side)
	}
	l, err := layoutFlag(s.c, side)
	return l, "", err
}

// pathOf says where the store of a layout or DSN lies; false where that cannot be told.
func (s *stores) pathOf(l *layout.Layout, dsn string) (string, bool) {
	p, _ := strings.CutPrefix(dsn, "embedded:")
	if dsn == "" {
		p = filepath.Join(s.c.String("sandbox"), l.Name)
	}
	abs, err := filepath.Abs(p)
	return abs, err == nil
}

func (s *stores) open(side string, read bool) (*end, error) {
	l, dsn, err := s.where(side)
	if err != nil {
		return nil, err
	}
	e := &end{End: copier.End{Layout: l}}
	e.path, _ = s.pathOf(l, dsn)
	if dsn == "" {
		err = s.openTable(e, read)
	} else {
		err = s.openEmbedded(e, strings.TrimPrefix(dsn, "embedded:"), read)
	}
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, e.table)
	e.Identity = e.table.Identity()
	return e, nil
}

func (s *stores) openTable(e *end, read bool) error {
	if err := s.openSandbox(); err != nil {
		return err
	}
	n := s.c.Int("sandbox-sessions")
	if n < 0 {
		return usage("", "--sandbox-sessions: %d is no number of sessions", n)
	}
	t, err := s.dir.Table(s.c.Context, e.Layout.Name, read, n)
	if errors.Is(err, sandbox.ErrSeeded) {
		return usage("--sandbox-reset makes a new one", "--sandbox-sessions %d: %v", n, err)
	}
	if err != nil {
		return err
	}
	e.table, e.sandbox = t, true
	e.Title = fmt.Sprintf("%s, sandbox %s", e.Layout.Name, s.dir.Path())
	return nil
}

func (s *stores) openEmbedded(e *end, dir string, read bool) error {
	if dir == "" {
		return usage("embedded:DIR", "a DSN without a directory")
	}
	_, err := os.Stat(dir)
	absent := errors.Is(err, fs.ErrNotExist)
	switch {
	case absent && s.c.Bool("dry-run") && !read:
		e.table = memstore.New(memstore.Options{}) // as empty as the store that a run would make
	case absent && (read || s.c.Command.Name == "verify"):
		return &failure{code: exitUnreachable, err: fmt.Errorf("opening store %q: no such directory", dir)}
	default:
		t, err := memstore.Open(dir, memstore.Options{})
		if err != nil {
			return err
		}
		e.table = t
	}
	e.Title = fmt.Sprintf("%s, %s", e.Layout.Name, dir)
	return nil
}

// allExpired says that a sandbox has grown old.
func (s *stores) allExpired(p *copier.Plan) {
	if s.dir != nil && p.Live == 0 && p.Expired > 0 && p.There == 0 && p.Elsewhere == 0 {
		fmt.Fprintf(s.s.Err, "hint: all sessions of this sandbox have expired; --sandbox-reset makes new ones\n")
	}
}

func ruleList(rules []layout.IDRule) string {
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// ago writes how long before now a moment was, or how long after, for people.
func ago(i session.Instant, now time.Time) string {
	d := now.Sub(i.Time()).Round(time.Second)
	if d < 0 {
		return "in " + (-d).String()
	}
	return d.String() + " ago"
}
