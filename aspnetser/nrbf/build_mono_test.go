package nrbf

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// otherwise are the graphs that .NET's writer spells otherwise than we do, and why.
var otherwise = map[string]string{
	"hashtable":     "pairs by hash code",
	"hashtable-200": "pairs by hash code",
	"twin":          "two classes of one name and the same members become one class, so that what is read is not what was written",
}

// TestMono has a C# program on Mono (scripts/nrbfcheck) deserialize the streams that the encoder writes and compare what comes
// out with graphs of its own, and then serialize these: the bytes must be ours, and what we read the same.
func TestMono(t *testing.T) {
	run := mono(t)
	ours, theirs := t.TempDir(), t.TempDir()
	written := map[string][]byte{}
	for name, tree := range monoTrees(t) {
		written[name] = write(t, ours, name, tree)
	}
	for _, args := range [][]string{{"read", ours}, {"write", theirs}} {
		if out, err := run.run(args...); err != nil {
			t.Fatalf("%s: %v\n%s", args[0], err, out)
		}
	}
	trees := monoTrees(t)
	for name, got := range written {
		want, err := os.ReadFile(filepath.Join(theirs, name+".bin"))
		if err != nil {
			t.Fatal(err)
		}
		if why, differs := otherwise[name]; differs {
			if bytes.Equal(got, want) {
				t.Errorf("%s: the same bytes, in spite of %s", name, why)
			}
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %s", name, firstDifference(got, want))
		}
		graph, n, err := Decode(want, Limits{})
		if err != nil || n != len(want) {
			t.Errorf("%s: decoding: %d of %d bytes, %v", name, n, len(want), err)
		} else if why := differs(trees[name], graph.Root()); why != "" {
			t.Errorf("%s: decoding: %s", name, why)
		}
	}
}

// TestMonoCanFail has the same program read streams in each of which one value is another: it must tell every one.
func TestMonoCanFail(t *testing.T) {
	run := mono(t)
	dir := t.TempDir()
	spoilt := 0
	var lines []string
	for name, tree := range monoTrees(t) {
		if text, ok := tree.(string); ok {
			tree = text + "!"
		} else if !spoil(tree, map[any]bool{}) {
			continue // nothing in it
		}
		spoilt++
		lines = append(lines, name+": ")
		write(t, dir, name, tree)
	}
	out, err := run.run("read", dir)
	if err == nil {
		t.Error("the program finds nothing")
	}
	for _, line := range lines {
		if !strings.Contains("\n"+out, "\n"+line) {
			t.Errorf("no complaint about %q", line)
		}
	}
	if spoilt < 100 {
		t.Errorf("only %d graphs have a value", spoilt)
	}
}

// TestMonoRandomTrees has the program read trees that the fuzz target's generator grows, and write what comes out: that must
// be the same bytes again, so that nothing is lost on the way and nothing is spelt otherwise than .NET does.
func TestMonoRandomTrees(t *testing.T) {
	run := mono(t)
	// Not those whose members must go together, which random ones do not: collections; a protected field, which is written
	// twice; Ticket, which declares a member by its value. Nor the twin, see otherwise.
	out := []Type{cOrder, cTwin, cCustomer, cTicket}
	types := slices.DeleteFunc(slices.Clone(growTypes), func(t Type) bool {
		return slices.Contains(out, t) || strings.HasPrefix(t.FullName(), "System.Collections.Generic.Dict") ||
			t.FullName() == "System.Collections.Hashtable"
	})
	dir := t.TempDir()
	written := map[string][]byte{}
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := make([]byte, 20+r.IntN(600))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		g := grower{bytes: b, types: types, proper: true}
		if stream, err := EncodeStream(g.value(types[g.pick(len(types))], 0)); err == nil {
			name := strconv.FormatUint(seed, 10)
			written[name] = stream
			if err := os.WriteFile(filepath.Join(dir, name), stream, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(written) < 800 {
		t.Fatalf("only %d trees", len(written))
	}
	if out, err := run.run("again", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range written {
		got, err := os.ReadFile(filepath.Join(dir, name+".again"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("the tree of seed %s: %s", name, firstDifference(got, want))
		}
	}
}

// spoil changes the first value of a tree that means anything to .NET.
func spoil(v any, seen map[any]bool) bool {
	switch v := v.(type) {
	case *Instance:
		if v == nil || seen[v] {
			return false
		}
		seen[v] = true
		for i, m := range v.Class.Members {
			switch m.Name {
			case "_size", "_version", "Version", "HashSize", "LoadFactor": // of collections
				continue
			}
			if other, ok := otherValue(v.Values[i]); ok {
				v.Values[i] = other
				return true
			}
			if spoil(v.Values[i], seen) {
				return true
			}
		}
	case *Array:
		if v == nil || seen[v] || v.count() == 0 {
			return false
		}
		seen[v] = true
		values := reflect.ValueOf(v.Values)
		for i := range values.Len() {
			if other, ok := otherValue(values.Index(i).Interface()); ok {
				values.Index(i).Set(reflect.ValueOf(other))
				return true
			}
			if spoil(values.Index(i).Interface(), seen) {
				return true
			}
		}
	}
	return false
}

// otherValue returns another primitive value or string of the same type.
func otherValue(v any) (other any, ok bool) {
	switch v := v.(type) {
	case string:
		return v + "!", true
	case bool:
		return !v, true
	case Decimal:
		v.Scale ^= 1
		return v, true
	case DateTime:
		v.Kind ^= DateTimeUTC
		return v, true
	case float64:
		return math.Float64frombits(math.Float64bits(v) ^ 1), true
	case float32:
		return math.Float32frombits(math.Float32bits(v) ^ 1), true
	}
	code, bits := primitiveOf(v)
	if code == 0 {
		return nil, false
	}
	return goValue(code, bits^1), true
}

// program is scripts/nrbfcheck, compiled.
type program struct{ exe string }

// run runs it and returns what it prints.
func (p program) run(args ...string) (string, error) {
	out, err := exec.Command("mono", append([]string{p.exe}, args...)...).CombinedOutput()
	return string(out), err
}

// mono compiles the program, or skips the test.
func mono(t *testing.T) program {
	t.Helper()
	for _, tool := range []string{"mcs", "mono"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: on Debian, apt-get install --no-install-recommends mono-mcs", tool)
		}
	}
	dir := t.TempDir()
	source := func(name string) string { return filepath.Join("..", "..", "scripts", "nrbfcheck", name) }
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, args := range [][]string{
		{"-target:library", "-out:" + in("Contoso.Check.dll"), source("Types.cs")},
		{"-target:library", "-out:" + in("Contoso.Twin.dll"), source("Twin.cs")},
		{"-out:" + in("nrbfcheck.exe"), "-r:" + in("Contoso.Check.dll"), "-r:twin=" + in("Contoso.Twin.dll"),
			source("Check.cs"), source("Compare.cs"), source("Graphs.cs")},
	} {
		if out, err := exec.Command("mcs", args...).CombinedOutput(); err != nil {
			t.Fatalf("mcs %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	return program{in("nrbfcheck.exe")}
}

func write(t *testing.T, dir, name string, tree any) []byte {
	t.Helper()
	b, err := EncodeStream(tree)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".bin"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}
