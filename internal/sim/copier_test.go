package sim

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/cutover"
)

// ledger is what a copier has written, as far as the sweep of prepare has to know. It survives the copier, as a file would.
type ledger struct {
	mu   sync.Mutex
	ours map[session.Key]bool
}

func (l *ledger) has(k session.Key) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ours[k]
}

func (l *ledger) add(k session.Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ours == nil {
		l.ours = map[session.Key]bool{}
	}
	l.ours[k] = true
}

// copier copies what is in old into new while the phase is proxy, by the rules of docs/cutover.md.
type copier struct {
	*life
	f        *farm
	old, new *rows
	table    *table
}

func (f *farm) newCopier(name string) *copier {
	l := f.birth(name)
	return &copier{
		life: l, f: f, table: &table{l, f.new}, old: &rows{way{life: l, kind: toStore, to: f.old}}, new: &rows{way{life: l, kind: toStore, to: f.new}},
	}
}

const copierLease = 10 * time.Second

// mayGoOn takes or renews the lease, and looks at the phase.
func (c *copier) mayGoOn() bool {
	ctx, cancel := context.WithTimeout(c.ctx, copierLease/3)
	defer cancel()
	g, err := c.table.Lease(ctx, session.Lease{Holder: holder(c.name), Role: cutover.RoleCopier, Epoch: 0}, copierLease)
	if err != nil {
		return false
	}
	for _, a := range g.Apps {
		if a.App == app {
			phase, stage := phaseOf(a.Body)
			return phase == cutover.Proxy && stage == "settled"
		}
	}
	return true
}

// phaseOf reads what the bridges have agreed on.
func phaseOf(body []byte) (cutover.Phase, string) {
	var b struct {
		Phase cutover.Phase `json:"phase"`
		Stage string        `json:"stage"`
	}
	if json.Unmarshal(body, &b) != nil {
		return cutover.Proxy, "unreadable"
	}
	return b.Phase, b.Stage
}

// run copies pass after pass.
func (c *copier) run(passes int) {
	if !c.mayGoOn() {
		return // and its lease runs out
	}
	for range passes {
		renewed := time.Now()
		req := session.ScanRequest{Limit: 3}
		for {
			if time.Since(renewed) > copierLease/3 {
				if !c.mayGoOn() {
					break
				}
				renewed = time.Now()
			}
			ctx, cancel := context.WithTimeout(c.ctx, copierLease/3)
			page, err := c.old.Scan(ctx, req)
			if err == nil {
				err = c.copy(ctx, page.Records)
			}
			cancel()
			if err != nil || page.Next == "" {
				break
			}
			req.After = page.Next
		}
		time.Sleep(500 * time.Millisecond)
		if !c.mayGoOn() {
			break
		}
	}
	time.Sleep(2 * time.Second) // nothing of it is under way then
	ctx, cancel := context.WithTimeout(c.ctx, copierLease/3)
	defer cancel()
	c.table.Leave(ctx, holder(c.name))
}

// copy writes records that are not there as they are.
func (c *copier) copy(ctx context.Context, records []session.Record) error {
	keys := make([]session.Key, len(records))
	for i, r := range records {
		keys[i] = r.Key
	}
	there, err := c.new.Peek(ctx, keys)
	if err != nil {
		return err
	}
	var changes []session.Change
	for i, r := range records {
		r.Lock.Locked = false // a page's lock stays where the page is
		change := session.Change{Record: r}
		if there[i] != nil {
			if !c.f.ledger.has(r.Key) {
				continue
			}
			f := there[i].Fence()
			change.Expect = &f
		}
		c.f.ledger.add(r.Key)
		changes = append(changes, change)
	}
	if len(changes) == 0 {
		return nil
	}
	c.f.count("sessions copied beforehand")
	_, err = c.new.Apply(ctx, changes)
	return err
}
