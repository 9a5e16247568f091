package copier

import (
	"context"

	"github.com/aspstate/aspstate/session"
)

// skim returns a store as one that shows no payloads, where it has a cheaper way for that; otherwise the store itself.
func skim(s Source) Source {
	if sk, ok := s.(session.Skimmer); ok {
		return skimmed{sk}
	}
	return s
}

type skimmed struct{ s session.Skimmer }

func (s skimmed) Scan(ctx context.Context, req session.ScanRequest) (session.Page, error) {
	return s.s.Skim(ctx, req)
}

func (s skimmed) Peek(ctx context.Context, keys []session.Key) ([]*session.Record, error) {
	return s.s.SkimKeys(ctx, keys)
}
