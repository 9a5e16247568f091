package traffic

import (
	"errors"

	"github.com/aspstate/aspstate/aspnetser"
)

// count reads the number of visits, 0 where a session has none. false: nobody can decode the payload.
func count(payload []byte) (int32, bool) {
	c, err := aspnetser.Open(payload, aspnetser.Options{})
	if err != nil {
		return 0, false
	}
	n, err := aspnetser.Get[int32](c, Visits)
	if errors.Is(err, aspnetser.ErrNoItem) {
		return 0, true
	}
	return n, err == nil
}

// withCount returns the payload with another number of visits, compressed if it was.
func withCount(payload []byte, n int32) ([]byte, error) {
	c, err := aspnetser.Open(payload, aspnetser.Options{})
	if err != nil {
		return nil, err
	}
	if err := aspnetser.Set(c, Visits, n); err != nil {
		return nil, err
	}
	return c.Append(nil)
}

// fresh is the payload of a new session.
func fresh(n int32) ([]byte, error) {
	c := &aspnetser.Collection{Timeout: minutes}
	if err := aspnetser.Set(c, Visits, n); err != nil {
		return nil, err
	}
	return c.Append(nil)
}
