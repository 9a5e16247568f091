package httpapi

import (
	"mime"
	"strconv"
	"strings"

	"github.com/aspstate/aspstate/session"
)

const (
	mediaJSON = "application/json"
	mediaRaw  = "application/octet-stream"
)

// maxTimeout is a year in minutes, the most that ASP.NET takes (fixture timeout-525600).
const maxTimeout = 365 * 24 * 60

// form is how a session is spelled in a body.
type form uint8

const (
	formJSON form = iota + 1
	formRaw
)

// readInt reads what strconv.Itoa writes, of 32 bits.
func readInt(text string) (int32, bool) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || text[0] == '+' || text != "0" && strings.TrimPrefix(text, "-")[0] == '0' {
		return 0, false
	}
	return int32(n), true
}

// number reads a header; given is false where there is none.
func (x *exchange) number(name string) (n int32, given bool, p *problem) {
	all := x.r.Header[name]
	if len(all) == 0 {
		return 0, false, nil
	}
	n, ok := readInt(all[0])
	if len(all) > 1 || !ok {
		return 0, true, problemBadHeader.because("Header " + name + " is not one number of 32 bits.")
	}
	return n, true, nil
}

// condition reads under which a session is to be changed; the zero one where the request has none.
func (x *exchange) condition() (cond session.Condition, p *problem) {
	cookie, lock, p := x.number("Aspstate-Lock")
	if p != nil {
		return cond, p
	}
	free, mayBe, p := x.number("Aspstate-Free")
	if p != nil {
		return cond, p
	}
	match := x.r.Header["If-None-Match"]
	if len(match) > 1 || len(match) == 1 && match[0] != "*" {
		return cond, problemBadHeader.because("If-None-Match can only be *.")
	}
	switch {
	case lock && !mayBe && len(match) == 0:
		return session.IfCookie(cookie), nil
	case mayBe && !lock && len(match) == 0:
		return session.IfFree(free), nil
	case len(match) == 1 && !lock && !mayBe:
		return session.Insert(), nil
	case lock || mayBe || len(match) == 1:
		return cond, problemBadHeader.because("Aspstate-Lock, Aspstate-Free and If-None-Match exclude one another.")
	}
	return cond, nil
}

// timeout reads Aspstate-Timeout, in minutes.
func (x *exchange) timeout() (int32, *problem) {
	n, given, p := x.number("Aspstate-Timeout")
	switch {
	case p != nil:
		return 0, p
	case !given:
		return 0, problemBadHeader.because("Header Aspstate-Timeout is missing: minutes, which the bytes of a payload do not say for sure.")
	case n < 1 || n > maxTimeout:
		return 0, problemBadHeader.because("Header Aspstate-Timeout is not from 1 to 525600 minutes.")
	}
	return n, nil
}

// bodyForm says how the body is spelled. raw: octets are taken as well.
func (x *exchange) bodyForm(raw bool) (form, *problem) {
	if e := x.r.Header["Content-Encoding"]; len(e) > 1 || len(e) == 1 && e[0] != "identity" {
		return 0, problemMediaType.because("Bodies are not taken in a content encoding.")
	}
	types := x.r.Header["Content-Type"]
	if len(types) == 1 {
		if types[0] == mediaRaw && raw {
			return formRaw, nil
		}
		media, params, err := mime.ParseMediaType(types[0])
		charset, has := params["charset"]
		switch {
		case err != nil:
		case media == mediaJSON && (!has || strings.EqualFold(charset, "utf-8")):
			return formJSON, nil
		case media == mediaRaw && raw:
			return formRaw, nil
		}
	}
	if raw {
		return 0, problemMediaType.because("The body is taken as application/json or application/octet-stream.")
	}
	return 0, problemMediaType.because("The body is taken as application/json.")
}

// answerForm says how the answer is to be spelled: JSON unless the client likes octets better.
func (x *exchange) answerForm() (form, *problem) {
	all := x.r.Header["Accept"]
	if len(all) == 0 {
		return formJSON, nil
	}
	if len(all) == 1 {
		switch all[0] {
		case mediaRaw:
			return formRaw, nil
		case mediaJSON, "*/*":
			return formJSON, nil
		}
	}
	json, raw := liking(all)
	switch {
	case json <= 0 && raw <= 0:
		return 0, problemAccept.because("Sessions are there as application/json and as application/octet-stream.")
	case raw > json:
		return formRaw, nil
	}
	return formJSON, nil
}

// liking reads Accept (RFC 9110, 12.5.1): how much the client likes the two forms, 0 to 1. What is named more closely counts.
func liking(headers []string) (json, raw float64) {
	var closeJSON, closeRaw int
	for _, h := range headers {
		for one := range strings.SplitSeq(h, ",") {
			media, params, err := mime.ParseMediaType(one)
			if err != nil {
				continue
			}
			q := 1.0
			if text, has := params["q"]; has {
				if q, err = strconv.ParseFloat(text, 64); err != nil || !(q >= 0 && q <= 1) {
					continue
				}
			}
			set := func(to *float64, was *int, near int) {
				if near > *was {
					*to, *was = q, near
				}
			}
			switch media {
			case mediaJSON:
				set(&json, &closeJSON, 3)
			case mediaRaw:
				set(&raw, &closeRaw, 3)
			case "application/*":
				set(&json, &closeJSON, 2)
				set(&raw, &closeRaw, 2)
			case "*/*":
				set(&json, &closeJSON, 1)
				set(&raw, &closeRaw, 1)
			}
		}
	}
	return json, raw
}

// setState sets the headers that tell of a session besides its payload.
func (x *exchange) setState(s *state) {
	h := x.w.Header()
	h["Cache-Control"] = noStore
	h["Aspstate-Timeout"] = []string{strconv.Itoa(int(s.timeout))}
	if s.uninitialized {
		h["Aspstate-Uninitialized"] = yes
	}
	h["Aspstate-Lock"] = []string{strconv.Itoa(int(s.cookie))}
	h["Aspstate-Lock-Since"] = []string{s.since.String()}
	if s.locked {
		h["Aspstate-Lock-Age"] = []string{string(x.f.appendAge(nil, s.since))}
	}
}
