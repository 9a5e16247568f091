package remoteapp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
)

// Bad commits of a load: 400, 413, the lock is given back, and nothing changes.
func TestPutRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   func(p *Payload) []byte
		text   string
	}{
		{"no body", 400, func(*Payload) []byte { return nil }, notDecoded},
		{"no payload", 400, func(*Payload) []byte { return []byte("{}") }, notDecoded},
		{"cut", 400, func(p *Payload) []byte { b := changed(p); return b[:len(b)-1] }, notDecoded},
		{"another id", 400, func(p *Payload) []byte { return changed(p, func(p *Payload) { p.SessionID = layout.NewSessionID() }) }, notDecoded},
		{"a bad timeout", 400, func(p *Payload) []byte { return changed(p, timeout(0)) }, notDecoded},
		{"too large", 413, func(p *Payload) []byte { return changed(p, set("UserName", strings.Repeat("x", 3000))) }, tooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := overHTTP(t, func(o *Options) { o.MaxBody = 2000 })
			w.usual()
			l := w.load(testID)
			status, text := w.whole(w.request(http.MethodPut, testID, false, chunked(c.body(l.Payload))))
			if status != c.status || !strings.HasPrefix(text, c.text) {
				t.Errorf("%d %q", status, text)
			}
			if rest := strings.Trim(l.rest(), "\n"); rest != "" {
				t.Errorf("the GET ends with %q", rest)
			}
			if got := w.items(shopKey); got != usually {
				t.Error(got)
			}
		})
	}
}

// A PUT that is cut off is no commit: a client that finds a key which it does not know has written the whole payload before.
func TestPutCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := overPipe(t)
		w.usual()
		l := w.load(testID)
		r, body := io.Pipe()
		go func() {
			body.Write(changed(l.Payload, set("CoreCount", "42")))
			body.CloseWithError(errors.New("there is an unknown key"))
		}()
		if _, err := w.client.Do(w.request(http.MethodPut, testID, false, r)); err == nil {
			t.Error("no error")
		}
		synctest.Wait()
		if got := w.items(shopKey); got != usually || w.h.Holding() != 0 {
			t.Error(got)
		}
	})
}

// A PUT whose body does not come to its end is given up, and so is its load, even if all of the payload is there.
func TestPutStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := overPipe(t)
		w.usual()
		l := w.load(testID)
		go l.rest()
		conn, err := w.pipe.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		began := time.Now()
		payload := changed(l.Payload, set("CoreCount", "42"))
		fmt.Fprintf(conn, "PUT /shop%s HTTP/1.1\r\nHost: bridge\r\n%s: %s\r\nCookie: %s=%s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n",
			SessionPath, DefaultKeyHeader, testKey, DefaultCookie, testID, len(payload), payload) // and no last chunk
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		if res.StatusCode != 400 || !strings.HasPrefix(string(text), notDecoded) || time.Since(began) != DefaultPatience || w.items(shopKey) != usually {
			t.Errorf("%d %q after %v: %s", res.StatusCode, text, time.Since(began), w.items(shopKey))
		}
	})
}

// Where a lock was taken from a holder whose request still runs, a PUT may be of either: none of them writes. Once the older
// one has gone, the younger one may.
func TestAmbiguousPut(t *testing.T) {
	for _, gone := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := overPipe(t)
			w.usual()
			old := w.load(testID)
			go old.rest()
			time.Sleep(DefaultStealAfter + time.Second)
			young := w.load(testID)
			want := usually
			if gone {
				old.cancel()
				synctest.Wait()
				if !w.record(shopKey).Lock.Locked {
					t.Error("the older one has given back the lock of the younger")
				}
				want = strings.Replace(usually, "41", "43", 1)
			}
			status, body := young.commit(set("CoreCount", "43"))
			if gone != (status == 200) || !gone && body != ambiguous || w.items(shopKey) != want {
				t.Errorf("%d %q: %s", status, body, w.items(shopKey))
			}
		})
	}
}

// A session that another process of ours holds: this one's PUT is refused.
func TestOtherInstance(t *testing.T) {
	w := overHTTP(t)
	other := overHTTP(t, func(o *Options) { o.Store = w.store })
	w.usual()
	l := w.load(testID)
	there := *l
	there.world = other
	if status, body := there.commit(set("CoreCount", "42")); status != 400 || body != noSession {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := l.commit(set("CoreCount", "43")); status != 200 || !strings.Contains(w.items(shopKey), "CoreCount=43") {
		t.Errorf("%d: %s", status, w.items(shopKey))
	}
}
