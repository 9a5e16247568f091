package stateserver

import (
	"bytes"
	"errors"
	"strconv"
)

// op is one of the six operations of the protocol (state-server-protocol.md 4.3).
type op uint8

const (
	opGet op = iota + 1
	opAcquire
	opRelease
	opSet
	opRemove
	opReset
	opBad // an Exclusive that nobody knows: 400
)

// number is a header that is a decimal number of 32 bits: absent, good or bad. That it is bad is told only when its turn
// comes (6.2).
type number struct {
	value int32
	given bool
	bad   bool
}

// request is the head of a request.
type request struct {
	op     op
	target []byte // as sent; part of the head's bytes
	length int    // of the body

	timeout, extraFlags, lockCookie number
}

// Errors of parsing. All of them are answered by 400, and the connection is closed.
var (
	errRequestLine = errors.New("no request line of the State Server protocol")
	errVerb        = errors.New("a verb that nobody knows")
	errHeader      = errors.New("a header line without a colon, or with a name that is none")
	errLength      = errors.New("a Content-Length that is no length, or two")
	errBody        = errors.New("a body where none belongs")
)

var (
	crlf    = []byte("\r\n")
	headEnd = []byte("\r\n\r\n")
)

// headLen returns the length of the head at the start of b, its empty line included; 0 if b has no end of it yet. from is
// how many bytes were looked at before.
func headLen(b []byte, from int) int {
	from = max(0, from-len(headEnd)+1)
	i := bytes.Index(b[from:], headEnd)
	if i < 0 {
		return 0
	}
	return from + i + len(headEnd)
}

// parseHead reads a head that headLen has found. The request's target points into it.
func parseHead(head []byte) (request, error) {
	line, rest, _ := bytes.Cut(head, crlf)
	r, err := parseRequestLine(line)
	if err != nil {
		return r, err
	}
	exclusive, length := []byte(nil), number{}
	for {
		line, rest, _ = bytes.Cut(rest, crlf)
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t\r\n\x00") {
			return r, errHeader
		}
		value = bytes.Trim(value, " \t") // the blank after the colon may be missing
		switch {
		case is(name, "Exclusive"):
			exclusive = value
		case is(name, "Content-Length"):
			if length.given {
				return r, errLength
			}
			length = parseNumber(value)
		case is(name, "Timeout"):
			r.timeout = notNegative(parseNumber(value))
		case is(name, "ExtraFlags"):
			r.extraFlags = parseNumber(value)
		case is(name, "LockCookie"), is(name, "Lock-Cookie"):
			r.lockCookie = notNegative(parseNumber(value))
		}
	}
	if length.bad || length.value < 0 {
		return r, errLength
	}
	r.length = int(length.value)
	if r.op != opSet && r.length > 0 {
		return r, errBody // no client sends one, and if one did, it would not wait for it (9)
	}
	if r.op == opGet && exclusive != nil {
		switch {
		case is(exclusive, "acquire"):
			r.op = opAcquire
		case is(exclusive, "release"):
			r.op = opRelease
		default:
			r.op = opBad
		}
	}
	return r, nil
}

// parseRequestLine takes all between verb and version for the target: clients of 1.x do not escape blanks.
func parseRequestLine(line []byte) (request, error) {
	verb, rest, ok := bytes.Cut(line, []byte(" "))
	at := bytes.LastIndexByte(rest, ' ')
	if !ok || at < 1 || !bytes.HasPrefix(rest[at+1:], []byte("HTTP/1.")) || bytes.ContainsAny(rest, "\r\n\x00") {
		return request{}, errRequestLine
	}
	r := request{target: rest[:at]}
	switch string(verb) {
	case "GET":
		r.op = opGet
	case "PUT":
		r.op = opSet
	case "DELETE":
		r.op = opRemove
	case "HEAD":
		r.op = opReset
	default:
		return request{}, errVerb
	}
	return r, nil
}

// is compares without regard to letter case.
func is(b []byte, word string) bool { return len(b) == len(word) && bytes.EqualFold(b, []byte(word)) }

func parseNumber(b []byte) number {
	v, err := strconv.ParseInt(string(b), 10, 32)
	return number{value: int32(v), given: true, bad: err != nil}
}

func notNegative(n number) number {
	n.bad = n.bad || n.value < 0
	return n
}
