package compat

import (
	"errors"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/tdsproxy"
	"github.com/aspstate/aspstate/session"
)

// TestInsertOnce: the answer to a new row is lost, and before a second attempt somebody uses the row and removes it. Written again
// it would be a session that was abandoned.
func TestInsertOnce(t *testing.T) {
	for _, once := range []bool{false, true} {
		x := madeTable(t, "h_once", SchemaOptions{Layout: layout.FrameworkCompat, Type: "c", Database: "h_once"}, false)
		p, dsn := behind(t, x.server.Facts.Database)
		s, err := Connect(t.Context(), dsn, ConnectOptions{MaxConns: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		now := session.At(time.Now())
		rec := session.Record{
			Key: session.Key{ID: "one"}, Payload: []byte("x"), Timeout: 20, Created: now, Expires: now.AddMinutes(20),
			Lock: session.Lock{Cookie: 5, Since: now},
		}
		r := noWait(x.layout)
		r.Noted = func(string) { // between two attempts
			p.Set(nil)
			item, err := x.GetExclusive(t.Context(), rec.Key)
			if err == nil {
				err = x.Remove(t.Context(), rec.Key, session.IfCookie(item.Cookie))
			}
			if err != nil {
				t.Error(err)
			}
		}
		f := x.found
		y, err := s.Open(t.Context(), &f, Options{Retry: r, InsertOnce: once})
		if err != nil {
			t.Fatal(err)
		}
		defer y.Close()
		p.Set(func(q tdsproxy.Packet) tdsproxy.Act {
			return tdsproxy.Act{Drop: q.Direction == tdsproxy.Reply && q.Message == 1}
		})
		_, err = y.Apply(t.Context(), []session.Change{{Record: rec}})
		_, looked := session.PeekOne(t.Context(), x, rec.Key)
		switch {
		case once && (!errors.Is(err, ErrUnknownOutcome) || looked != nil):
			t.Errorf("once: %v; looked at: %v", err, looked)
		case !once && (err != nil || looked != nil):
			t.Errorf("again: %v; looked at: %v", err, looked)
		}
	}
}
