package page_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aspstate/aspstate/bridge/page"
	"github.com/aspstate/aspstate/session"
)

// long is a store with many sessions, of which it lists so many a page.
type long struct {
	n     int
	each  time.Duration // a page takes so long
	fails int           // from this record on; 0: never

	mu      sync.Mutex
	pages   []time.Time // when each was asked for
	largest int         // page
	under   int         // scans under way
	most    int
	loaded  bool // payloads were
}

func (l *long) Scan(ctx context.Context, q session.ScanRequest) (session.Page, error) {
	l.mu.Lock()
	l.loaded = true
	l.mu.Unlock()
	return l.Skim(ctx, q)
}

func (l *long) SkimKeys(context.Context, []session.Key) ([]*session.Record, error) {
	return nil, errors.New("nobody asks for keys")
}

func (l *long) Skim(_ context.Context, q session.ScanRequest) (pg session.Page, err error) {
	l.mu.Lock()
	l.pages, l.largest = append(l.pages, time.Now()), max(l.largest, q.Limit)
	l.under++
	l.most = max(l.most, l.under)
	l.mu.Unlock()
	time.Sleep(l.each)
	l.mu.Lock()
	l.under--
	l.mu.Unlock()
	from := 0
	if q.After != "" {
		if from, err = strconv.Atoi(string(q.After)); err != nil {
			return pg, err
		}
	}
	if l.fails > 0 && from >= l.fails {
		return pg, errors.New("the store is gone")
	}
	to := min(l.n, from+q.Limit)
	now := session.At(time.Now())
	for i := from; i < to; i++ {
		r := session.Record{Key: session.Key{App: "shop", ID: fmt.Sprintf("%06dpy55", i)}, Timeout: 20, Created: now, Expires: now.AddMinutes(20)}
		r.Lock = session.Lock{Locked: i == l.n-1, Cookie: 7, Since: now}
		pg.Records = append(pg.Records, r)
	}
	if to < l.n {
		pg.Next = session.Cursor(strconv.Itoa(to))
	}
	return pg, nil
}

func (l *long) asked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pages)
}

func look(p *page.Page) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = "localhost"
	p.ServeHTTP(httptest.NewRecorder(), r)
}

// TestListingIsShared: sessions are listed while somebody looks, by one scan for all, in pieces with rests between them, without payloads.
func TestListingIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &long{n: 10_000, each: 100 * time.Microsecond}
		p := page.New(page.Options{Sources: []page.Source{{Name: "store", Rows: store}}})
		defer p.Close()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go p.Run(ctx)
		time.Sleep(10 * time.Minute)
		if n := store.asked(); n != 0 {
			t.Fatalf("nobody looks, and %d pages were listed", n)
		}
		const viewers = 50
		pages := (10_000 + 255) / 256
		var all sync.WaitGroup
		for range viewers {
			all.Go(func() { look(p) })
		}
		all.Wait()
		if n := store.asked(); n != pages || store.most != 1 || store.loaded || store.largest > 256 {
			t.Errorf("%d viewers: %d pages of %d at most, %d at a time; payloads %v", viewers, n, store.largest, store.most, store.loaded)
		}
		for i := 1; i < len(store.pages); i++ {
			if gap := store.pages[i].Sub(store.pages[i-1]); gap < time.Millisecond+store.each {
				t.Errorf("page %d came %v after the one before", i, gap)
			}
		}
		look(p)
		if n := store.asked(); n != pages {
			t.Errorf("a look in the same instant: %d pages", n)
		}
		time.Sleep(5 * time.Second)
		look(p)
		if n := store.asked(); n != 2*pages {
			t.Errorf("5 s later %d pages were listed", n)
		}
	})
}

// TestSlowStore: the slower the listing, the more seldom it is made; a look does not wait for all of it.
func TestSlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &long{n: 2560, each: time.Second}
		p := page.New(page.Options{Sources: []page.Source{{Name: "store", Rows: store}}})
		defer p.Close()
		began := time.Now()
		look(p)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the first look took %v", took)
		}
		for range 600 {
			time.Sleep(time.Second)
			look(p)
		}
		busy := time.Duration(store.asked()) * store.each
		if all := time.Since(began); busy > all/20 {
			t.Errorf("of %v the store was listing for %v", all, busy)
		}
	})
}

// TestManySessions: of more sessions than are kept, those that are locked and the largest are; all are counted, up to a limit.
func TestManySessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &long{n: 90_000}
		f := &fixture{Page: page.New(page.Options{Sources: []page.Source{{Name: "store", Rows: store}}})}
		defer f.Close()
		f.document(t, "")
		time.Sleep(time.Minute)
		d := f.document(t, "")
		if d.List.Kept != 20_000 || d.Total.Sessions != 90_000 || d.Apps[0].Sessions != 90_000 || len(d.Locks) != 1 || d.List.Rows[0].ID != "0899…" {
			t.Errorf("%d kept of %d, application %+v, locks %+v, first %s", d.List.Kept, d.Total.Sessions, d.Apps[0], d.Locks, d.List.Rows[0].ID)
		}
		store.n = 1_000_000
		time.Sleep(time.Minute)
		f.document(t, "")
		time.Sleep(time.Minute)
		before := store.asked()
		if d := f.document(t, ""); d.Stores[0].Whole || d.Stores[0].Seen < 200_000 || d.Stores[0].Seen > 210_000 || d.Total.Sessions != -1 {
			t.Errorf("%+v, %d", d.Stores[0], before)
		}
	})
}

// TestBrokenStore: what was listed before a store failed is shown, and that it is not all.
func TestBrokenStore(t *testing.T) {
	store := &long{n: 1000, fails: 500}
	f := &fixture{Page: page.New(page.Options{Sources: []page.Source{{Name: "old", Rows: store}, {Name: "new", Title: "a State Server"}}})}
	defer f.Close()
	d := f.document(t, "")
	if d.List.Found != 512 || d.Stores[0].Whole || d.Stores[1].Lists || d.Total.Sessions != -1 {
		t.Errorf("%d found, stores %+v, %d in all", d.List.Found, d.Stores, d.Total.Sessions)
	}
	if _, body := f.do(t, request{target: "/sessions"}); !contains(body, "The old store has more", "The new store cannot list") {
		t.Errorf("nothing is said of it:\n%s", body)
	}
}

// TestRates: what was called is divided by the time that has passed; of a front that has called nothing yet there is no line.
func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		calls := page.Calls{Front: "tds", Verb: "get", All: 1000, Failed: 1}
		p := page.New(page.Options{
			Status: func() page.Status { return page.Status{Fronts: []page.Front{{Name: "tds"}, {Name: "stateserver"}}} },
			Calls: func() []page.Calls {
				mu.Lock()
				defer mu.Unlock()
				return []page.Calls{calls}
			},
		})
		defer p.Close()
		f := &fixture{Page: p}
		go p.Run(t.Context())
		if d := f.document(t, ""); d.Fronts[0].Rate.Calls != 0 || d.Fronts[0].Calls != 1000 {
			t.Errorf("before a while has passed: %+v", d.Fronts[0])
		}
		time.Sleep(time.Second) // calls are not counted in the instant in which there are more
		for range 100 {
			mu.Lock()
			calls.All, calls.Locked, calls.Failed = calls.All+100, calls.Locked+10, calls.Failed+5
			mu.Unlock()
			time.Sleep(5 * time.Second)
		}
		synctest.Wait()
		d := f.document(t, "")
		want := page.Rate{Calls: 20, Locked: 2, Errors: 1}
		if d.Fronts[0].Rate != want || d.Verbs[0].Rate != want || d.Total.Rate != want || len(d.Fronts[0].Line) != 60 || d.Fronts[0].Errors != 501 || len(d.Fronts[1].Line) != 0 {
			t.Errorf("%+v, %+v, %d points", d.Fronts[0].Rate, d.Verbs, len(d.Fronts[0].Line))
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if d := f.document(t, ""); d.Fronts[0].Rate.Calls != 0 {
			t.Errorf("nobody calls any more: %+v", d.Fronts[0].Rate)
		}
	})
}

// TestSlowAction: an action that takes long is answered after a while, and how it has ended is shown later. Close ends it.
func TestSlowAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{}
		f.Page = page.New(page.Options{
			Passwords: func() page.Passwords { return one{"ada": "right"} },
			Actions: page.Actions{Pause: func(ctx context.Context) error {
				select {
				case <-time.After(10 * time.Second):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}},
		})
		token := tokenOf(t, f)
		pause := func() {
			began := time.Now()
			res, _ := f.do(t, ada(request{method: "POST", target: "/do", form: map[string][]string{"action": {"pause"}, "token": {token}}}))
			if took := time.Since(began); res.StatusCode != 303 || took > 2*time.Second {
				t.Errorf("%d after %v", res.StatusCode, took)
			}
		}
		pause()
		if _, body := f.do(t, ada(request{target: "/"})); !contains(body, "under way") {
			t.Error("it is not shown to be under way")
		}
		time.Sleep(10 * time.Second)
		if _, body := f.do(t, ada(request{target: "/"})); !contains(body, "done <small>in 10s") {
			t.Error("it is not shown to be done")
		}
		pause()
		f.Close()
		if _, body := f.do(t, ada(request{target: "/"})); !contains(body, "context canceled") {
			t.Error("Close left it")
		}
	})
}
