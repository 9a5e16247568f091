package tds

import (
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
)

// TestAFrontTracksNothing: who asks a front what has changed is told so, and looks at all rows.
func TestAFrontTracksNothing(t *testing.T) {
	for _, l := range emulated() {
		addr := serveFront(t, &Front{Store: emptyStore(t), Now: time.Now, Settings: Settings{
			Login: secretary, Databases: map[string]Database{"sessions": {Layout: l}},
		}})
		table := tableOver(t, addr, "sessions", l, time.Now)
		if _, err := table.Changes(t.Context(), ""); err != session.ErrUntracked {
			t.Errorf("%s: %v", l.Name, err)
		}
	}
}
