package copier

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// StateKind says why a checkpoint or a ledger cannot be used.
type StateKind string

const (
	StateDamaged StateKind = "damaged" // ours, but bytes are missing or have changed
	StateForeign StateKind = "foreign" // not ours, or of a copy between other stores
	StateNewer   StateKind = "newer"   // whole, written by a later version of this program
)

// StateError says that a checkpoint or a ledger on disk cannot be used. Nothing was changed: what is there stays for a
// person to look at (exit code 5).
type StateError struct {
	Path   string // the file that is at fault
	Kind   StateKind
	Detail string // what is wrong with it
	Hint   string // what to do about it
}

func (e *StateError) Error() string {
	return fmt.Sprintf("reading %q: %s: %s", e.Path, e.Kind, e.Detail)
}

// The small state files, the checkpoint and the ledger's list of its parts, have one form: a line of JSON with its own
// SHA-256 at the end,
//
//	{"aspstate":KIND,"version":N,"content":{...},"sha256":"64 hex digits"}
//
// The sum is over all bytes before ,"sha256". This frame is the same in every version to come, so that a newer file is
// told from a damaged one: its sum is right.
type stateFrame struct {
	Aspstate string          `json:"aspstate"`
	Version  int             `json:"version"`
	Content  json.RawMessage `json:"content"`
}

const (
	stateMark    = `"aspstate"`
	stateSumMark = `,"sha256":"`
	stateTail    = len(stateSumMark) + 2*sha256.Size + len("\"}\n")
)

// stateForm is one kind of small state file.
type stateForm struct {
	kind    string // as in the file
	version int    // the one written, the highest read
	what    string // for messages
	hints   map[StateKind]string
}

func (s stateForm) fail(path string, kind StateKind, detail string, args ...any) *StateError {
	return &StateError{Path: path, Kind: kind, Detail: fmt.Sprintf(detail, args...), Hint: s.hints[kind]}
}

// encode returns content in the frame.
func (s stateForm) encode(content any) ([]byte, error) {
	c, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(stateFrame{s.kind, s.version, c})
	if err != nil {
		return nil, err
	}
	b = b[:len(b)-1] // the closing brace comes after the sum
	sum := sha256.Sum256(b)
	return fmt.Appendf(b, "%s%x\"}\n", stateSumMark, sum), nil
}

// decode reads what encode wrote into content, a pointer to a zero value. All errors are *StateError. What it accepts is
// exactly what encode would write.
func (s stateForm) decode(path string, data []byte, content any) error {
	body, ok := checkSum(data)
	if !ok {
		switch {
		case len(data) == 0:
			return s.fail(path, StateDamaged, "the file is empty")
		case len(bytes.Trim(data, "\x00")) == 0:
			return s.fail(path, StateDamaged, "the file is all zeros")
		case bytes.HasPrefix([]byte("{"+stateMark), data):
			return s.fail(path, StateDamaged, "the file is cut off")
		case bytes.Contains(data, []byte(stateMark)) || bytes.Contains(data, []byte(stateSumMark)):
			return s.fail(path, StateDamaged, "the checksum does not fit the content")
		}
		return s.fail(path, StateForeign, "this is not a %s of aspstate", s.what)
	}
	var f stateFrame
	if err := strictJSON(append(bytes.Clone(body), '}'), &f); err != nil {
		return s.fail(path, StateForeign, "this is not a %s of aspstate: %v", s.what, err)
	}
	switch {
	case f.Aspstate != s.kind:
		return s.fail(path, StateForeign, "this is no %s but another file of aspstate, %q", s.what, f.Aspstate)
	case f.Version > s.version:
		return s.fail(path, StateNewer, "version %d of the %s, known are versions up to %d", f.Version, s.what, s.version)
	case f.Version < s.version: // there was no version before 1
		return s.fail(path, StateDamaged, "version %d of the %s does not exist", f.Version, s.what)
	}
	if err := strictJSON(f.Content, content); err != nil {
		return s.fail(path, StateDamaged, "the content is not that of a %s: %v", s.what, err)
	}
	if again, err := s.encode(content); err != nil || !bytes.Equal(again, data) {
		return s.fail(path, StateDamaged, "the content is not in the form that this program writes")
	}
	return nil
}

// checkSum returns what is before the sum, and whether there is a sum that fits.
func checkSum(data []byte) (body []byte, ok bool) {
	if len(data) < stateTail {
		return nil, false
	}
	body, tail := data[:len(data)-stateTail], string(data[len(data)-stateTail:])
	digits, ok := strings.CutPrefix(tail, stateSumMark)
	digits, ok2 := strings.CutSuffix(digits, "\"}\n")
	sum := sha256.Sum256(body)
	return body, ok && ok2 && digits == hex.EncodeToString(sum[:])
}

// strictJSON refuses keys that v does not have. Its error never quotes values of the input.
func strictJSON(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
