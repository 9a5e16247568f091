package cutover

import (
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aspstate/aspstate/session"
)

// counts are of the whole Store.
type counts struct {
	moved   atomic.Int64
	stolen  atomic.Int64
	oldDown atomic.Int64 // Unix nanoseconds until which old is left alone
	reads   atomic.Int64 // of which a fraction is shadowed
}

// stats are of an application.
type stats struct {
	moved       atomic.Int64
	dirty       atomic.Int64 // calls after which old did not follow at once
	leftInOld   atomic.Int64 // as of the last pass, plus one; 0: no pass yet
	marked      atomic.Int64 // marks as of the last drain
	copied      atomic.Int64 // rows brought level by copy-back
	allCopied   atomic.Bool
	copiedUnder atomic.Pointer[rules] // of which copy-back is done
	shadowed    atomic.Int64
	differed    atomic.Int64
	waits       atomic.Int64
	longest     atomic.Int64 // nanoseconds

	mu      sync.Mutex
	strange map[string]string // kind by masked key: direct, unknown
}

// mostReported bounds the keys that are kept for people.
const mostReported = 100

func (st *stats) waited(d time.Duration) {
	st.waits.Add(1)
	for {
		was := st.longest.Load()
		if int64(d) <= was || st.longest.CompareAndSwap(was, int64(d)) {
			return
		}
	}
}

// report keeps a key for people, and says whether it is new.
func (st *stats) report(k session.Key, kind string) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.strange == nil {
		st.strange = map[string]string{}
	}
	if _, known := st.strange[k.String()]; known || len(st.strange) >= mostReported {
		return false
	}
	st.strange[k.String()] = kind
	return true
}

func (s *Store) reportDirect(a *app, k session.Key) {
	if a.stats.report(k, "direct") {
		s.log.Warn("a session was made in the old store after the hand-over: a node without a bridge is still out there", keyApp, a.name, keySession, k.String())
	}
}

// Status is what is known of a cut-over, by this bridge.
type Status struct {
	Epoch  int64           `json:"epoch"`
	Lease  bool            `json:"lease"` // this bridge serves
	Leads  bool            `json:"leads"` // it does what one bridge has to do
	Stolen int64           `json:"stolen_locks"`
	Leases []session.Lease `json:"leases"`
	Apps   []AppStatus     `json:"apps"`
}

// AppStatus is of one application.
type AppStatus struct {
	App         string            `json:"app"`
	Phase       Phase             `json:"phase"`
	Percent     int               `json:"percent"`
	Stage       string            `json:"stage"`
	Next        string            `json:"next,omitempty"`
	Epoch       int64             `json:"epoch"`
	Since       time.Time         `json:"since,omitzero"`
	Moved       int64             `json:"moved"`
	LeftInOld   int64             `json:"left_in_old"` // as of the last pass of this bridge; -1: not known
	Dirty       int64             `json:"dirty"`       // marks as of the last drain of this bridge
	NotFollowed int64             `json:"not_followed"`
	CopiedBack  int64             `json:"copied_back"`
	AllCopied   bool              `json:"all_copied_back"`
	Shadowed    int64             `json:"shadow_reads"`
	Differed    int64             `json:"shadow_differences"`
	Waits       int64             `json:"waits"` // calls that waited for a change of phase
	LongestWait time.Duration     `json:"longest_wait_ns"`
	Reported    map[string]string `json:"reported,omitempty"` // kind by masked key
}

// Status tells how it stands.
func (s *Store) Status() Status {
	s.mu.Lock()
	g := s.seen
	s.mu.Unlock()
	st := Status{Epoch: g.Epoch, Lease: time.Now().Before(*s.until.Load()), Leads: s.leads(), Stolen: s.counts.stolen.Load(), Leases: g.Leases}
	epochs := map[string]int64{}
	for i := range g.Apps {
		epochs[g.Apps[i].App] = g.Apps[i].Epoch
	}
	for _, a := range s.sorted() {
		one := a.status()
		one.Epoch = epochs[a.name]
		st.Apps = append(st.Apps, one)
	}
	return st
}

func (a *app) status() AppStatus {
	g, c := a.agreed.Load(), &a.stats
	st := AppStatus{
		App: a.name, Phase: g.Phase, Percent: g.Percent, Stage: g.Stage, Moved: c.moved.Load(), LeftInOld: c.leftInOld.Load() - 1,
		Dirty: c.marked.Load(), NotFollowed: c.dirty.Load(), CopiedBack: c.copied.Load(), AllCopied: c.allCopied.Load(),
		Shadowed: c.shadowed.Load(), Differed: c.differed.Load(), Waits: c.waits.Load(), LongestWait: time.Duration(c.longest.Load()),
	}
	if g.Next != nil {
		st.Next = g.Next.Phase.String()
	}
	if g.Since != 0 {
		st.Since = session.Instant(g.Since).Time()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.strange) > 0 {
		st.Reported = make(map[string]string, len(c.strange))
		for k, kind := range c.strange {
			st.Reported[k] = kind
		}
	}
	return st
}

// sorted are the known applications by name.
func (s *Store) sorted() []*app {
	known := *s.apps.Load()
	all := make([]*app, 0, len(known))
	for _, a := range known {
		all = append(all, a)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	return all
}
