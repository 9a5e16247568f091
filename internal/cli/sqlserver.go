package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // Windows has no zone database that Go reads

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/session"
)

// part is a table of SQL Server that is an end of a command, or a partition of one.
type part struct {
	server *compat.Server
	found  *compat.Found
	table  *compat.Table
	apps   []compat.AppRow // of ASPStateTempApplications; nil where the layout has none
}

// reached is a database that is being opened, with what it holds.
type reached struct {
	done   chan struct{} // closed when the rest is known
	server *compat.Server
	holds  compat.Detection
	err    error
}

// reach begins to open what a side's DSNs name. Both ends of a command are opened at once: reading a catalogue takes its
// time. With --rate they take turns, since they may be one server, and others work on it.
func (s *stores) reach(side string) {
	at, err := s.where(side)
	if err != nil {
		return // whoever opens the side says so
	}
	for _, dsn := range at.dsns {
		if s.reached[side+" "+dsn] != nil { // named twice, which whoever opens the side refuses
			continue
		}
		r := &reached{done: make(chan struct{})}
		s.reached[side+" "+dsn] = r
		go func() {
			defer close(r.done)
			if s.c.Int("rate") > 0 {
				s.turn.Lock()
				defer s.turn.Unlock()
			}
			if r.server, r.err = s.connect(side, dsn); r.err == nil {
				r.holds, r.err = r.server.Detect(s.c.Context)
			}
		}()
	}
}

// at returns an open database.
func (s *stores) at(side, dsn string) (*compat.Server, compat.Detection, error) {
	if s.reached[side+" "+dsn] == nil {
		s.reach(side)
	}
	r := s.reached[side+" "+dsn]
	<-r.done
	return r.server, r.holds, r.err
}

// connect opens a database. The password may stand in the environment, where process lists do not show it.
func (s *stores) connect(side, dsn string) (*compat.Server, error) {
	d, err := compat.ParseDSN(dsn)
	if err != nil {
		return nil, usage("", "%s: %v", s.dsnFlag(side), err)
	}
	if p := os.Getenv("ASPSTATE_" + strings.ToUpper(side) + "_PASSWORD"); p != "" {
		d = d.WithPassword(p)
	}
	return compat.Connect(s.c.Context, d, compat.ConnectOptions{})
}

// openParts opens the tables that a side's DSNs name: one, or the partitions of a partition resolver.
func (s *stores) openParts(side string, at place) (*end, error) {
	zone, err := s.zone(side)
	if err != nil {
		return nil, err
	}
	e := &end{End: copier.End{Layout: at.layout}}
	var titles, ids []string
	var sources []copier.Source
	for _, dsn := range at.dsns {
		p, err := s.openPart(side, dsn, at.layout, zone)
		if err != nil {
			return nil, err
		}
		if first := e.Layout; first != nil && len(e.parts) > 0 && (first.Name != p.table.Layout().Name || first.CaseInsensitiveIDs != p.table.Layout().CaseInsensitiveIDs) {
			return nil, usage("partitions are of one layout and collation", "--%s-dsn: %s is not like %s", side, p.found, e.parts[0].found)
		}
		e.Layout = p.table.Layout()
		if slices.ContainsFunc(e.parts, func(q *part) bool { return q.table.Place() == p.table.Place() }) {
			return nil, usage("", "--%s-dsn: %s is named twice", side, p.found)
		}
		e.parts, sources = append(e.parts, p), append(sources, p.table)
		titles, ids = append(titles, p.server.Facts.Title), append(ids, p.table.Identity())
	}
	e.Title = e.Layout.Name + ", " + strings.Join(titles, " + ")
	if len(e.parts) == 1 {
		e.table, e.Place = e.parts[0].table, e.parts[0].table.Place()
	} else {
		sum := sha256.Sum256([]byte(strings.Join(ids, "\n")))
		e.table = partitioned{copier.Partitions{Parts: sources, Layout: e.Layout, Now: clock}, hex.EncodeToString(sum[:8])}
	}
	e.Identity = e.table.Identity()
	return e, nil
}

// partitioned is a source of several tables.
type partitioned struct {
	copier.Partitions
	identity string
}

func (p partitioned) Identity() string { return p.identity }
func (p partitioned) Close() error     { return nil } // the parts are closed one by one

func (s *stores) openPart(side, dsn string, l *layout.Layout, zone layout.Zone) (*part, error) {
	srv, d, err := s.at(side, dsn)
	if err != nil {
		return nil, err
	}
	name := ""
	if l != nil {
		name = l.Name
	}
	f, err := d.Choose(name, s.c.String(side+"-table"))
	if err != nil {
		return nil, err
	}
	if f.Layout.Clock == layout.ClockSQLLocal && zone.Location == nil {
		return nil, &failure{
			code: exitRefused, err: fmt.Errorf("the times of %s are local to its server, and where that stands was not said", f),
			hint: "name its time zone with --from-zone, such as --from-zone Europe/Berlin",
		}
	}
	t, err := srv.Open(s.c.Context, f, compat.Options{Zone: zone, RenewStep: s.renew, InsertOnce: s.serving, Retry: compat.Retry{Noted: s.noted}})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, t)
	p := &part{server: srv, found: f, table: t}
	if p.apps, err = srv.AppIDs(s.c.Context, f); err != nil {
		return nil, err
	}
	return p, nil
}

// zone reads --from-zone or --to-zone. Only what is read can be in local time: that of a target is UTC unless given.
func (s *stores) zone(side string) (layout.Zone, error) {
	name := s.c.String(side + "-zone")
	switch {
	case name == "" && side == "to":
		name = "UTC"
	case name == "":
		return layout.Zone{}, nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return layout.Zone{}, usage("a name such as Europe/Berlin", "--%s-zone: %v", side, err)
	}
	return layout.Zone{Location: l}, nil
}

// defaultSite is an application id of which the lower-cased name tells the original (sql-layouts.md 13.5.4).
var defaultSite = regexp.MustCompile(`^/lm/w3svc/[0-9]+/root$`)

// withAppIDs gives applications the AppIds that a table has for them: those count, whatever the formula says. Names that
// belong to none of them are applications of their own; what their ids are by other rules is known only where the name in
// lower case tells it.
func withAppIDs(apps []layout.Application, rows []compat.AppRow) []layout.Application {
	apps = slices.Clone(apps)
	for i := range apps {
		apps[i].InboxAppIDs = nil
	}
	var own []layout.Application
	for _, row := range rows {
		i := slices.IndexFunc(apps, func(a layout.Application) bool {
			return a.Name == row.Name || slices.ContainsFunc(a.AppIDs, func(id string) bool { return strings.EqualFold(id, row.Name) })
		})
		if i >= 0 {
			apps[i].InboxAppIDs = append(apps[i].InboxAppIDs, row.AppID)
			continue
		}
		a := layout.Application{Name: row.Name, InboxAppIDs: []int32{row.AppID}}
		if defaultSite.MatchString(row.Name) {
			a.AppIDs = []string{strings.ToUpper(row.Name)}
		}
		own = append(own, a)
	}
	return append(apps, own...)
}

// registryOf returns the applications that an end's ids are of. Partitions must agree on AppIds.
func (s *stores) registryOf(e *end) (*layout.Registry, error) {
	apps := s.known
	if len(e.parts) == 0 {
		return s.registry(apps)
	}
	var rows []compat.AppRow
	for i, p := range e.parts {
		for _, row := range p.apps {
			at := slices.IndexFunc(rows, func(r compat.AppRow) bool { return r.Name == row.Name })
			if at < 0 {
				rows = append(rows, row)
			} else if rows[at].AppID != row.AppID {
				return nil, &failure{
					code: exitRefused,
					err:  fmt.Errorf("partition %d has another AppId for %s than those before it", i+1, row.Name),
					hint: "migrate the partitions one by one, each with its own --checkpoint",
				}
			}
		}
	}
	return s.registry(withAppIDs(apps, rows))
}

// learn finds out by which rules the ids of a table are spelled, in the order of its layout: where nobody has named an
// order none decides anything, and a run that goes on must find the rules that it began with.
func (s *stores) learn(ctx context.Context, e *end, reg *layout.Registry) ([]layout.IDRule, error) {
	if len(e.Layout.IDs) == 1 {
		return e.Layout.IDs, nil
	}
	census := layout.NewCensus(reg, suffixesShown)
	err := skimAll(ctx, e, func(r *session.Record) { census.Add(r.Key) })
	if err != nil {
		return nil, err
	}
	rep := census.Report()
	found := rep.Rules()
	return slices.DeleteFunc(slices.Clone(e.Layout.IDs), func(r layout.IDRule) bool { return !slices.Contains(found, r) }), nil
}

// skimAll shows every row of an end, without payload where that is cheaper.
func skimAll(ctx context.Context, e *end, show func(*session.Record)) error {
	scan := e.table.Scan
	if sk, ok := e.table.(session.Skimmer); ok {
		scan = sk.Skim
	}
	for after := session.Cursor(""); ; {
		pg, err := scan(ctx, session.ScanRequest{After: after, Limit: 2048, Bytes: 8 << 20})
		if err != nil {
			return fmt.Errorf("reading %s: %w", e.Title, err)
		}
		for i := range pg.Records {
			show(&pg.Records[i])
		}
		if after = pg.Next; after == "" {
			return nil
		}
	}
}

// serverChecks is what the servers have to say before a copy.
func (s *stores) serverChecks(ctx context.Context, from, to *end) (checks []copier.Check, err error) {
	add := func(side string, cs ...compat.Check) {
		for _, c := range cs {
			checks = append(checks, copier.Check{Name: side + c.Name, Verdict: copier.Verdict(c.Verdict), Detail: c.Detail, Remedy: c.Remedy})
		}
	}
	need := compat.Need{}
	for _, p := range from.parts {
		need.Sessions += max(0, p.found.Rows)
		cs, err := p.server.Preflight(ctx, p.found, compat.RoleSource, compat.Need{})
		if err != nil {
			return nil, err
		}
		add("source-", cs...)
	}
	for _, p := range to.parts {
		cs, err := p.server.Preflight(ctx, p.found, compat.RoleTarget, need)
		if err != nil {
			return nil, err
		}
		add("target-", cs...)
		for _, f := range from.parts {
			add("", compat.CollationCheck(f.found, p.found))
			c, err := clocksCheck(ctx, f.server, p.server)
			if err != nil {
				return nil, err
			}
			checks = append(checks, c)
		}
	}
	return checks, nil
}

// clocksCheck compares the clocks of two servers: Expires is copied as it is, so a session lives as much longer or shorter
// as the target's clock is behind or ahead (sql-layouts.md 16.4).
func clocksCheck(ctx context.Context, from, to *compat.Server) (copier.Check, error) {
	const name, most = "clocks", 2 * time.Second
	a, doubtA, err := from.Skew(ctx)
	if err != nil {
		return copier.Check{}, err
	}
	b, doubtB, err := to.Skew(ctx)
	if err != nil {
		return copier.Check{}, err
	}
	d := (b - a).Round(time.Millisecond)
	if d.Abs() <= most+doubtA+doubtB {
		return copier.Check{Name: name, Verdict: copier.OK, Detail: fmt.Sprintf("the target's clock is %v ahead of the source's", d)}, nil
	}
	effect := "shorter"
	if d < 0 {
		effect = "longer"
	}
	return copier.Check{
		Name: name, Verdict: copier.Warning, Detail: fmt.Sprintf("the target's clock is %v ahead of the source's: every session lives as much %s", d, effect),
		Remedy: "set the clocks of both servers",
	}, nil
}

// ensureAppIDs makes sure that the target's table of applications has those whose sessions are copied, under the AppIds by
// which their ids are spelled (sql-layouts.md 13.5.6).
func ensureAppIDs(ctx context.Context, to *end, rule layout.IDRule, p *copier.Plan) error {
	if rule != layout.RuleInbox || len(to.parts) == 0 {
		return nil
	}
	for _, g := range p.Groups {
		a, ok := to.Spelling.Registry.ByName(g.App)
		if !ok {
			continue
		}
		names := a.AppIDs
		if len(names) == 0 {
			names = []string{a.Name}
		}
		id, err := to.parts[0].server.EnsureAppID(ctx, to.parts[0].found, names[0])
		if err != nil {
			return err
		}
		k, err := to.Spelling.Spell(session.Key{App: g.App}, rule)
		if err != nil {
			return err
		}
		if want := fmt.Sprintf("%08x", uint32(id)); k.ID != want {
			return &failure{
				code: exitRefused, err: fmt.Errorf("the target gives application %s the AppId %s, not %s", g.App, want, k.ID),
				hint: "run again: its table of applications knows it now",
			}
		}
	}
	return nil
}

// notes tells what had to be decided about rows while they were read.
func (e *end) notes() []string {
	sum := map[layout.NoteKind]int64{}
	for _, p := range e.parts {
		for k, n := range p.table.Notes() {
			sum[k] += n
		}
	}
	var lines []string
	for _, k := range []struct {
		kind layout.NoteKind
		text string
	}{
		{layout.NoteBothColumns, "rows had both payload columns set; the long one is the session"},
		{layout.NoteMisplacedLong, "rows had a short payload in the long column"},
		{layout.NoteTrimmedTail, "rows of async 1.0 were read without the unused end of its buffer"},
		{layout.NoteKeptTail, "rows of async 1.0 were kept whole: where the payload ends was not certain"},
		{layout.NoteAmbiguousHour, "local times occur twice; the later moment was taken"},
		{layout.NoteSkippedHour, "local times are ones that the clock never shows; they were counted on"},
	} {
		if sum[k.kind] > 0 {
			lines = append(lines, fmt.Sprintf("%d readings: %s", sum[k.kind], k.text))
		}
	}
	return lines
}

// serverExit is the part of exitCode that is about SQL Server.
func serverExit(err error) (code int, hint string, ok bool) {
	var (
		connect   *compat.ConnectError
		altered   *compat.AlteredError
		notFound  *compat.NotFoundError
		ambiguous *compat.AmbiguousError
		collision *compat.AppCollisionError
		cannot    *layout.UnsupportedError
		missing   *compat.ControlMissingError
	)
	switch {
	case errors.As(err, &connect):
		return exitUnreachable, connect.Hint(), true
	case errors.As(err, &altered):
		return exitRefused, "nothing is read from or written to a table that is not as its installer makes it", true
	case errors.As(err, &notFound):
		hint := ""
		if notFound.Layout != "" {
			hint = "aspstate inspect shows what a database has; aspstate schema install " + notFound.Layout + " makes the layout"
		}
		return exitFailed, hint, true
	case errors.Is(err, compat.ErrNoApplications):
		return exitUnreachable, "give this login SELECT on it; where it was dropped, schema install makes it anew", true
	case errors.As(err, &ambiguous):
		return exitRefused, "say which with --from LAYOUT or --from-table (--to, --to-table)", true
	case errors.As(err, &missing):
		return exitRefused, missing.Hint(), true
	case errors.As(err, &collision):
		return exitRefused, "give one of the two applications another id", true
	case errors.As(err, &cannot):
		return exitRefused, "", true
	case errors.Is(err, compat.ErrUnknownOutcome):
		return exitUnreachable, "run again: what was written is found, nothing is written twice", true
	case compat.Number(err) != 0:
		return exitUnreachable, "", true
	}
	return 0, "", false
}
