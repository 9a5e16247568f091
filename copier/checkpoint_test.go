package copier

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func someCheckpoint() checkpoint {
	return checkpoint{
		From: "from-1", To: "to-1", Plan: "plan-1", Phase: "copy", Cursor: "opaque \"<&>\" \u2028 ü", Pass: 7,
		Changes:  &position{Since: "1.2.3 <&> ü", Last: "1.2.4", Full: time.Date(2026, 3, 1, 11, 0, 0, 7, time.UTC)},
		Counters: json.RawMessage(`{"copied":12,"note":"a<b"}`), Complete: true,
		Saved: time.Date(2026, 3, 1, 12, 30, 1, 5_000_000, time.FixedZone("", 3600)),
	}
}

func TestCheckpointComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cp")
	if c, err := loadCheckpoint(path); c != nil || err != nil {
		t.Fatalf("absent: %v, %v", c, err)
	}
	for name, c := range map[string]checkpoint{"full": someCheckpoint(), "zero": {}} {
		if err := saveCheckpoint(path, c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := loadCheckpoint(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var counters, want map[string]any
		if len(c.Counters) > 0 {
			if err := errors.Join(json.Unmarshal(c.Counters, &want), json.Unmarshal(got.Counters, &counters)); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(counters, want) || !got.Saved.Equal(c.Saved) || got.Version != 1 {
			t.Errorf("%s: got %+v", name, got)
		}
		got.Counters, got.Saved, got.Version = c.Counters, c.Saved, 0
		if !reflect.DeepEqual(*got, c) {
			t.Errorf("%s: got %+v, want %+v", name, *got, c)
		}
		data, err := os.ReadFile(path)
		if err != nil || !json.Valid(data) {
			t.Errorf("%s: not JSON: %s, %v", name, data, err)
		}
		again, err := checkpointForm.encode(withSaved(c))
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("%s: written differently the second time: %s, %v", name, again, err)
		}
	}
}

func withSaved(c checkpoint) checkpoint { c.Saved = c.Saved.UTC(); return c }

func TestCheckpointRefusesWhatJSONCannotHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cp")
	for name, c := range map[string]checkpoint{
		"a cursor of other bytes": {Cursor: "a\xff"}, "counters that are no JSON": {Counters: json.RawMessage("{")},
	} {
		if err := saveCheckpoint(path, c); err == nil {
			t.Errorf("%s: saved", name)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a file was made: %v", name, err)
		}
	}
}

// sealed gives text, all of a state file before its sum, the right sum.
func sealed(text string) []byte {
	return fmt.Appendf(nil, "%s%s%x\"}\n", text, stateSumMark, sha256.Sum256([]byte(text)))
}

func TestCheckpointThatCannotBeUsed(t *testing.T) {
	good, err := checkpointForm.encode(withSaved(someCheckpoint()))
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := manifestForm.encode(manifest{})
	if err != nil {
		t.Fatal(err)
	}
	text := string(good[:len(good)-stateTail])
	for name, v := range map[string]struct {
		data []byte
		kind StateKind
	}{
		"empty":                      {nil, StateDamaged},
		"zeros":                      {make([]byte, 4096), StateDamaged},
		"twice":                      {append(bytes.Clone(good), good...), StateDamaged},
		"without its newline":        {good[:len(good)-1], StateDamaged},
		"printed prettily":           {bytes.ReplaceAll(good, []byte(","), []byte(",\n ")), StateDamaged},
		"edited":                     {bytes.Replace(good, []byte("plan-1"), []byte("plan-2"), 1), StateDamaged},
		"an unknown key":             {sealed(strings.Replace(text, `"pass"`, `"more":1,"pass"`, 1)), StateDamaged},
		"a key in other case":        {sealed(strings.Replace(text, `"pass"`, `"Pass"`, 1)), StateDamaged},
		"a key twice":                {sealed(strings.Replace(text, `"pass"`, `"pass":1,"pass"`, 1)), StateDamaged},
		"content null":               {sealed(`{"aspstate":"checkpoint","version":1,"content":null`), StateDamaged},
		"no content":                 {sealed(`{"aspstate":"checkpoint","version":1`), StateDamaged},
		"version 0":                  {sealed(strings.Replace(text, `"version":1`, `"version":0`, 1)), StateDamaged},
		"version 2":                  {sealed(strings.Replace(text, `"version":1`, `"version":2`, 1)), StateNewer},
		"version 2, content changed": {sealed(`{"aspstate":"checkpoint","version":2,"content":[1]`), StateNewer},
		"version 2 without its sum":  {bytes.Replace(good, []byte(`"version":1`), []byte(`"version":2`), 1), StateDamaged},
		"a ledger's state":           {ledger, StateForeign},
		"a text":                     {[]byte("Dear diary\n"), StateForeign},
		"another JSON":               {[]byte(`{"name":"x","version":"1.0.0"}`), StateForeign},
		"another JSON with our sum":  {sealed(`{"name":"x"`), StateForeign},
		"binary":                     {[]byte("MZ\x90\x00\x03\x00"), StateForeign},
	} {
		path := filepath.Join(t.TempDir(), "cp")
		if err := os.WriteFile(path, v.data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := loadCheckpoint(path)
		var s *StateError
		if c != nil || !errors.As(err, &s) {
			t.Errorf("%s: got %v, %v", name, c, err)
			continue
		}
		if s.Kind != v.kind || s.Path != path || s.Hint == "" || s.Detail == "" || strings.Contains(s.Error(), "\n") {
			t.Errorf("%s: want %s, got %#v", name, v.kind, s)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, v.data) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestCheckpointEveryByteCounts(t *testing.T) {
	good, err := checkpointForm.encode(withSaved(someCheckpoint()))
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, data []byte) {
		var c checkpoint
		var s *StateError
		err := checkpointForm.decode("cp", data, &c)
		if !errors.As(err, &s) || s.Kind != StateDamaged {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range good {
		for _, flip := range []byte{1, 0x20, 0x80} {
			bad := bytes.Clone(good)
			bad[i] ^= flip
			check(fmt.Sprintf("byte %d xor %#x", i, flip), bad)
		}
		check(fmt.Sprintf("cut off at %d", i), good[:i])
	}
}

func FuzzCheckpoint(f *testing.F) {
	good, err := checkpointForm.encode(withSaved(someCheckpoint()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(good[:len(good)-stateTail]), true)
	f.Add(`{"aspstate":"checkpoint","version":1,"content":{"from":"`, true)
	f.Add(string(good), false)
	f.Fuzz(func(t *testing.T, text string, seal bool) {
		data := []byte(text)
		if seal { // or no change would come past the sum
			data = sealed(text)
		}
		var c checkpoint
		if err := checkpointForm.decode("cp", data, &c); err != nil {
			var s *StateError
			if !errors.As(err, &s) {
				t.Fatalf("not a *StateError: %v", err)
			}
			return
		}
		path := filepath.Join(t.TempDir(), "cp")
		if err := saveCheckpoint(path, c); err != nil {
			t.Fatalf("what was read cannot be saved: %v", err)
		}
		if c.Saved.Location() != time.UTC { // readable, but saved in UTC
			return
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("read %q, wrote %q, %v", data, got, err)
		}
	})
}
