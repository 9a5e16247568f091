package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/storetest"
)

// rawClient is the API as a Store, with raw payloads.
type rawClient struct {
	c    *http.Client
	base string
}

func (c *rawClient) do(ctx context.Context, method string, k session.Key, verb string, body []byte, h http.Header) (*http.Response, []byte, error) {
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/v1/apps/"+url.PathEscape(k.App)+"/sessions/"+url.PathEscape(k.ID)+verb, r)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+shopSecret)
	req.Header.Set("Accept", "application/octet-stream")
	if body != nil {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	for name := range h {
		req.Header.Set(name, h.Get(name))
	}
	res, err := c.c.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode < 300 {
		return res, b, err
	}
	var p struct {
		Type          string
		LockCookie    *int32
		LockSince     time.Time
		Uninitialized bool
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, nil, err
	}
	locked := func() error {
		return &session.LockedError{Cookie: *p.LockCookie, Since: session.At(p.LockSince), Uninitialized: p.Uninitialized}
	}
	switch p.Type {
	case "urn:aspstate:problem:session-not-found":
		return res, nil, session.ErrNotFound
	case "urn:aspstate:problem:session-exists":
		return res, nil, session.ErrExists
	case "urn:aspstate:problem:session-locked":
		return res, nil, locked()
	case "urn:aspstate:problem:lock-stale":
		if method == "DELETE" && verb == "/lock" && p.LockCookie != nil {
			return res, nil, locked()
		}
		return res, nil, session.ErrStaleCookie
	}
	return res, nil, fmt.Errorf("status %d: %s", res.StatusCode, b)
}

func (c *rawClient) item(ctx context.Context, method, verb string, k session.Key) (session.Item, error) {
	res, b, err := c.do(ctx, method, k, verb, nil, nil)
	if err != nil {
		return session.Item{}, err
	}
	timeout, err1 := strconv.Atoi(res.Header.Get("Aspstate-Timeout"))
	cookie, err2 := strconv.Atoi(res.Header.Get("Aspstate-Lock"))
	since, err3 := time.Parse(time.RFC3339, res.Header.Get("Aspstate-Lock-Since"))
	return session.Item{
		Payload: b, Timeout: int32(timeout), Cookie: int32(cookie), Since: session.At(since),
		Uninitialized: res.Header.Get("Aspstate-Uninitialized") == "true",
	}, errors.Join(err1, err2, err3)
}

func (c *rawClient) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return c.item(ctx, "GET", "", k)
}

func (c *rawClient) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return c.item(ctx, "POST", "/lock", k)
}

func header(cond session.Condition) (http.Header, error) {
	cookie := strconv.Itoa(int(cond.Cookie()))
	switch cond.Kind() {
	case session.KindInsert:
		return head("If-None-Match", "*"), nil
	case session.KindIfCookie:
		return head("Aspstate-Lock", cookie), nil
	case session.KindIfFree:
		return head("Aspstate-Free", cookie), nil
	}
	return nil, errors.New("no condition")
}

func (c *rawClient) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	h, err := header(cond)
	if err != nil {
		return err
	}
	h.Set("Aspstate-Timeout", strconv.Itoa(int(v.Timeout)))
	if v.Payload == nil {
		v.Payload = []byte{}
	}
	_, _, err = c.do(ctx, "PUT", k, "", v.Payload, h)
	return err
}

func (c *rawClient) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	_, _, err := c.do(ctx, "DELETE", k, "/lock", nil, head("Aspstate-Lock", strconv.Itoa(int(cookie))))
	return err
}

func (c *rawClient) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	h, err := header(cond)
	if err == nil {
		_, _, err = c.do(ctx, "DELETE", k, "", nil, h)
	}
	return err
}

func (c *rawClient) ResetTimeout(ctx context.Context, k session.Key) error {
	_, _, err := c.do(ctx, "POST", k, "/touch", nil, nil)
	return err
}

func (c *rawClient) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	if v.Payload == nil {
		v.Payload = []byte{}
	}
	_, _, err := c.do(ctx, "POST", k, "/create", v.Payload, head("Aspstate-Timeout", strconv.Itoa(int(v.Timeout))))
	return err
}

func TestStoreOverTheWire(t *testing.T) {
	rules := storetest.Ordinary()
	rules.KeepsRevision, rules.Remote = false, true
	for name, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock := storetest.NewClock()
				mem := memstore.New(memstore.Options{Now: clock.Now})
				t.Cleanup(func() { mem.Close() })
				var keys []httpapi.Key
				for _, app := range []string{"shop", "forum", "sho"} {
					keys = append(keys, httpapi.AppKey(app, shopSecret))
				}
				addr, _ := serve(t, &httpapi.Front{Store: mem, Settings: httpapi.Settings{Keys: keys, Opaque: true}, Now: clock.Now}, &bridge.Server{})
				tr := &http.Transport{Protocols: new(http.Protocols)}
				tr.Protocols.SetHTTP1(!h2)
				tr.Protocols.SetUnencryptedHTTP2(h2)
				t.Cleanup(tr.CloseIdleConnections)
				return storetest.Subject{Store: &rawClient{&http.Client{Transport: tr}, "http://" + addr}, Clock: clock}
			}, rules)
		})
	}
}
