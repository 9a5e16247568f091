package aspnetser

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/blobs"
)

// fixtureBins are the fixtures by name, read once.
var fixtureBins struct {
	once   sync.Once
	byName map[string][]byte
}

func fixtureSession(t testing.TB, name string) *Session {
	t.Helper()
	fixtureBins.once.Do(func() {
		fixtureBins.byName = make(map[string][]byte)
		for _, c := range blobs.All(t) {
			fixtureBins.byName[c.Name] = c.Bin
		}
	})
	s, err := Decode(fixtureBins.byName[name], Options{})
	if err != nil {
		t.Fatalf("fixture %s: %v", name, err)
	}
	return s
}

func TestLookup(t *testing.T) {
	for _, c := range []struct{ fixture, path, want string }{
		{"web-forms", "Cart.Lines[0].Sku", `"A-1"`},
		{"web-forms", "cart.lines[1].PRICE.amount", "50.00"},
		{"web-forms", "UserId", "4711"},
		{"web-forms", "['UserName']", `"müller"`},
		{"web-forms", "Roles[1]", `"user"`},
		{"web-forms", `Cart.Extra["coupon"]`, `"SPRING"`},
		{"web-forms", `Cart.Extra[coupon]`, `"SPRING"`},
		{"web-forms", `Cart.Extra["COUPON"]`, `"SPRING"`},
		{"web-forms", `Cart.Extra.Keys[1]`, `"weight"`},
		{"web-forms", `Cart.Extra.Values[1]`, "1.25"},
		{"web-forms", `Cart.Extra["buyer"].Email`, `"ada@example.org"`},
		{"web-forms", `Cart.Buyer.<Email>k__BackingField`, `"ada@example.org"`},
		{"web-forms", `Cart.Buyer["<Email>k__BackingField"]`, `"ada@example.org"`},
		{"web-forms", `Cart.Buyer.Person+id`, "7"},
		{"web-forms", `Cart.Buyer.id`, "1007"},
		{"web-forms", `Cart.Lines._size`, "3"},
		{"web-forms", `Cart.Lines._items[0].Quantity`, "2"},
		{"web-forms", `Cart.Status.value__`, "5"},
		{"web-forms", `Cart.Token._b`, "-9781"},
		{"o-inheritance", "vip.Email", "null"},
		{"o-inheritance", "vip.ID", "77"},
		{"o-inheritance", "vip.born", "1980-02-29T00:00:00"},
		{"o-inheritance", "vip.Customer+id", "8"},
		{"o-queue-stack", "qg[0]", "2"},
		{"o-queue-stack", "qg[2]", "9"},
		{"o-queue-stack", "sg[0]", `"b"`},
		{"o-rect", "i[1,2]", "6"},
		{"o-rect", "s[ 1 , 0 , 1 ]", `"f"`},
		{"o-lower-bounds", "a[5]", "50"},
		{"o-lower-bounds", "b[1,-1]", `"x"`},
		{"o-lower-bounds", "b[2,0]", `"y"`},
		{"o-jagged", "i3[0][1][1]", "3"},
		{"o-dict-others", "i[-5]", `"m5"`},
		{"o-dict-others", "g[3a018559-c16d-5fdd-e6a0-90f37948efb8]", "1"},
		{"o-dict-others", "g[3A018559-C16D-5FDD-E6A0-90F37948EFB8]", "1"},
		{"o-dict-others", "e[1]", "true"},
		{"o-namevalue", `n["a"][1]`, `"2"`},
		{"o-namevalue", `n[b][0]`, `"x"`},
		{"o-namevalue", `n.Keys[1]`, "null"},
		{"o-namevalue", `od[z]`, "1"},
		{"o-linkedlist", "b[1]", "false"},
		{"o-linkedlist", "c[0]", `"x"`},
		{"o-memorystream", "m[4]", "5"},
		{"o-byte-array-10k", "b[1]", "254"},
		{"o-tuple", "kv.Value", `"seven"`},
		{"o-tuple", "tn.m_Item2.m_Item1", "2"},
		{"o-tuple", "tn.Item2.Item1", "2"},
		{"o-misc-system", "v.Major", "1"},
		{"o-culture", "c.Name", `"de-DE"`},
		{"o-derived-collections", "l[1]", `"b"`},
		{"o-derived-collections", "l.Title", `"t"`},
		{"o-derived-collections", "m[x]", "1.5"},
		{"o-derived-collections", "m.note", `"n"`},
		{"o-exception", "e.InnerException.Message", `"inner"`},
		{"o-cycle", "tree.Children[0].Parent.Label", `"root"`},
		{"o-names", "g.幅", "3"},
		{"o-datatable-changes", "t[0].Name", `"changed"`},
		{"o-datatable-changes", "t.Rows[0].Original.name", `"Person <0> & Söhne"`},
		{"o-datatable-changes", `t[1]["Balance"]`, "-27.75"},
		{"o-datatable-changes", "t[1].State", "deleted"},
		{"o-datatable-changes", "t[1][0]", "2"},
		{"o-datatable-changes", "t[3].Name", "null"},
		{"o-datatable-binary", "t[5].Born", "1970-07-05T00:00:00 utc"},
		{"o-datatable-binary", "t[3].Name", "null"},
		{"o-dataset", "ds[Order][0].Total", "10.5"},
		{"o-dataset", "ds.Tables[0][1].Name", `"Bøb"`},
		{"o-dataset", "ds.Tables[Order][0].Total", "10.5"},
		{"o-dataset-binary", `ds.tables["CUSTOMER"][1].Name`, `"Bøb"`},
		{"o-dataset-binary", `ds["order"].Rows[0].Key`, "Guid c0365557-a617-6014-ac59-62335ce205cd"},
		{"o-dataset-binary", "ds[1][1].Total", "null"},
		{"null-key-middle", "[]", "int[] (2) [1, 2]"},
		{"null-and-empty-key", `[""]`, ""},
	} {
		s := fixtureSession(t, c.fixture)
		w, err := s.Lookup(c.path)
		if err != nil {
			t.Errorf("%s: %v", c.fixture, err)
			continue
		}
		if got := string(w.AppendText(nil, ViewOptions{})); got != c.want && c.want != "" {
			t.Errorf("%s: %s is %s, want %s", c.fixture, c.path, got, c.want)
		}
	}
}

func TestLookupErrors(t *testing.T) {
	for _, c := range []struct{ fixture, path, segment, want string }{
		{"web-forms", "", "", "begins with the key"},
		{"web-forms", "Card", "Card", "no such item; there are UserId, UserName, Roles, LoginTime, Cart"},
		{"web-forms", "[]", "[]", "no such item"},
		{"web-forms", "Cart.Line[0]", ".Line", "no such member: Order; there are Number, Status, Placed, Shipped, Token, Buyer, Lines"},
		{"web-forms", "Cart.Lines[3]", "[3]", "List<OrderLine> (3) has [0] to [2]"},
		{"web-forms", "Cart.Lines[-1]", "[-1]", "has [0] to [2]"},
		{"web-forms", "Cart.Lines[0,1]", "[0,1]", "has one dimension"},
		{"web-forms", "Cart.Lines[x]", "[x]", "an index is wanted"},
		{"web-forms", "Cart.Lines.Sku", ".Sku", "no such member: List<OrderLine> (3)"},
		{"web-forms", "Cart[0]", "[0]", "Order is no list; there are Number"},
		{"web-forms", "Cart.Extra[nope]", "[nope]", "Dictionary<string, object> (4) has no such key"},
		{"web-forms", "Cart.Lines[]", "[]", "null key"},
		{"web-forms", "UserName.Length", ".Length", "no such member: string"},
		{"web-forms", "UserId[0]", "[0]", "no list"},
		{"web-forms", "Cart..Lines", ".", "a name is missing"},
		{"web-forms", "Cart.", ".", "a name is missing"},
		{"web-forms", "Cart[", "[", "closing bracket"},
		{"web-forms", `Cart["x`, `["x`, "a quote is missing"},
		{"web-forms", `Cart["x"`, `["x"`, "closing bracket"},
		{"web-forms", `Cart["\q"]`, `["\q"]`, "escape"},
		{"web-forms", `Cart["x"]y`, "y", "a dot or a bracket is missing"},
		{"o-inheritance", "vip.+id", ".+id", "no such member"},
		{"o-rect", "i[1]", "[1]", "2 dimensions"},
		{"o-rect", "i[2,0]", "[2,0]", "has [0,0] to [1,2]"},
		{"o-rect", "z[0,0]", "[0,0]", "is empty"},
		{"o-int-array", "z[0]", "[0]", "is empty"},
		{"o-datatable", "t[8]", "[8]", "rows [0] to [7]"},
		{"o-datatable-empty", "norows[0]", "[0]", "no rows"},
		{"o-datatable", "t[0].Nome", ".Nome", "there are Id, Name, Born, Balance, Active, State"},
		{"o-datatable", "t[0][5]", "[5]", "5 columns"},
		{"o-dataset", "ds[nope]", "[nope]", "there are Customer, Order"},
		{"o-dataset", "ds[2]", "[2]", "there are Customer, Order"},
		{"o-dataset", "ds.Tables[nope]", "[nope]", "there are Customer, Order"},
		{"o-dataset-binary", "ds.Tables[2]", "[2]", "there are Customer, Order"},
		{"o-dataset", "ds.Customer", ".Customer", "no such member: DataSet; there is Tables; as [name] there are Customer, Order"},
		{"o-dataset", "ds.Tables.Customer", ".Customer", "; as [name] there are Customer, Order"},
		{"web-forms", "Cart.Extra.none.x", ".none", "no such member"},
		{"web-forms", "Cart.Extra[none].x", ".x", "the value before it is null"},
		{"web-forms", "Cart.Extra[none][0]", "[0]", "the value before it is null"},
		{"o-datatable", "t[3].Name.x", ".x", "the value before it is null"},
		{"static-mixed", "idle2", "idle2", "the static object was not created in this session"},
		{"static-mixed", `["IDLE1"].x`, `["IDLE1"]`, "the static object was not created in this session"},
		{"static-mixed", "[]", "[]", "no such item; there are a, made2, idle2 (not created), made1, idle1 (not created)"},
		{"static-mixed", "nope", "nope", "no such item; there are a, made2, idle2 (not created), made1, idle1 (not created)"},
	} {
		s := fixtureSession(t, c.fixture)
		_, err := s.Lookup(c.path)
		var p *PathError
		if !errors.As(err, &p) {
			t.Errorf("%s: %s: %v", c.fixture, c.path, err)
			continue
		}
		if p.Segment != c.segment || !strings.Contains(p.Reason, c.want) {
			t.Errorf("%s: %s: segment %q, %v; want %q and %q", c.fixture, c.path, p.Segment, err, c.segment, c.want)
		}
		if end := p.Offset + len(p.Segment); end > len(c.path) || c.path[p.Offset:end] != p.Segment {
			t.Errorf("%s: segment %q is not at offset %d", c.path, p.Segment, p.Offset)
		}
	}
}

// What no record stands for has JSON of its own; everything else that of the graph.
func TestJSONOfViews(t *testing.T) {
	for _, c := range []struct{ fixture, path, want string }{
		{"web-forms", "UserId", `{"type":"Int32","value":"4711"}`},
		{"web-forms", "Cart.Lines[0].Sku", `"A-1"`},
		{"web-forms", "Cart.Lines[0].Price.Amount", `{"prim":"Decimal","value":"49.95"}`},
		{"web-forms", "Cart.Extra.Keys", `["coupon","weight","buyer","none"]`},
		{"o-namevalue", "n[b]", `{"class":"System.Collections.ArrayList","assembly":null,"members":[["_items",{"array":"System.Object",` +
			`"assembly":null,"lengths":[1],"elements":["x"]}],["_size",{"prim":"Int32","value":"1"}],["_version",{"prim":"Int32","value":"1"}]]}`},
		{"o-linkedlist", "b[1]", `{"prim":"Boolean","value":"false"}`},
		{"o-datatable-changes", "t[0]", `{"row":0,"state":"modified","values":{"Id":"1","Name":"changed","Born":"1970-01-01T00:00:00+00:00",` +
			`"Balance":"-40.00","Active":"true"},"original":{"Id":"1","Name":"Person <0> & Söhne","Born":"1970-01-01T00:00:00+00:00",` +
			`"Balance":"-40.00","Active":"true"}}`},
		{"o-datatable-changes", "t[1]", `{"row":1,"state":"deleted","original":{"Id":"2","Name":"Person <1> & Söhne",` +
			`"Born":"1970-02-07T00:00:00+00:00","Balance":"-27.75","Active":"false"}}`},
		{"o-datatable-changes", "t[1].State", `"deleted"`},
		{"o-datatable-changes", "t[3].Name", `null`},
		{"o-datatable-binary", "t[3].Original", ""},
		{"o-datatable-binary", "t[3].Id", `{"prim":"Int32","value":"4"}`},
		{"o-dataset", "ds[0]", `{"table":"Customer","columns":[{"name":"Id","type":"int"},{"name":"Name","type":"string"}],"rows":[` +
			`{"row":0,"state":"unchanged","values":{"Id":"1","Name":"Ann"}},{"row":1,"state":"unchanged","values":{"Id":"2","Name":"Bøb"}}]}`},
		{"o-dataset-binary", "ds[customer].Rows", `[{"row":0,"state":"unchanged","values":{"Id":{"prim":"Int32","value":"1"},"Name":"Ann"}},` +
			`{"row":1,"state":"unchanged","values":{"Id":{"prim":"Int32","value":"2"},"Name":"Bøb"}}]`},
	} {
		w, err := fixtureSession(t, c.fixture).Lookup(c.path)
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: %s is there", c.fixture, c.path)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.fixture, err)
			continue
		}
		if got := string(w.AppendJSON(nil)); got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s is\n%s, want\n%s", c.fixture, c.path, got, c.want)
		}
	}
}

// A row is shown as in its table, with the values from before.
func TestTextOfRows(t *testing.T) {
	for path, want := range map[string]string{
		"t[0]": "DataRow (modified)\n" +
			"                 Id   Name                  Born                       Balance  Active\n" +
			"                 int  string                DateTime                   decimal  bool\n" +
			"  [0]  modified  1    \"changed\"             1970-01-01T00:00:00+00:00  -40.00   true\n" +
			"       was            \"Person <0> & Söhne\"",
		"t[0].Original": "DataRow (original)\n  Id: 1\n  Name: \"Person <0> & Söhne\"\n  Born: 1970-01-01T00:00:00+00:00\n" +
			"  Balance: -40.00\n  Active: true",
	} {
		w, err := fixtureSession(t, "o-datatable-changes").Lookup(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(w.AppendText(nil, ViewOptions{})); got != want {
			t.Errorf("%s is\n%s\nwant\n%s", path, got, want)
		}
	}
	s := fixtureSession(t, "o-datatable-changes")
	table, _ := s.Lookup("t")
	rows, err := s.Lookup("t.Rows")
	if err != nil {
		t.Fatal(err)
	}
	if a, b := string(table.AppendText(nil, ViewOptions{})), string(rows.AppendText(nil, ViewOptions{})); a != b {
		t.Errorf("the rows are\n%s\nwant\n%s", b, a)
	}
}

// Value gives the place in the graph, where it can be changed.
func TestLookupGivesTheValue(t *testing.T) {
	s := fixtureSession(t, "web-forms")
	w, err := s.Lookup("Cart.Lines[1].Sku")
	if err != nil {
		t.Fatal(err)
	}
	v, ok := w.Value()
	if !ok || v.Set("B-78") != nil {
		t.Fatal("the place cannot be changed")
	}
	if w, _ = s.Lookup("cart.lines[1]"); !strings.Contains(string(w.AppendText(nil, ViewOptions{})), `Sku: "B-78"`) {
		t.Error("the change is not seen")
	}
	for _, path := range []string{"UserId", "Results[0]", "Results.Rows", "Results[0].Name", "Cart.Extra.Keys"} {
		w, err := s.Lookup(path)
		if _, ok := w.Value(); ok || err != nil {
			t.Errorf("%s: a value of the graph, %v", path, err)
		}
	}
}

// A row behind those that a view shows is read from the XML once more.
func TestLookupOfAFarRow(t *testing.T) {
	var rows strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&rows, `<T d:id="T%d" m:rowOrder="%d"><a>%d</a><b>x%d</b></T>`, i, i, i, i)
	}
	b, err := nrbf.EncodeStream(thing("System.Data.DataTable", "XmlSchema", tSchema, "XmlDiffGram", tDiffgram("<X>"+rows.String()+"</X>")))
	if err != nil {
		t.Fatal(err)
	}
	g, _, err := nrbf.Decode(b, nrbf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"[0].b": `"x0"`, "[49].b": `"x49"`, "[50].b": `"x50"`, "Rows[1999].b": `"x1999"`} {
		w, err := ViewOf(g.Root()).Lookup(path)
		if err != nil {
			t.Errorf("%v", err)
		} else if got := string(w.AppendText(nil, ViewOptions{})); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	text := AppendGraphText(nil, g.Root(), ViewOptions{MaxElements: 100})
	if !strings.Contains(string(text), "\n  [99]  unchanged  99   \"x99\"\n  … and 1,900 more") {
		t.Errorf("100 rows are shown as\n%s", text)
	}
}
