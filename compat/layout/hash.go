package layout

import "unicode/utf16"

// The hashes of sql-layouts.md 13.2 and 13.3. Strings of .NET are UTF-16 units; a byte of appID that is not UTF-8 counts
// as U+FFFD. All arithmetic is modulo 2^32.

func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

// seedX86 seeds the 32-bit and the 2.1 hash: 5381 in both halves.
const seedX86 = 5381<<16 + 5381

// mix joins the two halves of all three .NET hashes.
func mix(h1, h2 uint32) uint32 { return h1 + h2*1566083941 }

// hashX64 is String.GetHashCode in a 64-bit process of .NET Framework: units in turn into two halves. It runs over
// a string that ends with a NUL, and stops at the first one.
func hashX64(c []uint16) uint32 {
	for i, u := range c {
		if u == 0 {
			c = c[:i]
			break
		}
	}
	return inTurn(5381, c)
}

// hash21 is the hash of async 2.1: the loop of the 64-bit one by index, so a NUL is a unit like any other, with the seed
// of the 32-bit one.
func hash21(c []uint16) uint32 { return inTurn(seedX86, c) }

func inTurn(seed uint32, c []uint16) uint32 {
	h := [2]uint32{seed, seed}
	for i, u := range c {
		h[i%2] = h[i%2]*33 ^ uint32(u)
	}
	return mix(h[0], h[1])
}

// hashX86 is String.GetHashCode in a 32-bit process: pairs of units in turn; a missing second unit is the NUL behind the
// string. The shift keeps the sign.
func hashX86(c []uint16) uint32 {
	h := [2]uint32{seedX86, seedX86}
	for i := 0; i < len(c); i += 2 {
		w := uint32(c[i])
		if i+1 < len(c) {
			w |= uint32(c[i+1]) << 16
		}
		p := &h[i/2%2]
		*p = (*p*33 + uint32(int32(*p)>>27)) ^ w
	}
	return mix(h[0], h[1])
}

// maxAppName is the size of tAppName, varchar(280); the provider cuts what is longer.
const maxAppName = 280

// hashInbox is procedure GetHashCode over LOWER of the name in the database's code page, taken to be 1252.
func hashInbox(appID string) uint32 {
	c := units(appID)
	if len(c) > maxAppName {
		c = c[:maxAppName]
	}
	h := uint32(5381)
	for _, u := range c {
		h = h*33 ^ uint32(lower1252(byte1252(u)))
	}
	return h
}
