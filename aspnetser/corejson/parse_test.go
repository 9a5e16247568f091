package corejson

import (
	"strings"
	"testing"
	"time"
)

func TestParseType(t *testing.T) {
	schema, err := NewSchema([]Class{
		{Name: "Shop.Cart", Library: "Shop, Version=1.0.0.0", Members: []Member{{Name: "Next", Type: "Shop.Cart"}}},
		{Name: "Shop.Cart+Line", Library: "Shop, Version=1.0.0.0"},
		{Name: "Old.Cart", Library: "Old"},
		{Name: "Shop.Size", Library: "Shop", Enum: "byte"},
		{Name: "Shop.Money", Library: "Shop", Struct: true, Members: []Member{{Name: "Amount", Type: "decimal"}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"string": "string", "System.String": "string", "System.Int32": "int", " uint ": "uint", "DateTime": "DateTime",
		"System.DateTimeOffset": "DateTimeOffset", "Uri": "Uri", "Version": "Version", "sbyte": "sbyte", "char": "char",
		"int?": "int?", "System.Nullable`1[[System.Int32]]": "int?", "Nullable<Guid>": "Guid?", "int ?": "int?",
		"System.Nullable`1[[System.Int32, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]": "int?",
		"byte[]": "byte[]", "System.Byte[]": "byte[]", "byte[][]": "byte[][]", "int?[]": "int?[]", "string[][]": "string[][]",
		"List<string>": "List<string>", "System.Collections.Generic.List<int>": "List<int>",
		"System.Collections.Generic.List`1[[System.String]]":                                          "List<string>",
		"System.Collections.Generic.List`1[System.String][]":                                          "List<string>[]",
		"Dictionary<string,int>":                                                                      "Dictionary<string, int>",
		"Dictionary< Guid , List<int?> >":                                                             "Dictionary<Guid, List<int?>>",
		"System.Collections.Generic.Dictionary`2[[System.String, mscorlib],[System.Int64, mscorlib]]": "Dictionary<string, long>",
		"HashSet<int>": "HashSet<int>", "KeyValuePair<int, string>": "KeyValuePair<int, string>",
		"KeyValuePair<int, string>?":              "KeyValuePair<int, string>?",
		"enum(Demo.Color, Demo, Version=1.0.0.0)": "Demo.Color", "enum<byte>(Demo.Color+Deep, Demo)?": "Demo.Color.Deep?",
		"List<enum(A.B, C)>": "List<A.B>",
		"Shop.Cart":          "Shop.Cart", "Shop.Cart, Shop": "Shop.Cart", "Shop.Cart, shop, Version=9.0.0.0": "Shop.Cart",
		"Line": "Shop.Cart.Line", "Shop.Cart+Line": "Shop.Cart.Line", "Shop.Cart.Line": "Shop.Cart.Line", "Size": "Shop.Size",
		"Size?": "Shop.Size?", "Money?[]": "Shop.Money?[]", "List<Line>": "List<Shop.Cart.Line>",
		"System.Collections.Generic.List`1[[Shop.Cart, Shop, Version=1.0.0.0]]": "List<Shop.Cart>",
		"System.Int32, mscorlib": "int",
	} {
		got, err := schema.ParseType(text)
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
			continue
		}
		again, err := schema.ParseType(got.String())
		if err != nil && !strings.Contains(text, "enum") || err == nil && again.String() != want {
			t.Errorf("%s again: %v, %v", want, again, err)
		}
	}
	for _, text := range []string{
		"", "?", "foo", "int??", "string?", "List<int>?", "int[,]", "List", "List<>", "List<int", "List<int,int>", "Dictionary<int>",
		"Dictionary<double, int>", "Dictionary<Size, int>", "int]", "object", "System.Object", "IntPtr", "System.Type", "datetime", "int x",
		"Cart",            // of two namespaces
		"Shop.Cart, Else", // another assembly
		"System.Collections.Generic.List`1[[Shop.Cart, Else]]", "System.Collections.Generic.List`1[[System.Int32",
		"enum", "enum()", "enum(A.B", "enum<string>(A.B, C)", "enum<byte(A.B, C)", "Nullable<string>", "Nullable<int?>",
		strings.Repeat("List<", 17) + "int" + strings.Repeat(">", 17), "int" + strings.Repeat("[]", 17), strings.Repeat("x", 5000),
	} {
		if got, err := schema.ParseType(text); err == nil {
			t.Errorf("%q is %s", text, got)
		}
	}
	if _, err := ParseType("Cart"); err == nil {
		t.Error("a class without a schema")
	}
}

func TestNewSchemaRefuses(t *testing.T) {
	for name, classes := range map[string][]Class{
		"no name":          {{}},
		"a generic":        {{Name: "A.B`1"}},
		"an array":         {{Name: "A[]"}},
		"twice":            {{Name: "A.B"}, {Name: "A.B"}},
		"unknown member":   {{Name: "A.B", Members: []Member{{Name: "C", Type: "Nobody"}}}},
		"member twice":     {{Name: "A.B", Members: []Member{{Name: "C", Type: "int"}, {Name: "C", Type: "int", Field: "c"}}}},
		"field twice":      {{Name: "A.B", Members: []Member{{Name: "C", Type: "int", Field: "c"}, {Name: "D", Type: "int", Field: "c"}}}},
		"nameless":         {{Name: "A.B", Members: []Member{{Type: "int"}}}},
		"enum of strings":  {{Name: "A.B", Enum: "string"}},
		"enum and members": {{Name: "A.B", Enum: "int", Members: []Member{{Name: "C", Type: "int"}}}},
		"struct in itself": {
			{Name: "A.B", Struct: true, Members: []Member{{Name: "C", Type: "D?"}}},
			{Name: "A.D", Struct: true, Members: []Member{{Name: "E", Type: "B"}}},
		},
	} {
		if _, err := NewSchema(classes, time.UTC); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
