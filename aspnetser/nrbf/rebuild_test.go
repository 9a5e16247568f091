package nrbf

import (
	"testing"
)

// Every Object of the fixtures is made anew, encoded and decoded: it must be the same to a reader.
func TestRebuildTheFixtures(t *testing.T) {
	count := 0
	for _, s := range streams(t) {
		g, _, err := Decode(s.bytes, Limits{})
		if err != nil {
			t.Fatal(s.name, err)
		}
		root := NewRebuilder(g).Value(g.Root())
		stream, err := EncodeStream(root)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		again, n, err := Decode(stream, Limits{})
		if err != nil || n != len(stream) {
			t.Errorf("%s: reading it again: %d of %d bytes, %v", s.name, n, len(stream), err)
			continue
		}
		if !Equal(g, again) {
			t.Errorf("%s: another value", s.name)
		}
		count++
	}
	if count < 150 {
		t.Errorf("only %d objects", count)
	}
}

// What is replaced is replaced wherever it is mentioned, and the rest keeps its identity.
func TestRebuildWithAnotherObject(t *testing.T) {
	node := &ClassType{Name: "App.Node", Library: "App"}
	node.Members = []MemberDecl{{"name", StringType}, {"next", node}, {"twin", node}}
	shared := node.New("shared", nil, nil)
	shared.Values[1] = shared // a cycle
	stream, err := EncodeStream(node.New("root", shared, shared))
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := Decode(stream, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r := NewRebuilder(g)
	old, _ := g.Root().Member("next")
	by := r.Class(old).New("new", nil, nil)
	r.Replace(old, by)
	root := r.Value(g.Root()).(*Instance)
	if root.Values[1] != any(by) || root.Values[2] != any(by) || root.Values[0] != "root" {
		t.Errorf("%v", root.Values)
	}
	if same := NewRebuilder(g).Value(old).(*Instance); same.Values[1] != any(same) {
		t.Error("the cycle is lost")
	}
}

func FuzzRebuild(f *testing.F) {
	for _, s := range streams(f) {
		if len(s.bytes) < 4096 {
			f.Add(s.bytes)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, _, err := Decode(b, Limits{})
		if err != nil {
			return
		}
		stream, err := EncodeStream(NewRebuilder(g).Value(g.Root()))
		if err != nil {
			return // a root that is no object, a DateTime out of range: what .NET never wrote
		}
		if _, _, err := Decode(stream, Limits{MaxMemory: -1, MaxExpanded: -1}); err != nil {
			t.Fatalf("reading it again: %v", err)
		}
	})
}
