package remoteapp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/corejson"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

const (
	testKey = "7d2f9c40-1b2e-4a55-9d70-0c5b7a1e33f1"
	testID  = "k2m4qj0v5x1ybz3hw4cfrdna"
)

// testKeys are registered; each call returns a table of its own.
func testKeys() Keys {
	return Keys{"UserName": typed("string"), "CoreCount": typed("int"), "IsAdmin": typed("bool"), "Note": typed("string")}
}

// typed is the type that C# writes so.
func typed(text string) *corejson.Type {
	t, err := corejson.ParseType(text)
	if err != nil {
		panic(err)
	}
	return t
}

// world is a handler that is served, and a client.
type world struct {
	t      testing.TB
	store  *memstore.Store
	h      *Handler
	client *http.Client
	base   string
	log    *safeBuffer
	srv    *httptest.Server // overTLS
	pipe   *pipeListener    // overPipe
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// newHandler makes a handler over memory for an application at /shop. No test may leave a secret in its log.
func newHandler(t testing.TB, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, store: memstore.New(memstore.Options{}), log: &safeBuffer{}}
	t.Cleanup(func() { w.store.Close() })
	o := Options{
		Store: w.store, Logger: slog.New(slog.NewTextHandler(w.log, nil)),
		Settings: Settings{Apps: []App{{Name: "shop", Prefix: "/shop", APIKeys: []string{testKey}, Keys: testKeys()}}},
	}
	for _, f := range change {
		f(&o)
	}
	var err error
	if w.h, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, secret := range []string{testKey, testID, "Lovelace", "SECRET", "Hidden"} {
			if strings.Contains(w.log.String(), secret) {
				t.Errorf("%q is in the log: %s", secret, w.log)
			}
		}
	})
	return w
}

// overTLS serves HTTP/2 and HTTP/1.1 over TLS. The client speaks HTTP/2.
func overTLS(t testing.TB, change ...func(*Options)) *world {
	w := newHandler(t, change...)
	srv := httptest.NewUnstartedServer(w.h)
	Configure(srv.Config)
	srv.TLS, srv.EnableHTTP2 = srv.Config.TLSConfig, true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	w.srv, w.client, w.base = srv, srv.Client(), srv.URL
	return w
}

// overHTTP serves HTTP/1.1.
func overHTTP(t testing.TB, change ...func(*Options)) *world {
	w := newHandler(t, change...)
	srv := httptest.NewUnstartedServer(w.h)
	Configure(srv.Config)
	srv.Start()
	t.Cleanup(srv.Close)
	w.client, w.base = srv.Client(), srv.URL
	return w
}

// overPipe serves both over connections in memory without TLS, for bubbles. The client speaks HTTP/1.1.
func overPipe(t testing.TB, change ...func(*Options)) *world {
	w := newHandler(t, change...)
	w.pipe = &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	srv := &http.Server{Handler: w.h, Protocols: new(http.Protocols)}
	srv.Protocols.SetUnencryptedHTTP2(true)
	Configure(srv)
	over := make(chan struct{})
	go func() {
		defer close(over)
		srv.Serve(w.pipe)
	}()
	w.base = "http://bridge"
	t.Cleanup(func() {
		srv.Close()
		<-over
	})
	return w.speaking(false)
}

// speaking returns the world with a client of its own.
func (w *world) speaking(http2 bool) *world {
	tr := &http.Transport{DialContext: w.pipe.dial, Protocols: new(http.Protocols)}
	tr.Protocols.SetHTTP1(!http2)
	tr.Protocols.SetUnencryptedHTTP2(http2)
	w.t.Cleanup(tr.CloseIdleConnections)
	other := *w
	other.client = &http.Client{Transport: tr}
	return &other
}

type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}

	mu   sync.Mutex
	open []net.Conn // clients' ends
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	a, b := net.Pipe()
	select {
	case l.conns <- b:
		l.mu.Lock()
		defer l.mu.Unlock()
		l.open = append(l.open, a)
		return a, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

var shopKey = session.Key{App: "shop", ID: testID}

// given puts a session into the store. Values are those of aspnetser.ValueOf.
func (w *world) given(k session.Key, form aspnetser.Form, items ...any) []byte {
	w.t.Helper()
	c := aspnetser.Collection{Timeout: 20, Form: form}
	for i := 0; i < len(items); i += 2 {
		if err := aspnetser.Set(&c, items[i].(string), items[i+1]); err != nil {
			w.t.Fatal(err)
		}
	}
	blob, err := c.Append(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(k, blob)
	return blob
}

func (w *world) put(k session.Key, blob []byte) {
	w.t.Helper()
	if err := w.store.SetAndRelease(w.t.Context(), k, session.Value{Payload: blob, Timeout: 20}, session.Insert()); err != nil {
		w.t.Fatal(err)
	}
}

// usual is a session with keys that clients know, and one that they do not.
func (w *world) usual() []byte {
	return w.given(shopKey, aspnetser.FormPlain, "UserName", "Ada Lovelace", "CoreCount", int32(41), "IsAdmin", true, "Hidden", "SECRET")
}

const usually = "20 min UserName=Ada Lovelace CoreCount=41 IsAdmin=true Hidden=SECRET"

// record looks at a session; nil: there is none.
func (w *world) record(k session.Key) *session.Record {
	w.t.Helper()
	r, err := session.PeekOne(context.WithoutCancel(w.t.Context()), w.store, k)
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		w.t.Fatal(err)
	}
	return r
}

// items returns those of a stored session in order, as text.
func (w *world) items(k session.Key) string {
	w.t.Helper()
	r := w.record(k)
	if r == nil {
		return "gone"
	}
	c, err := aspnetser.Open(r.Payload, aspnetser.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	s := fmt.Sprintf("%d min", c.Timeout)
	if c.Timeout != r.Timeout {
		s += fmt.Sprintf(" (or %d)", r.Timeout)
	}
	for it := range c.All() {
		switch v := it.Value; v.Type() {
		case aspnetser.TypeString:
			text, _ := v.Text()
			s += fmt.Sprintf(" %s=%s", it.Key, text)
		case aspnetser.TypeInt32:
			n, _ := v.Int()
			s += fmt.Sprintf(" %s=%d", it.Key, n)
		case aspnetser.TypeBoolean:
			b, _ := v.Bool()
			s += fmt.Sprintf(" %s=%t", it.Key, b)
		default:
			s += fmt.Sprintf(" %s:%v", it.Key, v.Type())
		}
	}
	if r.Lock.Locked {
		s += " locked"
	}
	return s
}

// request makes one for the session endpoint. An id of "" sends no cookie.
func (w *world) request(method, id string, readOnly bool, body io.Reader) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(w.t.Context()), method, w.base+"/shop"+SessionPath, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set(DefaultKeyHeader, testKey)
	if id != "" {
		r.Header.Set("Cookie", DefaultCookie+"="+id)
	}
	if method != http.MethodPut {
		r.Header.Set(readOnlyHeader, map[bool]string{true: "True", false: "False"}[readOnly])
	}
	return r
}

func (w *world) do(r *http.Request) *http.Response {
	w.t.Helper()
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// whole sends a request and reads the whole answer.
func (w *world) whole(r *http.Request) (status int, body string) {
	w.t.Helper()
	res := w.do(r)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// look is a read-only load.
func (w *world) look(id string) *Payload {
	w.t.Helper()
	status, body := w.whole(w.request(http.MethodGet, id, true, nil))
	p, rest, err := DecodePayload([]byte(body))
	if status != 200 || err != nil || len(rest) > 0 {
		w.t.Fatalf("%d, %q, %v", status, body, err)
	}
	return p
}

// loaded is a writable load by GET, whose answer goes on.
type loaded struct {
	*world
	*Payload
	res    *http.Response
	cancel context.CancelFunc
}

func (w *world) load(id string) *loaded {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	w.t.Cleanup(cancel)
	res := w.do(w.request(http.MethodGet, id, false, nil).WithContext(ctx))
	return &loaded{w, readPayload(w.t, res), res, cancel}
}

// readPayload reads a payload and not a byte more.
func readPayload(t testing.TB, res *http.Response) *Payload {
	t.Helper()
	if res.StatusCode != 200 {
		t.Fatalf("status %d", res.StatusCode)
	}
	var b []byte
	for one := make([]byte, 1); ; {
		if _, err := io.ReadFull(res.Body, one); err != nil {
			t.Fatalf("%v after %q", err, b)
		}
		b = append(b, one[0])
		if p, rest, err := DecodePayload(b); err == nil && len(rest) == 0 {
			return p
		}
	}
}

// rest reads what follows the payload.
func (l *loaded) rest() string {
	b, err := io.ReadAll(l.res.Body)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// changed is the payload of a load as a client sends it back.
func changed(p *Payload, changes ...func(*Payload)) []byte {
	c := *p
	c.New, c.Items = false, append([]PayloadItem(nil), p.Items...)
	for _, f := range changes {
		f(&c)
	}
	return AppendPayload(nil, &c)
}

// commit is the PUT of a load.
func (l *loaded) commit(changes ...func(*Payload)) (status int, body string) {
	l.t.Helper()
	return l.whole(l.request(http.MethodPut, l.SessionID, false, chunked(changed(l.Payload, changes...))))
}

// chunked is a body of unknown length, as the client's is.
func chunked(b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b)) }

// set returns a change of one item.
func set(key, json string) func(*Payload) {
	return func(p *Payload) {
		for i := range p.Items {
			if p.Items[i].Key == key {
				p.Items[i].Value = []byte(json)
				return
			}
		}
		p.Items = append(p.Items, PayloadItem{key, []byte(json)})
	}
}

func unset(key string) func(*Payload) {
	return func(p *Payload) {
		for i := range p.Items {
			if p.Items[i].Key == key {
				p.Items = append(p.Items[:i:i], p.Items[i+1:]...)
				return
			}
		}
	}
}

func timeout(minutes int32) func(*Payload) { return func(p *Payload) { p.Timeout = minutes } }

func abandon(p *Payload) { p.Abandoned = true }

// freed waits until the lock of a session is given back, takes it and gives it back.
func (w *world) freed(k session.Key) {
	w.t.Helper()
	ctx := context.WithoutCancel(w.t.Context())
	item, err := w.store.WaitExclusive(ctx, k, time.Minute)
	if err == nil {
		err = w.store.ReleaseExclusive(ctx, k, item.Cookie)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// overwrite is what the present holder of the lock writes: one item.
func (w *world) overwrite(name string) {
	w.t.Helper()
	c := aspnetser.Collection{Timeout: 20}
	c.Set("UserName", aspnetser.String(name))
	blob, err := c.Append(nil)
	if err == nil {
		cookie := w.record(shopKey).Lock.Cookie
		err = w.store.SetAndRelease(w.t.Context(), shopKey, session.Value{Payload: blob, Timeout: 20}, session.IfCookie(cookie))
	}
	if err != nil {
		w.t.Fatal(err)
	}
}
