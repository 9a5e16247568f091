package inventory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/internal/inventory"
	"github.com/aspstate/aspstate/session"
)

// item is an item of a made-up session; a value of type blob stands for the item of that key in a fixture.
type item struct {
	key   string
	value any
}

func made(t testing.TB, items ...item) []byte {
	t.Helper()
	s := aspnetser.Session{Timeout: 20, Form: aspnetser.FormPlain}
	for _, it := range items {
		v, err := aspnetser.ValueOf(it.value)
		if err != nil {
			t.Fatal(err)
		}
		s.Items = append(s.Items, aspnetser.Item{Key: it.key, Value: v})
	}
	b, err := s.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func store(payloads ...[]byte) (all rows) {
	for i, p := range payloads {
		all = append(all, session.Record{Key: session.Key{App: "shop", ID: fmt.Sprintf("id%08d", i)}, Payload: p, Expires: 100})
	}
	return all
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	for _, c := range blobs.All(t) {
		if c.Name == name {
			return c.Bin
		}
	}
	t.Fatalf("no fixture %s", name)
	return nil
}

func keyOf(t testing.TB, r *inventory.Report, name string) inventory.Key {
	t.Helper()
	for _, k := range r.Apps[0].Keys {
		if k.Key == name {
			return k
		}
	}
	t.Fatalf("no key %q", name)
	return inventory.Key{}
}

type none = *int32

func TestCounts(t *testing.T) {
	all := store(
		made(t, item{"UserName", "Ada"}, item{"Visits", int32(3)}, item{"recent", nrbf.ListOf[string]{"a"}}),
		made(t, item{"username", "Bob Babbage"}, item{"Visits", none(nil)}),
		made(t, item{"Visits", int64(9)}, item{"Choice", int32(1)}),
		made(t, item{"Choice", none(nil)}),
		[]byte{1, 2, 3},
		made(t),
	)
	all[2].Flags = session.Uninitialized
	all = append(all, session.Record{Key: session.Key{App: "shop", ID: "old"}, Expires: 9}, session.Record{Key: session.Key{App: "other", ID: "x"}, Expires: 99})
	seen := int64(0)
	r := take(t, all, inventory.Options{
		Now: 10, Progress: func(n int64) { seen = n },
		App: func(k session.Key) (string, bool, bool) { return k.App, true, k.App == "shop" },
	})
	if r.Rows != 8 || r.Live != 6 || r.Expired != 1 || r.LeftOut != 1 || r.Looked != 6 || r.Uninitialized != 1 || seen != 8 || r.Sample.How != "all" {
		t.Errorf("%+v", r)
	}
	a := r.Apps[0]
	if len(r.Apps) != 1 || a.Sessions != 6 || a.Undecodable != 1 || a.Empty != 1 || !a.Known || len(a.Reasons) != 1 || a.Bytes.Least != 3 || a.Items.Most != 3 {
		t.Errorf("%+v", a)
	}
	name := keyOf(t, r, "UserName")
	if name.Sessions != 2 || name.Percent != 40 || !slices.Equal(name.Spellings, []string{"UserName", "username"}) || name.Carried != "string" || name.Go != "string" ||
		!slices.Equal(name.Breaks, []string{"case"}) || name.Bytes != (inventory.Sizes{Total: 18, Least: 5, Middle: 5, P95: 13, Most: 13}) {
		t.Errorf("%+v", name)
	}
	if v := keyOf(t, r, "Visits"); v.Sessions != 3 || v.Nulls != 1 || len(v.Types) != 2 || v.Carried != "" || v.Go != "any" || !slices.Contains(v.Breaks, "mixed-types") {
		t.Errorf("%+v", v)
	}
	if v := keyOf(t, r, "Choice"); v.Carried != "int?" || v.Go != "*int32" {
		t.Errorf("%+v", v)
	}
	if v := keyOf(t, r, "recent"); v.Carried != "List<string>" || v.Go != "[]string" || !strings.HasPrefix(v.Types[0].FullName, "System.Collections.Generic.List`1[[System.String") {
		t.Errorf("%+v", v)
	}
	for form, want := range map[string][]string{
		"C#": {"using System.Collections.Generic;\n", `options.RegisterKey<List<string>>("recent");`, `options.RegisterKey<int?>("Choice");`,
			"// not registered: Visits: several types: int, long\n"},
		"TOML": {"[remoteapp.shop.keys]\nChoice = \"int?\"\nrecent = \"List<string>\"\nUserName = \"string\"\n# not here: Visits: several types"},
		"Text": {"6 live, 1 expired, 1 of other applications", "UserName is spelled UserName, username", "mixed-types: several types under one key: Visits"},
	} {
		var b bytes.Buffer
		if err := map[string]func() error{"C#": func() error { return r.CSharp(&b) }, "TOML": func() error { return r.TOML(&b) },
			"Text": func() error { return r.Text(&b) }}[form](); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s lacks %q:\n%s", form, w, b.String())
			}
		}
	}
}

// Each thing that would break is found where it is, and nowhere else.
func TestBreaks(t *testing.T) {
	local := &nrbf.Instance{Class: &nrbf.ClassType{Name: "Shop.Visit", Library: "Shop", Members: []nrbf.MemberDecl{
		{Name: nrbf.BackingField("At"), Type: nrbf.PrimitiveDateTime}}}, Values: []any{nrbf.DateTime{Ticks: 1, Kind: nrbf.DateTimeLocal}}}
	version := func(members ...string) any {
		c := &nrbf.ClassType{Name: "Shop.Note", Library: "Shop"}
		i := &nrbf.Instance{Class: c}
		for _, m := range members {
			c.Members = append(c.Members, nrbf.MemberDecl{Name: nrbf.BackingField(m), Type: nrbf.PrimitiveInt32})
			i.Values = append(i.Values, int32(1))
		}
		return i
	}
	delegate := &nrbf.Instance{Class: &nrbf.ClassType{Name: "System.DelegateSerializationHolder", Members: []nrbf.MemberDecl{
		{Name: "Delegate", Type: nrbf.ObjectType}}}, Values: []any{nil}}
	custom := &nrbf.Instance{Class: &nrbf.ClassType{Name: "Shop.Custom", Library: "Shop", Members: []nrbf.MemberDecl{
		{Name: "the name", Type: nrbf.StringType}}}, Values: []any{"x"}}
	many := make([]item, 20)
	for i := range many {
		many[i] = item{fmt.Sprintf("cart_%d", i), int32(i)}
	}
	for _, c := range []struct {
		name     string
		payloads [][]byte
		want     string // codes, but for not-carried
		sessions int64  // of the first
	}{
		{"nothing", [][]byte{made(t, item{"a", int32(1)}, item{"b", nrbf.ListOf[int32]{1}})}, "", 0},
		{"session", [][]byte{{1}}, "undecodable-session", 1},
		{"item", [][]byte{fixture(t, "typical"), fixtures.Destroyed()}, "undecodable-session dataset", 1},
		{"pointer", [][]byte{fixture(t, "p-intptr")}, "pointer", 1},
		{"pointers", [][]byte{fixture(t, "p-intptr"), made(t), fixture(t, "p-intptr4")}, "pointer", 2},
		{"delegate", [][]byte{made(t, item{"d", delegate})}, "delegate", 1},
		{"dataset", [][]byte{fixture(t, "o-dataset"), fixture(t, "o-datatable-binary")}, "dataset", 2},
		{"cycle", [][]byte{fixture(t, "o-cycle-self")}, "cycle private-state object-typed", 1},
		{"exception", [][]byte{fixture(t, "o-exception")}, "self-serialized", 1},
		{"custom", [][]byte{made(t, item{"c", custom})}, "self-serialized", 1},
		{"vary", [][]byte{made(t, item{"n", version("A")}), made(t, item{"n", version("A", "B")}), made(t, item{"n", version("A")})}, "members-vary", 1},
		{"itself", [][]byte{fixture(t, "o-iserializable")}, "members-vary private-state shared-object", 1},
		{"private", [][]byte{fixture(t, "o-struct")}, "private-state", 1},
		{"object", [][]byte{made(t, item{"o", []any{int32(1)}})}, "object-typed", 1},
		{"nulls", [][]byte{made(t, item{"o", []any{nil}})}, "", 0},
		{"derived", [][]byte{fixture(t, "o-derived-collections")}, "private-state derived-collection", 1},
		{"local", [][]byte{made(t, item{"v", local})}, "local-time", 1},
		{"mixed", [][]byte{made(t, item{"k", "x"}), made(t, item{"k", true}), made(t)}, "mixed-types", 2},
		{"case", [][]byte{made(t, item{"k", "x"}), made(t, item{"K", "x"})}, "case", 2},
		{"generated", [][]byte{made(t, many...)}, "generated-keys", 1},
		{"null key", [][]byte{fixture(t, "null-key-first")}, "null-key", 1},
		{"long", [][]byte{made(t, item{strings.Repeat("long ", 60), "x"})}, "long-key", 1},
		{"static", [][]byte{fixture(t, "static-only")}, "static-objects", 1},
	} {
		r := take(t, store(c.payloads...), inventory.Options{})
		var got []string
		for _, b := range r.Apps[0].Breaks {
			if b.Code == "not-carried" {
				continue
			}
			if len(got) == 0 && b.Sessions != c.sessions {
				t.Errorf("%s: %s in %d sessions, want %d", c.name, b.Code, b.Sessions, c.sessions)
			}
			got = append(got, b.Code)
			if b.Title == "" || !strings.HasSuffix(b.Remedy, ".") {
				t.Errorf("%s: %+v", b.Code, b)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

// A type that JSON has no form of is not registered, and says why.
func TestCarried(t *testing.T) {
	want := map[string]string{
		"o-list-string/l": "List<string>", "o-dict-others/i": "", "p-double/nan": "", "o-rect/i": "", "o-enum/sm": "Contoso.Shop.Small", "o-enum/dow": "System.DayOfWeek",
		"o-hashset/s": "", "o-misc-system/v": "Version",
	}
	for _, row := range golden(t) {
		r := take(t, rows{row}, inventory.Options{})
		for _, k := range r.Apps[0].Keys {
			if w, ok := want[row.Key.App+"/"+k.Key]; ok && w != "" && k.Carried != w {
				t.Errorf("%s %s is carried as %q (%s), want %q", row.Key.App, k.Key, k.Carried, k.Why, w)
			}
			if (k.Carried == "") != (k.Why != "") {
				t.Errorf("%s %s: carried as %q, why %q", row.Key.App, k.Key, k.Carried, k.Why)
			}
		}
		if row.Key.App == "o-enum" {
			var b bytes.Buffer
			if err := r.TOML(&b); err != nil || !strings.Contains(b.String(), "\nsm = \"Contoso.Shop.Small\"\n") ||
				!strings.Contains(b.String(), "\n[remoteapp.o-enum.class.\"Contoso.Shop.Small\"]\nlibrary = \"Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934\"\nenum = \"byte\"\n") {
				t.Errorf("%v\n%s", err, b.String())
			}
		}
	}
}

// skimmed is a store that can be listed without payloads.
type skimmed struct {
	rows
	peeked []string
}

func (s *skimmed) Skim(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	pg, err := s.Scan(ctx, req)
	pg.Records = slices.Clone(pg.Records)
	for i := range pg.Records {
		pg.Records[i].Payload = nil
	}
	return pg, err
}

func (s *skimmed) SkimKeys(context.Context, []session.Key) ([]*session.Record, error) {
	return nil, errors.ErrUnsupported
}

func (s *skimmed) Peek(_ context.Context, keys []session.Key) (out []*session.Record, err error) {
	for _, k := range keys {
		i := slices.IndexFunc(s.rows, func(r session.Record) bool { return r.Key == k })
		s.peeked = append(s.peeked, k.ID)
		out = append(out, &s.rows[i])
	}
	return out, nil
}

func TestSample(t *testing.T) {
	var payloads [][]byte
	for i := range 1000 {
		payloads = append(payloads, made(t, item{"early", i < 500}))
	}
	all := store(payloads...)
	r := take(t, all, inventory.Options{Sample: 10})
	if r.Sample != (inventory.Sample{Asked: 10, How: "first", Partial: true}) || r.Looked != 10 || r.Rows != 10 {
		t.Errorf("first: %+v, looked at %d of %d", r.Sample, r.Looked, r.Rows)
	}
	s := &skimmed{rows: all}
	r = take(t, s, inventory.Options{Sample: 10})
	if r.Sample != (inventory.Sample{Asked: 10, How: "spread", Partial: true}) || r.Looked != 10 || r.Rows != 1000 || r.Live != 1000 {
		t.Errorf("spread: %+v, looked at %d of %d", r.Sample, r.Looked, r.Rows)
	}
	for i, id := range s.peeked {
		var n int
		fmt.Sscanf(id, "id%08d", &n)
		if n < i*100-99 || n > i*100+99 {
			t.Errorf("the sample is %v", s.peeked)
			break
		}
	}
	s.peeked = nil
	if r = take(t, s, inventory.Options{Sample: 1000}); r.Looked != 1000 || r.Sample.Partial {
		t.Errorf("all of them: %+v, looked at %d", r.Sample, r.Looked)
	}
	for _, n := range []int{-1, inventory.MaxSample + 1} {
		if _, err := inventory.Take(t.Context(), all, inventory.Options{Sample: n}); err == nil {
			t.Errorf("a sample of %d is taken", n)
		}
	}
}

// endless is a store of so many sessions that are made when they are read.
type endless struct {
	t *testing.T
	n int
}

func (e endless) Scan(_ context.Context, req session.ScanRequest) (pg session.Page, err error) {
	at := 0
	if req.After != "" {
		fmt.Sscan(string(req.After), &at)
	}
	for ; at < e.n && len(pg.Records) < req.Limit; at++ {
		p := made(e.t, item{"UserId", int32(at)}, item{fmt.Sprintf("cart_%d", at), "x"},
			item{"user_" + letters(at), true}, item{fmt.Sprintf("%08x-1111-2222-3333-444455556666", at), int64(1)},
			item{fmt.Sprintf("ada%d@example.org", at), "x"})
		pg.Records = append(pg.Records, session.Record{Key: session.Key{App: "app" + letters(at%300), ID: letters(at)}, Payload: p})
	}
	if at < e.n {
		pg.Next = session.Cursor(fmt.Sprint(at))
	}
	return pg, nil
}

// letters writes a number in letters: nothing says that it was one.
func letters(n int) string {
	s := ""
	for i := 0; i < 5; i++ {
		s += string(rune('a' + n%26))
		n /= 26
	}
	return s
}

// 50,000 sessions with 200,000 keys of 300 applications: what is kept is bounded, and the report says what is not.
func TestMemoryIsBounded(t *testing.T) {
	const n = 50_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := take(t, endless{t, n}, inventory.Options{})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 48<<20 {
		t.Errorf("the report of %d sessions takes %d bytes", n, kept)
	}
	keys, sessions := 0, int64(0)
	for _, a := range r.Apps {
		keys += len(a.Keys)
		sessions += a.Sessions
		for _, k := range a.Keys {
			if k.Kind == inventory.KindGroup && k.Key == "cart_{n}" && (k.Sessions != a.Sessions || k.Names < a.Sessions*8/10 || k.Names > a.Sessions*12/10) {
				t.Errorf("%s: cart_{n} has %d names in %d of %d sessions", a.Name, k.Names, k.Sessions, a.Sessions)
			}
			if strings.Contains(k.Key, "example.org") {
				t.Errorf("a mail address is shown: %s", k.Key)
			}
		}
	}
	if keys > 11_000 || len(r.Apps) > 129 || sessions != n {
		t.Errorf("%d keys of %d applications, %d sessions", keys, len(r.Apps), sessions)
	}
	said := strings.Join(r.Limits, "\n")
	for _, want := range []string{"more than 128 applications", "keys of all applications", "keys of one pattern"} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %s\n%s", want, said)
		}
	}
	_ = everything(t, r)
}

// The same store gives the same report, to the byte, whatever the order of Go's maps.
func TestIsDeterministic(t *testing.T) {
	all := golden(t)
	for i := range all {
		all[i].Key.App = fmt.Sprint("app", i%3)
	}
	first := everything(t, take(t, all, inventory.Options{}))
	for range 3 {
		if again := everything(t, take(t, all, inventory.Options{})); again != first {
			t.Fatal("another report")
		}
	}
}

// Lists of the JSON form are never null.
func TestJSONHasNoNullLists(t *testing.T) {
	b, err := json.Marshal(take(t, store(made(t)), inventory.Options{}))
	if err != nil || bytes.Contains(b, []byte("null")) {
		t.Errorf("%v: %s", err, b)
	}
	if b, err = json.Marshal(take(t, rows{}, inventory.Options{})); err != nil || bytes.Contains(b, []byte("null")) {
		t.Errorf("%v: %s", err, b)
	}
}

func TestErrorsOfTheStore(t *testing.T) {
	want := errors.New("the server is gone")
	if _, err := inventory.Take(t.Context(), failing{want}, inventory.Options{}); !errors.Is(err, want) {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Scan(context.Context, session.ScanRequest) (session.Page, error) {
	return session.Page{}, f.err
}

// Names that somebody made to be more than names stay names: in code, in comments and on a terminal.
func TestHostileNames(t *testing.T) {
	const evil = "x\n*/ \"`\x1b[31m\\u000a;func init() { panic(1) }\u2028"
	class := &nrbf.Instance{Class: &nrbf.ClassType{Name: "Shop." + evil, Library: "Shop" + evil, Members: []nrbf.MemberDecl{
		{Name: evil, Type: nrbf.StringType}, {Name: "a,b", Type: nrbf.StringType}, {Name: "Good", Type: nrbf.StringType}}}, Values: []any{"v", "w", "x"}}
	all := store(made(t, item{evil, "v"}, item{"o", class}, item{"", "v"}))
	all[0].Key.App = evil
	r := take(t, all, inventory.Options{})
	for _, write := range []func(io.Writer) error{r.Text, r.CSharp, r.TOML, func(w io.Writer) error { return r.Go(w, "p") }} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "\x1b") || strings.Contains(b.String(), "\u2028") || strings.Contains(b.String(), "x\n*/") {
			t.Errorf("%q", b.String())
		}
	}
}

// Classes beyond the limit are told to no bridge: their keys become comments.
func TestClassesAreBounded(t *testing.T) {
	const n = 2_100
	var all rows
	for i := range n {
		c := &nrbf.ClassType{Name: "Shop.C" + letters(i), Library: "Shop", Members: []nrbf.MemberDecl{{Name: nrbf.BackingField("Id"), Type: nrbf.PrimitiveInt32}}}
		all = append(all, session.Record{
			Key: session.Key{App: fmt.Sprint("app", i%3), ID: letters(i)}, Payload: made(t, item{"key" + letters(i), &nrbf.Instance{Class: c, Values: []any{int32(i)}}}),
		})
	}
	r := take(t, all, inventory.Options{})
	var b bytes.Buffer
	if err := r.TOML(&b); err != nil {
		t.Fatal(err)
	}
	said := strings.Join(r.Limits, "\n")
	if got := strings.Count(b.String(), "\n[remoteapp.app") - 2; got != 2_000 || !strings.Contains(said, "more than 2000 classes that JSON carries") {
		t.Errorf("%d classes; %s", got, said)
	}
	refused := 0
	for _, a := range r.Apps {
		for _, k := range a.Keys {
			if k.Carried == "" {
				refused++
			}
		}
		if i := slices.IndexFunc(a.Breaks, func(b inventory.Break) bool { return b.Code == "not-carried" }); i < 0 || a.Breaks[i].MoreKeys == 0 || a.Breaks[i].Sessions == 0 {
			t.Errorf("%s: %+v", a.Name, a.Breaks)
		}
	}
	if refused != 100 {
		t.Errorf("%d keys are refused", refused)
	}
}
