package copier

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
	"unicode/utf8"
)

// checkpoint is what a copy needs to go on where it was stopped. It is one small file, replaced as a whole: a crash
// leaves the one before or the one after.
//
// Damage and strangeness end in a *StateError and leave the file as it is. Whether the ends and the plan are those of the
// present run is for the caller to compare; the file is not foreign for that.
type checkpoint struct {
	Version  int             `json:"-"`                  // set by load
	From     string          `json:"from"`               // fingerprints of the ends: identity, layout, id rules, table
	To       string          `json:"to"`                 //
	Plan     string          `json:"plan"`               // hash of what must not change between runs
	Phase    string          `json:"phase"`              //
	Cursor   string          `json:"cursor"`             // of the source; opaque
	Pass     uint32          `json:"pass"`               //
	Changes  *position       `json:"changes,omitempty"`  // where the source tells what has changed: from where to ask
	Counters json.RawMessage `json:"counters,omitempty"` // JSON; comes back compacted
	Complete bool            `json:"complete"`           //
	Saved    time.Time       `json:"saved"`              // comes back in UTC
}

var checkpointForm = stateForm{
	kind: "checkpoint", version: 1, what: "checkpoint",
	hints: map[StateKind]string{
		StateDamaged: "give another --checkpoint FILE, or start over with --start-over",
		StateForeign: "give another --checkpoint FILE",
		StateNewer:   "use the version of aspstate that wrote it, give another --checkpoint FILE, or start over with --start-over",
	},
}

// loadCheckpoint reads the checkpoint at path: nil and no error if there is none, a *StateError if it cannot be used.
func loadCheckpoint(path string) (*checkpoint, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the checkpoint: %w", err)
	}
	c := &checkpoint{}
	if err := checkpointForm.decode(path, data, c); err != nil {
		return nil, err
	}
	c.Version = checkpointForm.version
	return c, nil
}

// saveCheckpoint replaces the checkpoint at path; durable when it returns nil.
func saveCheckpoint(path string, c checkpoint) error {
	texts := []string{c.From, c.To, c.Plan, c.Phase, c.Cursor}
	if c.Changes != nil {
		texts = append(texts, c.Changes.Since, c.Changes.Last)
	}
	for _, s := range texts {
		// JSON has no way to say other bytes, and encoding/json would quietly put U+FFFD in their place.
		if !utf8.ValidString(s) {
			return fmt.Errorf("saving the checkpoint %q: a text in it is not UTF-8", path)
		}
	}
	c.Saved = c.Saved.UTC()
	data, err := checkpointForm.encode(c)
	if err != nil {
		return fmt.Errorf("saving the checkpoint %q: %w", path, err)
	}
	if err := writeFileAtomic(path, data); err != nil {
		return fmt.Errorf("saving the checkpoint: %w", err)
	}
	return nil
}
