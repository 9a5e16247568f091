package remoteapp

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/corejson"
)

// Serializer turns the values of one registered .NET type into the JSON that System.Text.Json writes for it, and back
// (sections 10 and 13). A *corejson.Type is one. It may be called concurrently. Its errors must have nothing of a session in them: they are logged.
type Serializer interface {
	// ToJSON appends the value. An error hides the item from clients, and keeps it: that of a null, too, if the type has none.
	ToJSON(dst []byte, v aspnetser.Value) ([]byte, error)
	// FromJSON makes the value to be stored in the place of stored, if has: of what was there it may keep what JSON does not
	// show. It may change the graph of stored. An error refuses the commit: that of a null, too, if the type has none.
	FromJSON(json []byte, stored aspnetser.Value, has bool) (aspnetser.Value, error)
	// TakesNull says whether null is a value of the type: of a class, a string, or a Nullable<T>.
	TakesNull() bool
}

var _ Serializer = (*corejson.Type)(nil)

// Keys is the table of an application's registered keys: RegisterKey<T>("name") of the Core application.
type Keys map[string]Serializer

// keyTable finds a registration by folded key.
type keyTable map[string]registered

type registered struct {
	name string // as it is registered
	Serializer
}

// table refuses what would make two registrations of one item.
func (k Keys) table() (keyTable, error) {
	t := make(keyTable, len(k))
	for name, s := range k {
		if !utf8.ValidString(name) || s == nil {
			return nil, fmt.Errorf("key %q has no serializer, or is not UTF-8", name)
		}
		f := fold(name)
		if other, twice := t[f]; twice {
			return nil, fmt.Errorf("keys %q and %q are one item to ASP.NET", min(name, other.name), max(name, other.name))
		}
		t[f] = registered{name, s}
	}
	return t, nil
}

// fold makes keys equal that are one key to aspnetser: by Unicode simple case folding. ASP.NET has the invariant culture for
// that, the client compares them byte for byte (section 11).
func fold(key string) string {
	b := make([]byte, 0, len(key))
	for _, r := range key {
		first := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			first = min(first, next)
		}
		b = utf8.AppendRune(b, first)
	}
	return string(b)
}
