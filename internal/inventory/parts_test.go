package inventory

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	for name, want := range map[string]string{
		"UserName": "UserName", "cart_1234": "cart_{n}", "Cart12Line3": "Cart{n}Line{n}", "": "", "ключ7": "ключ{n}", "7": "{n}",
		"s:0f8fad5b-d9cb-469f-a165-70867728950e:x": "s:{guid}:x", "0F8FAD5B-D9CB-469F-A165-70867728950E": "{guid}",
		"0f8fad5b-d9cb-469f-a165-70867728950e7": "{hex}-d{n}cb-{n}f-a{n}-{hex}",
		"tok_deadbeef01":                        "tok_{hex}", "deadbeef": "deadbeef", "q3m0zv5kd2xw1ea4tyh5rb0c": "{id}", "prefs_q3m0zv5kd2xw1ea4tyh5rb0c_a": "prefs_{id}_a",
		"ada.l@example.org": "{email}", "user:ada+x@example.co.uk!": "user:{email}!", "a@b": "a@b", "x@": "x@",
		"__ViewStateGenerator2": "__ViewStateGenerator{n}", "ctl00$Main$Grid1": "ctl{n}$Main$Grid{n}",
	} {
		got, generated, personal := pattern(name)
		if got != want || generated != (want != name) || personal != (strings.Contains(want, "{id}") || strings.Contains(want, "{email}")) {
			t.Errorf("%q: %q, %v, %v; want %q", name, got, generated, personal, want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, same := range [][]string{{"Key", "kEY", "\u212aey"}, {"straße", "STRAßE", "ſtraße"}, {"Ω", "ω", "\u2126"}} {
		for _, s := range same {
			if fold(s) != fold(same[0]) || !strings.EqualFold(s, same[0]) {
				t.Errorf("%q and %q", s, same[0])
			}
		}
	}
	if fold("a") == fold("b") {
		t.Error("all names are one")
	}
}

func TestCut(t *testing.T) {
	long := "q3m0zv5kd2xw1ea4tyh5rb0c" + strings.Repeat("é", 200)
	short, cutOff := cut(long)
	if again, _ := cut(strings.ToUpper(long)); !cutOff || len(short) > longestName || strings.Contains(short, "q3m0") || !strings.HasPrefix(short, "{id}") ||
		again[strings.IndexByte(again, '#'):] != short[strings.IndexByte(short, '#'):] {
		t.Errorf("%q", short)
	}
	if s, cutOff := cut("short"); s != "short" || cutOff {
		t.Errorf("%q", s)
	}
}

func TestSizes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var h histogram
		var all []int64
		for range 1 + r.IntN(300) {
			n := r.Int64N(1 << r.IntN(31))
			all = append(all, n)
			h.add(n)
		}
		slices.Sort(all)
		s := h.sizes()
		for _, q := range []struct{ got, percent int64 }{{s.Middle, 50}, {s.P95, 95}} {
			exact := all[(int64(len(all))*q.percent+99)/100-1]
			if q.got < exact || q.got > exact+exact/8 {
				t.Fatalf("%d %%: %d, exactly %d", q.percent, q.got, exact)
			}
		}
		if s.Least != all[0] || s.Most != all[len(all)-1] {
			t.Fatalf("%+v", s)
		}
	}
	var h histogram
	if h.sizes() != (Sizes{}) {
		t.Errorf("of nothing: %+v", h.sizes())
	}
	h.add(1 << 40)
	if s := h.sizes(); s.Middle != 1<<40 || s.P95 != 1<<40 {
		t.Errorf("of a terabyte: %+v", s)
	}
	for class := 1; class < len(h.classes); class++ {
		if classOf(upTo(class)) != class || classOf(upTo(class-1)+1) != class {
			t.Fatalf("class %d ends at %d, which is in %d", class, upTo(class), classOf(upTo(class)))
		}
	}
}

func TestEvenly(t *testing.T) {
	for _, n := range []int{0, 1, 7, 10, 11, 20, 21, 999, 100_000} {
		e := evenly[int]{most: 10}
		for i := range n {
			e.add(i)
		}
		got := e.take()
		if len(got) != min(n, 10) || !slices.IsSorted(got) || cap(e.kept) > 64 {
			t.Fatalf("of %d: %v", n, got)
		}
		for i := range got {
			if at := i * n / len(got); n > 10 && (got[i] > at+n/8 || got[i] < at-n/5) {
				t.Errorf("of %d: %v", n, got)
			}
		}
	}
}

func TestTypeNames(t *testing.T) {
	const core = "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
	for _, c := range []struct{ stored, library, csharp, identity string }{
		{"System.Int32", "", "int", "System.Int32"},
		{"System.Int32[,][]", "", "int[][,]", "System.Int32[,][]"},
		{"Contoso.Shop.Order", "Contoso.Shop, Version=1.0.0.0", "Contoso.Shop.Order", "Contoso.Shop.Order, Contoso.Shop"},
		{"Contoso.Cart+Line[]", "Contoso", "Contoso.Cart.Line[]", "Contoso.Cart+Line[], Contoso"},
		{"System.Collections.Generic.List`1[[System.String, " + core + "]]", "", "List<string>", "System.Collections.Generic.List`1[[System.String]]"},
		{"System.Collections.Generic.Dictionary`2[[System.String, " + core + "],[Contoso.Line, Contoso, Version=2]]", "", "Dictionary<string, Contoso.Line>",
			"System.Collections.Generic.Dictionary`2[[System.String],[Contoso.Line, Contoso]]"},
		{"System.Nullable`1[[System.Int32, " + core + "]]", "", "int?", "System.Nullable`1[[System.Int32]]"},
		{"Box`1+Lid`1[[System.String, " + core + "],[System.Decimal, " + core + "]]", "X", "Box<string>.Lid<decimal>", "Box`1+Lid`1[[System.String],[System.Decimal]], X"},
		{"UserPrefs", "App_Code.q7xk2m1p, Version=0.0.0.0", "UserPrefs", "UserPrefs, App_Code"},
		{"broken[[", "", "broken[[", "broken[["},
		{"", "", "", ""},
	} {
		x := parseType(c.stored, c.library)
		if x.csharp(true) != c.csharp || x.identity() != c.identity {
			t.Errorf("%s: %s, %s", c.stored, x.csharp(true), x.identity())
		}
	}
	if got := parseType(strings.Repeat("[", 5000), ""); len(got.name) > longestName+8 {
		t.Errorf("a name of %d bytes is kept", len(got.name))
	}
	for name, want := range map[string]bool{"Shop.Order": true, "<>f__AnonymousType0`2": false, "Größe": true, "": false, "Shop..x": true, "Shop.1": false} {
		if parseType(name, "").writable() != want {
			t.Errorf("%q can be written: %v", name, !want)
		}
	}
}

func FuzzTypeName(f *testing.F) {
	for _, s := range []string{"System.Int32[,][]", "Box`1+Lid`1[[System.String, mscorlib],[X]]", "a[[b[[c]]]]", "List`1[]", "A`9999999999[[B]]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x := parseType(s, "")
		_ = x.csharp(true) + x.identity() + goClassName(x)
		x.namespaces(func(string) {})
		if again := parseType(x.full(), ""); x.writable() && again.full() != x.full() {
			t.Errorf("%q is %q, and then %q", s, x.full(), again.full())
		}
	})
}

// docs/inventory.md has the table of what would break.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile("../../docs/inventory.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range table {
		if row := "| `" + x.code + "` | " + x.title + " | " + x.remedy + " |\n"; !strings.Contains(string(b), row) {
			t.Errorf("the table lacks %s", row)
		}
	}
}
