package cli

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/aspstate/aspstate/session/cutover"
)

// cutOverMetrics are what a bridge between two stores knows of its applications.
type cutOverMetrics struct{ store *cutover.Store }

// What is told of each application, and of the bridge.
var (
	cutOverPhase = prometheus.NewDesc("aspstate_cutover_phase", "1, with the phase as a label.", []string{"app", "phase"}, nil)
	cutOverLease = prometheus.NewDesc("aspstate_cutover_lease", "1 while this bridge has a lease; without it it serves nothing.", nil, nil)
	cutOverApp   = []cutOverMetric{
		{"aspstate_cutover_percent", "Part of the sessions that hand-off is for.", prometheus.GaugeValue, func(a *cutover.AppStatus) int64 { return int64(a.Percent) }},
		{"aspstate_cutover_moved_total", "Sessions that this bridge has moved.", prometheus.CounterValue, func(a *cutover.AppStatus) int64 { return a.Moved }},
		{"aspstate_cutover_left", "Sessions in the old store as of the last pass; -1: not known.", prometheus.GaugeValue, func(a *cutover.AppStatus) int64 { return a.LeftInOld }},
		{"aspstate_cutover_dirty", "Marks of sessions that may differ between the stores, as of the last drain.", prometheus.GaugeValue, func(a *cutover.AppStatus) int64 { return a.Dirty }},
		{"aspstate_cutover_not_followed_total", "Changes that the old store did not follow at once.", prometheus.CounterValue, func(a *cutover.AppStatus) int64 { return a.NotFollowed }},
		{"aspstate_cutover_copied_back_total", "Sessions that were copied back to the old store.", prometheus.CounterValue, func(a *cutover.AppStatus) int64 { return a.CopiedBack }},
		{"aspstate_cutover_shadow_reads_total", "Reads that were compared with the other store.", prometheus.CounterValue, func(a *cutover.AppStatus) int64 { return a.Shadowed }},
		{"aspstate_cutover_shadow_differences_total", "Reads that the other store would have answered otherwise.", prometheus.CounterValue, func(a *cutover.AppStatus) int64 { return a.Differed }},
		{"aspstate_cutover_waits_total", "Calls that waited for a change of phase.", prometheus.CounterValue, func(a *cutover.AppStatus) int64 { return a.Waits }},
		{"aspstate_cutover_reported", "Sessions that a person should look at: ctl status names some.", prometheus.GaugeValue, func(a *cutover.AppStatus) int64 { return int64(len(a.Reported)) }},
	}
)

type cutOverMetric struct {
	name, help string
	kind       prometheus.ValueType
	value      func(*cutover.AppStatus) int64
}

func (m cutOverMetric) desc() *prometheus.Desc {
	return prometheus.NewDesc(m.name, m.help, []string{"app"}, nil)
}

// Describe implements prometheus.Collector.
func (c cutOverMetrics) Describe(d chan<- *prometheus.Desc) {
	d <- cutOverPhase
	d <- cutOverLease
	for _, m := range cutOverApp {
		d <- m.desc()
	}
}

// Collect implements prometheus.Collector.
func (c cutOverMetrics) Collect(out chan<- prometheus.Metric) {
	st := c.store.Status()
	lease := 0.0
	if st.Lease {
		lease = 1
	}
	out <- prometheus.MustNewConstMetric(cutOverLease, prometheus.GaugeValue, lease)
	for i := range st.Apps {
		a := &st.Apps[i]
		out <- prometheus.MustNewConstMetric(cutOverPhase, prometheus.GaugeValue, 1, a.App, a.Phase.String())
		for _, m := range cutOverApp {
			out <- prometheus.MustNewConstMetric(m.desc(), m.kind, float64(m.value(a)), a.App)
		}
	}
}
