package scripts

import (
	"reflect"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	script := "-- head\nSET X;\nGO\n\n  go  \r\n\nCREATE 1\n-- GO is not alone\nGOTO x\n Go\nlast"
	want := []Batch{{1, "-- head\nSET X;"}, {7, "CREATE 1\n-- GO is not alone\nGOTO x"}, {11, "last"}}
	if got := Split(script); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	if got := Split("GO\nGO\n \n"); got != nil {
		t.Errorf("no batch at all: %+v", got)
	}
}

// TestGuard: what is there is left alone, and every quote survives being put into a text.
func TestGuard(t *testing.T) {
	text, objects := guard("--@ procedure [dbo].[p]\nCREATE PROCEDURE [dbo].[p] AS SELECT N'it''s';\nGO\nSET X;\nGO\n--@ role [it's]\nCREATE ROLE [it's];\nGO\n")
	if want := []object{{"procedure", "[dbo].[p]"}, {"role", "[it's]"}}; !reflect.DeepEqual(objects, want) {
		t.Errorf("objects %+v, want %+v", objects, want)
	}
	for _, want := range []string{
		"IF OBJECT_ID(N'[dbo].[p]', N'P') IS NOT NULL\n", "EXEC (N'\nCREATE PROCEDURE [dbo].[p] AS SELECT N''it''''s'';');", "\nGO\nSET X;\nGO\n",
		"IF DATABASE_PRINCIPAL_ID(N'it''s') IS NOT NULL\n", "N'[it''s]' AS [name], N'there'",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// TestRenderLeavesNothing of the templates behind: no marker, no value that is missing, no blank line.
func TestRenderLeavesNothing(t *testing.T) {
	for name := range templateOf {
		for _, o := range []Options{{}, {Memory: true}, {Memory: true, StandIn: true, Retry: true}, {Babelfish: true, PurgeJob: true, Role: "r", CopyRole: "r"}} {
			o.Layout, o.Table, o.Type = name, "T", "c"
			text, err := Render(o)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, bad := range []string{marker, "<no value>", "{{", "\n\n", "<nil>"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s, %+v: the script has %q", name, o, bad)
				}
			}
			if !strings.HasSuffix(text, "\nGO\n") {
				t.Errorf("%s: the script ends with %.30q", name, text[max(0, len(text)-30):])
			}
		}
	}
	if _, err := Render(Options{Layout: "embedded"}); err == nil {
		t.Error("layout embedded has a script")
	}
}
