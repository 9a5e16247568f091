package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Rows are the sessions of all applications of a bridge, as rows: for those who move sessions. Its key is one of that role. A
// copier takes them for a store of the layout "embedded", whose keys are application and raw id.
//
// Nothing is sent twice, but for reads; Apply may be called again with what it was called with.
type Rows struct {
	c        *caller
	identity string
}

var _ interface {
	session.Peeker
	session.Scanner
	session.Skimmer
	session.Applier
	session.Counter
	session.Clocked
} = (*Rows)(nil)

// The most that one request asks for. A bridge takes more (httpapi: maxRows, maxRowBytes, maxChanges).
const (
	maxRows     = 1000
	maxRowBytes = 8 << 20 // of payloads
)

const ndjson = "application/x-ndjson"

// OpenRows asks the bridge at a URL such as https://bridge:8443 for its rows. A bridge that serves none gives a *ProblemError
// with the name no-rows.
func OpenRows(ctx context.Context, base string, o Options) (*Rows, error) {
	c, err := newCaller(base, o)
	if err != nil {
		return nil, fmt.Errorf("rows of a bridge: %w", err)
	}
	r := &Rows{c: c}
	about, err := r.about(ctx)
	if err != nil {
		return nil, fmt.Errorf("rows of a bridge: %w", err)
	}
	if about.Layout != layout.Embedded || !about.KeepsRevisions {
		return nil, fmt.Errorf("rows of a bridge: they are of the layout %.40q, which this version cannot foretell", about.Layout)
	}
	r.identity = about.Identity
	return r, nil
}

// Close closes the connections that are not in use.
func (r *Rows) Close() error {
	r.c.o.HTTP.CloseIdleConnections()
	return nil
}

// Identity tells the bridge's store from others; empty where it does not say.
func (r *Rows) Identity() string { return r.identity }

type about struct {
	Identity       string          `json:"identity"`
	Layout         string          `json:"layout"`
	KeepsRevisions bool            `json:"keepsRevisions"`
	Now            session.Instant `json:"now"`
}

func (r *Rows) about(ctx context.Context) (a about, err error) {
	err = r.getJSON(ctx, "/v1/rows/about", &a)
	return a, err
}

func (r *Rows) getJSON(ctx context.Context, path string, to any) error {
	resp, done, err := r.c.ask(ctx, asking{method: http.MethodGet, path: path, accept: "application/json"})
	if err != nil {
		return err
	}
	defer done()
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil {
		return transportError(ctx, err)
	}
	if json.Unmarshal(b, to) != nil {
		return errAnswer
	}
	return nil
}

// Now implements session.Clocked.
func (r *Rows) Now(ctx context.Context) (session.Instant, error) {
	a, err := r.about(ctx)
	if err != nil {
		return 0, fmt.Errorf("asking the bridge for its time: %w", err)
	}
	return a.Now, nil
}

// Count implements session.Counter.
func (r *Rows) Count(ctx context.Context) (int64, error) {
	var a struct{ Count *int64 }
	err := r.getJSON(ctx, "/v1/rows/count", &a)
	if err == nil && a.Count == nil {
		err = errAnswer
	}
	if err != nil {
		return 0, fmt.Errorf("counting the rows of a bridge: %w", err)
	}
	return *a.Count, nil
}

// Scan implements session.Scanner. A page may be smaller than asked for.
func (r *Rows) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return r.scan(ctx, req, true)
}

// Skim implements session.Skimmer.
func (r *Rows) Skim(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return r.scan(ctx, req, false)
}

func (r *Rows) scan(ctx context.Context, req session.ScanRequest, payload bool) (session.Page, error) {
	most := maxRowBytes
	if req.Bytes > 0 {
		most = min(most, req.Bytes)
	}
	q := url.Values{"limit": {strconv.Itoa(min(req.Limit, maxRows))}, "bytes": {strconv.Itoa(most)}}
	if req.After != "" {
		q.Set("after", string(req.After))
	}
	if !payload {
		q.Set("payload", "no")
	}
	var page session.Page
	ended := false
	err := r.lines(ctx, asking{method: http.MethodGet, path: "/v1/rows?" + q.Encode()}, func(line []byte) error {
		var l struct {
			recordLine
			Damaged *damagedLine `json:"damaged"`
			Next    *string      `json:"next"`
		}
		err := readLine(line, &l)
		switch {
		case ended, err != nil:
			return errAnswer
		case l.Next != nil:
			page.Next, ended = session.Cursor(*l.Next), true
			return nil
		case l.Damaged != nil:
			page.Damaged = append(page.Damaged, session.Damage{Key: l.Damaged.key(), Err: errors.New(l.Damaged.Error)})
			return nil
		}
		rec, err := l.record()
		if page.Records = append(page.Records, rec); len(page.Records) > req.Limit {
			return errAnswer
		}
		return err
	})
	if err == nil && !ended {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return session.Page{}, fmt.Errorf("listing the rows of a bridge: %w", err)
	}
	return page, nil
}

// Peek implements session.Peeker.
func (r *Rows) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return r.peek(ctx, keys, "/v1/rows/peek")
}

// SkimKeys implements session.Skimmer.
func (r *Rows) SkimKeys(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return r.peek(ctx, keys, "/v1/rows/peek?payload=no")
}

func (r *Rows) peek(ctx context.Context, keys []session.Key, path string) ([]*session.Record, error) {
	found := make([]*session.Record, 0, len(keys))
	for part := range slices.Chunk(keys, maxRows) {
		var body []byte
		for _, k := range part {
			var err error
			if body, err = appendLine(body, k, lineOfKey(k)); err != nil {
				return nil, fmt.Errorf("looking at rows of a bridge: %w", err)
			}
		}
		n := 0
		err := r.lines(ctx, asking{method: http.MethodPost, path: path, kind: ndjson, body: body}, func(line []byte) error {
			if n++; n > len(part) {
				return errAnswer
			}
			if string(line) == "null" {
				found = append(found, nil)
				return nil
			}
			var l recordLine
			if err := readLine(line, &l); err != nil {
				return err
			}
			rec, err := l.record()
			if err == nil && rec.Key != part[n-1] {
				err = errAnswer
			}
			found = append(found, &rec)
			return err
		})
		if err == nil && n < len(part) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("looking at rows of a bridge: %w", err)
		}
	}
	return found, nil
}

// Apply implements session.Applier. More than 1000 changes, or 8 MiB of payloads, are several requests: those before one that
// fails have been done.
func (r *Rows) Apply(ctx context.Context, changes []session.Change) ([]session.Outcome, error) {
	seen := make(map[session.Key]struct{}, len(changes))
	out := make([]session.Outcome, 0, len(changes))
	for begin := 0; begin < len(changes); {
		var body []byte
		end := begin
		for payloads := 0; end < len(changes) && end-begin < maxRows && (end == begin || payloads < maxRowBytes); end++ {
			c := &changes[end]
			if _, twice := seen[c.Record.Key]; twice {
				return nil, fmt.Errorf("applying change %d: %v is in the call twice", end, c.Record.Key)
			}
			seen[c.Record.Key] = struct{}{}
			var err error
			if body, err = appendLine(body, c.Record.Key, lineOfChange(c)); err != nil {
				return nil, fmt.Errorf("applying change %d: %w", end, err)
			}
			payloads += len(c.Record.Payload)
		}
		n := 0
		err := r.lines(ctx, asking{method: http.MethodPost, path: "/v1/rows/apply", kind: ndjson, body: body}, func(line []byte) error {
			if n++; n > end-begin {
				return errAnswer
			}
			var l outcomeLine
			if err := readLine(line, &l); err != nil {
				return err
			}
			o, err := l.outcome()
			out = append(out, o)
			return err
		})
		if err == nil && n < end-begin {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("applying %d changes to the rows of a bridge: %w", end-begin, err)
		}
		begin = end
	}
	return out, nil
}

// After implements session.Applier: a store of the layout "embedded" keeps every field of a record as it is.
func (r *Rows) After(c session.Change) session.Fence { return c.Record.Fence() }

// lines asks, and hands over the lines of the answer.
func (r *Rows) lines(ctx context.Context, a asking, take func(line []byte) error) error {
	a.accept = ndjson
	a.wait = time.Minute // a page takes longer than a session
	resp, done, err := r.c.ask(ctx, a)
	if err != nil {
		return err
	}
	defer done()
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") != ndjson {
		return errAnswer
	}
	return eachLine(resp.Body, r.c.o.MaxBody, take, func(err error) error { return transportError(ctx, err) })
}

// appendLine refuses keys that JSON cannot carry.
func appendLine(dst []byte, k session.Key, line any) ([]byte, error) {
	if !utf8.ValidString(k.App) || !utf8.ValidString(k.ID) {
		return nil, fmt.Errorf("the key %v is not UTF-8", k)
	}
	b, err := json.Marshal(line)
	return append(append(dst, b...), '\n'), err
}
