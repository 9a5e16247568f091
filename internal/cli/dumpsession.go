package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/ui"
	"github.com/aspstate/aspstate/session"
)

// found is one row that an id on the command line means.
type found struct {
	key  session.Key // application and raw id; App empty where nobody knows it
	rule layout.IDRule
	rec  *session.Record
}

func dumpSession(c *cli.Context, s Streams) (err error) {
	if c.Args().Len() != 1 || c.Args().First() == "" {
		return usage("aspstate dump session ID --from LAYOUT", "dump session takes one session id")
	}
	f, err := format(c, "text", "json")
	if err != nil {
		return err
	}
	path, err := pathOf(c, f)
	if err != nil {
		return err
	}
	compressed, err := compressedFlag(c, "from-compressed")
	if err != nil {
		return err
	}
	if c.String("from") == "" && len(c.StringSlice("from-dsn")) == 0 {
		if err := c.Set("from", layout.FrameworkCompat); err != nil {
			return err
		}
	}
	st, err := newStores(c, s)
	if err != nil {
		return err
	}
	defer closing(st, &err)
	from, err := st.looked()
	if err != nil {
		return err
	}
	rows, err := find(c.Context, from, c.Args().First(), st.chosen)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return &failure{
			code: exitFailed, err: fmt.Errorf("%s: %w", session.Mask(c.Args().First()), session.ErrNotFound),
			hint: "aspstate inspect shows which applications and id rules " + from.Layout.Name + " has",
		}
	}
	for _, r := range rows[1:] {
		if r.key != rows[0].key {
			return &failure{
				code: exitRefused, err: fmt.Errorf("several applications have a session of this id: %s", appNames(rows)),
				hint: "choose one with --app NAME, or give the id with its suffix",
			}
		}
		fmt.Fprintf(s.Err, "There is another row of this session, spelled by rule %s; the one shown wins.\n", r.rule)
	}
	out := &output{w: s.Out}
	if path != "" {
		return out.or(writePath(out, rows[0].rec.Payload, aspnetser.Options{Compressed: compressed}, path, f))
	}
	return out.or(writeSession(out, from, rows[0], f, compressed))
}

func appNames(rows []found) string {
	var names []string
	for _, r := range rows {
		if !slices.Contains(names, r.key.App) {
			names = append(names, r.key.App)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// find looks an id up: as it stands, then as everything it can mean. A row that is stored under the id as it was typed is
// the only one meant.
func find(ctx context.Context, e *end, id string, chosen []string) ([]found, error) {
	keys := e.Spelling.Candidates(id)
	recs, err := e.table.Peek(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", e.Title, err)
	}
	if e.Layout.Name == layout.Embedded && !slices.ContainsFunc(recs, func(r *session.Record) bool { return r != nil }) {
		if recs, err = scanFor(ctx, e, id); err != nil {
			return nil, err
		}
	}
	var rows []found
	for i, r := range recs {
		if r == nil {
			continue
		}
		f := found{key: session.Key{ID: r.Key.ID}, rec: r} // of an application that nobody knows
		if p, err := e.Spelling.Parse(r.Key); err == nil {
			f.key, f.rule = p.Key, p.Rule
		}
		if len(chosen) > 0 && !slices.Contains(chosen, f.key.App) {
			continue
		}
		rows = append(rows, f)
		if i == 0 && r.Key.ID == id && e.Layout.Name != layout.Embedded {
			break
		}
	}
	return rows, nil
}

// scanFor looks for a raw id of an application that was not named, which an embedded store can have.
func scanFor(ctx context.Context, e *end, id string) (rows []*session.Record, err error) {
	for after := session.Cursor(""); ; {
		pg, err := e.table.Scan(ctx, session.ScanRequest{After: after, Limit: 512, Bytes: 8 << 20})
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", e.Title, err)
		}
		for i := range pg.Records {
			if pg.Records[i].Key.ID == id {
				rows = append(rows, &pg.Records[i])
			}
		}
		if after = pg.Next; after == "" {
			return rows, nil
		}
	}
}

// sessionJSON is the JSON form of a session of a store.
type sessionJSON struct {
	App           string        `json:"app"`
	ID            string        `json:"id"`
	StoredID      string        `json:"stored_id"`
	Layout        string        `json:"layout"`
	Rule          layout.IDRule `json:"ids"`
	Created       string        `json:"created"`
	Expires       string        `json:"expires"`
	Timeout       int32         `json:"timeout"`
	Locked        bool          `json:"locked"`
	LockCookie    int32         `json:"lock_cookie"`
	LockDate      string        `json:"lock_date"`
	Uninitialized bool          `json:"uninitialized"`
	Bytes         int           `json:"payload_bytes"`
	Form          string        `json:"payload_form"`
	Error         string        `json:"error,omitempty"`
	Hex           string        `json:"hex,omitempty"` // the payload, where it cannot be decoded
}

// writeSession shows one session; w remembers errors of writing. An undecodable payload is shown as far as that goes, and is an error.
func writeSession(w *output, e *end, f found, format string, compressed aspnetser.Compression) error {
	r := f.rec
	if r.Payload == nil && e.Layout.Name != layout.Embedded {
		return &failure{
			code: exitMalformed, err: fmt.Errorf("row %s of %s is damaged: no provider can read its payload", session.Mask(r.Key.ID), e.Layout.Name),
		}
	}
	decoded, bad := aspnetser.Decode(r.Payload, aspnetser.Options{Compressed: compressed})
	if bad == nil {
		bad = decoded.Err()
	}
	if format == "json" {
		j := sessionJSON{
			App: f.key.App, ID: f.key.ID, StoredID: r.Key.ID, Layout: e.Layout.Name, Rule: f.rule, Created: r.Created.String(),
			Expires: r.Expires.String(), Timeout: r.Timeout, Locked: r.Lock.Locked, LockCookie: r.Lock.Cookie,
			LockDate: r.Lock.Since.String(), Uninitialized: r.Flags&session.Uninitialized != 0, Bytes: len(r.Payload),
			Form: aspnetser.FormUnknown.String(),
		}
		if decoded != nil {
			j.Form = decoded.Form.String()
		} else {
			j.Hex = hex.EncodeToString(r.Payload)
		}
		if bad != nil {
			j.Error = bad.Error()
		}
		return writeSessionJSON(w, j, decoded, bad)
	}
	var b strings.Builder
	now := clock()
	app := f.key.App
	if app == "" {
		app = "not known"
	}
	fmt.Fprintf(&b, "session      %s\napplication  %s\nstored as    %s", f.key.ID, app, r.Key.ID)
	if f.rule != "" && f.rule != layout.RuleNative {
		fmt.Fprintf(&b, " (%s)", f.rule)
	}
	fmt.Fprintf(&b, "\ncreated      %v, %s\nexpires      %v, %s; timeout %d minutes\n", r.Created, ago(r.Created, now), r.Expires,
		ago(r.Expires, now), r.Timeout)
	if r.Lock.Locked {
		fmt.Fprintf(&b, "locked       since %v, %s, cookie %d\n", r.Lock.Since, ago(r.Lock.Since, now), r.Lock.Cookie)
	} else {
		fmt.Fprintf(&b, "unlocked     last lock %v, cookie %d\n", r.Lock.Since, r.Lock.Cookie)
	}
	if r.Flags&session.Uninitialized != 0 {
		fmt.Fprintln(&b, "uninitialized: Session_Start has not run")
	}
	fmt.Fprintf(&b, "payload      %s\n\n", ui.Bytes(int64(len(r.Payload))))
	out := []byte(b.String())
	if decoded != nil {
		out = aspnetser.AppendText(out, decoded)
	} else {
		out = append(append(out, hex.Dump(r.Payload[:min(len(r.Payload), 512)])...), "cannot be decoded\n"...)
	}
	w.Write(out)
	return bad
}

// writeSessionJSON writes one line: the fields of j, and the session as the last one. That goes by on its own, since it may
// be large, and deeper than encoding/json allows.
func writeSessionJSON(w io.Writer, j sessionJSON, decoded *aspnetser.Session, bad error) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(j); err != nil {
		return errJSON(err)
	}
	w.Write(append(bytes.TrimSuffix(b.Bytes(), []byte("}\n")), `,"session":`...))
	if decoded == nil {
		io.WriteString(w, "null}\n")
		return bad
	}
	err := aspnetser.WriteJSON(lines{w}, decoded)
	io.WriteString(w, "}\n")
	if err != nil {
		return err
	}
	return bad
}
