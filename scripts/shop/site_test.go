package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/session"
)

// broken is a slot of a type that no reader knows.
var broken = []byte{22, 1, 2, 3}

// ours are the keys that the pages of the test set. Every other one is to keep its bytes.
var ours = []string{"Cart", "CartTotal", "CartVersion", "HitCount", "Visited", "CatalogHits", "CheckoutHits", "StateHits", "TableHits"}

// signedIn is the session of a visitor of the .NET site: real ones, from fixtures/blobs, of classes that no Go program here
// knows, a null key, a static object, and an item that nobody can decode.
func signedIn(t *testing.T, form aspnetser.Form) []byte {
	t.Helper()
	s := decodeFixture(t, "web-forms")
	for i := range s.Items {
		switch it := &s.Items[i]; it.Key {
		case "Cart":
			it.Key = "LastOrder"
		case "Visited":
			it.Key = "Ratings"
		}
	}
	odd, err := aspnetser.DecodeSlot(broken, aspnetser.Options{})
	if err == nil {
		t.Fatal("what was to be broken can be decoded")
	}
	s.Items = append(s.Items, aspnetser.Item{Key: "Broken", Value: odd}, aspnetser.Item{NullKey: true, Value: aspnetser.String("under no key")})
	s.Static, s.HasStatic = decodeFixture(t, "static-mixed").Static, true
	plain, err := s.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := aspnetser.Open(plain, aspnetser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var cart Cart
	cart.add("A-1", 1, "")
	if err := setCart(c, cart); err != nil {
		t.Fatal(err)
	}
	c.Form = form
	blob, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

func decodeFixture(t *testing.T, name string) *aspnetser.Session {
	t.Helper()
	for _, c := range blobs.All(t) {
		if c.Name != name {
			continue
		}
		s, err := aspnetser.Decode(c.Bin, aspnetser.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatalf("no fixture %s", name)
	return nil
}

// setCart is what a .NET page does by Session["Cart"] = cart and what goes with it.
func setCart(c *aspnetser.Collection, cart Cart) error {
	cart.Version++
	total, err := cart.total()
	return errors.Join(err, aspnetser.Set(c, "Cart", &cart), aspnetser.Set(c, "CartTotal", total), aspnetser.Set(c, "CartVersion", cart.Version))
}

// get is a C# cast of an item: the zero T where there is none. It notes what else goes wrong.
func get[T any](c *aspnetser.Collection, key string, errs *error) T {
	x, err := aspnetser.Get[T](c, key)
	if err != nil && !errors.Is(err, aspnetser.ErrNoItem) {
		*errs = errors.Join(*errs, err)
	}
	return x
}

// torn says what does not fit together in a session. All of it is written together or not at all.
func torn(c *aspnetser.Collection) (err error) {
	cart := get[Cart](c, "Cart", &err)
	if v := get[int32](c, "CartVersion", &err); v != cart.Version {
		err = errors.Join(err, fmt.Errorf("version %d of the cart is beside version %d", v, cart.Version))
	}
	total, e := cart.total()
	if kept := get[aspnetser.Decimal](c, "CartTotal", &err); e != nil || kept.String() != total.String() && len(cart.Lines) > 0 {
		err = errors.Join(err, e, fmt.Errorf("the total is %v, the lines make %v", kept, total))
	}
	all := get[int32](c, "HitCount", &err)
	for _, key := range []string{"CatalogHits", "CheckoutHits", "StateHits", "TableHits"} {
		all -= get[int32](c, key, &err)
	}
	if all != 0 {
		err = errors.Join(err, fmt.Errorf("HitCount is %d more than its parts", all))
	}
	if seen := get[[]string](c, "Visited", &err); len(seen) > keepVisited {
		err = errors.Join(err, fmt.Errorf("%d products are remembered", len(seen)))
	}
	return err
}

// sound says what a .NET node could not read of a payload, or reads otherwise than it was written.
func sound(payload []byte, form aspnetser.Form) error {
	s, err := aspnetser.Decode(payload, aspnetser.Options{})
	if err != nil {
		return err
	}
	if len(s.Warnings) > 0 {
		return fmt.Errorf("decoding warns: %v", s.Warnings)
	}
	if s.Form != form {
		return fmt.Errorf("it is %v, and the nodes take it for %v", s.Form, form)
	}
	for i, it := range s.Items {
		if err := s.ItemErr(i); err != nil && it.Key != "Broken" {
			return err
		}
	}
	return nil
}

// untouched compares what none of the pages knows with what it was.
func untouched(was, is []byte) error {
	var a, b aspnetser.Index
	if err := errors.Join(a.Read(was, aspnetser.Options{}), b.Read(is, aspnetser.Options{})); err != nil {
		return err
	}
	slots := func(x *aspnetser.Index) (keys []string, slots [][]byte) {
		for i := range x.Len() {
			key := fmt.Sprintf("%q", x.Key(i))
			if x.Key(i) == nil {
				key = "null"
			} else if slices.Contains(ours, string(x.Key(i))) {
				continue
			}
			keys, slots = append(keys, key), append(slots, x.Slot(i))
		}
		return keys, slots
	}
	keys, before := slots(&a)
	left, after := slots(&b)
	if !slices.Equal(keys, left) {
		return fmt.Errorf("the keys were %v and are %v", keys, left)
	}
	for i, key := range keys {
		if !bytes.Equal(before[i], after[i]) {
			return fmt.Errorf("item %s was %x and is %x", key, before[i], after[i])
		}
	}
	s, err := aspnetser.Decode(was, aspnetser.Options{})
	if err != nil {
		return err
	}
	u, err := aspnetser.Decode(is, aspnetser.Options{})
	if err != nil {
		return err
	}
	if s.Timeout != u.Timeout || !aspnetser.Equal(&aspnetser.Session{Static: s.Static}, &aspnetser.Session{Static: u.Static}) {
		return errors.New("the timeout or the static objects have changed")
	}
	return nil
}

// judged is the store of a .NET node that looks at every payload it reads.
type judged struct {
	session.Store
	judge func(payload []byte)
}

func (j judged) Get(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := j.Store.Get(ctx, k)
	if err == nil {
		j.judge(item.Payload)
	}
	return item, err
}

func (j judged) GetExclusive(ctx context.Context, k session.Key) (session.Item, error) {
	item, err := j.Store.GetExclusive(ctx, k)
	if err == nil {
		j.judge(item.Payload)
	}
	return item, err
}

// book is what was acknowledged, by session.
type book struct {
	mu    sync.Mutex
	hits  map[string]map[string]int32 // counter: so many
	notes map[string][]string         // of the lines that were added
}

func newBook() *book { return &book{hits: map[string]map[string]int32{}, notes: map[string][]string{}} }

// enter notes a page that was acknowledged. An empty note: it added no line.
func (b *book) enter(id, counter, note string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hits[id] == nil {
		b.hits[id] = map[string]int32{}
	}
	b.hits[id]["HitCount"]++
	b.hits[id][counter]++
	if note != "" {
		b.notes[id] = append(b.notes[id], note)
	}
}

// compare says in what a session differs from what was acknowledged.
func (b *book) compare(id string, c *aspnetser.Collection) (err error) {
	for _, key := range []string{"HitCount", "CatalogHits", "CheckoutHits", "StateHits", "TableHits"} {
		if got, want := get[int32](c, key, &err), b.hits[id][key]; got != want {
			err = errors.Join(err, fmt.Errorf("%s is %d, and %d were acknowledged", key, got, want))
		}
	}
	var notes []string
	for _, l := range get[Cart](c, "Cart", &err).Lines {
		if note, ok := l.Note.(string); ok {
			notes = append(notes, note)
		}
	}
	want := slices.Clone(b.notes[id])
	slices.Sort(notes)
	slices.Sort(want)
	if !slices.Equal(notes, want) {
		err = errors.Join(err, fmt.Errorf("the lines are %v, and acknowledged were %v", notes, want))
	}
	return err
}

// errUnhandled is what an unhandled exception of a .NET page is here.
var errUnhandled = errors.New("an unhandled exception")

// aspx is a page of the .NET site that adds a line and counts.
func aspx(counter, note string, fails bool) func(*aspnetser.Collection) error {
	return func(c *aspnetser.Collection) (err error) {
		cart := get[Cart](c, "Cart", &err)
		cart.add("B-77", 1, note)
		err = errors.Join(err, setCart(c, cart),
			aspnetser.Set(c, "Visited", nrbf.ListOf[string](lately(get[[]string](c, "Visited", &err), "B-77"))))
		for _, key := range []string{"HitCount", counter} {
			err = errors.Join(err, aspnetser.Set(c, key, get[int32](c, key, &err)+1))
		}
		if fails {
			err = errUnhandled
		}
		return err
	}
}
