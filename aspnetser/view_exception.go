package aspnetser

import (
	"fmt"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// exceptionShape is a line with the message and what else is known (fixture o-exception).
func exceptionShape(m *members) (shape, bool) {
	message, ok := m.get("Message")
	if class, ok2 := m.text("ClassName"); !ok || !ok2 || class != m.v.ClassName() ||
		message.Kind() != nrbf.KindString && !message.IsNull() {
		return shape{}, false
	}
	s := shape{kind: shapeObject}
	if text, ok := message.Text(); ok {
		s.text = func(dst []byte, most int) []byte { return appendCut(dst, text, most+3*min(most, 1000)) }
	}
	m.skip("HResult", "RemoteStackIndex")
	m.skipAny("ExceptionMethod", "WatsonBuckets")
	m.skipNull("Data", "InnerException", "HelpURL", "StackTraceString", "RemoteStackTraceString", "Source",
		"SafeSerializationManager")
	if code, ok := m.int("HResult"); ok {
		s.note = fmt.Sprintf("HResult 0x%08x", uint32(code))
	}
	for _, name := range []string{"StackTraceString", "RemoteStackTraceString"} {
		if trace, ok := m.text(name); ok {
			v, _ := m.get(name)
			s.fields = append(s.fields, fieldView{name, View{v: v, made: &made{shape: linesShape(trace)}}})
		}
	}
	return s, true
}

// linesShape is a text line by line, and what is left behind a thousand of them as one.
func linesShape(s string) shape {
	s = strings.TrimRight(s, "\r\n ")
	lines := strings.SplitN(s, "\n", 1000)
	return shape{kind: shapeList, n: len(lines), bare: true, at: func(i int) View {
		line := strings.TrimSpace(lines[i])
		return View{made: &made{shape: shape{str: line, isStr: true, text: func(dst []byte, most int) []byte {
			return append(dst, printable(line, max(most, 200))...)
		}}}}
	}}
}
