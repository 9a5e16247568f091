package cli

import (
	"strings"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
)

// What a reload cannot change over a table or a State Server is refused, and not left as it was without a word.
func TestSameApps(t *testing.T) {
	yes, no := true, false
	app := func(id string, compressed *bool) *settings {
		return &settings{apps: []layout.Application{{Name: "shop", AppIDs: []string{id}, Compressed: compressed}}}
	}
	const id = "/LM/W3SVC/3/ROOT/shop"
	again := sameApps(nil, app(id, &yes))
	also := true
	if _, err := again(app(id, &also)); err != nil {
		t.Errorf("nothing has changed: %v", err)
	}
	for name, fresh := range map[string]*settings{"compressed": app(id, &no), "compressed ": app(id, nil), "applications": app("/LM/W3SVC/7/ROOT/shop", &yes)} {
		if _, err := again(fresh); err == nil || !strings.HasPrefix(err.Error(), strings.TrimSpace(name)+" cannot be changed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
