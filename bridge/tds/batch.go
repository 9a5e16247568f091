package tds

import "errors"

// batch is a request of SQL text.
type batch struct {
	transaction uint64
	text        string
}

var errBatch = errors.New("tds: the text of a batch ends within a character")

// parseBatch reads a message of typeBatch.
func parseBatch(b []byte) (batch, error) {
	r := reader{b: b}
	q := batch{transaction: r.headers()}
	if r.err != nil {
		return q, r.err
	}
	if len(r.b)%2 != 0 {
		return q, errBatch
	}
	q.text = decodeText(r.b)
	return q, nil
}
