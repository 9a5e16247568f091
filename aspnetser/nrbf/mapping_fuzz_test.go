package nrbf

import (
	"errors"
	"reflect"
	"testing"
	"time"
)

// Any graph unmarshals into any type or gives a *MappingError; what comes out of it as a class of the application can be
// written, and comes back the same.
func FuzzUnmarshal(f *testing.F) {
	seed(f)
	type everything struct {
		ID, Number, Count, Value, V, A *int64
		Name, Label, Sku               *string
		Parent, Left, Right, Next      *everything
		Any, Note, Extra               any
		Children, Lines                []everything
		Tags                           ListOf[*string]
		Placed, Born                   time.Time
		Token                          GUID
		Total, Amount                  Decimal
		All                            []Pair `nrbf:",contents"`
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, _, err := Decode(b, Limits{})
		if err != nil {
			return
		}
		options := UnmarshalOptions{MaxMemory: 8 << 20}
		for _, dst := range []any{new(any), new(Value), new(everything), new([]any), new([]everything), new([][]string),
			new(map[string]any), new(map[any]*everything), new([]Pair), new(string), new(int32), new([]byte), new([]uint16),
			new(time.Time), new(ListOf[*int64]), new(shopOrder), new(map[string][]string), new(map[string]string), new([2][2]any)} {
			var m *MappingError
			if err := options.Unmarshal(g.Root(), dst); err != nil && !errors.As(err, &m) {
				t.Fatalf("%T: %v", dst, err)
			}
		}
		var order, back shopOrder
		if Unmarshal(g.Root(), &order) != nil {
			return
		}
		made, err := Marshal(&order)
		if err != nil {
			var m *MappingError
			if !errors.As(err, &m) {
				t.Fatal(err)
			}
			return
		}
		if err := Unmarshal(made.Root(), &back); err != nil {
			t.Fatal(err)
		}
		if again, err := Marshal(&back); err != nil || !reflect.DeepEqual(again.Append(nil), made.Append(nil)) {
			t.Fatalf("another stream the second time: %v", err)
		}
	})
}
