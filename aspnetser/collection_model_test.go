package aspnetser

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// model is a session as simple as can be: a list.
type model []modelItem

type modelItem struct {
	key   string
	null  bool
	value string // JSON
}

func (m model) find(key string, null bool) int {
	return slices.IndexFunc(m, func(it modelItem) bool { return it.null == null && (null || strings.EqualFold(it.key, key)) })
}

func (m *model) set(key string, null bool, value string) {
	if i := m.find(key, null); i >= 0 {
		(*m)[i].value = value
		return
	}
	if null {
		key = ""
	}
	*m = append(*m, modelItem{key, null, value})
}

func (m *model) remove(key string, null bool) bool {
	i := m.find(key, null)
	if i >= 0 {
		*m = slices.Delete(*m, i, i+1)
	}
	return i >= 0
}

// Operations at random, on blobs of all kinds, against the model.
func TestCollectionModel(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 4))
	starts := []string{"typical", "empty", "null-key-middle", "keys-case", "many-1000", "static-mixed", "z-primitives", "keys-odd", "web-forms"}
	for round := range 120 {
		blob := caseNamed(t, starts[round%len(starts)])
		c := open(t, blob, Options{})
		var m model
		for it, err := range open(t, blob, Options{}).All() {
			if err != nil {
				t.Fatal(err)
			}
			m.set(it.Key, it.NullKey, string(it.Value.appendJSON(nil)))
		}
		for range 150 {
			checkStep(t, r, c, &m)
		}
		out, err := c.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(out, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got model
		for i := range back.Items {
			it := &back.Items[i]
			got = append(got, modelItem{it.Key, it.NullKey, string(it.Value.appendJSON(nil))})
		}
		if fmt.Sprint(got) != fmt.Sprint(m) || back.Timeout != c.Timeout || len(back.Static) != len(c.StaticObjects()) {
			t.Fatalf("got %v, want %v", got, m)
		}
	}
}

// checkStep does one operation on both.
func checkStep(t *testing.T, r *rand.Rand, c *Collection, m *model) {
	t.Helper()
	key, null := pick(r, fmt.Sprintf("k%d", r.IntN(12)), "K1", "É", "é", "", "\u212a1"), r.IntN(12) == 0
	if len(*m) > 0 && r.IntN(2) == 0 {
		it := (*m)[r.IntN(len(*m))]
		if key, null = it.key, it.null; r.IntN(2) == 0 {
			key = flipCase(key)
		}
	}
	switch r.IntN(10) {
	case 0, 1, 2:
		v := []Value{Int32(int32(r.Uint32())), String(key), Null(), DateTime(int64(r.IntN(1e9)))}[r.IntN(4)]
		checkOperation(t, c, m, 0, key, null, v)
	case 3, 4, 5:
		checkOperation(t, c, m, 1, key, null, Value{})
	case 6:
		if r.IntN(20) == 0 {
			c.Clear()
			*m = nil
		}
		c.Timeout = int32(r.IntN(100))
	case 7:
		if out, err := c.Append(nil); err != nil || len(out) == 0 {
			t.Fatal(err)
		}
	default:
		checkOperation(t, c, m, 2, key, null, Value{})
	}
}

// checkOperation sets, removes or gets an item in both, and sees that they have the same keys.
func checkOperation(t *testing.T, c *Collection, m *model, what int, key string, null bool, v Value) {
	t.Helper()
	set, remove, get := func() { c.Set(key, v) }, c.Remove, c.Get
	if null {
		set = func() { c.SetNull(v) }
		remove, get = func(string) bool { return c.RemoveNull() }, func(string) (Value, error) { return c.GetNull() }
	}
	switch what {
	case 0:
		set()
		m.set(key, null, string(v.appendJSON(nil)))
	case 1:
		if got, want := remove(key), m.remove(key, null); got != want {
			t.Fatalf("removing %q: %v, want %v", key, got, want)
		}
	default:
		v, err := get(key)
		if i := m.find(key, null); errors.Is(err, ErrNoItem) != (i < 0) ||
			i >= 0 && !bytes.Equal(v.appendJSON(nil), []byte((*m)[i].value)) {
			t.Fatalf("%q: %s, %v", key, v.appendJSON(nil), err)
		}
	}
	var keys []string
	for _, it := range *m {
		if !it.null {
			keys = append(keys, it.key)
		}
	}
	if got := c.Keys(); !slices.Equal(got, keys) || c.Len() != len(*m) || c.HasNull() != (m.find("", true) >= 0) {
		t.Fatalf("keys %q, want %q", got, keys)
	}
}
