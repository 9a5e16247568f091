package copier

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/aspstate/aspstate/session"
)

// hashID is how the ledger names a target row: 16 bytes of SHA-256, so that a client who chooses its session ids cannot
// make two of them meet. Under a case-insensitive key column ids that differ in case only are one row.
func hashID(k session.Key, foldCase bool) idHash {
	id := k.ID
	if foldCase {
		id = strings.ToLower(id)
	}
	b := make([]byte, 0, len(k.App)+1+len(id))
	b = append(append(append(b, k.App...), 0), id...)
	sum := sha256.Sum256(b)
	return idHash(sum[:16])
}

// leaving stands in Before of an entry while the old row of a re-spelled session is being removed: see removeold.go.
const leaving = 1

// An entry's Pass carries, in its top four bits, the rank of the row that was copied: how many keys of the source would
// have won over it.
const rankShift = 28

func stamp(pass, rank uint32) uint32 { return pass | min(rank, 15)<<rankShift }
func passOf(e ledgerEntry) uint32    { return e.Pass & (1<<rankShift - 1) }
func rankOf(e ledgerEntry) uint32    { return e.Pass >> rankShift }

// hashFence shortens a fence to 8 bytes for the ledger. 0, which stands for "no row", and leaving never come out of a fence.
func hashFence(f session.Fence) uint64 {
	sum := sha256.Sum256(appendFence(make([]byte, 0, fenceSize), f))
	return max(leaving+1, binary.LittleEndian.Uint64(sum[:]))
}

// fenceSize is what appendFence appends: zeros at the end, as ledgers on disk have it hashed.
const fenceSize = 64

func appendFence(dst []byte, f session.Fence) []byte {
	var b [fenceSize]byte
	binary.LittleEndian.PutUint64(b[0:], f.Revision)
	binary.LittleEndian.PutUint64(b[8:], uint64(f.Created))
	binary.LittleEndian.PutUint64(b[16:], uint64(f.LockDate))
	binary.LittleEndian.PutUint64(b[24:], uint64(f.Expires))
	binary.LittleEndian.PutUint32(b[32:], uint32(f.LockCookie))
	binary.LittleEndian.PutUint32(b[36:], uint32(f.Timeout))
	binary.LittleEndian.PutUint32(b[40:], uint32(f.Flags))
	if f.Locked {
		b[44] = 1
	}
	return append(dst, b[:]...)
}
