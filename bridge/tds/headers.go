package tds

import "errors"

// transactionHeader is the type of the header that says which transaction a request belongs to.
const transactionHeader = 2

var errHeaders = errors.New("tds: headers of a request that do not fit into each other")

// headers takes ALL_HEADERS off a request and returns the transaction's descriptor; 0 where there is none (5).
func (r *reader) headers() (transaction uint64) {
	total := int64(r.dword())
	if r.err == nil && (total < 4 || total-4 > int64(len(r.b))) {
		r.fail(errHeaders)
	}
	all := reader{b: r.bytes(int(total) - 4)}
	if r.err != nil {
		return 0
	}
	for len(all.b) > 0 && all.err == nil {
		length := int64(all.dword())
		if all.err == nil && (length < 6 || length-4 > int64(len(all.b))) {
			all.fail(errHeaders)
			break
		}
		one := reader{b: all.bytes(int(length) - 4)}
		if one.word() == transactionHeader {
			transaction = one.qword()
			one.dword() // requests outstanding: one, without MARS
			if one.err != nil {
				all.fail(one.err)
			}
		}
	}
	if all.err != nil {
		r.fail(all.err)
	}
	return transaction
}
