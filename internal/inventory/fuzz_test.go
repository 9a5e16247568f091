package inventory_test

import (
	"bytes"
	"testing"

	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
	"github.com/aspstate/aspstate/internal/inventory"
)

// Whatever a store holds, there is a report of it, all of its forms can be written, and the Go is Go.
func FuzzTake(f *testing.F) {
	for _, c := range blobs.All(f) {
		if c.Size < 8<<10 {
			f.Add(c.Bin)
		}
	}
	for _, c := range malformed.All(f) {
		if len(c.Bin) < 8<<10 {
			f.Add(c.Bin)
		}
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		r := take(t, store(blob, blob), inventory.Options{})
		var b bytes.Buffer
		for _, err := range []error{r.Text(&b), r.CSharp(&b), r.TOML(&b), r.Go(&b, "p")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if a := r.Apps[0]; a.Sessions != 2 || a.Undecodable != 0 && a.Undecodable != 2 {
			t.Errorf("%+v", a)
		}
	})
}
