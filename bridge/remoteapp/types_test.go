package remoteapp

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/corejson"
	"github.com/aspstate/aspstate/fixtures/blobs"
	remotesession "github.com/aspstate/aspstate/fixtures/remote-session"
)

// A session of all kinds of values is the read-only load of fixture 04, byte for byte, and a commit that sends it back changes
// nothing.
func TestTypes(t *testing.T) {
	types := map[string]string{
		"LastSeen": "DateTime", "Total": "decimal", "Basket": "Guid", "Idle": "TimeSpan", "Blob": "byte[]", "Ratio": "double", "Grade": "char", "Big": "long",
	}
	w := overHTTP(t, func(o *Options) {
		for key, typ := range types {
			o.Apps[0].Keys[key] = typed(typ)
		}
	})
	fixture := remotesession.Named(t, "04-load-readonly-types")
	want, _, err := DecodePayload(fixture.Bin)
	if err != nil {
		t.Fatal(err)
	}
	c := aspnetser.Collection{Timeout: want.Timeout}
	for _, it := range want.Items {
		v, err := typed(types[it.Key]).FromJSON(it.Value, aspnetser.Value{}, false)
		if err != nil {
			t.Fatal(err)
		}
		c.Set(it.Key, v)
	}
	blob, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.put(shopKey, blob)
	if got := AppendPayload(nil, w.look(testID)); !bytes.Equal(got, fixture.Bin) {
		t.Errorf("%q", got)
	}
	if status, body := w.load(testID).commit(set("Total", "1.1"), set("Ratio", "1E-1")); status != 200 || !bytes.Equal(w.record(shopKey).Payload, blob) {
		t.Errorf("%d %q", status, body)
	}
	if status, body := w.load(testID).commit(set("LastSeen", `"2030-01-01T00:00:00Z"`)); status != 200 {
		t.Errorf("%d %q", status, body)
	}
	now, err := aspnetser.Open(w.record(shopKey).Payload, aspnetser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if seen, err := aspnetser.Get[time.Time](now, "LastSeen"); err != nil || seen.Format(time.DateTime) != "2030-01-01 00:00:00" {
		t.Errorf("%v, %v", seen, err)
	}
}

// An object of the application's keeps what its registered type does not show, when a client changes the rest.
func TestObject(t *testing.T) {
	all := blobs.All(t)
	blob := all[slices.IndexFunc(all, func(c blobs.Case) bool { return c.Name == "o-order" })].Bin
	before, err := aspnetser.Open(blob, aspnetser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := corejson.NewSchema([]corejson.Class{{
		Name: "Contoso.Shop.Order", Library: "Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=6a4439647e9f1934",
		Members: []corejson.Member{{Name: "Number", Type: "long", Field: "Number"}},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	typ, err := schema.ParseType("Contoso.Shop.Order")
	if err != nil {
		t.Fatal(err)
	}
	w := overHTTP(t, func(o *Options) { o.Apps[0].Keys["order"] = typ })
	w.put(shopKey, blob)
	l := w.load(testID)
	if len(l.Items) != 1 || !strings.HasPrefix(string(l.Items[0].Value), `{"Number":`) {
		t.Fatalf("%q, log %s", l.Items, w.log)
	}
	if status, body := l.commit(set("order", `{"Number":77}`)); status != 200 {
		t.Fatalf("%d %q", status, body)
	}
	after, err := aspnetser.Open(w.record(shopKey).Payload, aspnetser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for path, same := range map[string]bool{"order.Lines[1].Sku": true, "order.Number": false} {
		a, err := before.Lookup(path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := after.Lookup(path)
		if err != nil {
			t.Fatal(err)
		}
		if x, y := string(a.AppendJSON(nil)), string(b.AppendJSON(nil)); same != (x == y) {
			t.Errorf("%s: %s, then %s", path, x, y)
		}
	}
}
