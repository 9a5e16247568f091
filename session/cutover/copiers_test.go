package cutover

import (
	"errors"
	"testing"

	"github.com/aspstate/aspstate/session"
)

func TestMayCopy(t *testing.T) {
	body := func(a agreed) []byte { return a.body() }
	g := session.Agreement{Apps: []session.Agreed{
		{App: "back", Body: body(agreed{Phase: Proxy, Stage: settled})},
		{App: "leaving", Body: body(agreed{Phase: Proxy, Stage: announced, Next: &goal{Phase: Prepare}})},
		{App: "ready", Body: body(agreed{Phase: Prepare, Stage: settled})},
		{App: "over", Body: body(agreed{Phase: Done, Stage: settled})},
		{App: "broken", Body: []byte("{")},
	}}
	for app, want := range map[string]bool{"back": true, "new": true, "leaving": false, "ready": false, "over": false} {
		err := MayCopy(g, func(a string) bool { return a == app })
		var refused *RefusedError
		if (err == nil) != want || err != nil && (!errors.As(err, &refused) || refused.App != app) {
			t.Errorf("%s: %v", app, err)
		}
	}
	if err := MayCopy(g, func(a string) bool { return a == "broken" }); err == nil {
		t.Error("what cannot be read is taken for proxy")
	}
}
