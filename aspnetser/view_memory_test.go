package aspnetser

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// costlyViews are graphs that are made to cost much when they are shown. Many of them refer to one text or array.
func costlyViews() map[string]func() any {
	table := &nrbf.ClassType{Name: "System.Data.DataTable", Library: "L", Members: []nrbf.MemberDecl{
		{Name: "XmlSchema", Type: nrbf.ObjectType}, {Name: "XmlDiffGram", Type: nrbf.ObjectType}}}
	times := func(n int, element func() any) any {
		var all []any
		for range n {
			all = append(all, element())
		}
		return things(all...)
	}
	tables := func(rows string) func() any {
		data := tDiffgram(rows)
		return func() any { return times(15, func() any { return table.New(tSchema, data) }) }
	}
	return map[string]func() any{
		"rows":       tables("<X>" + strings.Repeat(`<T d:id="T"/>`, 75_000) + "</X>"),
		"attributes": tables("<X " + strings.Repeat(`a="" `, 200_000) + "/>"),
		"modified rows": func() any {
			var rows strings.Builder
			for i := range 25_000 {
				fmt.Fprintf(&rows, `<T d:id="%d" d:hasChanges="modified"/>`, i)
			}
			return tables("<X>" + rows.String() + "</X>")()
		},
		"stack traces": func() any {
			trace := strings.Repeat("\n", 1<<20) + "x"
			return times(10, func() any { return thing("E", "ClassName", "E", "Message", "m", "StackTraceString", trace) })
		},
		"streams of sets": func() any {
			inner, err := nrbf.EncodeStream(&nrbf.Array{Elem: nrbf.ObjectType, Values: make([]any, 1<<19)})
			if err != nil {
				return nil
			}
			stream := &nrbf.Array{Elem: nrbf.PrimitiveByte, Values: inner}
			return times(40, func() any {
				return thing("System.Data.DataSet", "DataSet.RemotingVersion", nil, "DataSet.Tables.Count", int32(1), "DataSet.Tables_0", stream)
			})
		},
		"members": func() any {
			wide := thing("Wide")
			for i := range 100_000 {
				wide.Class.Members = append(wide.Class.Members, nrbf.MemberDecl{Name: nrbf.BackingField(fmt.Sprint(i)), Type: nrbf.ObjectType})
			}
			wide.Values = make([]any, len(wide.Class.Members))
			return times(50, func() any { return times(50, func() any { return thing("P", "a", wide) }) })
		},
	}
}

const viewCase = "ASPSTATE_VIEW" // environment: the case that this process measures

// The text of a hostile session stays within 64 MB and 20 times its size, counted as what the process has from the system.
// Each case has a process of its own.
func TestViewMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates too")
	}
	if file := os.Getenv(viewCase); file != "" {
		stream, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		g, _, err := nrbf.Decode(stream, nrbf.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		text := AppendText(nil, &Session{Items: []Item{{Key: "a", Value: Object(g)}, {Key: "b", Value: Object(g)}}})
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		fmt.Printf("peak %d of %d, %d bytes of text\n", m.Sys, 64<<20+20*len(stream), len(text))
		return
	}
	for name, build := range costlyViews() {
		t.Run(name, func(t *testing.T) {
			stream, err := nrbf.EncodeStream(build())
			if err != nil {
				t.Fatal(err)
			}
			file := t.TempDir() + "/stream"
			if err := os.WriteFile(file, stream, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestViewMemory$")
			cmd.Env = append(os.Environ(), viewCase+"="+file)
			out, err := cmd.CombinedOutput()
			var got, most, text int
			if _, scanErr := fmt.Sscanf(string(out), "peak %d of %d, %d bytes", &got, &most, &text); err != nil || scanErr != nil {
				t.Fatalf("%v, %v: %s", err, scanErr, out)
			}
			t.Logf("%d of %d MB", got>>20, most>>20)
			if got > most {
				t.Errorf("%d bytes, over %d", got, most)
			}
			if text > 3*(defaultViewBytes+viewSlack) {
				t.Errorf("%d bytes of text", text)
			}
		})
	}
}
