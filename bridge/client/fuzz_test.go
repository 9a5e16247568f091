package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/session"
)

// FuzzRow reads lines of rows; what can be read is written and read again.
func FuzzRow(f *testing.F) {
	f.Add(`{"app":"shop","id":"q3m0zv5kd2xw1ea4tyh5rb0c","payload":"FAAAAAAA/w==","timeout":20,"created":12026880000000,"expires":1,"flags":1,"locked":true,"lockCookie":-1,"lockDate":3,"revision":"18446744073709551615"}`)
	f.Add(`{"app":"","id":"x","payload":null,"revision":"0"}`)
	f.Add(`{"app":"","id":"x","payload":"","revision":0}`)
	f.Add(`{"app":"","id":"x","new":1,"revision":"0"}`)
	f.Add(`{"app":"","id":"x","revision":"0"} {}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, line string) {
		var l recordLine
		if readLine([]byte(line), &l) != nil {
			return
		}
		r, err := l.record()
		if err != nil {
			return
		}
		c := session.Change{Record: r}
		b, err := json.Marshal(lineOfChange(&c))
		if err != nil {
			t.Fatal(err)
		}
		var again changeLine
		if err := readLine(b, &again); err != nil {
			t.Fatalf("%s cannot be read: %v", b, err)
		}
		s, err := again.Record.record()
		if err != nil || s.Key != r.Key || s.Fence() != r.Fence() || !bytes.Equal(s.Payload, r.Payload) || (s.Payload == nil) != (r.Payload == nil) {
			t.Errorf("%+v became %+v, %v", r, s, err)
		}
	})
}

// FuzzAbout reads what a bridge says of an application. Nothing is believed of another one.
func FuzzAbout(f *testing.F) {
	f.Add(`{"app":"shop","compressed":true}`)
	f.Add(`{"app":"shop","compressed":false,"timeoutMinutes":20}`)
	f.Add(`{"app":"shop","compressed":null}`)
	f.Add(`{"app":"forum","compressed":true}`)
	f.Add(`{"compressed":true}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		compressed, err := readAbout([]byte(body), "shop")
		if err != nil && compressed != nil || err == nil && !strings.Contains(strings.ToLower(body), `"app"`) && !strings.Contains(body, `\u`) {
			t.Errorf("%q says %v, %v", body, compressed, err)
		}
		if _, err := readAbout([]byte(body), "another shop"); err == nil && !strings.Contains(body, "another") && !strings.Contains(body, `\u`) {
			t.Errorf("%q is about another application", body)
		}
	})
}

// FuzzProblem reads answers that are no success. Each is an error, and none is a success.
func FuzzProblem(f *testing.F) {
	f.Add(423, `{"type":"urn:aspstate:problem:session-locked","title":"The session is locked","status":423,"detail":"D","lockCookie":7,"lockAgeSeconds":12,"lockSince":"2026-11-30T06:10:00.006Z","uninitialized":true}`)
	f.Add(409, `{"type":"urn:aspstate:problem:lock-stale","lockCookie":7,"lockAgeSeconds":1e300,"lockSince":"x"}`)
	f.Add(404, `{"type":"urn:aspstate:problem:session-not-found"}`)
	f.Add(409, `{"type":"urn:aspstate:problem:session-exists"}`)
	f.Add(500, `[]`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		err := readProblem(&http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {"application/problem+json"}}, Body: io.NopCloser(strings.NewReader(body)),
		})
		if err == nil || err.Error() == "" {
			t.Fatalf("%v", err)
		}
		var a aged
		if errors.As(err, &a) && ageOf(a.LockAge()) > tooOld {
			t.Errorf("an age of %v", a.LockAge())
		}
	})
}
