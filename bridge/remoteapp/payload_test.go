package remoteapp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	remotesession "github.com/aspstate/aspstate/fixtures/remote-session"
)

// Every file is read to what its description says, and written from the description to the same bytes.
func TestPayloadFixtures(t *testing.T) {
	seen := map[string]int{}
	for _, c := range remotesession.All(t) {
		t.Run(c.Name, func(t *testing.T) {
			seen[c.Kind]++
			if sum := sha256.Sum256(c.Bin); hex.EncodeToString(sum[:]) != c.SHA256 {
				t.Fatal("the file is not the one of the manifest")
			}
			p, rest, err := DecodePayload(c.Bin)
			switch c.Kind {
			case remotesession.Payload:
				if err != nil || len(rest) != 0 {
					t.Fatalf("%d bytes are left, %v", len(rest), err)
				}
				compare(t, p, c.Expect)
				if again := AppendPayload(nil, p); !bytes.Equal(again, c.Bin) {
					t.Errorf("written again: %x", again)
				}
				if made := AppendPayload(nil, described(t, c.Expect, p)); !bytes.Equal(made, c.Bin) {
					t.Errorf("written from the description: %x", made)
				}
			case remotesession.Body:
				if err != nil || hex.EncodeToString(rest) != c.Expect.TrailingHex {
					t.Fatalf("trailing %x, %v", rest, err)
				}
				name, _ := strings.CutSuffix(c.Expect.PayloadFile, ".bin")
				if again := AppendPayload(nil, p); !bytes.Equal(again, remotesession.Named(t, name).Bin) {
					t.Errorf("not the payload of %s", name)
				}
				bodies(t, c, p)
			case remotesession.Unreleased:
				if !errors.Is(err, ErrVersion) {
					t.Errorf("got %v", err)
				}
			case remotesession.Invalid:
				var bad *PayloadError
				want := map[string]error{"unsupported-version": ErrVersion, "truncated": io.ErrUnexpectedEOF, "varint-overflow": errOverflow}[c.Expect.Error]
				if !errors.As(err, &bad) || want == nil || !errors.Is(err, want) {
					t.Errorf("got %v", err)
				}
			default:
				t.Errorf("kind %s", c.Kind)
			}
		})
	}
	if seen[remotesession.Payload] < 11 || seen[remotesession.Body] != 3 || seen[remotesession.Invalid] != 3 || seen[remotesession.Unreleased] != 2 {
		t.Errorf("%v", seen)
	}
}

// bodies writes the rest of a whole response as the handlers do.
func bodies(t *testing.T, c remotesession.Case, p *Payload) {
	t.Helper()
	b := AppendPayload(nil, p)
	var want struct{ M string }
	if c.Expect.Result == nil {
		b = append(b, beat, beat, beat, beat)
	} else if err := json.Unmarshal(c.Expect.Result, &want); err != nil {
		t.Fatal(err)
	} else {
		b = append(b, result(want.M)...)
	}
	if !bytes.Equal(b, c.Bin) {
		t.Errorf("written again: %q", b)
	}
}

func compare(t *testing.T, p *Payload, want remotesession.Expect) {
	t.Helper()
	if p.SessionID != want.SessionID || p.New != want.IsNewSession || p.Abandoned != want.IsAbandoned || p.ReadOnly != want.IsReadOnly ||
		p.Timeout != want.TimeoutMinutes || len(p.Items) != len(want.Items) || !slices.Equal(p.Unknown, want.UnknownKeys) {
		t.Fatalf("got %+v", p)
	}
	for i, it := range p.Items {
		w := want.Items[i]
		sum := sha256.Sum256(it.Value)
		if it.Key != w.Key || len(it.Value) != w.Length || w.ValueSHA256 == "" && hex.EncodeToString(it.Value) != w.ValueHex ||
			w.ValueSHA256 != "" && hex.EncodeToString(sum[:]) != w.ValueSHA256 {
			t.Errorf("item %d is %s %x", i, it.Key, it.Value)
		}
	}
}

// described is the payload of a description. Long values are not in it: they are those that were read, whose sum is right.
func described(t *testing.T, e remotesession.Expect, read *Payload) *Payload {
	t.Helper()
	p := &Payload{
		SessionID: e.SessionID, New: e.IsNewSession, Abandoned: e.IsAbandoned, ReadOnly: e.IsReadOnly, Timeout: e.TimeoutMinutes, Unknown: e.UnknownKeys,
	}
	for i, it := range e.Items {
		v, err := hex.DecodeString(it.ValueHex)
		if err != nil {
			t.Fatal(err)
		}
		if it.ValueSHA256 != "" {
			v = read.Items[i].Value
		}
		p.Items = append(p.Items, PayloadItem{it.Key, v})
	}
	return p
}

// What breaks a rule is refused where it breaks it; what .NET's reader takes is taken.
func TestPayloadRules(t *testing.T) {
	head := "\x01\x01a\x00\x00\x00\x14"
	for _, c := range []struct {
		name, in, err string
	}{
		{"nothing", "", "version: unexpected EOF at offset 0"},
		{"version 0", "\x00", "version: unknown version at offset 0"},
		{"id over the end", "\x01\x05a", "session id: unexpected EOF at offset 1"},
		{"id of 2 GiB", "\x01\xff\xff\xff\xff\x07a", "session id: unexpected EOF at offset 1"},
		{"id of -1", "\x01\xff\xff\xff\xff\x0fa", "session id: length -1 at offset 1"},
		{"id not UTF-8", "\x01\x01\xff\x00\x00\x00\x14\x00\x00", "session id: text that is not UTF-8 at offset 1"},
		{"six bytes", "\x01\x01a\x00\x00\x00\x80\x80\x80\x80\x80\x00\x00\x00", "timeout: an integer of more than 32 bits at offset 6"},
		{"integer cut", "\x01\x01a\x00\x00\x00\x80", "timeout: unexpected EOF at offset 7"},
		{"more items than bytes", head + "\x03\x00\x00\x00", "item count: unexpected EOF at offset 7"},
		{"negative count", head + "\xff\xff\xff\xff\x0f", "item count: count -1 at offset 7"},
		{"too many items", head + "\x81\x80\x04", "item count: 65537 are over the limit of 65536 at offset 7"},
		{"value over the end", head + "\x01\x01k\x02v", "item 0 value: unexpected EOF at offset 10"},
		{"negative value", head + "\x01\x01k\xff\xff\xff\xff\x0fv", "item 0 value: length -1 at offset 10"},
		{"key not UTF-8", head + "\x01\x01\xc3\x00\x00", "item 0 key: text that is not UTF-8 at offset 8"},
		{"no unknown count", head + "\x00", "unknown count: unexpected EOF at offset 8"},
		{"more unknown than bytes", head + "\x00\x02\x00", "unknown count: unexpected EOF at offset 8"},
		{"unknown key cut", head + "\x00\x01\x02k", "item 0 unknown key: unexpected EOF at offset 9"},
		{"an over-long integer", "\x01\x81\x00a\x00\x00\x00\x94\x80\x00\x00\x00", ""},
		{"a flag of 2", "\x01\x01a\x02\x00\xff\x14\x00\x00", ""},
		{"a negative timeout", "\x01\x01a\x00\x00\x00\xff\xff\xff\xff\x0f\x00\x00", ""},
		{"equal keys", head + "\x02\x01k\x011\x01k\x012\x00", ""},
		{"something behind it", head + "\x00\x00{}", ""},
	} {
		p, _, err := DecodePayload([]byte(c.in))
		if got := errorText(err); got != c.err || (p == nil) != (err != nil) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// What was read is written to a payload that reads the same, of no more bytes, and that is its own canonical form.
func FuzzPayload(f *testing.F) {
	for _, c := range remotesession.All(f) {
		f.Add(c.Bin)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, rest, err := DecodePayload(b)
		if err != nil {
			var bad *PayloadError
			if !errors.As(err, &bad) || bad.Offset < 0 || bad.Offset > len(b) {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		once := AppendPayload(nil, p)
		again, after, err := DecodePayload(once)
		if err != nil || len(after) != 0 || len(once) > len(b)-len(rest) {
			t.Fatalf("%d bytes of %d, %v", len(once), len(b)-len(rest), err)
		}
		if twice := AppendPayload(nil, again); !bytes.Equal(once, twice) {
			t.Fatalf("%x, then %x", once, twice)
		}
	})
}
