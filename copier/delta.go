package copier

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aspstate/aspstate/session"
)

// pageDelta looks at one page of source rows without their payloads, and copies those that have changed since they were
// copied.
type pageDelta struct {
	pageCopy
	seen   *idSet     // nil: the page is not part of a complete pass
	todo   *keyBuffer // of the pass
	locked int64      // live rows under a lock
	held   int64      // of these, under one that a page may still have
}

// keyBuffer gathers the rows of a pass that have to be copied: few in each page, and each write to the ledger waits for a
// disk.
type keyBuffer struct {
	mu   sync.Mutex
	keys []session.Key
}

// enoughKeys are worth a write of their own.
const enoughKeys = 512

// add returns what is to be copied now.
func (b *keyBuffer) add(keys []session.Key) (now []session.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys = append(b.keys, keys...); len(b.keys) < enoughKeys {
		return nil
	}
	now, b.keys = b.keys, nil
	return now
}

// errUnreadable: a look at a row has found that nobody can read its payload.
var errUnreadable = errors.New("its payload cannot be read")

func (p *pageDelta) run(ctx context.Context, got session.Page) error {
	changed, err := p.changed(got.Records)
	if err != nil {
		return err
	}
	if len(got.Damaged) > 0 {
		if err := p.pageCopy.run(ctx, session.Page{Damaged: got.Damaged}); err != nil {
			return err
		}
	}
	return p.copy(ctx, p.todo.add(changed))
}

// changed returns the keys of the rows that have to be read whole. The others are counted.
func (p *pageDelta) changed(recs []session.Record) (keys []session.Key, err error) {
	live := make([]*session.Record, 0, len(recs))
	ids, ranks := make([]idHash, 0, len(recs)), make([]uint32, 0, len(recs))
	for i := range recs {
		r := &recs[i]
		at, f, why := p.o.placeRow(r, p.now)
		switch f {
		case fateIgnore, fateTarget:
		case fateExpired:
			p.n.Scanned++
			p.n.SkippedExpired++
		case fateUnknown, fateUnnamed:
			p.n.Scanned++
			p.n.Unknown++
			p.refuse(r.Key, why)
		default:
			if at.want == (session.Key{}) { // refused where it is read whole
				keys = append(keys, r.Key)
				continue
			}
			if r.Lock.Locked {
				p.locked++
				if p.now-r.Lock.Since < lockBroken {
					p.held++
				}
			}
			live, ids, ranks = append(live, r), append(ids, hashID(at.want, p.o.To.fold())), append(ranks, at.rank)
		}
	}
	entries, known, err := p.ledger.get(ids)
	if err != nil {
		return nil, err
	}
	seen := make([]idHash, 0, len(ids))
	for i, r := range live {
		won := known[i] && p.ranks && ranks[i] > rankOf(entries[i]) // over by the row that was copied
		if !won {
			seen = append(seen, ids[i])
		}
		if known[i] && !won && unchanged(r, entries[i]) {
			p.n.Scanned++
			p.n.Unchanged++
			continue
		}
		keys = append(keys, r.Key)
	}
	if p.seen == nil {
		return keys, nil
	}
	return keys, p.seen.add(seen)
}

// copy reads rows whole and takes them to the target, as many at a time as fit into a page.
func (p *pageDelta) copy(ctx context.Context, keys []session.Key) error {
	some := 64
	for len(keys) > 0 {
		some = min(some, len(keys))
		rows, err := p.o.Source.Peek(ctx, keys[:some])
		if err != nil {
			return fmt.Errorf("reading %s: %w", p.o.From.Title, err)
		}
		var pg session.Page
		bytes := 0
		for i, r := range rows {
			switch {
			case r == nil: // gone meanwhile
			case r.Payload == nil:
				pg.Damaged = append(pg.Damaged, session.Damage{Key: keys[i], Err: errUnreadable})
			default:
				pg.Records = append(pg.Records, *r)
				bytes += len(r.Payload)
			}
		}
		if err := p.pageCopy.run(ctx, pg); err != nil {
			return err
		}
		keys = keys[some:]
		some = max(fewestRows, min(mostRows, p.o.PageBytes*some/max(1, bytes)))
	}
	return nil
}
