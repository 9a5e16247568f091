package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"unicode"

	"github.com/aspstate/aspstate/session"
)

var scanChecks = []check{
	{name: "scan", run: checkScan},
	{name: "scan pages", run: checkScanPages},
	{name: "scan while others change", run: checkScanChanges},
	{name: "scan after reopening", run: checkScanReopened},
	{name: "scan touches nothing", run: checkScanTouchesNothing},
}

// fill makes sessions and returns their keys.
func (h *harness) fill(n int) []session.Key {
	h.t.Helper()
	keys := make([]session.Key, n)
	for i := range keys {
		keys[i] = h.create(fmt.Sprintf("%024d", i*7919), value(noise(10+i%50, byte(i))))
	}
	return keys
}

// scan reads all pages after a cursor.
func (h *harness) scan(after session.Cursor, limit int) []session.Record {
	h.t.Helper()
	var all []session.Record
	for pages := 0; ; pages++ {
		page, err := h.scanner.Scan(h.ctx, session.ScanRequest{After: after, Limit: limit})
		h.ok(err, "Scan")
		if len(page.Records) > limit {
			h.t.Fatalf("page of %d records, limit %d", len(page.Records), limit)
		}
		all = append(all, page.Records...)
		if after = page.Next; after == "" {
			return all
		}
		for _, r := range after {
			if !unicode.IsPrint(r) {
				h.t.Fatalf("cursor %q is not printable", after)
			}
		}
		if pages > 100000 {
			h.t.Fatalf("the scan does not end")
		}
	}
}

func keysOf(rs []session.Record) []session.Key {
	keys := make([]session.Key, len(rs))
	for i := range rs {
		keys[i] = rs[i].Key
	}
	return keys
}

// sameKeys compares as sets, each key once.
func (h *harness) sameKeys(got, want []session.Key, what string) {
	h.t.Helper()
	seen := map[session.Key]int{}
	for _, k := range got {
		seen[k]++
	}
	for _, k := range want {
		if seen[k] != 1 {
			h.t.Errorf("%s: %v is seen %d times", what, k, seen[k])
		}
		delete(seen, k)
	}
	for k := range seen {
		h.t.Errorf("%s: %v is seen and should not be there", what, k)
	}
}

// checkScan compares the records of a scan with Peek's, and the orders of two scans.
func checkScan(h *harness) {
	h.needScanner()
	if all := h.scan("", 10); len(all) != 0 {
		h.t.Fatalf("an empty store gives %d records", len(all))
	}
	keys := h.fill(60)
	h.lock(keys[7])
	keys = append(keys, h.createMarked("marked"), h.expired("dead"))
	all := h.scan("", 1000)
	h.sameKeys(keysOf(all), keys, "scan")
	if again := h.scan("", 1000); !slices.Equal(keysOf(all), keysOf(again)) {
		h.t.Errorf("a second scan has another order")
	}
	if h.peeker == nil {
		return
	}
	for i := range all {
		r := h.peek(all[i].Key)
		if r.Fence() != all[i].Fence() || !bytes.Equal(r.Payload, all[i].Payload) {
			h.t.Errorf("Scan gives %+v, Peek %+v", all[i].Fence(), r.Fence())
		}
	}
}

// checkScanPages reads pages of many sizes, and pages bounded by bytes.
func checkScanPages(h *harness) {
	h.needScanner()
	keys := h.fill(97)
	whole := keysOf(h.scan("", 1000))
	h.sameKeys(whole, keys, "scan")
	for _, limit := range []int{1, 2, 7, 96, 97, 98} {
		if got := keysOf(h.scan("", limit)); !slices.Equal(got, whole) {
			h.t.Errorf("in pages of %d the scan gives %d records, or another order", limit, len(got))
		}
	}
	var after session.Cursor
	var got []session.Key
	for {
		const bound = 100
		page, err := h.scanner.Scan(h.ctx, session.ScanRequest{After: after, Limit: 50, Bytes: bound})
		h.ok(err, "Scan")
		sum := 0
		for i, r := range page.Records {
			if sum >= bound {
				h.t.Errorf("record %d is on a page that has %d bytes already", i, sum)
			}
			sum += len(r.Payload)
		}
		if sum < bound && len(page.Records) < 50 && page.Next != "" {
			h.t.Errorf("a page ends with %d bytes and %d records", sum, len(page.Records))
		}
		got = append(got, keysOf(page.Records)...)
		if after = page.Next; after == "" {
			break
		}
	}
	if !slices.Equal(got, whole) {
		h.t.Errorf("in pages bounded by bytes the scan gives %d records, or another order", len(got))
	}
}

// checkScanChanges scans while other sessions come, change and go: between the pages, and all the time.
func checkScanChanges(h *harness) {
	h.needScanner()
	stable := h.fill(150)
	other := func(i int) session.Key { return h.key(fmt.Sprintf("other%d", i)) }
	for i := range 60 {
		h.create(fmt.Sprintf("other%d", i), value(payload))
	}
	stop := make(chan struct{})
	var busy sync.WaitGroup
	busy.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			k := other(1000 + i%40)
			if h.s.CreateUninitialized(h.ctx, k, value(payload)) == nil {
				if item, err := h.s.GetExclusive(h.ctx, k); err == nil {
					h.s.Remove(h.ctx, k, h.mine(item.Cookie))
				}
			}
		}
	})
	seen := map[session.Key]int{}
	var after session.Cursor
	for page := 0; ; page++ {
		p, err := h.scanner.Scan(h.ctx, session.ScanRequest{After: after, Limit: 11})
		h.ok(err, "Scan")
		for _, r := range p.Records {
			seen[r.Key]++
		}
		if after = p.Next; after == "" {
			break
		}
		if page < 60 {
			k := other(page)
			item := h.lock(k)
			h.ok(h.s.Remove(h.ctx, k, h.mine(item.Cookie)), "removing")
			h.create(fmt.Sprintf("late%d", page), value(payload))
		}
		changed := stable[page%len(stable)] // change is not coming or going: it is still seen once
		item := h.lock(changed)
		h.ok(h.s.SetAndRelease(h.ctx, changed, value(noise(30, byte(page))), h.mine(item.Cookie)), "writing")
	}
	close(stop)
	busy.Wait()
	for _, k := range stable {
		if seen[k] != 1 {
			h.t.Errorf("%v is seen %d times", k, seen[k])
		}
	}
	for k, n := range seen {
		if n > 1 && k.ID[:4] != "othe" {
			h.t.Errorf("%v is seen %d times", k, n)
		}
	}
}

// checkScanReopened goes on with a cursor after the store was closed and opened.
func checkScanReopened(h *harness) {
	h.needScanner()
	if h.sub.Reopen == nil {
		h.t.Skipf("the store cannot be opened again")
	}
	keys := h.fill(80)
	whole := keysOf(h.scan("", 1000))
	h.sameKeys(whole, keys, "scan")
	page, err := h.scanner.Scan(h.ctx, session.ScanRequest{Limit: 33})
	h.ok(err, "Scan")
	h.use(h.sub.Reopen())
	got := append(keysOf(page.Records), keysOf(h.scan(page.Next, 9))...)
	if !slices.Equal(got, whole) {
		h.t.Errorf("over a reopening the scan gives %d records, or another order", len(got))
	}
}

func checkScanTouchesNothing(h *harness) {
	h.needScanner()
	h.needPeeker()
	keys := append(h.fill(20), h.createMarked("marked"))
	h.lock(keys[3])
	h.age(5, keys...)
	before, err := h.peeker.Peek(h.ctx, keys)
	h.ok(err, "Peek")
	h.scan("", 8)
	for i, k := range keys {
		if r := h.peek(k); r.Fence() != before[i].Fence() {
			h.t.Errorf("Scan changed %+v to %+v", before[i].Fence(), r.Fence())
		}
	}
}
