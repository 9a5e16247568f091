package corejson

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// shop is scripts/corejsoncheck, compiled.
type shop struct{ exe, dir string }

func (s shop) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("mono", append([]string{s.exe}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// mono compiles the program, or skips the test.
func mono(t *testing.T) shop {
	t.Helper()
	for _, tool := range []string{"mcs", "mono"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: on Debian, apt-get install --no-install-recommends mono-mcs", tool)
		}
	}
	dir := t.TempDir()
	source := func(name string) string { return filepath.Join("..", "..", "scripts", "corejsoncheck", name) }
	library, exe := filepath.Join(dir, "Demo.Shop.dll"), filepath.Join(dir, "corejsoncheck.exe")
	for _, args := range [][]string{
		{"-target:library", "-out:" + library, source("Shop.cs")},
		{"-out:" + exe, "-r:" + library, "-r:System.Core", source("Check.cs")},
	} {
		if out, err := exec.Command("mcs", args...).CombinedOutput(); err != nil {
			t.Fatalf("mcs %v: %v\n%s", args, err, out)
		}
	}
	return shop{exe, dir}
}

// object reads a stream that the program wrote.
func (s shop) object(t *testing.T, name string) aspnetser.Value {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := nrbf.Decode(b, nrbf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return aspnetser.Object(g)
}

// show has the program say what it reads.
func (s shop) show(t *testing.T, v aspnetser.Value) string {
	t.Helper()
	g, _ := v.Graph()
	file := filepath.Join(s.dir, "shown")
	if err := os.WriteFile(file, g.Append(nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(s.run(t, "show", file))
}

const shopLibrary = "Demo.Shop, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"

var shopClasses = []Class{
	{Name: "Demo.Shop.Colour", Library: shopLibrary, Enum: "int"},
	{Name: "Demo.Shop.Level", Library: shopLibrary, Enum: "byte"},
	{Name: "Demo.Shop.Money", Library: shopLibrary, Struct: true, Complete: true, Members: []Member{
		{Name: "Amount", Type: "decimal"}, {Name: "Currency", Type: "string"},
	}},
	{Name: "Demo.Shop.Line", Library: shopLibrary, Members: []Member{
		{Name: "Sku", Type: "string"}, {Name: "Qty", Type: "int"}, {Name: "Price", Type: "Money"},
		{Name: "Note", Type: "string", Field: "m_note"}, {Type: "int", Field: "weight"},
	}},
	{Name: "Demo.Shop.Tag", Library: shopLibrary, Complete: true, Members: []Member{
		{Name: "Name", Type: "string"}, {Name: "Shade", Type: "Colour?"},
	}},
	{Name: "Demo.Shop.Cart", Library: shopLibrary, Members: []Member{
		{Name: "Id", Type: "long", Field: "Basket+<Id>k__BackingField"},
		{Name: "Opened", Type: "DateTime"}, {Name: "Closed", Type: "DateTime?"}, {Name: "Seen", Type: "DateTimeOffset"},
		{Name: "Shade", Type: "Colour"}, {Name: "Level", Type: "Level"}, {Name: "Token", Type: "Guid"}, {Name: "Idle", Type: "TimeSpan"},
		{Name: "Lines", Type: "List<Line>"}, {Name: "Gifts", Type: "Line[]"}, {Name: "BySku", Type: "Dictionary<string, Line>"},
		{Name: "Words", Type: "HashSet<string>"}, {Name: "Marks", Type: "int?[]"}, {Name: "Blob", Type: "byte[]"}, {Name: "Tags", Type: "List<Tag>"},
		{Name: "Voucher", Type: "Money?"}, {Name: "Home", Type: "Uri"}, {Name: "Client", Type: "Version"}, {Name: "Selected", Type: "Line"},
		{Name: "Parent", Type: "Cart"},
	}},
}

// What .NET writes becomes JSON, what is changed in that goes back into the object, and .NET reads the whole: with all that JSON
// has not.
func TestMono(t *testing.T) {
	s := mono(t)
	s.run(t, "write", s.dir)
	schema, err := NewSchema(shopClasses, nil)
	if err != nil {
		t.Fatal(err)
	}
	const (
		first  = `{"Sku":"A-1","Qty":2,"Price":{"Amount":1.10,"Currency":"EUR"},"Note":"gift"}`
		second = `{"Sku":"B-2","Qty":1,"Price":{"Amount":0,"Currency":null},"Note":null}`
		line1  = "line('A-1' 2 1.10'EUR' 'gift' 10g)"
		line2  = "line('B-2' 1 0- - 20g)"
		empty  = `{"Id":1,"Opened":"0001-01-01T00:00:00","Closed":null,"Seen":"0001-01-01T00:00:00+00:00","Shade":0,"Level":0,` +
			`"Token":"00000000-0000-0000-0000-000000000000","Idle":"00:00:00","Lines":null,"Gifts":null,"BySku":null,"Words":null,` +
			`"Marks":null,"Blob":null,"Tags":null,"Voucher":null,"Home":null,"Client":null,"Selected":null,"Parent":null}`
		full = `{"Id":9007199254740993,"Opened":"2024-01-02T03:04:05Z","Closed":null,"Seen":"2024-01-02T03:04:05+05:30","Shade":5,"Level":200,` +
			`"Token":"00112233-4455-6677-8899-aabbccddeeff","Idle":"00:01:30","Lines":[` + first + `,` + second + `],"Gifts":[` + first + `,null],` +
			`"BySku":{"a-1":` + first + `},"Words":["x","y"],"Marks":[1,null],"Blob":"AQID","Tags":[{"Name":"new","Shade":null}],` +
			`"Voucher":{"Amount":5,"Currency":null},"Home":"https://example.org/p?q=1","Client":"1.2.3","Selected":` + second + `,"Parent":` + empty + `}`
	)
	cart := parsed(t, schema, "Cart")
	stored := s.object(t, "cart")
	before := slotOf(t, stored)
	got, err := cart.ToJSON(nil, stored)
	if err != nil || string(got) != full {
		t.Fatalf("ToJSON: %v\n got %s\nwant %s", err, got, full)
	}
	was := s.show(t, stored)
	t.Logf("the program shows %s", was)
	if !strings.Contains(was, line1) || !strings.Contains(was, "hidden 1 ignoring case True") || !strings.Contains(was, "of 'Ada' made 7") {
		t.Fatal("it does not show what the test takes for granted")
	}

	// Each change is what a client does to the JSON, by replacing all of one text, and what the program then shows other than
	// before, in pairs; with none the commit is refused.
	for name, c := range map[string]struct {
		change []string
		shown  []string
		why    string
	}{
		"leaves": {
			[]string{`"Id":9007199254740993`, `"Id":-5`, `"Shade":5`, `"Shade":0`, `"Level":200`, `"Level":1`, `"2024-01-02T03:04:05Z"`, `"2024-02-03T04:05:06"`,
				`"Closed":null,"Seen":"2024-01-02T03:04:05+05:30"`, `"Closed":"2024-02-03T04:05:06Z","Seen":"2024-01-02T03:04:05-01:00"`, `"00:01:30"`, `"1.00:00:00"`},
			[]string{"cart 9007199254740993", "cart -5", "2024-01-02T03:04:05/Utc - 2024-01-02T03:04:05.0000000+05:30 Green High",
				"2024-02-03T04:05:06/Unspecified 2024-02-03T04:05:06/Utc 2024-01-02T03:04:05.0000000-01:00 Red 1", "00:01:30", "1.00:00:00"}, "",
		},
		"others": {
			[]string{`"Marks":[1,null],"Blob":"AQID"`, `"Marks":[null,2,3,null],"Blob":"/w=="`, `"Voucher":{"Amount":5,"Currency":null}`, `"Voucher":null`,
				`"https://example.org/p?q=1"`, `"../r"`, `"1.2.3"`, `"4.5"`, `["x","y"]`, `["z","y","x","w"]`},
			[]string{"[1,-] [1,2,3]", "[-,2,3,-] [255]", "['x','y']", "['z','y','x','w']", "5- https://example.org/p?q=1 1.2.3", "- ../r 4.5"}, "",
		},
		"a line that three places share, in all of them": {
			[]string{first, strings.Replace(first, `"Qty":2`, `"Qty":3`, 1)},
			[]string{line1, strings.Replace(line1, "' 2 ", "' 3 ", 1)}, "",
		},
		"a line that two places share, in one of them": {
			[]string{`"Selected":` + second, `"Selected":` + strings.Replace(second, `"Qty":1`, `"Qty":9`, 1)}, nil, "shares",
		},
		"lines the other way round": {
			[]string{first + "," + second, second + "," + first}, []string{line1 + "," + line2, line2 + "," + line1, "hidden 1", "hidden 0"}, "",
		},
		"a line less":         {[]string{first + "," + second, second}, []string{line1 + "," + line2, line2, "hidden 1", "hidden 0"}, ""},
		"no lines":            {[]string{`"Lines":[` + first + `,` + second + `]`, `"Lines":[]`}, []string{"[" + line1 + "," + line2 + "]", "[]", "hidden 1", "hidden -1"}, ""},
		"null for lines":      {[]string{`"Lines":[` + first + `,` + second + `]`, `"Lines":null`}, []string{"[" + line1 + "," + line2 + "]", "-", "hidden 1", "hidden ?"}, ""},
		"a line more":         {[]string{first + "," + second, first + "," + second + `,{"Sku":"C-3"}`}, nil, "not all fields are known"},
		"a tag more":          {[]string{`"Tags":[`, `"Tags":[{"Name":"first","Shade":5},`}, []string{"[tag('new' -)]", "[tag('first' Green),tag('new' -)]"}, ""},
		"a key more":          {[]string{`"BySku":{`, `"BySku":{"none":null,`}, []string{"{'a-1':", "{'none':-,'a-1':"}, ""},
		"a key in other case": {[]string{`"BySku":{`, `"BySku":{"A-1":null,`}, nil, "equal keys"},
		"another key":         {[]string{`"BySku":{"a-1":` + first + `}`, `"BySku":{}`}, []string{"{'a-1':" + line1 + "}", "{}", "ignoring case True", "ignoring case False"}, ""},
		"members in another order, one unknown, and a member that is missing": {
			[]string{`{"Id":9007199254740993,`, `{"Extra":[{}],"Id":1,`, `,"Parent":` + empty, ``},
			[]string{"cart 9007199254740993", "cart 1", was[strings.Index(was, " parent "):], " parent -"}, "",
		},
		"the wrong case":  {[]string{`{"Id":9007199254740993,`, `{"id":1,`}, []string{"cart 9007199254740993", "cart 0"}, ""},
		"no cart":         {[]string{full, "[]"}, nil, "an array that is no Demo.Shop.Cart"},
		"a number in one": {[]string{`"Qty":1`, `"Qty":1.0001`}, nil, "Lines[1].Qty: a number that is no int at offset"},
	} {
		json := strings.NewReplacer(c.change...).Replace(full)
		if json == full {
			t.Fatalf("%s: nothing is changed", name)
		}
		v, err := cart.FromJSON([]byte(json), stored, true)
		if c.why != "" {
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s: %v; want %s", name, err, c.why)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := strings.NewReplacer(c.shown...).Replace(was)
		if shown := s.show(t, valueOf(t, slotOf(t, v))); shown != want {
			t.Errorf("%s:\n got %s\nwant %s", name, shown, want)
		}
	}
	if after := slotOf(t, stored); string(after) != string(before) {
		t.Error("the stored value was changed")
	}

	// Without a stored object: what is Complete is written, anything else refused.
	tags := parsed(t, schema, "List<Tag>")
	made, err := tags.FromJSON([]byte(`[{"Name":"new","Shade":5},{}]`), aspnetser.Value{}, false)
	if err != nil {
		t.Fatal(err)
	}
	if shown, want := s.show(t, made), s.show(t, s.object(t, "tags")); shown != want {
		t.Errorf("made anew: %s; want %s", shown, want)
	}
	if _, err := cart.FromJSON([]byte(full), aspnetser.Value{}, false); !errors.As(err, new(*UnconvertibleError)) {
		t.Errorf("a new cart: %v", err)
	}

	// What an inventory says of them.
	if typ, ok, why := Carries(stored); typ != "Demo.Shop.Cart" || !ok || !strings.Contains(why, "hidden is no auto-property") {
		t.Errorf("Carries: %s, %v, %s", typ, ok, why)
	}
	if typ, ok, why := Carries(s.object(t, "tags")); typ != "List<Demo.Shop.Tag>" || !ok || why != "" {
		t.Errorf("Carries: %s, %v, %s", typ, ok, why)
	}
}
