package inventory

import "math/bits"

// Sizes say how large things are, in bytes or pieces. Least, most and total are exact; Middle and P95 are at most an eighth
// too high.
type Sizes struct {
	Total  int64 `json:"total"`
	Least  int64 `json:"least"`
	Middle int64 `json:"middle"` // half of them are not larger
	P95    int64 `json:"p95"`    // 95 % of them are not larger
	Most   int64 `json:"most"`
}

// histogram counts sizes in classes of which eight double: 0 to 7 have one each. It takes a kilobyte, however much is counted.
type histogram struct {
	n, total, least, most int64
	classes               [240]uint32 // to 2^32; what is larger is in the last
}

func (h *histogram) add(n int64) {
	if h.n++; h.n == 1 || n < h.least {
		h.least = n
	}
	h.most, h.total = max(h.most, n), h.total+n
	h.classes[classOf(n)]++
}

func classOf(n int64) int {
	if n < 8 {
		return int(max(n, 0))
	}
	exp := bits.Len64(uint64(n)) - 4 // of the class of 8 it is 0
	return min(8+exp*8+int(n>>exp)-8, len(histogram{}.classes)-1)
}

// upTo is the largest size of a class.
func upTo(class int) int64 {
	if class < 8 {
		return int64(class)
	}
	exp := (class - 8) / 8
	return int64(class%8+9)<<exp - 1
}

func (h *histogram) sizes() Sizes {
	return Sizes{Total: h.total, Least: h.least, Middle: h.quantile(50), P95: h.quantile(95), Most: h.most}
}

// quantile returns a size that at least so many percent are not above.
func (h *histogram) quantile(percent int64) int64 {
	want := (h.n*percent + 99) / 100
	for class, n := range h.classes {
		if want -= int64(n); want <= 0 {
			if class == len(h.classes)-1 {
				break
			}
			return max(h.least, min(h.most, upTo(class)))
		}
	}
	return h.most
}
