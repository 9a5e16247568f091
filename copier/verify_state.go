package copier

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// verifyState is the checkpoint of a verification: one small file in the frame of the other state files, replaced as a
// whole. What it has counted is of the rows before the cursor.
type verifyState struct {
	From   string     `json:"from"` // fingerprints, as in the checkpoint of a copy
	To     string     `json:"to"`   //
	Plan   string     `json:"plan"` //
	Phase  string     `json:"phase"`
	Cursor string     `json:"cursor"` // of the store that the phase scans
	Rows   int64      `json:"rows"`   // of the phase
	Sum    Comparison `json:"sum"`
	Saved  time.Time  `json:"saved"` // UTC
}

var verifyForm = stateForm{
	kind: "verification", version: 1, what: "verification's checkpoint",
	hints: map[StateKind]string{
		StateDamaged: "begin anew with --start-over, or give another --checkpoint FILE",
		StateForeign: "give another --checkpoint FILE",
		StateNewer:   "use the version of aspstate that wrote it, or begin anew with --start-over",
	},
}

// resume goes on from the checkpoint, if there is one. With StartOver only a file that is none of ours is looked at: it is
// not overwritten.
func (v *verification) resume() error {
	path := v.how.State
	if path == "" {
		return nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the verification's checkpoint: %w", err)
	}
	var saved verifyState
	err = verifyForm.decode(path, data, &saved)
	if v.how.StartOver {
		var state *StateError
		if errors.As(err, &state) && state.Kind == StateForeign {
			return err
		}
		return nil
	}
	switch {
	case err != nil:
		return err
	case saved.From != v.at.From || saved.To != v.at.To:
		return verifyForm.fail(path, StateForeign, "it belongs to a verification of other stores or under another target rule")
	case saved.Plan != v.at.Plan:
		return verifyForm.fail(path, StateForeign, "it belongs to a verification with other applications, id rules or compression")
	case saved.Phase != string(PhaseVerify) && saved.Phase != string(PhaseExtra) || saved.Sum.Aspects == nil:
		return verifyForm.fail(path, StateDamaged, "nobody writes such a one")
	}
	saved.Sum.Resumed = true
	v.at = saved
	return nil
}

// save writes the checkpoint.
func (v *verification) save() error {
	v.saved = time.Now()
	if v.how.State == "" {
		return nil
	}
	v.at.Saved = v.o.Now().UTC()
	data, err := verifyForm.encode(v.at)
	if err != nil {
		return fmt.Errorf("saving the verification's checkpoint: %w", err)
	}
	if err := writeFileAtomic(v.how.State, data); err != nil {
		return fmt.Errorf("saving the verification's checkpoint: %w", err)
	}
	return nil
}

// forgetState removes the checkpoint of a verification that has come to its end.
func (v *verification) forgetState() error {
	if v.how.State == "" {
		return nil
	}
	if err := os.Remove(v.how.State); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the verification's checkpoint: %w", err)
	}
	return nil
}
