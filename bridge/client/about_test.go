package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// TestForm makes new sessions in the form that the bridge names, where Sessions name none. The bridge stores payloads unseen
// here, and does not give them that form itself.
func TestForm(t *testing.T) {
	yes, no := true, false
	for name, c := range map[string]struct {
		says *bool // the bridge
		set  *bool // Sessions
		want aspnetser.Form
	}{
		"the bridge says yes":          {&yes, nil, aspnetser.FormCompressed},
		"the bridge says no":           {&no, nil, aspnetser.FormPlain},
		"the bridge does not know":     {nil, nil, aspnetser.FormPlain},
		"Sessions say no":              {&yes, &no, aspnetser.FormPlain},
		"Sessions say yes":             {nil, &yes, aspnetser.FormCompressed},
		"Sessions say no to one of no": {&no, &no, aspnetser.FormPlain},
	} {
		t.Run(name, func(t *testing.T) {
			reg, err := layout.NewRegistry(layout.Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT"}, Compressed: c.says})
			if err != nil {
				t.Fatal(err)
			}
			mem := newStore(t)
			base, _ := overHTTP(t, &httpapi.Front{Store: mem, Settings: httpapi.Settings{Registry: reg, Opaque: true}}, false)
			told := newErrs()
			sessions := &client.Sessions{Store: newClient(t, base, nil), App: "shop", Compressed: c.set, OnError: told.told}
			inPlace := both(lock, with(func(s *client.Session, r *http.Request) error {
				c, err := s.Collection(r.Context())
				if err != nil {
					return err
				}
				return aspnetser.Set(c, "n", int32(1))
			}))
			for how, one := range map[string]func(http.ResponseWriter, *http.Request) error{
				"at once": set(1), "in place": inPlace, "flushed": both(both(set(2), flush), set(1)),
			} {
				cookie := cookieOf(serve(sessions.Handler(page(t, one)), ""))
				if cookie == nil {
					t.Fatalf("%s: there is no cookie", how)
				}
				rec := look(t, mem, session.Key{App: "shop", ID: cookie.Value})
				has(t, rec, "n", int32(1))
				if got := items(t, rec).Form; got != c.want {
					t.Errorf("%s: a new session is %v, want %v", how, got, c.want)
				}
			}
			serve(sessions.Handler(page(t, set(1))), shopID) // one that has ended
			if got := items(t, look(t, mem, shopKey)).Form; got != c.want {
				t.Errorf("a session that starts again is %v, want %v", got, c.want)
			}
			told.none(t)
		})
	}
}

// TestFormAsked counts how often the bridge is asked for the form: once, when it is needed, and again only where it failed.
func TestFormAsked(t *testing.T) {
	asked, answer := 0, ""
	c := fake(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/v1/apps/shop":
			w.WriteHeader(http.StatusNoContent)
			return
		case r.Header.Get("Authorization") != "Bearer "+secret || r.Method != "GET" || r.Header.Get("Accept") != "application/json":
			t.Errorf("asked by %s %v", r.Method, r.Header)
		}
		asked++
		io.WriteString(w, answer)
	})
	told := newErrs()
	sessions := &client.Sessions{Store: c, App: "shop", OnError: told.told}
	h := sessions.Handler(page(t, set(1)))
	for _, answer = range []string{"", "{}", `{"app":"forum","compressed":true}`, `{"app":"shop","compressed":1}`, `{"app":"shop","compressed":` + strings.Repeat(" ", 20_000) + "true}"} {
		if resp := serve(h, ""); resp.StatusCode != 500 || cookieOf(resp) != nil {
			t.Errorf("%.40s: status %d", answer, resp.StatusCode)
		}
	}
	told.want(t, 5)
	asked, answer = 0, `{"app":"shop","compressed":null}`
	serve(sessions.Handler(page(t, readNone)), "")
	if asked != 0 {
		t.Error("asked for nothing")
	}
	for range 3 {
		if resp := serve(h, ""); resp.StatusCode != 200 {
			t.Errorf("status %d", resp.StatusCode)
		}
		h = sessions.Handler(page(t, set(1)))
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	told.none(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Compresses(ctx, "forum"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}
