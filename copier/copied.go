package copier

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// Copied tells which rows of a target are copies that a run has made, by its checkpoint and its ledger. It keeps the ledger, as a
// run does, until it is closed.
type Copied struct {
	o      Options // To and ToRule
	ledger *ledger
}

// ErrNothingCopied: there is no checkpoint.
var ErrNothingCopied = errors.New("there is no checkpoint")

// OpenCopied opens what a run has left at a path. A checkpoint of a copy into another target is a *StateError; while a run is
// under way it is ErrStateInUse.
func OpenCopied(state string, to End, rule layout.IDRule) (*Copied, error) {
	c := &Copied{o: Options{To: to, ToRule: rule, State: state}}
	saved, err := loadCheckpoint(state)
	switch {
	case err != nil:
		return nil, err
	case saved == nil:
		return nil, fmt.Errorf("checkpoint %s: %w", state, ErrNothingCopied)
	case saved.To != c.o.toPrint():
		return nil, &StateError{Path: state, Kind: StateForeign, Detail: "it belongs to a copy into another store", Hint: "give the checkpoint of the copy into this one"}
	}
	if c.ledger, err = openLedger(state+".ledger", sha256.Sum256([]byte(saved.From+"\n"+saved.To))); err != nil {
		return nil, err
	}
	return c, nil
}

// Has says whether a row is a copy that nobody has touched since: one that was confirmed, or one that was being written when a run
// was killed. Its key is an application's and a raw id.
func (c *Copied) Has(r session.Record) (bool, error) {
	at, err := c.o.To.Spelling.Spell(r.Key, c.o.ToRule)
	if err != nil {
		return false, err
	}
	es, found, err := c.ledger.get([]idHash{hashID(at, c.o.To.fold())})
	if err != nil || !found[0] {
		return false, err
	}
	now := hashFence(r.Fence())
	return now == es[0].After || !es[0].Done && now == es[0].Before, nil
}

// Close gives the ledger back.
func (c *Copied) Close() error { return c.ledger.close() }
