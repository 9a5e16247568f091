package copier

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aspstate/aspstate/session"
)

// keyScan lists the rows of some keys as if they were all that a store has, so that a pager can run through them. Its Scan
// is called by one goroutine at a time, as a pager does.
type keyScan struct {
	rows   session.Peeker
	keys   []session.Key
	absent []session.Key // those of the pages so far that have no row
}

// Scan implements session.Scanner. Its cursors count keys.
func (s *keyScan) Scan(ctx context.Context, req session.ScanRequest) (pg session.Page, err error) {
	at := 0
	if req.After != "" {
		if at, err = strconv.Atoi(string(req.After)); err != nil || at < 0 || at > len(s.keys) {
			return pg, fmt.Errorf("%q is no cursor of %d keys", req.After, len(s.keys))
		}
	}
	some := s.keys[at:min(len(s.keys), at+max(1, req.Limit))]
	if len(some) == 0 {
		return pg, nil
	}
	recs, err := s.rows.Peek(ctx, some)
	if err != nil {
		return pg, err
	}
	for i, r := range recs {
		if r == nil {
			s.absent = append(s.absent, some[i])
		} else {
			pg.Records = append(pg.Records, *r)
		}
	}
	if at += len(some); at < len(s.keys) {
		pg.Next = session.Cursor(strconv.Itoa(at))
	}
	return pg, nil
}
