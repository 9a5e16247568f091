package memstore

import (
	"math"
	"sync"
	"unique"

	"github.com/aspstate/aspstate/session"
)

const (
	shardBits  = 12
	shardCount = 1 << shardBits
)

// shard holds the sessions whose hashes begin with the same bits. So shards in their order, and hashes in each, give the
// order of scans.
type shard struct {
	mu     sync.Mutex
	closed bool
	byHash map[uint64]*entry // keys of one hash are chained by entry.next
	due    dueHeap
	gone   *generation // that will have the last removal on disk; nil where nobody needs to wait for it
}

func (s *Store) shard(hash uint64) *shard { return &s.shards[hash>>(64-shardBits)] }

// entry is a session. Its shard's lock guards it. 128 bytes, of which two are free.
type entry struct {
	hash     uint64
	next     *entry // of the same hash
	app      unique.Handle[string]
	id       string
	payload  []byte // never changed, only replaced
	created  session.Instant
	expires  session.Instant
	since    session.Instant
	revision uint64
	waiters  *waiters // nil while nobody waits
	timeout  int32
	flags    session.Flags
	cookie   int32
	dueAt    int32  // place in the shard's due
	epoch    uint16 // of the store when cookie was raised last; 0 for a session never locked
	locked   bool
	state    state
}

// state says what the disk has to do with an entry.
type state uint8

const (
	queued  state = 1 << iota // in the writer's queue
	hard                      // has changes that are not on disk, other than a renewal by a read
	newData                   // the payload is not as on disk
	onDisk                    // has rows there, or will have when the present flush is done
	gone                      // not in the shard any more
)

func (e *entry) key() session.Key { return session.Key{App: e.app.Value(), ID: e.id} }

func (e *entry) record() session.Record {
	payload := e.payload
	if payload == nil { // no bytes are not the same as bytes that nobody can read
		payload = []byte{}
	}
	return session.Record{
		Key: e.key(), Payload: payload, Timeout: e.timeout, Created: e.created, Expires: e.expires, Flags: e.flags,
		Lock: session.Lock{Locked: e.locked, Cookie: e.cookie, Since: e.since}, Revision: e.revision,
	}
}

func (e *entry) fence() session.Fence {
	return session.Fence{
		Revision: e.revision, Created: e.created, LockCookie: e.cookie, Locked: e.locked, LockDate: e.since,
		Expires: e.expires, Timeout: e.timeout, Flags: e.flags,
	}
}

func (e *entry) item(told bool) session.Item {
	return session.Item{Payload: e.payload, Timeout: e.timeout, Cookie: e.cookie, Since: e.since, Uninitialized: told}
}

func (e *entry) lockedError() *session.LockedError {
	return &session.LockedError{Cookie: e.cookie, Since: e.since}
}

// size is what the entry counts for MaxBytes.
func (e *entry) size() int64 { return entrySize + int64(len(e.id)+len(e.payload)) }

// entrySize is the memory of a session without id and payload: the entry, its slots in map and heap at their average
// fill, and what the allocator rounds up (BenchmarkMemory).
const entrySize = 210

// jump is how much higher a cookie is for each unclean stop since the session's last lock, and the most changes that are
// not on disk at any time. A million is ten seconds of full load; 2^31 / jump crashes pass before a number returns.
const jump = 1 << 20

// take locks the entry under its next cookie.
func (e *entry) take(epoch uint16, frozen bool, now session.Instant) {
	if !frozen {
		e.cookie = nextCookie(e.cookie, epoch-e.epoch)
		e.epoch = epoch
	}
	e.locked, e.since = true, now
}

// nextCookie is the cookie after c when the store stopped uncleanly so many times since c was taken. It lies in
// 1..2^31-1, as state-server-protocol.md 6.1 wants: 0 is what a client sends that holds no lock.
func nextCookie(c int32, stops uint16) int32 {
	n := int64(c) + 1 + jump*int64(stops)
	if n > math.MaxInt32 {
		n = (n-1)%math.MaxInt32 + 1
	}
	return int32(max(n, 1))
}

func (sh *shard) find(hash uint64, k session.Key) *entry {
	for e := sh.byHash[hash]; e != nil; e = e.next {
		if e.id == k.ID && e.app.Value() == k.App {
			return e
		}
	}
	return nil
}

func (sh *shard) add(e *entry) {
	if sh.byHash == nil {
		sh.byHash = make(map[uint64]*entry)
	}
	e.next = sh.byHash[e.hash]
	sh.byHash[e.hash] = e
	sh.due.add(e)
}

func (sh *shard) remove(e *entry) {
	if first := sh.byHash[e.hash]; first != e {
		for first.next != e {
			first = first.next
		}
		first.next = e.next
	} else if e.next != nil {
		sh.byHash[e.hash] = e.next
	} else {
		delete(sh.byHash, e.hash)
	}
	e.next = nil
	sh.due.remove(e)
}
