package copier

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/aspstate/aspstate/session"
)

// An entry that is done and has an After needs no Before: what the target's row was is over. There it keeps a mark: a hash
// of the source row from which the copy was made. A pass that finds the mark of the row before it knows that nothing has
// changed, without reading payloads. Marks and fences of the target are hashed apart: an entry of an older version of
// this program, in which Before is a fence of the target, has no mark.
//
// There are two kinds, because an unchanged fence does not always prove an unchanged payload (sql-layouts.md 16.4): in a
// store without revisions a row may be written again within the tick in which it was written and read. So what is read
// is marked as fresh; only if the row was looked at before, settle ago or longer, and had the same fence then, its mark is
// a firm one. A fresh mark says that the fence is known, but the payload has to be read again.
const (
	markFirm  = 1
	markFresh = 2
)

// markOf hashes a source row: where it stands and its fence. It is never 0, which stands for no mark.
func markOf(kind byte, r *session.Record) uint64 {
	f := r.Fence()
	b := make([]byte, 0, 128)
	b = append(b, 'm', kind)
	b = appendFence(b, f)
	b = append(append(append(b, r.Key.App...), 0), r.Key.ID...)
	sum := sha256.Sum256(b)
	return max(leaving+1, binary.LittleEndian.Uint64(sum[:]))
}

// longAgo is how old the last touch of a row must be for its mark to be firm at once: more than clocks may differ, and
// more than a request takes.
const longAgo = 5 * session.Minute

// mark counts what markFor returns.
func (p *pageCopy) mark(r *session.Record, e ledgerEntry) uint64 {
	m, firm := p.markFor(r, e)
	if !firm {
		p.fresh++
	}
	return m
}

// markFor returns the mark for a source row that was read just now, given what the ledger had before: 0 where no fence
// proves anything.
func (p *pageCopy) markFor(r *session.Record, e ledgerEntry) (mark uint64, firm bool) {
	switch {
	case !p.o.From.Layout.UpdateRenews && r.Revision == 0: // async 1.0: a write need not show (sql-layouts.md 4)
		return 0, false
	case r.Revision != 0:
		return markOf(markFirm, r), true
	case max(r.Expires.AddMinutes(-r.Timeout), r.Lock.Since, r.Created) < p.now-longAgo:
		return markOf(markFirm, r), true
	case p.settled && passOf(e) != p.pass && holdsMark(e) && e.Before == markOf(markFresh, r):
		return markOf(markFirm, r), true
	}
	return markOf(markFresh, r), false
}

// holdsMark says that Before of an entry is a mark, if it is not 0.
func holdsMark(e ledgerEntry) bool { return e.Done && e.After != 0 }

// unchanged says that a source row is as it was when it was copied.
func unchanged(r *session.Record, e ledgerEntry) bool {
	return holdsMark(e) && e.Before == markOf(markFirm, r)
}

// ours says that a target row with this fence is as we have left it, or as it was before a write of ours of which nobody
// knows whether it took place.
func ours(e ledgerEntry, h uint64) bool {
	return e.After != 0 && h == e.After || !e.Done && h == e.Before
}
