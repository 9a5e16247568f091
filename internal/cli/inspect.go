package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/ui"
	"github.com/aspstate/aspstate/session"
)

func inspectCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:   "inspect",
		Usage:  "show what is in a store: applications, id rules, sizes, locks, expiry; nothing in it changes",
		Flags:  slices.Concat(fromFlags(), sandboxFlags(), []cli.Flag{appFlag(), jsonFlag()}),
		Action: func(c *cli.Context) error { return inspect(c, s) },
	}
}

// survey is what inspect finds.
type survey struct {
	Store         string        `json:"store"`
	Layout        string        `json:"layout"`
	Rows          int64         `json:"rows"`
	Live          int64         `json:"live"`
	Expired       int64         `json:"expired"`
	Uninitialized int64         `json:"uninitialized"`
	Locked        int64         `json:"locked"`
	OldestLock    *string       `json:"oldest_lock"` // when the oldest lock of a live session was taken
	Plain         int64         `json:"plain"`
	Compressed    int64         `json:"compressed"`
	Undecodable   int64         `json:"undecodable"`
	Sizes         sizes         `json:"payload_bytes"`
	Expiry        []expiryCount `json:"expiry"`
	Groups        []surveyGroup `json:"groups"`
	Unknown       []suffixCount `json:"unknown_suffixes"`
	Unsuffixed    int64         `json:"unsuffixed"` // rows whose id has no suffix
	Colliding     int64         `json:"colliding"`  // rows of a session that has another row, spelled otherwise
	Damaged       int64         `json:"damaged"`    // rows that nobody can read

	ids    *layout.Census // nil where ids are raw: then all rows are of one application
	oldest session.Instant
}

type sizes struct {
	Total    int64 `json:"total"`
	Smallest int64 `json:"smallest"`
	Largest  int64 `json:"largest"`
	Over7000 int64 `json:"over_7000"` // sessions in the long column
}

type surveyGroup struct {
	App  string `json:"app"`
	Rule string `json:"ids"`
	Rows int64  `json:"rows"`
}

type suffixCount struct {
	Suffix string `json:"suffix"`
	Rows   int64  `json:"rows"`
}

type expiryCount struct {
	When string `json:"when"`
	Rows int64  `json:"rows"`
	upTo session.Instant
}

// suffixesShown bounds how many unknown suffixes are told apart.
const suffixesShown = 32

func newSurvey(e *end) *survey {
	v := &survey{
		Store: e.Title, Layout: e.Layout.Name, Groups: []surveyGroup{}, Unknown: []suffixCount{},
		Expiry: []expiryCount{
			{When: "within 10 minutes", upTo: 10 * session.Minute}, {When: "within an hour", upTo: 60 * session.Minute},
			{When: "within a day", upTo: 24 * 60 * session.Minute}, {When: "later", upTo: 1 << 62},
		},
	}
	if e.rules[0] != layout.RuleRaw {
		v.ids = layout.NewCensus(e.Spelling.Registry, suffixesShown)
	}
	return v
}

func inspect(c *cli.Context, s Streams) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.String("from") == "" && len(c.StringSlice("from-dsn")) == 0 {
		if err := c.Set("from", layout.FrameworkCompat); err != nil {
			return err
		}
	}
	compressed, err := compressedFlag(c, "from-compressed")
	if err != nil {
		return err
	}
	st, err := newStores(c, s)
	if err != nil {
		return err
	}
	defer closing(st, &err)
	at, err := st.where("from")
	if err != nil {
		return err
	}
	if len(at.dsns) > 0 {
		if show, err := inspectServer(c, s, st); err != nil || !show {
			return err
		}
	}
	from, err := st.looked()
	if err != nil {
		return err
	}
	v := newSurvey(from)
	now := session.At(clock())
	for after := session.Cursor(""); ; {
		pg, err := from.table.Scan(c.Context, session.ScanRequest{After: after, Limit: 512, Bytes: 8 << 20})
		if err != nil {
			return fmt.Errorf("reading %s: %w", from.Title, err)
		}
		for i := range pg.Records {
			v.add(&pg.Records[i], now, compressed)
		}
		v.Rows += int64(len(pg.Damaged))
		v.Damaged += int64(len(pg.Damaged))
		n, err := twins(c.Context, from, pg.Records)
		if err != nil {
			return err
		}
		v.Colliding += n
		if after = pg.Next; after == "" {
			break
		}
	}
	v.finish(from)
	if c.Bool("json") {
		e := json.NewEncoder(s.Out)
		e.SetEscapeHTML(false)
		return errJSON(e.Encode(v))
	}
	return v.write(s.Out, now.Time())
}

func (v *survey) add(r *session.Record, now session.Instant, compressed aspnetser.Compression) {
	v.Rows++
	if v.ids != nil {
		v.ids.Add(r.Key)
	}
	if r.Expires < now {
		v.Expired++
		return
	}
	v.Live++
	for i := range v.Expiry {
		if r.Expires-now <= v.Expiry[i].upTo {
			v.Expiry[i].Rows++
			break
		}
	}
	if r.Flags&session.Uninitialized != 0 {
		v.Uninitialized++
	}
	if r.Lock.Locked {
		if v.Locked++; v.Locked == 1 || r.Lock.Since < v.oldest {
			v.oldest = r.Lock.Since
		}
	}
	n := int64(len(r.Payload))
	v.Sizes.Total += n
	if v.Live == 1 || n < v.Sizes.Smallest {
		v.Sizes.Smallest = n
	}
	v.Sizes.Largest = max(v.Sizes.Largest, n)
	if n > layout.ShortLimit {
		v.Sizes.Over7000++
	}
	switch form, err := aspnetser.Examine(r.Payload, aspnetser.Options{Compressed: compressed}); {
	case err != nil:
		v.Undecodable++
	case form == aspnetser.FormCompressed:
		v.Compressed++
	default:
		v.Plain++
	}
}

func (v *survey) finish(e *end) {
	if v.ids == nil {
		v.Groups = append(v.Groups, surveyGroup{e.Spelling.Registry.Applications()[0].Name, string(layout.RuleRaw), v.Rows})
	} else {
		rep := v.ids.Report()
		for _, k := range rep.Known {
			v.Groups = append(v.Groups, surveyGroup{k.App, string(k.Rule), k.Rows})
		}
		for _, u := range rep.Unknown {
			v.Unknown = append(v.Unknown, suffixCount(u))
		}
		if rep.Others > 0 {
			v.Unknown = append(v.Unknown, suffixCount{"others", rep.Others})
		}
		v.Unsuffixed = rep.Unsuffixed
	}
	if v.Locked > 0 {
		at := v.oldest.String()
		v.OldestLock = &at
	}
}

func (v *survey) write(w io.Writer, now time.Time) error {
	p := &printer{w: w}
	p.printf("%s\n", v.Store)
	p.printf("%10s  rows: %s live, %s expired\n", ui.Count(v.Rows), ui.Count(v.Live), ui.Count(v.Expired))
	for _, g := range v.Groups {
		p.printf("%10s  of %s, ids %s\n", ui.Count(g.Rows), g.App, g.Rule)
	}
	for _, u := range v.Unknown {
		p.printf("%10s  of no known application, suffix %s\n", ui.Count(u.Rows), u.Suffix)
	}
	if v.Unsuffixed > 0 {
		p.printf("%10s  whose id has no suffix\n", ui.Count(v.Unsuffixed))
	}
	if v.Colliding > 0 {
		p.printf("%10s  of a session that has another row, spelled otherwise\n", ui.Count(v.Colliding))
	}
	if v.Damaged > 0 {
		p.printf("%10s  that nobody can read\n", ui.Count(v.Damaged))
	}
	p.printf("of the live ones:\n")
	p.printf("%10s  of payload, the smallest %s, the largest %s; %s over 7000 bytes\n", ui.Bytes(v.Sizes.Total),
		ui.Bytes(v.Sizes.Smallest), ui.Bytes(v.Sizes.Largest), ui.Count(v.Sizes.Over7000))
	p.printf("%10s  plain, %s compressed, %s undecodable\n", ui.Count(v.Plain), ui.Count(v.Compressed), ui.Count(v.Undecodable))
	p.printf("%10s  uninitialized\n%10s  locked", ui.Count(v.Uninitialized), ui.Count(v.Locked))
	if v.OldestLock != nil {
		p.printf(", the oldest %s", ago(v.oldest, now))
	}
	p.printf("\n")
	for _, e := range v.Expiry {
		p.printf("%10s  expire %s\n", ui.Count(e.Rows), e.When)
	}
	return errJSON(p.err)
}

// printer keeps the first error of writing.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, a ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, a...)
	}
}
