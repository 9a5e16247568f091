package layout

import (
	"fmt"

	"github.com/aspstate/aspstate/session"
)

// CorruptError says that a row is damaged: no provider could have left it so, or none could read it.
type CorruptError struct {
	Layout string
	ID     string // masked
	Damage Damage
	Detail string // for people
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("reading row %s of layout %s: %s: %s", e.ID, e.Layout, e.Damage, e.Detail)
}

// Is says that trying again is of no use: session.ErrRefused.
func (e *CorruptError) Is(target error) bool { return target == session.ErrRefused }

// Damage is what is wrong with a row.
type Damage string

// The kinds of damage. All but the first concern sqlinmemory.
const (
	DamageNoPayload      Damage = "no payload"
	DamageSize           Damage = "wrong item size"
	DamageMissingChunk   Damage = "missing chunk"
	DamageDuplicateChunk Damage = "duplicate chunk"
	DamageOrphanChunk    Damage = "orphan chunk"
	DamageChunkSize      Damage = "wrong chunk size"
)

// CannotHoldError says that a layout has no place for something that a record has.
type CannotHoldError struct {
	Layout string
	ID     string // masked
	Column string // SessionId, Created, …
	Why    string // for people
}

func (e *CannotHoldError) Error() string {
	return fmt.Sprintf("making a row of layout %s for %s: %s: %s", e.Layout, e.ID, e.Column, e.Why)
}

// Is says that trying again is of no use: session.ErrRefused.
func (e *CannotHoldError) Is(target error) bool { return target == session.ErrRefused }

// UnsupportedError says that something was recognised and is not handled, or that a layout has no rows.
type UnsupportedError struct {
	Layout string
	Why    string
}

func (e *UnsupportedError) Error() string { return fmt.Sprintf("layout %s: %s", e.Layout, e.Why) }

// UnknownSuffixError says that an id's last eight characters are a suffix that no registered application has.
type UnknownSuffixError struct {
	Suffix string // as it stands in the id
}

func (e *UnknownSuffixError) Error() string {
	return fmt.Sprintf("reading a session id: suffix %q belongs to no known application", e.Suffix)
}

// UnnamedRuleError says that an id is that of a known application, spelled by a rule that was not named.
type UnnamedRuleError struct {
	Rule IDRule
	App  string
}

func (e *UnnamedRuleError) Error() string {
	return fmt.Sprintf("reading a session id: it is of application %q by rule %s, which was not named", e.App, e.Rule)
}

// UnsuffixedError says that an id has no suffix: it is shorter than nine characters, or its last eight are not
// hexadecimal digits.
type UnsuffixedError struct {
	ID string // masked
}

func (e *UnsuffixedError) Error() string {
	return fmt.Sprintf("reading session id %s: it does not end in a suffix of eight hexadecimal digits", e.ID)
}

// UnknownApplicationError says that a key cannot be spelled by a rule: the application is not registered, has no
// application id to make a suffix of, or is not the one that a table of raw ids is for.
type UnknownApplicationError struct {
	App  string
	Rule IDRule
}

func (e *UnknownApplicationError) Error() string {
	return fmt.Sprintf("spelling a session id by rule %s: application %q is not one it can spell", e.Rule, e.App)
}

// CollisionError says that two applications would have ids that cannot be told apart.
type CollisionError struct {
	Suffix string    // what they share: eight hexadecimal digits, or the path of a State Server
	Apps   [2]string // the one that was registered already, and the new one
	Rules  [2]IDRule // by which each of them has it
}

func (e *CollisionError) Error() string {
	if e.Rules[0] == e.Rules[1] {
		return fmt.Sprintf("registering application %q: it shares %q with application %q by rule %s",
			e.Apps[1], e.Suffix, e.Apps[0], e.Rules[0])
	}
	return fmt.Sprintf("registering application %q: its %q by rule %s is also that of application %q by rule %s",
		e.Apps[1], e.Suffix, e.Rules[1], e.Apps[0], e.Rules[0])
}

// PathError says that something is no State Server path.
type PathError struct {
	Why string
}

func (e *PathError) Error() string { return "reading a State Server path: " + e.Why }
