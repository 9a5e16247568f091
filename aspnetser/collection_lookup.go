package aspnetser

import "errors"

// Lookup returns what a path leads to, such as cart.Lines[0].Sku: see [Session.Lookup]. Of the items only the one that the
// path begins with is decoded. A leaf of its graph can be changed through the nrbf.Value of the View:
//
//	sku, err := c.Lookup("cart.Lines[0].Sku")
//	…
//	if v, ok := sku.Value(); ok {
//		err = v.Set("A-2")
//	}
//
// Errors are *[PathError], and those of Get where the item cannot be decoded.
func (c *Collection) Lookup(path string) (View, error) {
	segments, err := parseItemPath(path)
	if err != nil {
		return View{}, err
	}
	first := &segments[0]
	get := func() (Value, error) { return c.Get(first.name) }
	if first.isNull() {
		get = c.GetNull
	}
	v, err := get()
	if errors.Is(err, ErrNoItem) {
		c.compact()
		static := (&Session{Static: c.s.Static}).find(first)
		if static == nil {
			return View{}, c.s.nowhere(path, first)
		}
		v, err = *static, nil
	}
	if err != nil {
		return View{}, err
	}
	return viewOfItem(&v).follow(path, segments[1:])
}

// isNull says whether the segment stands for the null key.
func (s *segment) isNull() bool { return s.square && !s.quoted && s.name == "" }
