package remoteapp

import (
	"context"
	"sync"
)

// steering is how Shutdown reaches requests.
type steering struct {
	stop, cut   context.Context // ends: waiting for locks; everything
	doStop, end context.CancelFunc
}

func newSteering() (s steering) {
	s.stop, s.doStop = context.WithCancel(context.Background())
	s.cut, s.end = context.WithCancel(context.Background())
	return s
}

// Shutdown stops in order: whoever waits for a lock, and whoever comes, gets 503, and those who hold one may commit. When the
// context ends, what is held is given back without a commit, and the context's error is returned. The server must go on
// serving until Shutdown returns, or PUTs would not arrive. It must be called once.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.gate.close()
	h.doStop()
	defer h.end()
	select {
	case <-h.gate.idle:
		return nil
	case <-ctx.Done():
	}
	h.end()
	<-h.gate.idle // each call of the store has an end
	return ctx.Err()
}

// gate counts who is within.
type gate struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{} // closed when nobody is within, and the gate is closed
}

// enter lets in who begins something while the gate is open, and who ends something that is within anyhow.
func (g *gate) enter(begins bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed && (begins || g.n == 0) {
		return false
	}
	g.n++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n--; g.n == 0 && g.closed {
		close(g.idle)
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed, g.idle = true, make(chan struct{})
	if g.n == 0 {
		close(g.idle)
	}
}

// either returns a context that ends with either of two.
func either(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(a)
	stop := context.AfterFunc(b, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// hardly returns a context for a call of the store that is not cut off when the client leaves.
func hardly(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storePatience)
}
