package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/session"
)

// verbsOnly is a store as a State Server is one: it cannot be looked into, and knows one condition.
type verbsOnly struct{ session.Store }

var errCondition = errors.New("only under IfFree")

func (s verbsOnly) SetAndRelease(ctx context.Context, k session.Key, v session.Value, c session.Condition) error {
	if c.Kind() != session.KindIfFree {
		return errCondition
	}
	return s.Store.SetAndRelease(ctx, k, v, c)
}

func (s verbsOnly) Remove(ctx context.Context, k session.Key, c session.Condition) error {
	if c.Kind() != session.KindIfFree {
		return errCondition
	}
	return s.Store.Remove(ctx, k, c)
}

// Over a State Server what is done under a lock is done, and refused while somebody else has it.
func TestOverAStateServer(t *testing.T) {
	s := newSite(t)
	s.front.Store, s.front.IfFree = verbsOnly{s.mem}, true
	s.put(shop(id), blob("Ada"))
	put := func(cookie string) call {
		return call{method: "PUT", path: one, body: jsonSession("Grace"), header: head("Aspstate-Lock", cookie)}
	}
	lock := s.want(http.StatusOK, call{method: "POST", path: one + "/lock"}).Header().Get("Aspstate-Lock")
	s.want(http.StatusNoContent, put(lock))
	s.want(http.StatusNoContent, call{method: "PATCH", path: one, body: `{"remove":["UserName"]}`})
	lock = s.want(http.StatusOK, call{method: "POST", path: one + "/lock"}).Header().Get("Aspstate-Lock")
	for _, c := range []call{put("77"), {method: "DELETE", path: one, header: head("Aspstate-Lock", "77")}} {
		if body := s.want(http.StatusConflict, c).Body.String(); !strings.Contains(body, `:lock-stale"`) || !strings.Contains(body, `"lockCookie":`+lock+`,"lockAgeSeconds":0`) {
			t.Errorf("it does not tell of the lock: %s", body)
		}
	}
	s.want(http.StatusNoContent, call{method: "DELETE", path: one, header: head("Aspstate-Lock", lock)})
	s.put(shop(id), blob("Ada"))
	s.want(http.StatusNoContent, call{method: "DELETE", path: one})
	if all := s.all(); len(all) > 0 {
		t.Errorf("%d sessions are left", len(all))
	}
}
