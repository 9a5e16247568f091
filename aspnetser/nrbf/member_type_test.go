package nrbf

import "testing"

func TestMemberType(t *testing.T) {
	order := roots(t, "o-order")[0]
	const shop = "Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934"
	want := map[string][2]string{
		"Number": {"System.Int64", ""}, "Status": {"Contoso.Shop.OrderStatus", shop}, "Placed": {"System.DateTime", ""},
		"Token": {"System.Guid", ""}, "Buyer": {"Contoso.Shop.Customer", shop}, "Total": {"System.Decimal", ""},
	}
	inPlace := map[string]bool{"Status": true, "Token": true}
	for i := range order.Len() {
		name := order.MemberName(i)
		if w, ok := want[name]; ok {
			if typ, library := order.MemberType(i); typ != w[0] || library != w[1] {
				t.Errorf("%s is declared %s of %q, want %v", name, typ, library, w)
			}
			if order.At(i).InPlace() != inPlace[name] {
				t.Errorf("%s in place: %v", name, order.At(i).InPlace())
			}
			delete(want, name)
		}
	}
	if len(want) > 0 {
		t.Errorf("no members %v", want)
	}
	null := Value{}
	if name, library := null.MemberType(3); name != "" || library != "" || null.InPlace() {
		t.Errorf("null: %s %s", name, library)
	}
}
