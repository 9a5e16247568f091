package copier

import (
	"bytes"
	"fmt"

	"github.com/aspstate/aspstate/aspnetser"
)

// Target says in which form payloads are written (--to-compressed).
type Target string

// Forms of the target's payloads.
const (
	TargetSame Target = "same" // bytes as they are
	TargetYes  Target = "yes"  // plain ones are compressed
	TargetNo   Target = "no"   // compressed ones are inflated
)

// ParseTarget reads same, yes or no.
func ParseTarget(s string) (Target, error) {
	switch t := Target(s); t {
	case TargetSame, TargetYes, TargetNo:
		return t, nil
	}
	return "", fmt.Errorf("compression of the target %q: want same, yes or no", s)
}

// convert returns the payload as it shall stand in the target. A payload that cannot be decoded is carried as it is, and
// broken says why, but for TargetSame: then the payload is not looked at. This is the only place where payload bytes change;
// what comes out has been inflated again and compared.
func convert(p []byte, from aspnetser.Compression, to Target) (out []byte, broken error, err error) {
	if to == TargetSame {
		return p, nil, nil
	}
	form, broken := aspnetser.Examine(p, aspnetser.Options{Compressed: from})
	switch {
	case broken != nil,
		to == TargetYes && form == aspnetser.FormCompressed,
		to == TargetNo && form == aspnetser.FormPlain:
		return p, broken, nil
	case to == TargetNo:
		out, err = aspnetser.Inflate(nil, p, aspnetser.Options{})
		if err != nil {
			return nil, nil, fmt.Errorf("inflating a payload of %d bytes: %w", len(p), err)
		}
		return out, nil, nil
	}
	out, err = aspnetser.Deflate(nil, p)
	if err != nil {
		return nil, nil, fmt.Errorf("compressing a payload of %d bytes: %w", len(p), err)
	}
	back, err := aspnetser.Inflate(nil, out, aspnetser.Options{MaxInflated: max(int64(len(p)), aspnetser.DefaultMaxInflated)})
	if err != nil {
		return nil, nil, fmt.Errorf("checking a compressed payload: %w", err)
	}
	if !bytes.Equal(back, p) {
		return nil, nil, fmt.Errorf("checking a compressed payload: %d bytes came back as %d others", len(p), len(back))
	}
	return out, nil, nil
}
