package memstore

import "time"

// compaction makes the oldest journal files superfluous: it writes again each session whose last full record is in one
// of them, and then has the journal retire them. Deletions need no care: the record of a deletion stands in a later
// file than what it deletes, and files go oldest first.
//
// It is done in steps between flushes by the goroutine that writes, so it never runs against it, and each step writes at
// most twice what the flush wrote, so callers that wait for the disk wait a little longer, but not for a compaction.
type compaction struct {
	slack int64 // how much more than twice the live bytes the journal may weigh

	cut   uint32 // files before this one will go; 0: nothing is being done
	shard int    // next to look at
	begin time.Time
	batch []entry
}

// compactSlack keeps small stores from compacting all the time.
const compactSlack = 64 << 20

func (c *compaction) step(w *writer, written int64) error {
	j := w.journal
	if c.cut == 0 {
		if j.weight() <= 2*w.s.bytes.Load()+c.slack || j.number == j.first && j.size < j.limit {
			return nil
		}
		if err := j.roll(w.s.segmentHead()); err != nil {
			return err
		}
		c.cut, c.shard, c.begin = j.number, 0, time.Now()
	}
	const least = 256 << 10
	for budget := max(least, 2*written); budget > 0 && c.shard < shardCount; c.shard++ {
		n, err := c.rewrite(w, &w.s.shards[c.shard])
		if err != nil {
			return err
		}
		budget -= n
	}
	if c.shard < shardCount {
		return nil
	}
	// Sessions with a new payload were left to the queue.
	if _, err := w.flush(true); err != nil {
		return err
	}
	before := j.weight()
	if err := j.retire(c.cut, w.s.segmentHead()); err != nil {
		return err
	}
	w.s.log.Debug("compacted the journal", keyDir, j.dir, keySegment, c.cut, keyBytes, before-j.weight(),
		keyTook, time.Since(c.begin))
	c.cut = 0
	return nil
}

// rewrite writes the sessions of a shard that are in the old files. The lock is held to copy the bookkeeping only.
func (c *compaction) rewrite(w *writer, sh *shard) (int64, error) {
	sh.mu.Lock()
	for _, e := range sh.byHash {
		for ; e != nil; e = e.next {
			if e.segment != 0 && e.segment < c.cut && e.state&newData == 0 {
				e.segment = w.journal.number
				c.batch = append(c.batch, *e)
			}
		}
	}
	sh.mu.Unlock()
	var written int64
	for i := range c.batch {
		n, err := w.put(kindFull, &c.batch[i])
		if err != nil {
			return 0, err
		}
		written += n
	}
	clear(c.batch)
	c.batch = c.batch[:0]
	return written, nil
}
