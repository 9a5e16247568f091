package ui

import (
	"encoding/json"
	"io"
	"time"

	"github.com/aspstate/aspstate/copier"
)

// progressEvery is how often JSON tells progress.
const progressEvery = time.Second

// JSON writes each event as one line of JSON.
type JSON struct {
	e     *json.Encoder
	now   func() time.Time
	state State
	last  time.Time
	err   error
}

// NewJSON writes to w.
func NewJSON(w io.Writer, now func() time.Time) *JSON {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &JSON{e: e, now: now}
}

// Err returns the first error of writing: output that is lost must not look like success.
func (j *JSON) Err() error { return j.err }

func (j *JSON) write(v any) {
	if err := j.e.Encode(v); err != nil && j.err == nil {
		j.err = err
	}
}

// Observe writes one event. Progress is thinned out to one line a second.
func (j *JSON) Observe(e copier.Event) {
	now := j.now()
	j.state.apply(e, now)
	switch e := e.(type) {
	case copier.Planned:
		j.write(planLine(e.Plan))
	case copier.PhaseStarted:
		j.last = now
		j.write(struct {
			Event string       `json:"event"`
			Phase copier.Phase `json:"phase"`
			Total *int64       `json:"total"`
		}{"phase", e.Phase, known(e.Total)})
	case copier.Progress:
		if now.Sub(j.last) < progressEvery {
			return
		}
		j.last = now
		line := struct {
			Event string       `json:"event"`
			Phase copier.Phase `json:"phase"`
			Rows  int64        `json:"rows"`
			Total *int64       `json:"total"`
			Rate  float64      `json:"rows_per_second"`
			ETA   *float64     `json:"eta_seconds"`
			jsonLag
			Throttle string `json:"throttle,omitempty"`
		}{Event: "progress", Phase: e.Phase, Rows: e.Rows, Total: known(j.state.Total), Rate: j.state.Rate(now), jsonLag: lagOf(e.Lag, e.Pass), Throttle: e.Throttle}
		if eta, ok := j.state.ETA(now); ok {
			s := eta.Seconds()
			line.ETA = &s
		}
		j.write(line)
	case copier.PassDone:
		j.write(struct {
			Event string `json:"event"`
			Pass  int    `json:"pass"`
			jsonLag
			Deleted int64   `json:"deleted"`
			Seconds float64 `json:"seconds"`
			Tracked bool    `json:"tracked"` // only what the source says has changed was looked at
		}{"pass", e.Pass, lagOf(e.Lag, e.Pass), e.Deleted, e.Took.Seconds(), e.Tracked})
	case copier.CaughtUp:
		j.write(struct {
			Event string `json:"event"`
			jsonLag
		}{"caught_up", lagOf(e.Lag, 1)})
	case copier.CutOverDone:
		j.write(struct {
			Event string `json:"event"`
			jsonFreeze
		}{"cut_over", freezeOf(&e.Freeze)})
	case copier.Notice:
		j.write(struct {
			Event string            `json:"event"`
			Kind  copier.NoticeKind `json:"kind"`
			ID    string            `json:"id"`
			Text  string            `json:"text"`
		}{"notice", e.Kind, e.ID, e.Text})
	}
}

// jsonLag is how far a following copy is behind; in a plain copy nothing is known of that.
type jsonLag struct {
	Rows    *int64   `json:"lag_rows,omitempty"`
	Seconds *float64 `json:"lag_seconds,omitempty"`
}

func lagOf(l copier.Lag, passes int) jsonLag {
	if passes == 0 || l.Rows < 0 {
		return jsonLag{}
	}
	return jsonLag{&l.Rows, &l.Seconds}
}

// jsonFreeze is how long the application stood still, in seconds.
type jsonFreeze struct {
	Total   float64 `json:"freeze_seconds"`
	Stop    float64 `json:"stop_seconds"`
	Carry   float64 `json:"carry_seconds"`
	Locks   float64 `json:"lock_wait_seconds"`
	Check   float64 `json:"check_seconds"`
	Passes  int     `json:"freeze_passes"`
	Changed int64   `json:"freeze_changed"`
	Locked  int64   `json:"still_locked"`
}

func freezeOf(f *copier.Freeze) jsonFreeze {
	return jsonFreeze{
		f.Total.Seconds(), f.Stop.Seconds(), f.Carry.Seconds(), f.Locks.Seconds(), f.Check.Seconds(), f.Passes, f.Changed, f.Locked,
	}
}

// Report writes the last line of a copy.
func (j *JSON) Report(r copier.Report) {
	line := struct {
		Event string `json:"event"`
		copier.Counters
		Seconds    float64 `json:"seconds"`
		RemovedOld int64   `json:"removed_old,omitempty"`
		Resumed    bool    `json:"resumed,omitempty"`
		Passes     int     `json:"passes,omitempty"`
		*jsonFreeze
	}{Event: "report", Counters: r.Counters, Seconds: r.Took.Seconds(), RemovedOld: r.RemovedOld, Resumed: r.Resumed, Passes: r.Passes}
	if r.Freeze != nil {
		f := freezeOf(r.Freeze)
		line.jsonFreeze = &f
	}
	j.write(line)
}

// Comparison writes the last line of a verification.
func (j *JSON) Comparison(c copier.Comparison) {
	j.write(struct {
		Event          string                  `json:"event"`
		Scanned        int64                   `json:"scanned"`
		SkippedExpired int64                   `json:"skipped_expired"`
		Superseded     int64                   `json:"superseded"`
		Refused        int64                   `json:"refused"`
		Unknown        int64                   `json:"unknown"`
		Equal          int64                   `json:"equal"`
		Decoded        int64                   `json:"equal_decoded"`
		Gone           int64                   `json:"gone"`
		Busy           int64                   `json:"busy"`
		Differences    int64                   `json:"differences"`
		Aspects        map[copier.Aspect]int64 `json:"aspects"`
		Began          time.Time               `json:"began"`
		Resumed        bool                    `json:"resumed,omitempty"`
	}{
		"comparison", c.Scanned, c.SkippedExpired, c.Superseded, c.Refused, c.Unknown, c.Equal, c.Decoded, c.Gone, c.Busy,
		c.Differing, c.Aspects, c.Began, c.Resumed,
	})
}

// known turns -1, which stands for unknown, into null.
func known(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

type jsonPlan struct {
	Event      string       `json:"event"`
	From       string       `json:"from"`
	To         string       `json:"to"`
	FromIDs    []string     `json:"from_ids"`
	Learned    bool         `json:"learned"`
	ToIDs      string       `json:"to_ids"`
	ToForm     string       `json:"to_compressed"`
	InPlace    bool         `json:"in_place"`
	Resume     bool         `json:"resume"`
	Rows       int64        `json:"rows"`
	Live       int64        `json:"live"`
	Expired    int64        `json:"expired"`
	Elsewhere  int64        `json:"other_applications"`
	There      int64        `json:"spelled_already"`
	Locked     int64        `json:"locked"`
	Collisions int64        `json:"collisions"`
	Bytes      int64        `json:"bytes"`
	TargetRows *int64       `json:"target_rows"`
	Groups     []jsonGroup  `json:"groups"`
	Unknown    []jsonSuffix `json:"unknown_suffixes"`
	Checks     []jsonCheck  `json:"checks"`
}

type jsonGroup struct {
	App         string `json:"app"`
	Rule        string `json:"ids"`
	Rows        int64  `json:"rows"`
	Plain       int64  `json:"plain"`
	Compressed  int64  `json:"compressed"`
	Undecodable int64  `json:"undecodable"`
}

type jsonSuffix struct {
	Suffix string `json:"suffix"`
	Rows   int64  `json:"rows"`
}

type jsonCheck struct {
	Name    string         `json:"name"`
	Verdict copier.Verdict `json:"verdict"`
	Detail  string         `json:"detail"`
	Remedy  string         `json:"remedy,omitempty"`
}

func planLine(p *copier.Plan) jsonPlan {
	l := jsonPlan{
		Event: "plan", From: p.From, To: p.To, FromIDs: []string{}, Learned: p.Learned, ToIDs: string(p.ToRule),
		ToForm: string(p.ToForm), InPlace: p.InPlace, Resume: p.Resume, Rows: p.Rows, Live: p.Live, Expired: p.Expired,
		Elsewhere: p.Elsewhere, There: p.There, Locked: p.Locked, Collisions: p.Collisions, Bytes: p.Bytes, TargetRows: known(p.TargetRows),
		Groups: []jsonGroup{}, Unknown: []jsonSuffix{}, Checks: []jsonCheck{},
	}
	for _, r := range p.FromRules {
		l.FromIDs = append(l.FromIDs, string(r))
	}
	for _, g := range p.Groups {
		l.Groups = append(l.Groups, jsonGroup{g.App, string(g.Rule), g.Rows, g.Plain, g.Compressed, g.Broken})
	}
	for _, s := range p.Unknown {
		l.Unknown = append(l.Unknown, jsonSuffix(s))
	}
	for _, c := range p.Checks {
		l.Checks = append(l.Checks, jsonCheck(c))
	}
	return l
}
