package copier

import (
	"sync"
	"time"
)

// pageSize finds how many rows a page may have: more while the calls of both ends are quick, fewer while they are slow.
// A page is what others wait for, and has a cost of its own.
type pageSize struct {
	steer *Steering
	most  int

	mu   sync.Mutex
	rows int
}

// Bounds of a page, in rows.
const (
	fewestRows = 8
	firstRows  = 1000
	mostRows   = 8000
)

// newPageSize returns nil where the number of rows is fixed.
func newPageSize(o *Options, s *Steering) *pageSize {
	if o.PageRows > 0 && !o.adapt {
		return nil
	}
	return &pageSize{steer: s, rows: o.PageRows, most: mostRows}
}

// next is the size of the next page: what a second may take at most, where there is a rate.
func (p *pageSize) next() int {
	p.steer.mu.Lock()
	load, rate, hurried := p.steer.brake.load(time.Now()), p.steer.rate, p.steer.hurried
	p.steer.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if hurried {
		return p.most
	}
	switch {
	case load > 1:
		p.rows = max(fewestRows, p.rows/2)
	case load < 0.5:
		p.rows = min(p.most, p.rows+p.rows/4+1)
	}
	if rate > 0 {
		return min(p.rows, max(fewestRows, rate))
	}
	return p.rows
}
