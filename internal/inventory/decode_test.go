package inventory_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// The structs that were printed of the fixtures take all that is in them.
func TestGoDecodesEveryFixture(t *testing.T) {
	tried := 0
	for _, r := range golden(t) {
		s := readers[r.Key.App]
		if s == nil {
			continue
		}
		c, err := aspnetser.Open(r.Payload, aspnetser.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Read(c); err != nil {
			t.Errorf("%s: %v", r.Key.App, err)
		}
		tried++
	}
	if tried < 90 {
		t.Errorf("%d fixtures tried", tried)
	}
}

func read[T any](t *testing.T, name string, s *T) *T {
	t.Helper()
	for _, r := range golden(t) {
		if r.Key.App != name {
			continue
		}
		c, err := aspnetser.Open(r.Payload, aspnetser.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := any(s).(interface {
			Read(*aspnetser.Collection) error
		}).Read(c); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatalf("no fixture %s", name)
	return nil
}

// Fields get what the fixtures' descriptions say.
func TestGoDecodesValues(t *testing.T) {
	o := read(t, "o-order", new(OOrder)).Order
	if o.Number != 900719925474099 || o.Status != 5 || o.Buyer.Name != "Ada Lovelace" || o.Buyer.PersonId != 7 || o.Buyer.Boss.Id != 1 ||
		o.Buyer.Email != "ada@example.org" || !reflect.DeepEqual(o.Buyer.Tags, []string{"vip", "early"}) || len(o.Lines) != 3 ||
		o.Lines[0].Price.Amount.String() != "49.95" || *o.Lines[0].Price.Currency != "EUR" || o.Lines[1].Note != any("gift") ||
		o.Lines[2].Price.Currency != nil || o.Total.String() != "149.90" || o.Extra["coupon"] != any("SPRING") || o.Extra["none"] != nil {
		t.Errorf("o-order: %+v", o)
	}
	if d, ok := o.Sla.Duration(); !ok || d != 36*time.Hour+30*time.Minute {
		t.Errorf("o-order: Sla %v", o.Sla)
	}
	if l := read(t, "o-list-string", new(OListString)); !reflect.DeepEqual(l.L, []string{"a", "b", "c"}) {
		t.Errorf("o-list-string: %+v", l)
	}
	d := read(t, "o-derived-collections", new(ODerivedCollections))
	if d.L.Title != "t" || !reflect.DeepEqual(d.L.Contents, []any{"a", "b"}) || d.M.Note != "n" ||
		fmt.Sprint(d.M.Contents) != "[{x 1.5}]" {
		t.Errorf("o-derived-collections: %+v %+v", d.L, d.M)
	}
	g := read(t, "o-generic-nested", new(OGenericNested))
	if g.B.Value != 5 || g.Bb.Value.Value.Amount.String() != "1" {
		t.Errorf("o-generic-nested: %+v", g)
	}
}

// What has a Class is written again as what it was: the graph that Marshal makes of a struct is equal to the one it was read
// from, where the class has no spare places that .NET fills otherwise.
func TestGoWritesAgain(t *testing.T) {
	for _, c := range []struct {
		fixture, key string
		value        any
	}{
		{"o-struct", "m", read(t, "o-struct", new(OStruct)).M},
		{"o-enum", "st", read(t, "o-enum", new(OEnum)).St},
		{"o-inheritance", "vip", read(t, "o-inheritance", new(OInheritance)).Vip},
		{"o-names", "g", read(t, "o-names", new(ONames)).G},
	} {
		g, err := nrbf.Marshal(c.value)
		if err != nil {
			t.Errorf("%s: %v", c.fixture, err)
			continue
		}
		back := reflect.New(reflect.TypeOf(c.value))
		if err := nrbf.Unmarshal(g.Root(), back.Interface()); err != nil || !reflect.DeepEqual(back.Elem().Interface(), c.value) {
			t.Errorf("%s: back came %+v, %v; want %+v", c.fixture, back.Elem(), err, c.value)
		}
		var was nrbf.Value
		for _, r := range golden(t) {
			if r.Key.App == c.fixture {
				s, err := aspnetser.Decode(r.Payload, aspnetser.Options{})
				if err != nil {
					t.Fatal(err)
				}
				for _, it := range s.Items {
					if graph, ok := it.Value.Graph(); ok && it.Key == c.key {
						was = graph.Root()
					}
				}
			}
		}
		if got := g.Root(); got.ClassName() != was.ClassName() || got.Library() != was.Library() || got.Len() != was.Len() {
			t.Errorf("%s: written as %s of %s with %d members, was %s of %s with %d", c.fixture, got.ClassName(), got.Library(), got.Len(),
				was.ClassName(), was.Library(), was.Len())
		}
		for i := range was.Len() {
			if _, ok := g.Root().Member(was.MemberName(i)); !ok {
				t.Errorf("%s: no member %s", c.fixture, was.MemberName(i))
			}
		}
	}
}
