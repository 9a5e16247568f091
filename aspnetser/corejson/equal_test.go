package corejson

import (
	"strings"
	"testing"
)

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[1,{"c":null}]}`, ` { "b" : [ 1.0 , {"c":null} ] , "a" : 10e-1 } `, true},
		{`"Zo\u00EB \u003Cb\u003E"`, "\"Zo\u00eb <b>\"", true},
		{`"\ud83d\ude00"`, `"😀"`, true},
		{"1.10", "1.1", true}, {"1e2", "100", true}, {"-0", "0", true}, {"0e5", "0.000", true}, {"1e1000000000", "10e999999999", true},
		{"1e1000000000", "1e1000000001", false}, {"1e-5", "0.00001", true}, {"120", "12e1", true}, {"1", "-1", false},
		{"9007199254740993", "9007199254740992", false}, {"1e99999999999999999999", "1e99999999999999999999", true},
		{"1e99999999999999999999", "1e99999999999999999998", false}, {"1e00000000000000000000001", "10", true},
		{"0e99999999999999999999", "0", true},
		{"[1,2]", "[2,1]", false}, {"[1]", "[1,1]", false}, {"[]", "{}", false}, {"[[]]", "[[],[]]", false}, {"null", "false", false}, {"true", "false", false},
		{`{"a":1}`, `{"A":1}`, false}, {`{"a":1}`, `{"a":1,"b":2}`, false}, {`{"a":1,"a":2}`, `{"a":2}`, true}, {`{"a":1,"a":2}`, `{"a":1}`, false},
		{`{"\u0061":1}`, `{"a":1}`, true}, {`"1"`, "1", false},
		{"nonsense", "nonsense", true}, {"nonsense", "1", false}, {"", "", true}, {"1", "", false},
		{strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat(" [", 64) + strings.Repeat("]", 64), true},
		{strings.Repeat("[", 65) + strings.Repeat("]", 65), strings.Repeat(" [", 65) + strings.Repeat("]", 65), false}, // too deep
	} {
		if got := Equal([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("%.80s, %.80s: %v", c.a, c.b, got)
		}
		if Equal([]byte(c.b), []byte(c.a)) != c.want {
			t.Errorf("%.80s, %.80s: not symmetric", c.a, c.b)
		}
	}
}
