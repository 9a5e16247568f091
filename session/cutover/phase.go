package cutover

import (
	"fmt"
	"slices"
)

// Phase says by which rules an application is served.
type Phase uint8

// The phases, in their order; handback is the way back from handoff and mirror.
const (
	Proxy Phase = iota
	Prepare
	Handoff
	Handback
	Mirror
	Done
)

var phases = [...]string{"proxy", "prepare", "handoff", "handback", "mirror", "done"}

// String gives the word that ParsePhase takes.
func (p Phase) String() string {
	if int(p) >= len(phases) {
		return fmt.Sprintf("Phase(%d)", uint8(p))
	}
	return phases[p]
}

// ParsePhase takes proxy, prepare, handoff, handback, mirror or done.
func ParsePhase(s string) (Phase, error) {
	for p, name := range phases {
		if s == name {
			return Phase(p), nil
		}
	}
	return 0, fmt.Errorf("phase %q is none of proxy, prepare, handoff, handback, mirror, done", s)
}

// MarshalText implements encoding.TextMarshaler.
func (p Phase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Phase) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePhase(string(b))
	return err
}

// Follows are the phases that may come after p, by their order in a cut-over.
func (p Phase) Follows() []Phase { return slices.Clone(follows[p]) }

// follows are the phases that may come after one. A cohort that grows is handoff after handoff.
var follows = map[Phase][]Phase{
	Proxy:    {Prepare},
	Prepare:  {Handoff, Proxy},
	Handoff:  {Handoff, Mirror, Handback},
	Handback: {Proxy, Handoff},
	Mirror:   {Done, Handback},
}
