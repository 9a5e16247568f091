package httpapi

import (
	"net/url"
	"strconv"
	"time"

	"github.com/aspstate/aspstate/session"
)

// query are the parameters of a request.
type query struct {
	peek      bool // renew=no
	noGraphs  bool // graphs=no
	wait      time.Duration
	noPayload bool // payload=no
	after     session.Cursor
	limit     int
	bytes     int
}

const (
	paramRenew = 1 << iota
	paramGraphs
	paramWait
	paramPayload
	paramAfter
	paramLimit
	paramBytes
)

var paramBits = map[string]uint8{
	"renew": paramRenew, "graphs": paramGraphs, "wait": paramWait, "payload": paramPayload,
	"after": paramAfter, "limit": paramLimit, "bytes": paramBytes,
}

// What a page of rows holds.
const (
	defaultRows     = 1000
	maxRows         = 10_000
	defaultRowBytes = 8 << 20
	maxRowBytes     = 64 << 20
)

// readQuery reads the parameters. A mistyped one must not mean its default.
func (x *exchange) readQuery(known uint8) *problem {
	x.q.limit, x.q.bytes = defaultRows, defaultRowBytes
	if x.r.URL.RawQuery == "" {
		return nil
	}
	values, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		return problemBadQuery.because("The query is malformed.")
	}
	for name, all := range values {
		if paramBits[name]&known == 0 {
			return problemBadQuery.because("A query parameter is not known here.")
		}
		if len(all) != 1 {
			return problemBadQuery.because("Query parameter " + name + " is there more than once.")
		}
		if why := x.q.read(name, all[0], x.maxWait()); why != "" {
			return problemBadQuery.because("Query parameter " + name + ": " + why + ".")
		}
	}
	return nil
}

// read returns what is wrong with a parameter; empty: nothing.
func (q *query) read(name, text string, maxWait time.Duration) string {
	switch name {
	case "renew":
		return readYes(text, &q.peek)
	case "graphs":
		return readYes(text, &q.noGraphs)
	case "payload":
		return readYes(text, &q.noPayload)
	case "wait":
		d, ok := readWait(text)
		if !ok || d > maxWait {
			return "a duration such as 1.5s, or seconds, of at most " + maxWait.String()
		}
		q.wait = d
	case "after":
		q.after = session.Cursor(text)
	case "limit":
		return readCount(text, maxRows, &q.limit)
	case "bytes":
		return readCount(text, maxRowBytes, &q.bytes)
	}
	return ""
}

func readYes(text string, no *bool) string {
	switch text {
	case "yes":
	case "no":
		*no = true
	default:
		return "yes or no"
	}
	return ""
}

func readCount(text string, most int, n *int) string {
	v, ok := readInt(text)
	if !ok || v < 1 || int(v) > most {
		return "a number from 1 to " + strconv.Itoa(most)
	}
	*n = int(v)
	return ""
}

func readWait(text string) (time.Duration, bool) {
	if n, ok := readInt(text); ok {
		return time.Duration(n) * time.Second, n >= 0
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}

func (x *exchange) maxWait() time.Duration {
	if x.set.MaxWait > 0 {
		return x.set.MaxWait
	}
	return DefaultMaxWait
}
