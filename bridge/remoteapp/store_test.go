package remoteapp

import (
	"context"
	"net"
	"testing"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/park"
)

// A State Server behind the bridge works too, with and without a queue before it: it knows one condition only.
func TestStateServer(t *testing.T) {
	for _, queue := range []bool{false, true} {
		w := overTLS(t, func(o *Options) {
			front := &stateserver.Front{Store: o.Store}
			srv := &bridge.Server{Handle: front.Serve}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			over := make(chan error)
			go func() { over <- srv.Serve(l) }()
			client := stateserver.NewClient(l.Addr().String(), stateserver.ClientOptions{})
			t.Cleanup(func() {
				client.Close()
				srv.Shutdown(t.Context())
				<-over
			})
			o.Store, o.IfFree = named{client}, true
			if queue {
				o.Store = park.New(o.Store, park.Options{})
			}
		})
		l := w.load("")
		if !l.New {
			t.Error("it is not new")
		}
		if status, body := l.commit(set("UserName", `"x"`)); status != 200 {
			t.Fatalf("%d %q", status, body)
		}
		second := make(chan string)
		d := w.post(l.SessionID)
		go func() {
			d := w.post(l.SessionID)
			second <- d.finish(changed(d.Payload, set("Note", d.Items[len(d.Items)-1].text())))
		}()
		if got := d.finish(changed(d.Payload, set("CoreCount", "1"))); got != `{"s":true}` {
			t.Error(got)
		}
		if got := <-second; got != `{"s":true}` {
			t.Error(got)
		}
		p := w.look(l.SessionID)
		if len(p.Items) != 3 || string(p.Items[2].Value) != `"1"` {
			t.Errorf("%q", p.Items)
		}
		if status, body := w.load(l.SessionID).commit(abandon); status != 200 {
			t.Errorf("%d %q", status, body)
		}
		if p := w.look(l.SessionID); !p.New {
			t.Error("it was abandoned and is there")
		}
	}
}

// text returns the value as a JSON string.
func (it PayloadItem) text() string { return `"` + string(it.Value) + `"` }

// named spells keys as a State Server has them.
type named struct{ s session.Store }

func spelled(k session.Key) session.Key {
	const app = "/LM/W3SVC/1/ROOT"
	p := layout.StateServerPath{AppID: app, Hash: layout.StateServerHash(app), ID: k.ID}
	return session.Key{ID: p.String()}
}

func (n named) Get(ctx context.Context, k session.Key) (session.Item, error) {
	return n.s.Get(ctx, spelled(k))
}

func (n named) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	return n.s.GetExclusive(ctx, spelled(k))
}

func (n named) SetAndRelease(ctx context.Context, k session.Key, v session.Value, cond session.Condition) error {
	return n.s.SetAndRelease(ctx, spelled(k), v, cond)
}

func (n named) ReleaseExclusive(ctx context.Context, k session.Key, cookie int32) error {
	return n.s.ReleaseExclusive(ctx, spelled(k), cookie)
}

func (n named) Remove(ctx context.Context, k session.Key, cond session.Condition) error {
	return n.s.Remove(ctx, spelled(k), cond)
}

func (n named) ResetTimeout(ctx context.Context, k session.Key) error {
	return n.s.ResetTimeout(ctx, spelled(k))
}

func (n named) CreateUninitialized(ctx context.Context, k session.Key, v session.Value) error {
	return n.s.CreateUninitialized(ctx, spelled(k), v)
}
