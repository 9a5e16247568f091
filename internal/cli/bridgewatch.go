package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/stateserver"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/observe"
	"github.com/aspstate/aspstate/session/park"
)

// watched is what the outside can see of a bridge.
type watched struct {
	registry *prometheus.Registry
	calls    *observe.Metrics // nil: nobody asks
	tally    *observe.Tally   // for the page; nil: there is none
	served   *served
	stopping atomic.Bool
	said     bridge.Seldom
}

// newWatched makes what --metrics and --page serve. Without them calls are not counted.
func newWatched(s *served, set *settings) *watched {
	r := prometheus.NewRegistry()
	w := &watched{registry: r, served: s}
	if set.page != "" {
		w.tally = observe.NewTally()
	}
	if set.metrics == "" {
		return w
	}
	w.calls = observe.New(r)
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	w.gauge("aspstate_build_info", "1, with the version as a label.", prometheus.Labels{"version": version()}, func() float64 { return 1 })
	if s.cutover != nil {
		r.MustRegister(cutOverMetrics{s.cutover})
	}
	if m := s.embedded; m != nil {
		w.gauge("aspstate_sessions", "Sessions in the store, expired ones that are not swept yet included.", nil, func() float64 {
			n, _ := m.Count(context.Background()) // its only error is the context's
			return float64(n)
		})
		w.gauge("aspstate_session_bytes", "What --max-memory is compared with: payloads and bookkeeping.", nil, func() float64 { return float64(m.Bytes()) })
		w.gauge("aspstate_session_bytes_limit", "--max-memory; 0: none.", nil, func() float64 { return float64(s.maxMemory) })
	}
	return w
}

func (w *watched) gauge(name, help string, labels prometheus.Labels, value func() float64) {
	w.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value))
}

// store counts and times the calls of a store.
func (w *watched) store(layer string, s session.Store) session.Store {
	if w.calls == nil {
		return s
	}
	return w.calls.Store(layer, s)
}

// front is what the clients of a front call.
func (w *watched) front(name string, s session.Store) session.Store {
	s = w.store(name, s)
	if w.tally == nil {
		return s
	}
	return w.tally.Store(name, s)
}

// named tells who calls, for the queues of locked sessions and for the page.
func (w *watched) named(ctx context.Context, client string) context.Context {
	if w.tally != nil {
		ctx = observe.Client(ctx, client)
	}
	return park.Client(ctx, client)
}

// waiting adds what the State Server front knows of those who wait.
func (w *watched) waiting(f *stateserver.Front) {
	w.gauge("aspstate_waiting_gets", "Gets of the State Server front that wait for a locked session.", nil, func() float64 { return float64(f.Waiting()) })
}

// server adds what the server of a front knows.
func (w *watched) server(front string, srv *bridge.Server) {
	labels := prometheus.Labels{"front": front}
	w.gauge("aspstate_connections", "Open connections of clients.", labels, func() float64 { return float64(srv.Open()) })
	w.registry.MustRegister(refusals{srv, prometheus.NewDesc("aspstate_refused_connections_total", "Connections that were closed unanswered.", []string{"reason"}, labels)})
}

// refusals are the connections that a server did not take, by reason.
type refusals struct {
	srv  *bridge.Server
	desc *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (r refusals) Describe(d chan<- *prometheus.Desc) { d <- r.desc }

// Collect implements prometheus.Collector.
func (r refusals) Collect(m chan<- prometheus.Metric) {
	for why, n := range r.srv.Refused() {
		m <- prometheus.MustNewConstMetric(r.desc, prometheus.CounterValue, float64(n), why)
	}
}

// ready says why the bridge cannot serve; nil: it can.
func (w *watched) ready(ctx context.Context) error {
	if w.stopping.Load() {
		return errors.New("stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	asked := make(chan error, 1)
	go func() { // a store that hangs does not heed the context
		_, err := w.served.Get(ctx, w.served.probe)
		if m := w.served.embedded; m != nil && errors.Is(err, session.ErrNotFound) {
			err = m.Flush(ctx) // it answers from memory, however the disk is
		}
		asked <- err
	}()
	select {
	case err := <-asked:
		if err == nil || errors.Is(err, session.ErrNotFound) {
			return nil
		}
		return fmt.Errorf("the store does not answer: %w", err)
	case <-ctx.Done():
		return errors.New("the store does not answer")
	}
}

func (w *watched) handler(log *slog.Logger) http.Handler {
	mux := http.NewServeMux() // no page reads a body; ReadTimeout ends who sends one slowly
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(r http.ResponseWriter, _ *http.Request) { fmt.Fprintln(r, "ok") })
	mux.HandleFunc("GET /readyz", func(r http.ResponseWriter, q *http.Request) {
		if err := w.ready(q.Context()); err != nil {
			w.said.Warn(log, "not ready", "error", err) // who asks is told no more than that
			http.Error(r, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(r, "ready")
	})
	return mux
}

// serve serves the endpoints at an address until it is told that it is over; empty: nowhere.
func (w *watched) serve(ctx context.Context, log *slog.Logger, addr string) (over func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, &failure{code: exitUnreachable, err: fmt.Errorf("listening for --metrics: %w", err)}
	}
	srv := &http.Server{
		Handler: w.handler(log), ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go srv.Serve(&few{Listener: l, left: make(chan struct{}, watchers)})
	log.Info("metrics and health are served", "address", l.Addr().String())
	return func() { srv.Close() }, nil
}
