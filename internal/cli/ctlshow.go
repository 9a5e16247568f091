package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/control"
	"github.com/aspstate/aspstate/internal/ui"
	"github.com/aspstate/aspstate/session/cutover"
)

// migrateStatus is how far a migration is, for ctl.
type migrateStatus struct {
	Phase      copier.Phase    `json:"phase"`
	Rows       int64           `json:"rows"` // of this phase
	Total      *int64          `json:"total"`
	Follow     bool            `json:"follow"`
	Passes     int             `json:"passes"`
	CaughtUp   bool            `json:"caught_up"`
	CutOver    bool            `json:"cut_over"`
	Stage      copier.Stage    `json:"stage,omitempty"` // whose hooks run
	Frozen     bool            `json:"frozen"`
	Rate       int             `json:"rate"` // its limit; 0: none
	Throttle   string          `json:"throttle,omitempty"`
	PausedBy   []string        `json:"paused_by"`
	LagRows    *int64          `json:"lag_rows"`
	LagSeconds *float64        `json:"lag_seconds"`
	Counters   copier.Counters `json:"counters"`
}

// steeredStatus is what ctl status shows.
type steeredStatus struct {
	control.Self
	Migrate *migrateStatus `json:"migrate,omitempty"`
	Bridge  *bridgeStatus  `json:"bridge,omitempty"`
}

// showSteered writes the result of a command of ctl for people.
func showSteered(w io.Writer, q control.Request, result json.RawMessage) error {
	switch {
	case q.Command == "cut-over" && q.Wait:
		return shown(result, func(rep *copier.Report) error { return ui.WriteReport(w, *rep) })
	case q.Command == "phase":
		return shown(result, func(a *cutover.AppStatus) error {
			p := &printer{w: w}
			writeApp(p, a)
			return p.err
		})
	case q.Command == "leases":
		return shown(result, func(all *[]leaseStatus) error { return writeLeases(w, *all) })
	}
	return shown(result, func(st *steeredStatus) error { return st.write(w) })
}

// shown reads a result and has it written.
func shown[T any](result json.RawMessage, write func(*T) error) error {
	var v T
	if err := json.Unmarshal(result, &v); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return write(&v)
}

func (st *steeredStatus) write(w io.Writer) error {
	p := &printer{w: w}
	p.printf("%s, process %d, since %s\n%s\n", st.Command, st.PID, st.Since.Local().Format(time.DateTime), st.Title)
	if st.Migrate != nil {
		st.Migrate.write(p)
	}
	if st.Bridge != nil {
		st.Bridge.write(p)
	}
	return p.err
}

func (m *migrateStatus) write(p *printer) {
	switch {
	case m.Phase == "":
		p.printf("%-10s has not begun\n", "phase")
	case m.Total == nil:
		p.printf("%-10s %s: %s rows\n", "phase", m.Phase, ui.Count(m.Rows))
	default:
		p.printf("%-10s %s: %s of %s rows\n", "phase", m.Phase, ui.Count(m.Rows), ui.Count(*m.Total))
	}
	pace := "as fast as it goes"
	if m.Rate > 0 {
		pace = "at most " + ui.Count(int64(m.Rate)) + " rows a second"
	}
	if m.Throttle != "" {
		pace += "; slower now: " + m.Throttle
	}
	if len(m.PausedBy) > 0 {
		pace = "paused by " + strings.Join(m.PausedBy, ", ")
	}
	p.printf("%-10s %s\n", "pace", pace)
	if m.Follow {
		p.printf("%-10s %s\n", "follows", m.following())
	}
	c := m.Counters
	if m.Stage != "" {
		p.printf("%-10s %s: its hooks are waited for\n", "stage", m.Stage)
	}
	p.printf("%-10s %s copied, %s updated, %s unchanged, %s deleted, %s DIFFERENT\n", "so far",
		ui.Count(c.Copied), ui.Count(c.Updated), ui.Count(c.Unchanged), ui.Count(c.Deleted), ui.Count(c.Differences))
}

// following says how far a following copy is behind, and what it waits for.
func (m *migrateStatus) following() string {
	text := fmt.Sprintf("%d passes", m.Passes)
	if m.LagRows != nil {
		text += fmt.Sprintf(", %s rows changed in the last, %.1f s behind", ui.Count(*m.LagRows), *m.LagSeconds)
	}
	switch {
	case m.Frozen:
		text += "; the source is frozen"
	case m.CutOver:
		text += "; to be cut over"
	case m.CaughtUp:
		text += "; caught up: aspstate ctl cut-over finishes it"
	}
	return text
}
