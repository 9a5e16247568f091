package corejson

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/fixtures/remote-session"
)

// demo are the classes of fixtures/remote-session/README.md.
func demo(t testing.TB) *Schema {
	t.Helper()
	const library = "Demo, Version=0.0.0.0, Culture=neutral, PublicKeyToken=null"
	s, err := NewSchema([]Class{
		{Name: "Demo.Colour", Library: library, Enum: "int"},
		{Name: "Demo.Line", Library: library, Complete: true, Members: []Member{{Name: "Sku", Type: "string"}, {Name: "Qty", Type: "int"}}},
		{Name: "Demo.Cart", Library: library, Complete: true, Members: []Member{
			{Name: "Id", Type: "int"}, {Name: "Owner", Type: "string"}, {Name: "Total", Type: "decimal"},
			{Name: "Opened", Type: "DateTime"}, {Name: "Shade", Type: "Colour"}, {Name: "Lines", Type: "List<Line>"},
		}},
		{Name: "Demo.Plain", Library: library, Members: []Member{{Name: "Name", Type: "string", Field: "m_name"}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valueOf decodes the bytes of an item's slot.
func valueOf(t testing.TB, slot []byte) aspnetser.Value {
	t.Helper()
	blob := binary.LittleEndian.AppendUint32(nil, 20)
	blob = append(blob, 1, 0)
	blob = binary.LittleEndian.AppendUint32(blob, 1)
	blob = binary.LittleEndian.AppendUint32(blob, 0xffffffff)
	blob = append(blob, 1, 'k')
	blob = binary.LittleEndian.AppendUint32(blob, uint32(len(slot)))
	blob = append(append(blob, slot...), 0xff)
	c, err := aspnetser.Open(blob, aspnetser.Options{Compressed: aspnetser.CompressionNo})
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.Get("k")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// slotOf encodes a value as an item.
func slotOf(t testing.TB, v aspnetser.Value) []byte {
	t.Helper()
	s := aspnetser.Session{Timeout: 20, Items: []aspnetser.Item{{Key: "k", Value: v}}}
	blob, err := s.Append(nil)
	if err != nil {
		t.Fatalf("writing the value: %v", err)
	}
	return blob[20 : len(blob)-1]
}

// Every row of fixtures/remote-session/altserialization-json.json, in the directions that it has.
func TestVectors(t *testing.T) {
	schema := demo(t)
	for _, row := range remotesession.Items(t) {
		t.Run(row.Name, func(t *testing.T) {
			stored := valueOf(t, row.Slot)
			if got := slotOf(t, stored); !bytes.Equal(got, row.Slot) {
				t.Fatalf("the slot is written as %x", got)
			}
			if row.Direction == "none" {
				if _, err := schema.ParseType(row.CLRType); err == nil {
					t.Error("there is such a type")
				}
				for _, name := range []string{"long", "int", "string"} {
					if typ, _ := ParseType(name); typ != nil {
						if out, err := typ.ToJSON(nil, stored); err == nil {
							t.Errorf("as a %s it is %s", name, out)
						}
					}
				}
				return
			}
			name := row.CLRType
			if name == "(null)" {
				name = "string"
			}
			typ, err := schema.ParseType(name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := typ.ToJSON(nil, stored)
			if err != nil || string(got) != *row.JSON {
				t.Fatalf("ToJSON: %s, %v; want %s", got, err, *row.JSON)
			}
			same, err := typ.FromJSON(got, stored, true)
			if err != nil || !bytes.Equal(slotOf(t, same), row.Slot) {
				t.Fatalf("FromJSON of what is stored: %v", err)
			}
			if row.Direction != "both" {
				return
			}
			for i, text := range append([]string{*row.JSON}, row.AlsoAccept...) {
				if row.Name == "class-private-field" {
					break // needs a template: TestTemplate
				}
				v, err := typ.FromJSON([]byte(text), aspnetser.Value{}, false)
				if err != nil {
					t.Fatalf("FromJSON of %s: %v", text, err)
				}
				if row.ExactRoundTrip && !bytes.Equal(slotOf(t, v), row.Slot) {
					t.Errorf("%s becomes %x", text, slotOf(t, v))
				}
				again, err := typ.ToJSON(nil, valueOf(t, slotOf(t, v)))
				if err != nil || i == 0 && string(again) != text {
					t.Errorf("%s becomes %s, %v", text, again, err)
				}
			}
		})
	}
}
