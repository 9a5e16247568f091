package layout

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/fixtures"
)

func TestSuffixVectors(t *testing.T) {
	type async struct {
		Hash   int32  `json:"hash_int"`
		Suffix string `json:"suffix"`
		ID     string `json:"session_id"`
	}
	var f struct {
		Raw     string `json:"raw_session_id"`
		Vectors []struct {
			AppID string `json:"app_domain_app_id"`
			Inbox struct {
				AppID  int32  `json:"app_id_int"`
				Suffix string `json:"suffix"`
				ID     string `json:"session_id"`
			} `json:"inbox"`
			X86 async `json:"async_fx32"`
			X64 async `json:"async_fx64"`
			V21 async `json:"async_v21"`
			Raw struct {
				Suffix string `json:"suffix"`
				ID     string `json:"session_id"`
			} `json:"sqlinmemory"`
		} `json:"vectors"`
	}
	if err := json.Unmarshal(fixtures.AppIDSuffixes, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Vectors) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range f.Vectors {
		s, err := NewSpelling(mustRegistry(t, Application{Name: "a", AppIDs: []string{v.AppID}}), RuleRaw)
		if err != nil {
			t.Fatal(err)
		}
		for rule, want := range map[IDRule]async{
			RuleInbox: {v.Inbox.AppID, v.Inbox.Suffix, v.Inbox.ID}, RuleAsyncX86: v.X86, RuleAsyncX64: v.X64, RuleAsync21: v.V21,
			RuleRaw: {0, v.Raw.Suffix, v.Raw.ID},
		} {
			if n, err := SuffixValue(rule, v.AppID); (err == nil) != rule.Suffixed() || int32(n) != want.Hash {
				t.Errorf("%s by %s: value %d, %v; want %d", v.AppID, rule, int32(n), err, want.Hash)
			}
			if got := Suffix(rule, v.AppID); got != want.Suffix {
				t.Errorf("%s by %s: suffix %q, want %q", v.AppID, rule, got, want.Suffix)
			}
			if k, err := s.Spell(key("a", f.Raw), rule); err != nil || k != key("", want.ID) {
				t.Errorf("%s by %s: id %q, %v", v.AppID, rule, k.ID, err)
			}
		}
	}
}

// TestHashes: values of a second implementation, which was written in another language after the listings of
// sql-layouts.md 13.2 and 13.3 (with the pointer arithmetic of the originals); the empty string's, /LM/W3SVC/1/ROOT/myapp's
// and the in-box one of /LM/W3SVC/8/ROOT are in the reference.
func TestHashes(t *testing.T) {
	root := "/LM/W3SVC/1/ROOT/"
	for _, c := range []struct {
		why, appID, inbox, x64, x86, v21 string
	}{
		{"empty", "", "00001505", "162A16FE", "2D2816FE", "2D2816FE"},
		{"one unit", "x", "0002b5dd", "162CB7D6", "CDCAB7D8", "CDCAB7D6"},
		{"two", "ab", "00596e26", "412F7A47", "CDE8B7BF", "37ED7A47"},
		{"three", "abc", "0b873285", "418632AA", "2001D81A", "ECE432AA"},
		{"letters of code page 1252", root + "Größe ÀÖØÞß×÷", "3b63c1e8", "92F8113D", "73FF1C52", "7E36113D"},
		{"its bytes 80 to 9F, and what it lacks", root + "ŠŒŽŸ€™…漢İK\u0081\u0080", "7e806d30", "A489BC98", "986E46ED", "58A7BC98"},
		{"surrogates", root + "🐟x", "ad957ae6", "43CB98ED", "5E986758", "B04998ED"},
		{"NUL at an odd place", root + "a\x00b", "ad94ea3d", "9A6E5460", "CF49E8E7", "BA7963CA"},
		{"NUL at an even place", root + "ab\x00c", "6030953e", "24D0F45E", "F608BBBB", "140D803F"},
		{"417 units", root + strings.Repeat("Aé", 200), "c8f12b77", "8164CADB", "A179762D", "8502CADB"},
		{"digits only", "/LM/W3SVC/8/ROOT", "15890198", "7E026D3D", "7DB2A1C2", "B3006D3D"},
		{"case", root + "myapp", "6565ceab", "1CEBE5DE", "A5B32B17", "1929E5DE"},
	} {
		for rule, want := range map[IDRule]string{RuleInbox: c.inbox, RuleAsyncX64: c.x64, RuleAsyncX86: c.x86, RuleAsync21: c.v21} {
			if got := Suffix(rule, c.appID); got != want {
				t.Errorf("%s by %s: %s, want %s", c.why, rule, got, want)
			}
		}
	}
	if v, _ := SuffixValue(RuleAsyncX86, ""); v != 757602046 {
		t.Errorf("32-bit hash of the empty string: %d", v)
	}
	if v, _ := SuffixValue(RuleAsyncX64, ""); v != 371857150 {
		t.Errorf("64-bit hash of the empty string: %d", v)
	}
}

func TestInboxNames(t *testing.T) {
	same := func(why, a, b string) {
		t.Helper()
		if Suffix(RuleInbox, a) != Suffix(RuleInbox, b) {
			t.Errorf("%s: %q and %q differ", why, a, b)
		}
	}
	long := strings.Repeat("a", 280)
	same("case does not count", "/LM/W3SVC/1/ROOT/MYAPPÄÞŠŸ", "/lm/w3svc/1/root/myappäþšÿ")
	same("cut at 280", long+"b", long+"c")
	same("what the code page lacks is a question mark", "漢", "?")
	same("a pair is two of them", "🐟", "??")
	if Suffix(RuleInbox, long[1:]+"b") == Suffix(RuleInbox, long[1:]+"c") {
		t.Error("the 280th character does not count")
	}
	if Suffix(RuleInbox, "×") == Suffix(RuleInbox, "÷") {
		t.Error("the multiplication sign has been lowered")
	}
	if Suffix(RuleInbox, "ā") == Suffix(RuleInbox, "a") {
		t.Error("best fit has been attempted")
	}
}

// TestSharedDigits: the 64-bit and the 2.1 suffix differ in the upper half only (13.3).
func TestSharedDigits(t *testing.T) {
	for site := range 200 {
		id := fmt.Sprintf("/LM/W3SVC/%d/ROOT/shop%d", site, site*7919)
		if a, b := Suffix(RuleAsyncX64, id), Suffix(RuleAsync21, id); a[4:] != b[4:] || a == b {
			t.Fatalf("%s: %s and %s", id, a, b)
		}
	}
}

func TestRuleNames(t *testing.T) {
	for _, r := range rules {
		if got, err := ParseIDRule(" " + strings.ToUpper(string(r))); err != nil || got != r {
			t.Errorf("%s: %q, %v", r, got, err)
		}
		if _, err := ParseIDRule(string(r) + "x"); err == nil || !strings.Contains(err.Error(), string(r)) {
			t.Errorf("%sx: %v", r, err)
		}
	}
	got, err := ParseIDRules("inbox, async-x64")
	if err != nil || !slices.Equal(got, []IDRule{RuleInbox, RuleAsyncX64}) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"", "inbox,", "inbox,inbox", "inbox;raw"} {
		if got, err := ParseIDRules(bad); err == nil {
			t.Errorf("%q gives %q", bad, got)
		}
	}
}
