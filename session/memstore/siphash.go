package memstore

import (
	"encoding/binary"
	"math/bits"

	"github.com/aspstate/aspstate/session"
)

// hashKey is SipHash-2-4 (Aumasson and Bernstein, 2012) of the key, with its application's length before it so that two
// parts cannot pass for one another. It is keyed, because clients choose ids and must not be able to pile them up in one
// shard, and written out, because scans need the same order in every process, which hash/maphash does not give.
func hashKey(seed [2]uint64, k session.Key) uint64 {
	var room [192]byte
	b := binary.AppendUvarint(room[:0], uint64(len(k.App)))
	b = append(append(b, k.App...), k.ID...)
	return sipHash(seed, b)
}

func sipHash(seed [2]uint64, b []byte) uint64 {
	v0, v1 := seed[0]^0x736f6d6570736575, seed[1]^0x646f72616e646f6d
	v2, v3 := seed[0]^0x6c7967656e657261, seed[1]^0x7465646279746573
	round := func() {
		v0 += v1
		v1 = bits.RotateLeft64(v1, 13) ^ v0
		v0 = bits.RotateLeft64(v0, 32)
		v2 += v3
		v3 = bits.RotateLeft64(v3, 16) ^ v2
		v0 += v3
		v3 = bits.RotateLeft64(v3, 21) ^ v0
		v2 += v1
		v1 = bits.RotateLeft64(v1, 17) ^ v2
		v2 = bits.RotateLeft64(v2, 32)
	}
	last := uint64(len(b)) << 56
	for ; len(b) >= 8; b = b[8:] {
		m := binary.LittleEndian.Uint64(b)
		v3 ^= m
		round()
		round()
		v0 ^= m
	}
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	v3 ^= last
	round()
	round()
	v0 ^= last
	v2 ^= 0xff
	round()
	round()
	round()
	round()
	return v0 ^ v1 ^ v2 ^ v3
}
