package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/session"
)

// secrets are what no log may hold: keys, ids, and what sessions hold.
var secrets = []string{shopSecret, forumSecret, rowsSecret, id, lockedSecond, "UserName", "Ada", "a secret of the session"}

// After all tests of the package the log of everything that was done has no secret in it.
func TestMain(m *testing.M) {
	code := m.Run()
	log := everything.String()
	for _, s := range secrets {
		if strings.Contains(log, s) {
			fmt.Printf("the log of all tests holds %q\n", s)
			code = 1
		}
	}
	os.Exit(code)
}

// What fails is logged, and without secrets: of the store's errors, and of a fault's text, which may be of what a session holds.
func TestLog(t *testing.T) {
	for _, op := range operations {
		for _, store := range []broken{{err: errors.New("disk")}, {err: fmt.Errorf("reading %v: %w", session.Key{App: "shop", ID: id}, session.ErrRefused)}, {fault: true}} {
			s := newSite(t)
			s.front.Store, s.front.Rows = store, store
			s.front.ServeHTTP(discard{}, op.call.request("http://bridge.test"))
			log := s.log.String()
			if op.name != "about" && !strings.Contains(log, "level=WARN") {
				t.Errorf("%s: nothing is logged of %+v", op.name, store)
			}
			for _, secret := range secrets {
				if strings.Contains(log, secret) {
					t.Errorf("%s: %q is in the log: %s", op.name, secret, log)
				}
			}
		}
	}
	if k := fmt.Sprintf("%v %+v", testKeys(), testKeys()[0]); strings.Contains(k, shopSecret) || bytes.Contains([]byte(k), testKeys()[0].Hash[:]) {
		t.Errorf("keys are shown as %s", k)
	}
}

// A client that goes away while the store is asked is no fault of the store, and outsiders cannot fill the log with that.
func TestLogOfWhoLeaves(t *testing.T) {
	s := newSite(t)
	s.front.Store = broken{err: context.Canceled}
	r := call{method: "GET", path: one}.request("http://bridge.test")
	gone, leave := context.WithCancel(r.Context())
	leave()
	s.front.ServeHTTP(httptest.NewRecorder(), r.WithContext(gone))
	if log := s.log.String(); log != "" {
		t.Error(log)
	}
}
