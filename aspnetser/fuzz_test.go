package aspnetser

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	stdflate "compress/flate"

	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
)

// seed adds all fixtures that a fuzzer can work with.
func seed(f *testing.F) {
	const most = 16 << 10
	n := 0
	add := func(blob []byte, compressed bool) {
		if len(blob) > most {
			return
		}
		n++
		f.Add(blob, uint8(CompressionAuto))
		f.Add(blob, uint8(told(compressed).Compressed))
	}
	for _, c := range blobs.All(f) {
		add(c.Bin, c.Compressed)
	}
	for _, c := range malformed.All(f) {
		add(c.Bin, c.Compressed)
	}
	add(bothWays(), false)
	add(withItems([]string{"a\xe4\xb8", "\xadb", "\xff"}, []byte{7, 0xff}, []byte{3, 9, 9}, []byte{1, 0x81, 0, 0xe4}).bytes(), false)
	if n < 150 {
		f.Fatalf("%d seeds only", n)
	}
}

// fuzzed keeps what is inflated small, so that the fuzzer is fast.
func fuzzed(compression uint8) Options {
	return Options{Compressed: Compression(compression % 3), MaxInflated: 1 << 20}
}

func typed(err error) bool {
	var bad *MalformedError
	var over *LimitError
	return err == nil || errors.As(err, &bad) || errors.As(err, &over)
}

func FuzzDecode(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, blob []byte, compression uint8) { checkDecode(t, blob, fuzzed(compression)) })
}

// checkDecode decodes blob, sees that Decode and Examine agree and that the views are bounded, and encodes it again.
func checkDecode(t *testing.T, blob []byte, o Options) {
	before := bytes.Clone(blob)
	s, err := Decode(blob, o)
	if !typed(err) {
		t.Fatalf("error of type %T", err)
	}
	if err == nil {
		err = s.Err()
	}
	form, examined := Examine(blob, o)
	if fmt.Sprint(err) != fmt.Sprint(examined) {
		t.Fatalf("Decode says %v, Examine %v", err, examined)
	}
	if s == nil {
		if form != FormUnknown {
			t.Fatalf("Examine gives %v for what nobody can read", form)
		}
		return
	}
	if form != s.Form {
		t.Fatalf("Decode says %v, Examine %v", s.Form, form)
	}
	size := len(blob)
	if s.Form == FormCompressed {
		size += 1 << 20
	}
	shown := AppendJSON(nil, s)
	if !json.Valid(shown) || len(shown) > 4096+200*size {
		t.Fatalf("%d bytes of JSON for %d, valid: %v", len(shown), size, json.Valid(shown))
	}
	if text := AppendText(nil, s); len(text) > 4096+2000*size {
		t.Fatalf("%d bytes of text for %d", len(text), size)
	}
	checkRoundTrip(t, s, blob, shown)
	if !bytes.Equal(blob, before) {
		t.Fatal("the input was changed")
	}
}

// checkRoundTrip encodes s: the same bytes, and the same session when they are read again.
func checkRoundTrip(t *testing.T, s *Session, blob, shown []byte) {
	out, err := s.Append(nil)
	if err != nil {
		for i := range s.Items {
			if v := &s.Items[i].Value; v.typ == TypeUndecodable && v.odd == nil {
				return // a slot that goes back or overlaps
			}
		}
		t.Fatalf("encoding what was decoded: %v", err)
	}
	back, err := Decode(out, Options{Compressed: told(s.Form == FormCompressed).Compressed, MaxInflated: -1})
	if err != nil {
		t.Fatalf("decoding what was encoded: %v", err)
	}
	if again := AppendJSON(nil, back); !bytes.Equal(again, shown) {
		t.Fatalf("%s\nbecame\n%s", shown, again)
	}
	if s.Form == FormCompressed {
		if blob, err = Inflate(nil, blob, Options{MaxInflated: -1}); err != nil {
			t.Fatal(err)
		}
		if out, err = Inflate(nil, out, Options{MaxInflated: -1}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(out, blob) {
		t.Fatalf("encoded again:\n% x\nwas\n% x", out, blob)
	}
}

// FuzzCollection opens blobs, compares with Decode, and then does what the input says: one byte an operation.
func FuzzCollection(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, blob []byte, compression uint8) {
		o := fuzzed(compression)
		checkOpened(t, blob, o)
		checkIndex(t, new(Index), blob, o)
		c, err := Open(blob, o)
		if err != nil {
			return
		}
		var m model
		for it, err := range open(t, blob, o).All() {
			var over *LimitError
			if errors.As(err, &over) {
				return // which items are over a limit depends on the order in which they are asked for
			}
			m.set(it.Key, it.NullKey, string(it.Value.appendJSON(nil)))
		}
		r := rand.New(rand.NewPCG(uint64(len(blob)), uint64(compression)))
		for _, b := range blob[:min(len(blob), 40)] {
			key, null := fmt.Sprintf("K%d", b%5), b&0x70 == 0
			if len(m) > 0 && b&8 != 0 {
				it := m[r.IntN(len(m))]
				key, null = it.key, it.null
			}
			checkOperation(t, c, &m, int(b%3), key, null, String(key))
		}
		out, err := c.Append(nil)
		if err != nil {
			return // a slot that goes back, or a text that is not UTF-8
		}
		var got model
		for it := range open(t, out, Options{Compressed: told(c.Form == FormCompressed).Compressed, MaxInflated: -1}).All() {
			got = append(got, modelItem{it.Key, it.NullKey, string(it.Value.appendJSON(nil))})
		}
		if fmt.Sprint(got) != fmt.Sprint(m) {
			t.Fatalf("got %v, want %v", got, m)
		}
	})
}

func FuzzExamine(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, blob []byte, compression uint8) {
		o := fuzzed(compression)
		form, err := Examine(blob, o)
		if !typed(err) {
			t.Fatalf("error of type %T", err)
		}
		// Being told what was found changes nothing.
		if form != FormUnknown {
			o.Compressed = told(form == FormCompressed).Compressed
			if again, err2 := Examine(blob, o); again != form || fmt.Sprint(err) != fmt.Sprint(err2) {
				t.Fatalf("%v, %v became %v, %v", form, err, again, err2)
			}
		}
		d, err2 := Detect(blob, fuzzed(compression))
		if !typed(err2) || (d.Form == FormUnknown) != (err2 != nil) {
			t.Fatalf("Detect: %+v, %v", d, err2)
		}
		if Compression(compression%3) == CompressionAuto && d.Form != form {
			t.Fatalf("Detect says %v, Examine %v", d.Form, form)
		}
	})
}

func FuzzInflate(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, blob []byte, _ uint8) {
		const most = 1 << 20
		out, err := Inflate([]byte("x"), blob, Options{MaxInflated: most, MaxRatio: 1})
		if !typed(err) {
			t.Fatalf("error of type %T", err)
		}
		want, stdErr := io.ReadAll(io.LimitReader(stdflate.NewReader(bytes.NewReader(blob)), most+1))
		switch {
		case len(want) > most:
			var over *LimitError
			if !errors.As(err, &over) && len(blob) < most {
				t.Fatalf("%d bytes or more: %v", len(want), err)
			}
			return
		case (stdErr == nil) != (err == nil):
			t.Fatalf("%v, the standard library says %v", err, stdErr)
		case err != nil:
			return
		}
		if !bytes.Equal(out, append([]byte("x"), want...)) {
			t.Fatalf("%d bytes, the standard library has %d", len(out)-1, len(want))
		}
		packed, err := Deflate(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Inflate(nil, packed, Options{MaxInflated: -1}); err != nil || !bytes.Equal(back, want) {
			t.Fatalf("%d bytes came back as %d, %v", len(want), len(back), err)
		}
	})
}

func FuzzAppendOffsets(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, blob []byte, compression uint8) {
		o := fuzzed(compression)
		out, err := AppendOffsets(nil, blob, o)
		_, examined := Examine(blob, o)
		if fmt.Sprint(err) != fmt.Sprint(examined) {
			t.Fatalf("AppendOffsets says %v, Examine %v", err, examined)
		}
		checkTiles(t, out, blob, o)
		if len(out) > 4096+400*(len(blob)+1<<20) {
			t.Fatalf("%d bytes for %d", len(out), len(blob))
		}
	})
}
