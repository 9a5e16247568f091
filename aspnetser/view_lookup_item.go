package aspnetser

import (
	"slices"
	"strings"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Lookup returns what a path leads to, from an item on:
//
//	cart                     the item with the key cart; keys that differ by case only are equal
//	["a.b"], 'a.b'           an item whose key has dots, brackets or quotes; [] is the item with the null key
//	cart.Lines[0].Sku        as of [View.Lookup]
//
// An item is looked for first, then a static object of that name. Errors are *[PathError].
func (s *Session) Lookup(path string) (View, error) {
	segments, err := parseItemPath(path)
	if err != nil {
		return View{}, err
	}
	v := s.find(&segments[0])
	if v == nil {
		return View{}, s.nowhere(path, &segments[0])
	}
	return viewOfItem(v).follow(path, segments[1:])
}

// parseItemPath is parsePath for a path that begins with the key of an item.
func parseItemPath(path string) ([]segment, error) {
	segments, err := parsePath(path)
	if err == nil && len(segments) == 0 {
		err = &PathError{Path: path, Reason: "empty: it begins with the key of an item"}
	}
	return segments, err
}

// nowhere is the error of a path that begins with no item's key.
func (s *Session) nowhere(path string, first *segment) error {
	why := s.keys()
	if s.uncreated(first) {
		why = "the static object was not created in this session: it has no value"
	}
	return &PathError{Path: path, Offset: first.offset, Segment: first.text, Reason: why}
}

func (s *Session) find(first *segment) *Value {
	null := first.isNull()
	var folded *Value
	for i := range s.Items {
		switch it := &s.Items[i]; {
		case it.NullKey || null:
			if it.NullKey && null {
				return &it.Value
			}
		case it.Key == first.name:
			return &it.Value
		case folded == nil && strings.EqualFold(it.Key, first.name):
			folded = &it.Value
		}
	}
	if folded != nil || null {
		return folded
	}
	for i := range s.Static {
		if o := &s.Static[i]; o.HasInstance && strings.EqualFold(o.Name, first.name) {
			return &o.Value
		}
	}
	return nil
}

// uncreated says whether a part names a static object that was declared and never used.
func (s *Session) uncreated(first *segment) bool {
	if first.isNull() {
		return false
	}
	return slices.ContainsFunc(s.Static, func(o StaticObject) bool {
		return !o.HasInstance && strings.EqualFold(o.Name, first.name)
	})
}

// keys lists what paths can begin with, and the static objects that were not created.
func (s *Session) keys() string {
	names := make([]string, 0, len(s.Items))
	for i := range s.Items {
		switch it := &s.Items[i]; {
		case it.NullKey:
			names = append(names, "[]")
		case strings.ContainsAny(it.Key, `.[]"' `):
			names = append(names, "["+nrbf.QuoteCut(it.Key, 60)+"]")
		default:
			names = append(names, printable(it.Key, 60))
		}
	}
	for i := range s.Static {
		name := printable(s.Static[i].Name, 60)
		if !s.Static[i].HasInstance {
			name += " (not created)"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "no such item: the session has none"
	}
	return "no such item; there " + are(names)
}

func are(names []string) string {
	const most = 40
	verb := "are "
	if len(names) == 1 {
		verb = "is "
	}
	if n := len(names); n > most {
		return verb + strings.Join(names[:most], ", ") + " and " + group(n-most) + " more"
	}
	return verb + strings.Join(names, ", ")
}
