package aspnetser

import (
	"strings"
	"testing"
)

func TestTidyType(t *testing.T) {
	const lib = ", mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
	for stored, want := range map[string]string{
		"System.Int32":                      "int",
		"System.Int32[]":                    "int[]",
		"Contoso.Shop.Order":                "Order",
		"Contoso.Shop.Cart+Line":            "Cart.Line",
		"Global":                            "Global",
		"System.String[][,]":                "string[,][]", // .NET writes the dimensions of the elements first
		"System.String[,][]":                "string[][,]",
		"System.Int32[*]":                   "int[*]",
		"System.Int32&":                     "int&",
		"System.Collections.Generic.List`1": "List<>",
		"A.Dictionary`2":                    "Dictionary<,>",
		"System.Nullable`1[[System.Int32" + lib + "]]":                                                "int?",
		"System.Nullable`1[[System.Int32" + lib + "]][]":                                              "int?[]",
		"System.Collections.Generic.List`1[[System.Nullable`1[[System.Guid" + lib + "]]" + lib + "]]": "List<Guid?>",
		"N.Dictionary`2[[System.String" + lib + "],[N.Order, N]]":                                     "Dictionary<string, Order>",
		"N.Dictionary`2[System.String,N.Order]":                                                       "Dictionary<string, Order>",
		"N.Box`1+Lid`1[[System.String" + lib + "],[System.Decimal" + lib + "]]":                       "Box<string>.Lid<decimal>",
		"N.Box`1+Tag[[System.Guid" + lib + "]]":                                                       "Box<Guid>.Tag",
		// What is no name of .NET is given as it is.
		"":                                  `""`,
		"List`1[[":                          "List`1[[",
		"List`1[[System.Int32]":             "List`1[[System.Int32]",
		"List`2[[System.Int32]]":            "List`2[[System.Int32]]",
		"List`0":                            "List`0",
		"List`99999999999":                  "List`99999999999",
		"A[[B]]":                            "A[[B]]",
		"A[x]":                              "A[x]",
		"A]":                                "A]",
		"A\x1b[31m":                         `"A\x1b[31m"`,
		strings.Repeat("x", 200):            strings.Repeat("x", 120) + "…",
		"L`1" + strings.Repeat("[[L`1", 20): "L`1" + strings.Repeat("[[L`1", 20),
	} {
		if got := tidyType(stored); got != want {
			t.Errorf("%s is %s, want %s", stored, got, want)
		}
	}
}

func TestTidyMember(t *testing.T) {
	for stored, want := range map[string][2]string{
		"name":                            {"", "name"},
		"<Email>k__BackingField":          {"", "Email"},
		"Customer+<Email>k__BackingField": {"Customer", "Email"},
		"Person+id":                       {"Person", "id"},
		"List`1+_items":                   {"List`1", "_items"},
		"<Total>i__Field":                 {"", "Total"},
		"<factor>P":                       {"", "factor"},
		"Name@":                           {"", "Name"},
		"<N.IShape.Area>k__BackingField":  {"", "N.IShape.Area"},
		"<a>b__0":                         {"", "<a>b__0"},
		"<>k__BackingField":               {"", "<>k__BackingField"},
		"+x":                              {"", "+x"},
		"x+":                              {"", "x+"},
		"@":                               {"", "@"},
		"":                                {"", ""},
		"A+<B+C>k__BackingField":          {"A", "B+C"},
	} {
		if base, name := tidyMember(stored); base != want[0] || name != want[1] {
			t.Errorf("%s is %q of %q, want %q of %q", stored, name, base, want[1], want[0])
		}
	}
}

func TestXMLNames(t *testing.T) {
	for stored, want := range map[string]string{
		"plain": "plain", "Order_x0020_Lines": "Order Lines", "_x0031_st": "1st", "a_x005F_x0020_": "a_x0020_", "_x0001F600_": "😀",
		"_x00": "_x00", "_xZZZZ_": "_xZZZZ_", "_xD800_": "_xD800_", "_x": "_x", "": "",
	} {
		if got := xmlName(stored); got != want {
			t.Errorf("%s is %q, want %q", stored, got, want)
		}
	}
	for stored, want := range map[string]string{
		"a&#x41;&#65;&lt;": "a&#x41;&#65;&lt;", "&#x0;&#1;&#x1F;&#xFFFF;": "����", "&#x9;&#10;&#xD;": "&#x9;&#10;&#xD;", "&#": "&#",
		"&#zz;&#x;": "&#zz;&#x;", "&#99999999999;x": "&#99999999999;x",
	} {
		if got := legalXML(stored); got != want {
			t.Errorf("%s is %q, want %q", stored, got, want)
		}
	}
}

func TestGroup(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1: "-1", -1000: "-1,000", -999: "-999"} {
		if got := group(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
