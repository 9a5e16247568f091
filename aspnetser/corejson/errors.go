package corejson

import "fmt"

// UnconvertibleError says that a value has no JSON under a type, or that JSON which is sound has no value: the key is to be
// hidden, or the commit refused.
type UnconvertibleError struct {
	Path   string // from the root on: Lines[2].Price; [#2] is the third entry of a dictionary, "" the root
	Reason string // what is wrong, without the place; names types, never values
}

// Error names path and reason: Lines[2].Price: not a number has no JSON.
func (e *UnconvertibleError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// JSONError says that a text is no JSON, or not that of a type.
type JSONError struct {
	Path   string // as in UnconvertibleError; "" where the text is no JSON
	Offset int    // in bytes from the start of the text
	Reason string // what is wrong, without the place; names types, never values
}

// Error names path, reason and offset: Lines[2].Qty: a string that is no int at offset 31.
func (e *JSONError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset)
	}
	return fmt.Sprintf("%s: %s at offset %d", e.Path, e.Reason, e.Offset)
}
