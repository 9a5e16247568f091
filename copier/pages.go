package copier

import (
	"context"
	"fmt"
	"sync"

	"github.com/aspstate/aspstate/session"
)

// pager runs through a store page by page with several workers. Memory is bounded by the pages in flight, whatever the
// number of rows.
type pager struct {
	from    session.Scanner
	what    string // for errors: which end is being read
	limit   int    // rows a page
	bytes   int    // payload bytes a page
	workers int
	pace    brake
	size    *pageSize // nil: limit rows a page
}

// brake lets rows through no faster than it should.
type brake interface {
	wait(ctx context.Context, rows int) error
}

// page is one piece on its way through the workers.
type page struct {
	seq  int
	got  session.Page
	done tally
	err  error
}

func (p *page) rows() int { return len(p.got.Records) + len(p.got.Damaged) }

// run scans from after to the end. work is called for each page, by several goroutines at once. mark is called from the
// calling goroutine, in the order of the scan: when it is told a cursor, all pages before that cursor are done. The first
// error stops everything and is returned once all workers have stopped.
func (p *pager) run(ctx context.Context, after session.Cursor,
	work func(context.Context, session.Page) (tally, error),
	mark func(next session.Cursor, rows int, done tally) error,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	todo := make(chan *page)
	done := make(chan *page)
	slots := make(chan struct{}, 2*p.workers) // pages in flight, those that wait for an earlier one included
	var readErr error

	var readers, workers sync.WaitGroup
	readers.Go(func() {
		defer close(todo)
		readErr = p.read(ctx, after, slots, todo)
	})
	for range p.workers {
		workers.Go(func() {
			for pg := range todo {
				if pg.err = p.pace.wait(ctx, pg.rows()); pg.err == nil {
					pg.done, pg.err = work(ctx, pg.got)
				}
				done <- pg
			}
		})
	}
	go func() {
		workers.Wait()
		close(done)
	}()

	var first error
	waiting := map[int]*page{} // done, but an earlier page is not
	seq := 0
	for pg := range done {
		if pg.err != nil && first == nil {
			first = pg.err
			cancel()
		}
		if first != nil {
			<-slots
			continue
		}
		waiting[pg.seq] = pg
		for next := waiting[seq]; next != nil && first == nil; next = waiting[seq] {
			delete(waiting, seq)
			seq++
			<-slots
			if first = mark(next.got.Next, next.rows(), next.done); first != nil {
				cancel()
			}
		}
	}
	readers.Wait()
	if first == nil {
		first = readErr
	}
	return first
}

// rows is how many rows the next page may have.
func (p *pager) rows() int {
	if p.size == nil {
		return p.limit
	}
	return p.size.next()
}

func (p *pager) read(ctx context.Context, after session.Cursor, slots chan struct{}, todo chan<- *page) error {
	for seq := 0; ; seq++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case slots <- struct{}{}:
		}
		got, err := p.from.Scan(ctx, session.ScanRequest{After: after, Limit: p.rows(), Bytes: p.bytes})
		if err != nil {
			<-slots
			return fmt.Errorf("reading %s: %w", p.what, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case todo <- &page{seq: seq, got: got}:
		}
		if got.Next == "" {
			return nil
		}
		after = got.Next
	}
}
