package layout

import (
	"errors"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/session"
)

// capturedKey is {K} of state-server-protocol.md 17, from a real client.
const capturedKey = "%2fLM%2fW3SVC%2f2%2fROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5%2fHxWS854%3d)%2f"

func TestCapturedPath(t *testing.T) {
	decoded := DecodeTarget(capturedKey + raw24)
	if want := "/LM/W3SVC/2/ROOT(oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5/HxWS854=)/" + raw24; decoded != want {
		t.Errorf("decoded %q", decoded)
	}
	if got := EscapeTarget(decoded); got != capturedKey+raw24 {
		t.Errorf("escaped %q", got)
	}
	if got := StateServerHash(site2); got != "oXvpnxcuEWqKAgOETha32JavYZ6eCqrpTN5/HxWS854=" {
		t.Errorf("hash %q", got)
	}
	p, err := (&Registry{}).ParsePath(capturedKey + raw24)
	if err != nil || p != (StateServerPath{site2, StateServerHash(site2), raw24}) || p.String() != decoded {
		t.Errorf("got %+v, %v", p, err)
	}
}

// TestDecodeTarget: state-server-protocol.md 4.2.
func TestDecodeTarget(t *testing.T) {
	for target, want := range map[string]string{
		"":              "",
		"abc":           "abc",
		"//LM/W3SVC":    "/LM/W3SVC", // 1.x
		"///LM":         "//LM",      // one slash only
		"/%2fLM":        "//LM",      // stripped before decoding
		"%2F%2f":        "//",        // either case; not stripped
		"a+b%2bc%20":    "a b+c ",
		"%":             "%",
		"%4":            "%4",
		"%4g%g4%%41":    "%4g%g4%A",
		"%u0041%u00e9":  "Aé",
		"%ud83d%uDE00":  "😀",
		"%ud83dx":       "\uFFFDx",
		"%u12":          "%u12",
		"%u12g4%u":      "%u12g4%u",
		"%c3%a9":        "é",
		"%c3%41%a9":     "\uFFFDA\uFFFD",
		"%c3%u00a9":     "\uFFFD©",
		"%u00e9%c3%a9+": "éé ",
		"é%c3":          "é\uFFFD",
		"%U0041":        "%U0041",
		"%\x14\x14":     "%\x14\x14", // a digit but for one bit
		"(a=)/b c":      "(a=)/b c",  // a blank of 1.x
		"%00":           "\x00",
		"a%2525":        "a%25", // once only
	} {
		if got := DecodeTarget(target); got != want {
			t.Errorf("%q gives %q, want %q", target, got, want)
		}
	}
}

func TestEscapeTarget(t *testing.T) {
	if got, want := EscapeTarget("/aZ09-_.!*() é+=~'%"), "%2faZ09-_.!*()+%c3%a9%2b%3d%7e%27%25"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStateServerKey(t *testing.T) {
	reg := mustRegistry(t, Application{Name: "shop", AppIDs: []string{site1, "LM/W3SVC/9/ROOT"}},
		Application{Name: "odd", AppIDs: []string{"/LM/W3SVC/1/ROOT/my(app)"}})
	sha1, sha256 := strings.Repeat("A", 27)+"=", strings.Repeat("B", 43)+"="
	for target, want := range map[string]session.Key{
		site1 + "(" + sha256 + ")/" + raw24:             key("shop", raw24),
		site1 + "(" + sha1 + ")/" + raw24:               key("shop", raw24), // every hash
		site1 + "()/" + raw24:                           key("shop", raw24),
		"//LM/W3SVC/1/ROOT(x y)/" + raw24:               key("shop", raw24), // a + that was not escaped
		"LM/W3SVC/1/ROOT(" + sha1 + ")/" + raw24:        key("shop", raw24), // a host without slash
		"/LM/W3SVC/9/ROOT(" + sha1 + ")/" + raw24:       key("shop", raw24),
		"%2FLM%2FW3SVC%2F1%2FROOT(x)%2F" + raw24:        key("shop", raw24),
		"/LM/W3SVC/1/ROOT/my(app)(" + sha1 + ")/" + "a": key("odd", "a"),
		site1 + "(" + sha1 + ")/a/b(c)/d":               key("shop", "a/b(c)/d"),
		// The user's part cannot pass for another application.
		"/other(" + sha1 + ")/x" + "/(" + sha1 + ")/y": key("/other("+sha1+")", "x/("+sha1+")/y"),
		// Not registered: an application of its own for each hash and each case of the path.
		"/lm/w3svc/1/root(" + sha256 + ")/" + raw24:   key("/lm/w3svc/1/root("+sha256+")", raw24),
		"/lm/w3svc/1/root(" + sha1 + ")/" + raw24:     key("/lm/w3svc/1/root("+sha1+")", raw24),
		"/w3svc/root/fxstatebvt(" + sha1 + ")%2f15hg": key("/w3svc/root/fxstatebvt("+sha1+")", "15hg"),
		"/a(b)/c(" + sha1 + ")/d":                     key("/a(b)/c("+sha1+")", "d"), // b is no hash
	} {
		got, err := reg.StateServerKey(target)
		if err != nil || got != want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", target, got, err, want)
		}
	}
	for _, target := range []string{"", raw24, "/", "/LM(x)/id", site1 + "(" + sha1 + ")", site1 + "(" + sha1 + ")/", site1 + "(" + sha1, "(" + sha1 + ")/id", "x(" + sha1 + ")/id"} {
		_, err := reg.StateServerKey(target)
		var path *PathError
		if !errors.As(err, &path) {
			t.Errorf("%s: %v", target, err)
		}
	}
}
