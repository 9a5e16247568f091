package layout

import (
	"errors"
	"testing"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
	"github.com/aspstate/aspstate/session/storetest"
)

// TestRespelledStore: by each rule that spells, sessions of applications lie in a table of spelled ids, and nobody notices.
func TestRespelledStore(t *testing.T) {
	reg, err := NewRegistry(
		Application{Name: "shop", AppIDs: []string{"/LM/W3SVC/1/ROOT/shop"}},
		Application{Name: "forum", AppIDs: []string{"/LM/W3SVC/1/ROOT/forum"}},
		Application{Name: "sho", AppIDs: []string{"/LM/W3SVC/1/ROOT/sho"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []IDRule{RuleInbox, RuleAsyncX64, RuleAsyncX86, RuleAsync21, RuleStateServer} {
		t.Run(string(rule), func(t *testing.T) {
			sp, err := NewSpelling(reg, rule)
			if err != nil {
				t.Fatal(err)
			}
			storetest.Run(t, func(t *testing.T) storetest.Subject {
				clock := storetest.NewClock()
				table := memstore.New(memstore.Options{Now: clock.Now})
				t.Cleanup(func() { table.Close() })
				return storetest.Subject{Store: &Respelled{Table: table, Spelling: sp, Rule: rule}, Clock: clock}
			}, storetest.Ordinary())
		})
	}
}

// TestRespelledStoreRefusesStrangers: of an application that the rule cannot spell nothing is read or written.
func TestRespelledStoreRefusesStrangers(t *testing.T) {
	sp, err := NewSpelling(nil, RuleAsync21)
	if err != nil {
		t.Fatal(err)
	}
	table := memstore.New(memstore.Options{})
	defer table.Close()
	r := &Respelled{Table: table, Spelling: sp, Rule: RuleAsync21}
	k, v, ctx := session.Key{App: "stranger", ID: "a"}, session.Value{Payload: []byte{1}, Timeout: 20}, t.Context()
	_, get := r.Get(ctx, k)
	_, lock := r.GetExclusive(ctx, k)
	for verb, err := range map[string]error{
		"Get": get, "GetExclusive": lock, "SetAndRelease": r.SetAndRelease(ctx, k, v, session.IfFree(0)),
		"ReleaseExclusive": r.ReleaseExclusive(ctx, k, 1), "Remove": r.Remove(ctx, k, session.IfFree(0)),
		"ResetTimeout": r.ResetTimeout(ctx, k), "CreateUninitialized": r.CreateUninitialized(ctx, k, v),
	} {
		var unknown *UnknownApplicationError
		if !errors.As(err, &unknown) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if n, err := table.Count(ctx); n != 0 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}
