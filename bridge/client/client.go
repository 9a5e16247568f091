package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// APIKey is the key that a bridge knows a client by. It does not show when it is printed or logged.
type APIKey string

const hidden = "(key)"

// String implements fmt.Stringer.
func (APIKey) String() string { return hidden }

// Format implements fmt.Formatter: no verb shows the key.
func (APIKey) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// LogValue implements slog.LogValuer.
func (APIKey) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler.
func (APIKey) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Options set up a Client, or Rows. The zero value works where the bridge asks for no key.
type Options struct {
	Key APIKey
	// HTTP makes the requests; nil: one of its own, that speaks HTTP/2 where the bridge has TLS, keeps its connections, and
	// follows no redirect. Without TLS a Client's short requests go by connections of its own, at a third of the cost. Its Timeout would end waits for locks.
	HTTP *http.Client
	// Socket is the file of a Unix socket that the bridge listens on; the address says then what it is called. Empty: none. It is
	// not of an HTTP of one's own.
	Socket  string
	TLS     *tls.Config   // of the client's own HTTP; nil: the machine's certificates
	Timeout time.Duration // of a request, beside what it waits for a lock; 0: 30 s
	MaxBody int           // most bytes of a payload, and of a row, that are taken; 0: 32 MiB
}

const (
	defaultPatience = 30 * time.Second
	defaultMaxBody  = 32 << 20 // more than bridge/httpapi takes
	idleConns       = 64       // connections that HTTP/1.1 keeps
)

// caller makes the requests of a Client or of Rows.
type caller struct {
	base string   // scheme, host and path, without a slash at the end
	apps sync.Map // whether applications compress, as *bool: what the bridge has said
	auth string   // the Authorization header; empty: none
	o    Options

	direct *direct // makes what it takes, in place of o.HTTP; nil: nothing
}

func newCaller(base string, o Options) (*caller, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil: // its text would show a password
		return nil, errors.New("the bridge's address is no URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("the bridge's address is no URL of the form https://HOST:PORT")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("the bridge's address has a user, a query or a fragment: the key belongs to Options")
	}
	c := &caller{base: strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"), o: o}
	if o.Key != "" {
		c.auth = "Bearer " + string(o.Key)
		if !validKey(string(o.Key)) {
			return nil, errors.New("the key has characters that no header can carry")
		}
	}
	c.o.Timeout = cmp.Or(o.Timeout, defaultPatience)
	c.o.MaxBody = cmp.Or(o.MaxBody, defaultMaxBody)
	if c.o.HTTP == nil {
		c.o.HTTP = &http.Client{
			Transport:     transport(o),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return c, nil
}

// transport speaks HTTP, with its own copy of TLS: net/http writes to it. It sends a PUT, POST or DELETE a second time only
// where nothing of the first had been sent.
func transport(o Options) *http.Transport {
	config := o.TLS
	if config != nil {
		config = config.Clone()
	}
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     config,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: idleConns,
		IdleConnTimeout:     90 * time.Second, // less than the bridge's (httpapi.DefaultIdle)
		HTTP2:               &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingAfter},
	}
	if o.Socket != "" {
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", o.Socket)
		}
	}
	return t
}

// pingAfter is how long a connection of HTTP/2 may be silent before it has to prove that it is alive: waits for locks are
// silent, and must not hang on one that is half open.
const pingAfter = 15 * time.Second

// validKey says whether a key is printable ASCII, which is what a header takes without doubt.
func validKey(key string) bool {
	for _, c := range []byte(key) {
		if c <= ' ' || c >= 0x7F {
			return false
		}
	}
	return true
}

// asking is a request.
type asking struct {
	method string
	path   string // escaped, with the query
	accept string
	fields [2]field // headers beyond that; an empty value: there is none
	body   []byte
	kind   string        // Content-Type of body; empty: there is none
	wait   time.Duration // for a lock
}

type field struct{ name, value string }

func (a *asking) accepts() string { return cmp.Or(a.accept, "application/problem+json") }

// answer is one with its whole body. Its headers are in head or in header.
type answer struct {
	head    string
	header  http.Header
	body    []byte
	refusal error // what it says, where it is no success
}

// get returns the first header of a name; empty: there is none.
func (s *answer) get(name string) string {
	if s.header != nil {
		return s.header.Get(name)
	}
	for line := range strings.SplitSeq(s.head, "\r\n") {
		if len(line) > len(name) && line[len(name)] == ':' && strings.EqualFold(line[:len(name)], name) {
			return strings.Trim(line[len(name)+1:], " ")
		}
	}
	return ""
}

// readAnswer reads the whole of one, whose body has at most so many bytes.
func readAnswer(resp *http.Response, most int) (s answer, err error) {
	s.header = resp.Header
	if resp.StatusCode/100 != 2 {
		s.refusal = readProblem(resp)
		return s, nil
	}
	s.body, err = readBody(resp, most)
	return s, err
}

// call makes a request. An answer that is no success is returned as an error. If the body did not come, the error is told together
// with the headers.
func (c *caller) call(ctx context.Context, a asking) (s answer, err error) {
	if c.direct.takes(&a) {
		if s, err = c.direct.do(ctx, &a, c.o.Timeout+a.wait, c.o.MaxBody); err != nil {
			return s, transportError(ctx, err)
		}
		if s.refusal != nil {
			return answer{}, s.refusal
		}
		return s, nil
	}
	resp, done, err := c.ask(ctx, a)
	if err != nil {
		return s, err
	}
	defer done()
	defer resp.Body.Close()
	if s, err = readAnswer(resp, c.o.MaxBody); err != nil {
		err = transportError(ctx, err)
	}
	return s, err
}

// ask sends a request. An answer that is no success is read and returned as an error. The caller closes the body, and calls
// done after that.
func (c *caller) ask(ctx context.Context, a asking) (resp *http.Response, done context.CancelFunc, err error) {
	limited, done := context.WithTimeout(ctx, c.o.Timeout+a.wait)
	defer func() {
		if err != nil {
			done()
		}
	}()
	var body io.Reader
	if len(a.body) > 0 {
		body = bytes.NewReader(a.body)
	}
	r, err := http.NewRequestWithContext(limited, a.method, c.base+a.path, body)
	if err != nil {
		return nil, done, errors.New("the request cannot be made") // its text would show the path
	}
	if a.kind != "" {
		r.Header["Content-Type"] = []string{a.kind}
	}
	if c.auth != "" {
		r.Header["Authorization"] = []string{c.auth}
	}
	r.Header["Accept"] = []string{a.accepts()}
	for _, f := range a.fields {
		if f.value != "" {
			r.Header[f.name] = []string{f.value}
		}
	}
	resp, err = c.o.HTTP.Do(r)
	if err != nil {
		return nil, done, transportError(ctx, err)
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		return nil, done, readProblem(resp)
	}
	return resp, done, nil
}

// transportError takes the URL out of an error, since it has the session id.
func transportError(ctx context.Context, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	switch cause := ctx.Err(); {
	case cause == nil, errors.Is(err, cause):
		return fmt.Errorf("asking the bridge: %w", err)
	default:
		return fmt.Errorf("asking the bridge: %w: %w", cause, err)
	}
}
