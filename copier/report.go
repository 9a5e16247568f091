package copier

import "time"

// Counters say what became of the source's rows. Every row of the applications that are copied is in exactly one of
// Copied, Updated, Unchanged, SkippedExpired, Superseded, Refused and TargetOwned (as far as that counts source rows);
// Scanned is their sum.
type Counters struct {
	Scanned        int64 `json:"scanned"`         // source rows looked at
	Copied         int64 `json:"copied"`          // written where the target had no such session
	Updated        int64 `json:"updated"`         // written over what an earlier run of ours had written
	Unchanged      int64 `json:"unchanged"`       // in the target already, equal to the tick and byte
	Deleted        int64 `json:"deleted"`         // taken out of the target, because the source has removed them
	SkippedExpired int64 `json:"skipped_expired"` // dead in the source
	Superseded     int64 `json:"superseded"`      // lost to a row of the same session under an id rule named earlier
	TargetOwned    int64 `json:"target_owned"`    // the target's own: not ours, or changed or removed there since; never touched
	Undecodable    int64 `json:"undecodable"`     // among the rows above: payloads nobody can decode, carried byte for byte
	Refused        int64 `json:"refused"`         // not copied, because it would have been a guess or the target cannot hold them
	Unknown        int64 `json:"unknown"`         // among the refused: rows of no known application, or under a rule that was not named
	Verified       int64 `json:"verified"`        // read back from the target, fence and content as they should be
	Differences    int64 `json:"differences"`     // read back otherwise, or gone
	Bytes          int64 `json:"bytes"`           // payload bytes written
}

func (c *Counters) add(d Counters) {
	c.Scanned += d.Scanned
	c.Copied += d.Copied
	c.Updated += d.Updated
	c.Unchanged += d.Unchanged
	c.Deleted += d.Deleted
	c.SkippedExpired += d.SkippedExpired
	c.Superseded += d.Superseded
	c.TargetOwned += d.TargetOwned
	c.Undecodable += d.Undecodable
	c.Refused += d.Refused
	c.Unknown += d.Unknown
	c.Verified += d.Verified
	c.Differences += d.Differences
	c.Bytes += d.Bytes
}

// Report is the outcome of a run. In a resumed run the counters go on from the checkpoint; rows that were written
// after the last mark before an interruption are then counted unchanged.
type Report struct {
	Counters
	RemovedOld int64         // old spellings taken out of the table (re-spelling in place)
	Resumed    bool          // went on from a checkpoint
	Took       time.Duration // of this run, without the preflight
	Passes     int           // of a following copy
	Freeze     *Freeze       // of a following copy that was cut over; nil: it was not
}
