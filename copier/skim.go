package copier

import (
	"context"
	"slices"

	"github.com/aspstate/aspstate/session"
)

// skim returns a store as one whose payloads nobody looks at.
func skim(s Source) Source {
	if sk, ok := s.(session.Skimmer); ok {
		return skimmed{sk}
	}
	return stripped{s}
}

type skimmed struct{ s session.Skimmer }

func (s skimmed) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return s.s.Skim(ctx, req)
}

func (s skimmed) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return s.s.SkimKeys(ctx, keys)
}

// stripped is a store that has no cheaper way than to show all. Its pages are as long as those of a skimmer, though the
// payloads are read in pieces: a lookup in the ledger costs the less, the more ids it is for.
type stripped struct{ Source }

func (s stripped) Scan(ctx context.Context, req session.ScanRequest) (all session.Page, err error) {
	limit := req.Limit
	for {
		req.Limit = limit - len(all.Records)
		got, err := s.Source.Scan(ctx, req)
		if err != nil {
			return session.Page{}, err
		}
		for i := range got.Records {
			got.Records[i].Payload = nil
		}
		if all.Next == "" { // the first piece, and mostly the only one
			all = got
		} else {
			all.Records = slices.Grow(all.Records, limit-len(all.Records))
			all.Records, all.Damaged, all.Next = append(all.Records, got.Records...), append(all.Damaged, got.Damaged...), got.Next
		}
		if got.Next == "" || len(all.Records)+len(all.Damaged) >= limit {
			return all, nil
		}
		req.After = got.Next
	}
}
