package observe

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/aspstate/aspstate/session"
)

// Taker is who took a lock.
type Taker struct {
	Layer  string // through which the call came
	Client string // as Client has named it; empty: nobody has
}

type clientKey struct{}

// Client names who calls, for Tally.Taker.
func Client(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, clientKey{}, name)
}

func clientOf(ctx context.Context) string {
	name, _ := ctx.Value(clientKey{}).(string)
	return name
}

// Taker says who took the lock that a session has under a cookie, if it was taken here and not given back here.
func (t *Tally) Taker(k session.Key, cookie int32) (Taker, bool) { return t.takers.of(k, cookie) }

// takers are those of the locks that are held. A key is its hash: two of the same at a time, of 64 bits, there are not.
type takers struct {
	once   sync.Once
	seed   maphash.Seed
	shards [takerShards]takerShard
}

const (
	takerShards = 64
	// mostTakers bounds a shard. Locks that are given back elsewhere leave theirs behind: another bridge over the same table does that.
	mostTakers = 1024
)

type takerShard struct {
	mu   sync.Mutex
	held map[uint64]heldBy
}

type heldBy struct {
	Taker
	cookie int32
}

func (t *takers) shard(k session.Key) (*takerShard, uint64) {
	t.once.Do(func() { t.seed = maphash.MakeSeed() })
	h := maphash.Comparable(t.seed, k)
	return &t.shards[h%takerShards], h
}

func (t *takers) took(k session.Key, cookie int32, who Taker) {
	sh, h := t.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.held == nil {
		sh.held = map[uint64]heldBy{}
	}
	if len(sh.held) >= mostTakers {
		for some := range sh.held {
			delete(sh.held, some)
			break
		}
	}
	sh.held[h] = heldBy{who, cookie}
}

// gaveBack forgets a lock. Somebody may have the next one already.
func (t *takers) gaveBack(k session.Key, cookie int32) {
	sh, h := t.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.held[h].cookie == cookie {
		delete(sh.held, h)
	}
}

func (t *takers) of(k session.Key, cookie int32) (Taker, bool) {
	sh, h := t.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	by, there := sh.held[h]
	return by.Taker, there && by.cookie == cookie
}
