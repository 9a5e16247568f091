package copier

import (
	"errors"
	"testing"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// A farm whose sessions lie in three databases is copied as one; a session that lies in two is named, not guessed at.
func TestPartitions(t *testing.T) {
	b := newBench(t)
	clock := memstore.Options{ServesExpired: true, Now: b.o.Now}
	parts := []*memstore.Store{b.from, memstore.New(clock), memstore.New(clock)}
	for i := range 90 {
		r := b.record(b.spell("shop", raw(i), layout.RuleInbox), []byte{20, 0, 0, 0, 0, 0, 0xFF})
		b.put(parts[i%3], r)
	}
	double := b.record(b.spell("shop", raw(3), layout.RuleInbox), []byte{21, 0, 0, 0, 0, 0, 0xFF})
	b.put(parts[2], double)
	moved := b.record(b.spell("shop", raw(6), layout.RuleInbox), []byte{22, 0, 0, 0, 0, 0, 0xFF}) // lives in another partition now
	b.put(parts[1], moved)
	old := b.row(parts[0], moved.Key)
	stale := *old
	stale.Expires = session.At(b.now) - 60*session.Minute
	b.put(parts[0], stale)
	b.o.Source = Partitions{Parts: []Source{parts[0], parts[1], parts[2]}, Layout: b.o.From.Layout, Now: b.o.Now}
	r := b.mustRun()
	if r.Copied != 90 || r.Refused != 1 || r.Differences != 0 {
		t.Errorf("copied %d, refused %d, %d differences", r.Copied, r.Refused, r.Differences)
	}
	if got := b.row(b.to, b.spell("shop", raw(6), layout.RuleAsync21)); got == nil || got.Payload[0] != 22 {
		t.Errorf("a session of the second partition whose dead row is in the first: %v", got)
	}
	if got := b.row(b.to, b.spell("shop", raw(3), layout.RuleAsync21)); got.Payload[0] != 20 {
		t.Errorf("of two rows that of the later partition was copied")
	}
	// What one partition has removed is removed; the others are left alone.
	b.remove(parts[1], b.spell("shop", raw(1), layout.RuleInbox))
	if r = b.mustRun(); r.Deleted != 1 || r.Unchanged != 89 {
		t.Errorf("deleted %d, unchanged %d", r.Deleted, r.Unchanged)
	}
	if c, err := Verify(t.Context(), b.o, b.how); err != nil || c.Equal != 89 || c.Differing != 0 {
		t.Errorf("verify: %+v, %v", c, err)
	}
}

func TestPartitionsPassPagesAndRefuseForeignCursors(t *testing.T) {
	b := newBench(t)
	b.fill(10)
	ps := Partitions{Parts: []Source{b.from, b.to}, Layout: b.o.From.Layout, Now: b.o.Now}
	seen := 0
	for after := session.Cursor(""); ; {
		pg, err := ps.Skim(t.Context(), session.ScanRequest{After: after, Limit: 3})
		if err != nil {
			t.Fatal(err)
		}
		seen += len(pg.Records)
		if after = pg.Next; after == "" {
			break
		}
	}
	if n, err := ps.Count(t.Context()); int64(seen) != n || err != nil {
		t.Errorf("a scan shows %d rows of %d, %v", seen, n, err)
	}
	for _, c := range []session.Cursor{"2:", "-1:", "x", ":"} {
		if _, err := ps.Scan(t.Context(), session.ScanRequest{After: c, Limit: 1}); err == nil {
			t.Errorf("cursor %q was taken", c)
		}
	}
	broken := Partitions{Parts: []Source{b.from, &failingScan{&faulty{Store: b.to}}}, Layout: b.o.From.Layout, Now: b.o.Now}
	if _, err := broken.Scan(t.Context(), session.ScanRequest{After: "1:a", Limit: 1}); err == nil || errors.Is(err, ErrOtherPartition) {
		t.Errorf("an error of a part: %v", err)
	}
}
