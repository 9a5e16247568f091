package tds

import (
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// telling is a store that tells of each wait for a locked session.
type telling struct {
	*memstore.Store
	waits chan<- struct{}
}

func (s telling) WaitExclusive(ctx context.Context, k session.Key, wait time.Duration) (session.Item, error) {
	s.waits <- struct{}{}
	return s.Store.WaitExclusive(ctx, k, wait)
}

// runTold runs a client, which gets a line for each of its gets that waits, and returns what it writes.
func runTold(t *testing.T, waits <-chan struct{}, c *exec.Cmd) (string, error) {
	t.Helper()
	var out shared
	c.Stdout, c.Stderr = &out, &out
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	over, told := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(told)
		for {
			select {
			case <-waits:
				fmt.Fprintln(in, "it waits")
			case <-over:
				return
			}
		}
	}()
	err = c.Wait()
	close(over)
	<-told
	return out.String(), err
}
