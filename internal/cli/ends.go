package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// table is what every end of a command can do. One that is written to is a session.Applier as well.
type table interface {
	session.Peeker
	session.Scanner
	session.Counter
	Identity() string
	io.Closer
}

// end is an open store with its place in the command.
type end struct {
	copier.End
	table   table
	rules   []layout.IDRule // how its ids are spelled, by default or as named
	named   bool            // rules were named on the command line, or are those of a sandbox
	learned bool            // they were learned from the rows
	sandbox bool
	path    string  // of its directory; empty where it is a server
	parts   []*part // its tables, where it is a server
}

// place is where an end is, as the command line says.
type place struct {
	layout *layout.Layout // nil: whatever the database has
	dsns   []string       // of SQL Server
	dir    string         // of an embedded store
	bridge *url.URL       // of a bridge's HTTP API
}

func (p place) sandbox() bool { return len(p.dsns) == 0 && p.dir == "" && p.bridge == nil }

// stores opens the ends of one command.
type stores struct {
	c       *cli.Context
	s       Streams
	known   []layout.Application
	chosen  []string
	dir     *sandbox.Dir // nil before a sandbox is needed
	closers []io.Closer
	renew   time.Duration // what a renewal must gain to be written to a table; 0: nothing
	serving bool          // what is opened is used by clients while it is written
	noted   func(string)  // hears of calls to a table that have to be made again; nil: nobody

	reached map[string]*reached // servers, by side and DSN
	turn    sync.Mutex          // of whoever opens one, where they take turns

	greeting    bool // the line about the sandbox has been said
	onlySandbox bool // both ends are of it

	from, to *end // of a copy
}

func newStores(c *cli.Context, s Streams) (*stores, error) {
	known, chosen, err := appsFlag(c)
	if err != nil {
		return nil, err
	}
	return &stores{c: c, s: s, known: known, chosen: chosen, reached: map[string]*reached{}}, nil
}

// Close closes every end that was opened.
func (s *stores) Close() error {
	var err error
	for _, c := range slices.Backward(s.closers) {
		err = errors.Join(err, c.Close())
	}
	for _, r := range s.reached {
		if <-r.done; r.server != nil {
			err = errors.Join(err, r.server.Close())
		}
	}
	s.closers, s.reached = nil, nil
	return err
}

// registry returns the applications that the command knows: those given, as a rule of --app, and the sandbox's where it
// is used.
func (s *stores) registry(apps []layout.Application) (*layout.Registry, error) {
	apps = slices.Clone(apps)
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
func (s *stores) spelling(e *end, rules []layout.IDRule) (*layout.Spelling, error) {
	r, err := s.registryOf(e)
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

// source opens the end that is copied from. What it knows of applications the target has to know too.
func (s *stores) source() (*end, error) {
	e, err := s.open("from", true)
	if err != nil {
		return nil, err
	}
	if err := s.spell(e, "from-ids", s.learn); err != nil {
		return nil, err
	}
	s.know(e.Spelling.Registry)
	return e, nil
}

// know makes the applications known that a store has rows of.
func (s *stores) know(r *layout.Registry) {
	for _, a := range r.Applications() {
		if !slices.ContainsFunc(s.known, func(b layout.Application) bool { return b.Name == a.Name }) {
			a.InboxAppIDs = nil // another store has its own
			s.known = append(s.known, a)
		}
	}
}

// looked opens an end that is only looked at: ids of every rule that its layout knows are recognised.
func (s *stores) looked() (*end, error) {
	e, err := s.open("from", true)
	if err != nil {
		return nil, err
	}
	return e, s.spell(e, "from-ids", func(context.Context, *end, *layout.Registry) ([]layout.IDRule, error) { return e.Layout.IDs, nil })
}

// spell fills in how the ids of an end are spelled. What neither the command line nor a sandbox says is learned; where
// there is nothing to learn from, the layout's own rules stand for it.
func (s *stores) spell(e *end, flag string, learn func(context.Context, *end, *layout.Registry) ([]layout.IDRule, error)) error {
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
	default:
		reg, err := s.registryOf(e)
		if err != nil {
			return err
		}
		if e.rules, err = learn(s.c.Context, e, reg); err != nil {
			return err
		}
		if e.learned = len(e.rules) > 0; !e.learned {
			e.rules = e.Layout.DefaultIDs
		}
	}
	e.Spelling, err = s.spelling(e, e.rules)
	return err
}

// target opens the end that is written. It may be the source's own table.
func (s *stores) target(from *end) (*end, error) {
	at, err := s.where("to")
	if err != nil {
		return nil, err
	}
	if len(at.dsns) == 0 && from.path == s.pathOf(at) && from.path != "" {
		return s.sameTable(from)
	}
	e, err := s.open("to", false)
	if err != nil {
		return nil, err
	}
	if len(e.parts) > 0 && e.Identity == from.Identity && e.Place == from.Place {
		return s.sameTable(from)
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
	// The rows under the new rule are the target's: what is left of the rules is the source. Where rules are learned and all
	// rows are under the new one, somebody repeats a run that is finished: it looks for the others, and finds none.
	old := func(rules []layout.IDRule) []layout.IDRule {
		return slices.DeleteFunc(slices.Clone(rules), func(r layout.IDRule) bool { return r == to.rules[0] })
	}
	if from.rules = old(from.rules); len(from.rules) == 0 && !from.named {
		from.rules = old(from.Layout.IDs)
	}
	if len(from.rules) == 0 {
		return nil, copier.ErrSameTable
	}
	var err error
	from.Spelling, err = s.spelling(from, from.rules)
	return &to, err
}

// spellTarget is spell for the end that is written.
func (s *stores) spellTarget(e *end) error { return s.spellByOne(e, "to") }

// spellByOne is spell for an end whose ids are spelled by one rule.
func (s *stores) spellByOne(e *end, side string) error {
	flag := side + "-ids"
	if err := s.spell(e, flag, s.learn); err != nil {
		return err
	}
	switch {
	case s.c.String(flag) != "":
	case e.named || len(e.Layout.IDs) == 1:
		e.rules = e.rules[:1]
	case !e.learned:
		return noRule(e, flag, "it has no sessions of known applications to learn it from")
	case len(e.rules) > 1:
		return noRule(e, flag, "it has ids of several: "+ruleList(e.rules))
	}
	if len(e.rules) != 1 {
		return usage("", "--%s: its ids are spelled by one rule, not %d", flag, len(e.rules))
	}
	var err error
	e.Spelling, err = s.spelling(e, e.rules)
	return err
}

// noRule refuses to guess how the ids of a store that is written are spelled: by the wrong rule nobody finds a session.
func noRule(e *end, flag, why string) error {
	store := "target"
	if flag == "from-ids" {
		store = "old store"
	}
	return &failure{
		code: exitRefused, err: fmt.Errorf("how the ids of the %s shall be spelled is not known: %s", store, why),
		hint: "name the rule of the provider that will read them with --" + flag + ": " + ruleList(e.Layout.IDs),
	}
}

// where reads the layout and the DSNs of a side. Of a DSN nothing is shown: it may hold a password.
func (s *stores) where(side string) (at place, err error) {
	dsns := s.dsns(side)
	if len(dsns) > 0 && strings.HasPrefix(dsns[0], "embedded:") {
		if len(dsns) > 1 {
			return at, usage("", "%s: an embedded store has no partitions", s.dsnFlag(side))
		}
		if cmp.Or(s.c.String(side), layout.Embedded) != layout.Embedded {
			return at, usage("", "--%s: the store of an embedded: DSN has the layout %s", side, layout.Embedded)
		}
		if at.dir = strings.TrimPrefix(dsns[0], "embedded:"); at.dir == "" {
			return at, usage("embedded:DIR", "a DSN without a directory")
		}
		at.layout, err = layout.ByName(layout.Embedded)
		return at, err
	}
	if len(dsns) > 0 && (strings.HasPrefix(dsns[0], "http://") || strings.HasPrefix(dsns[0], "https://")) {
		return s.whereBridge(side, dsns)
	}
	for _, dsn := range dsns {
		for _, later := range []string{"stateserver:", "http:", "https:", "embedded:"} {
			if strings.HasPrefix(strings.ToLower(dsn), later) {
				return at, usage("a SQL Server connection string or embedded:DIR", "%s: this version opens no %s stores here", s.dsnFlag(side), strings.TrimSuffix(later, ":"))
			}
		}
	}
	at.dsns = dsns
	switch {
	case s.c.String(side) != "":
		at.layout, err = layoutFlag(s.c, side)
	case len(dsns) == 0:
		return at, usage("layouts: "+strings.Join(layout.Names(), ", "), "--%s LAYOUT is missing", side)
	}
	if err == nil && len(dsns) > 0 && at.layout != nil && at.layout.Name == layout.Embedded {
		return at, usage("embedded:DIR", "--%s embedded: its DSN names a server", side)
	}
	return at, err
}

// dsnFlag is the flag that names a side's DSN.
func (s *stores) dsnFlag(side string) string {
	switch {
	case side == "to" && s.c.String("store") != "":
		return "--store"
	case side == "from" && s.c.String("old") != "":
		return "--old"
	}
	return "--" + side + "-dsn"
}

func (s *stores) dsns(side string) []string {
	if d := s.c.String("old"); d != "" && side == "from" {
		return []string{d}
	}
	if side == "from" {
		return slices.DeleteFunc(slices.Clone(s.c.StringSlice("from-dsn")), func(d string) bool { return d == "" })
	}
	if d := cmp.Or(s.c.String("to-dsn"), s.c.String("store")); d != "" {
		return []string{d}
	}
	return nil
}

// pathOf says in which directory the store of a place lies; empty where that cannot be told.
func (s *stores) pathOf(at place) string {
	p := at.dir
	if at.bridge != nil {
		return ""
	}
	if at.sandbox() {
		p = filepath.Join(s.c.String("sandbox"), at.layout.Name)
	}
	abs, err := filepath.Abs(p)
	if err != nil {
		return ""
	}
	return abs
}

func (s *stores) open(side string, read bool) (*end, error) {
	at, err := s.where(side)
	if err != nil {
		return nil, err
	}
	if len(at.dsns) > 0 {
		return s.openParts(side, at)
	}
	e := &end{End: copier.End{Layout: at.layout}, path: s.pathOf(at)}
	switch {
	case at.bridge != nil:
		err = s.openBridge(e, side, at.bridge)
	case at.sandbox():
		err = s.openTable(e, read)
	default:
		err = s.openEmbedded(e, at.dir, read)
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
	if e.Layout.Form != layout.FormNative {
		s.closers = append(s.closers, t)
		x, srv, err := serveSandbox(s.c.Context, t)
		if err != nil {
			return err
		}
		s.closers = append(s.closers, srv)
		e.table = x
	}
	e.Title = fmt.Sprintf("%s, sandbox %s", e.Layout.Name, s.dir.Path())
	return nil
}

func (s *stores) openEmbedded(e *end, dir string, read bool) error {
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
