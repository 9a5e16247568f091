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

// takers are those of the locks that are held. Few are at a time, so that the shards have one or two.
type takers struct {
	seed   maphash.Seed
	shards [takerShards]takerShard
}

const (
	takerShards = 1024
	// mostTakers bounds a shard. Locks that are given back elsewhere leave theirs behind: another bridge over the same table does that.
	mostTakers = 64
)

type takerShard struct {
	mu   sync.Mutex
	held []heldBy
}

// heldBy is the taker of a lock. The session is its hash: of 64 bits, two of those that are locked at a time are not the same.
type heldBy struct {
	hash   uint64
	cookie int32
	Taker
}

// shard returns the one of a session. Ids are random, and those of two applications as well.
func (t *takers) shard(k session.Key) (*takerShard, uint64) {
	h := maphash.String(t.seed, k.ID)
	return &t.shards[h%takerShards], h
}

// find returns where a session is; -1: it is not.
func (sh *takerShard) find(hash uint64) int {
	for i := range sh.held {
		if sh.held[i].hash == hash {
			return i
		}
	}
	return -1
}

func (t *takers) took(k session.Key, cookie int32, who Taker) {
	sh, h := t.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	i := sh.find(h)
	switch {
	case i >= 0:
	case len(sh.held) < mostTakers:
		i = len(sh.held)
		sh.held = append(sh.held, heldBy{})
	default:
		i = int(h>>32) % mostTakers // any
	}
	sh.held[i] = heldBy{h, cookie, who}
}

// gaveBack forgets a lock. Somebody may have the next one already.
func (t *takers) gaveBack(k session.Key, cookie int32) {
	sh, h := t.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if i := sh.find(h); i >= 0 && sh.held[i].cookie == cookie {
		last := len(sh.held) - 1
		sh.held[i] = sh.held[last]
		sh.held[last] = heldBy{}
		sh.held = sh.held[:last]
	}
}

func (t *takers) of(k session.Key, cookie int32) (Taker, bool) {
	sh, h := t.shard(k)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if i := sh.find(h); i >= 0 && sh.held[i].cookie == cookie {
		return sh.held[i].Taker, true
	}
	return Taker{}, false
}
