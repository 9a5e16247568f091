package tds

// Requests of the transaction manager (8).
const (
	transactionBegin    = 5
	transactionCommit   = 7
	transactionRollback = 8
	transactionSave     = 9
)

// transactionRequest is a message of typeTransaction.
type transactionRequest struct {
	transaction uint64
	what        int
	isolation   byte
	again       bool // after a commit or a rollback, another one begins, under isolation
}

// parseTransaction reads a message of typeTransaction. Of what is none of the constants above nothing more is read.
func parseTransaction(b []byte) (transactionRequest, error) {
	r := reader{b: b}
	q := transactionRequest{transaction: r.headers()}
	q.what = r.word()
	switch q.what {
	case transactionBegin:
		q.isolation = r.byte()
		r.text(int(r.byte()))
	case transactionCommit, transactionRollback:
		r.text(int(r.byte()))
		if flags := r.byte(); flags&1 != 0 && r.err == nil {
			q.again = true
			q.isolation = r.byte()
			r.text(int(r.byte()))
		}
	case transactionSave:
		r.text(int(r.byte()))
	}
	return q, r.err
}
