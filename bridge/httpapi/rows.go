package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// maxChanges bounds the rows of one call of peek and apply.
const maxChanges = 10_000

// aboutRows answers what the rows are: {"identity","layout","keepsRevisions","skims","now"}.
func (x *exchange) aboutRows() *problem {
	if x.f.Rows == nil {
		return noRows()
	}
	b := append([]byte(nil), `{"identity":`...)
	b = nrbf.AppendJSONString(b, x.f.identity())
	b = append(b, `,"layout":"`+layout.Embedded+`","keepsRevisions":true,"now":`...)
	now := session.At(x.f.now())
	if c, can := x.f.Rows.(session.Clocked); can {
		var err error
		if now, err = c.Now(x.r.Context()); err != nil {
			return x.fail("reading the store's clock", err)
		}
	}
	return x.sendJSON(append(strconv.AppendInt(b, int64(now), 10), '}', '\n'))
}

func (f *Front) identity() string {
	if i, can := f.Rows.(interface{ Identity() string }); can && f.Identity == "" {
		return i.Identity()
	}
	return f.Identity
}

func noRows() *problem {
	return problemNoRows.because("The rows of this server's store are not served.")
}

// countRows answers {"count":N}, which may be approximate.
func (x *exchange) countRows() *problem {
	c, can := x.f.Rows.(session.Counter)
	if !can {
		return noRows()
	}
	n, err := c.Count(x.r.Context())
	if err != nil {
		return x.fail("counting rows", err)
	}
	return x.sendJSON(append(strconv.AppendInt([]byte(`{"count":`), n, 10), '}', '\n'))
}

// listRows answers a page: a line for each row, and a last one that says where to go on, {"next":CURSOR}, which is empty at the end.
func (x *exchange) listRows() *problem {
	scan := x.scanner()
	if scan == nil {
		return noRows()
	}
	pg, err := scan(x.r.Context(), session.ScanRequest{After: x.q.after, Limit: x.q.limit, Bytes: x.q.bytes})
	if err != nil {
		return x.fail("listing rows", err)
	}
	l := x.lines()
	defer l.close()
	for i := range pg.Records {
		if x.q.noPayload {
			pg.Records[i].Payload = nil
		}
		l.b = appendRecord(l.b, &pg.Records[i])
		l.line()
	}
	for _, d := range pg.Damaged {
		l.b = appendDamage(l.b, d)
		l.line()
	}
	l.b = append(l.b, `{"next":`...)
	l.b = append(nrbf.AppendJSONString(l.b, string(pg.Next)), '}')
	l.line()
	return nil
}

func (x *exchange) scanner() func(context.Context, session.ScanRequest) (session.Page, error) {
	if s, can := x.f.Rows.(session.Skimmer); can && x.q.noPayload {
		return s.Skim
	}
	if s, can := x.f.Rows.(session.Scanner); can {
		return s.Scan
	}
	return nil
}

// peekRows takes lines of keys, and answers a line for each: its row, or null.
func (x *exchange) peekRows() *problem {
	peeker, can := x.f.Rows.(session.Peeker)
	if !can {
		return noRows()
	}
	peek := peeker.Peek
	if s, can := x.f.Rows.(session.Skimmer); can && x.q.noPayload {
		peek = s.SkimKeys
	}
	var keys []session.Key
	if p := x.readLines(func(c *cursor) {
		keys = append(keys, c.rowKey())
	}); p != nil {
		return p
	}
	found, err := peek(x.r.Context(), keys)
	if err != nil {
		return x.fail("looking at rows", err)
	}
	l := x.lines()
	defer l.close()
	for _, rec := range found {
		switch {
		case rec == nil:
			l.b = append(l.b, "null"...)
		case x.q.noPayload:
			bare := *rec
			bare.Payload = nil
			l.b = appendRecord(l.b, &bare)
		default:
			l.b = appendRecord(l.b, rec)
		}
		l.line()
	}
	return nil
}

// applyRows takes lines of changes, does each whose row is as expected, and answers a line for each.
func (x *exchange) applyRows() *problem {
	applier, can := x.f.Rows.(session.Applier)
	if !can {
		return noRows()
	}
	var changes []session.Change
	named := map[session.Key]struct{}{}
	if p := x.readLines(func(c *cursor) {
		one := c.rowChange()
		if _, twice := named[one.Record.Key]; twice {
			c.fail("a row is there twice")
		}
		named[one.Record.Key] = struct{}{}
		changes = append(changes, one)
	}); p != nil {
		return p
	}
	out, err := applier.Apply(x.whole(), changes)
	if err != nil {
		return x.fail("writing rows", err)
	}
	l := x.lines()
	defer l.close()
	for i := range out {
		l.b = appendOutcome(l.b, &out[i])
		l.line()
	}
	return nil
}

// readLines reads a body of lines of JSON.
func (x *exchange) readLines(line func(c *cursor)) *problem {
	if types := x.r.Header["Content-Type"]; len(types) != 1 || types[0] != typeLines[0] {
		return problemMediaType.because("The body is taken as application/x-ndjson.")
	}
	if e := x.r.Header["Content-Encoding"]; len(e) > 0 {
		return problemMediaType.because("Bodies are not taken in a content encoding.")
	}
	b, p := x.body(nil, max(2*x.maxBody(), 2*maxRowBytes))
	if p != nil {
		return p
	}
	c := &cursor{}
	for n := 0; c.ok() && c.i < len(b); n++ {
		if n == maxChanges {
			return problemTooLarge.because("There are more than " + strconv.Itoa(maxChanges) + " rows in one call.")
		}
		length := bytes.IndexByte(b[c.i:], '\n')
		if length < 0 {
			length = len(b) - c.i
		}
		c.b = b[:c.i+length]
		line(c)
		c.end()
		c.i = len(c.b) + 1
	}
	return c.bad
}

// lines sends lines of JSON, compressed where the client takes it.
type lines struct {
	b   []byte
	buf *[]byte
	w   io.Writer
	zip *gzip.Writer
}

var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return z
}}

func (x *exchange) lines() *lines {
	x.began = true
	h := x.w.Header()
	h["Content-Type"], h["Cache-Control"] = typeLines, noStore
	l := &lines{buf: buffers.get(), w: x.w}
	l.b = (*l.buf)[:0]
	h["Vary"] = acceptEncoding
	if acceptsGzip(x.r.Header) {
		h["Content-Encoding"] = []string{"gzip"}
		l.zip = zippers.Get().(*gzip.Writer)
		l.zip.Reset(x.w)
		l.w = l.zip
	}
	return l
}

var acceptEncoding = []string{"Accept-Encoding"}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3).
func acceptsGzip(h http.Header) bool {
	for _, v := range h["Accept-Encoding"] {
		for one := range strings.SplitSeq(v, ",") {
			name, q, _ := strings.Cut(strings.TrimSpace(one), ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				q = strings.ReplaceAll(q, " ", "")
				return q != "q=0" && !strings.HasPrefix(q, "q=0.0")
			}
		}
	}
	return false
}

// line ends a line. An error comes again with the next, and shows in what the client lacks: the last line.
func (l *lines) line() {
	if l.b = append(l.b, '\n'); len(l.b) >= nrbf.FlushSize {
		l.w.Write(l.b)
		l.b = l.b[:0]
	}
}

func (l *lines) close() {
	l.w.Write(l.b)
	*l.buf = l.b
	buffers.put(l.buf)
	if l.zip != nil {
		l.zip.Close()
		zippers.Put(l.zip)
	}
}
