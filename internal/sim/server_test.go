package sim

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/aspstate/aspstate/session/memstore"
)

// server keeps one of the stores. Where it has a disk it may crash, and then forgets what was not synced.
type server struct {
	w     *world
	name  string
	ahead time.Duration // of its clock
	sync  memstore.Policy
	disk  *vfs.MemFS // nil: memory alone, and it never crashes

	life  *life
	runs  int
	store *memstore.Store   // nil while it is down
	all   []*memstore.Store // of every run
}

func (w *world) newServer(name string, ahead time.Duration) (*server, error) {
	s := &server{w: w, name: name, ahead: ahead, sync: w.plan.sync}
	if w.plan.durable {
		s.disk = vfs.NewCrashableMem()
	}
	return s, s.start()
}

func (s *server) now() time.Time { return time.Now().Truncate(s.w.plan.tick).Add(s.ahead) }

func (s *server) start() error {
	s.runs++
	s.life = s.w.birth(fmt.Sprintf("%s.%d", s.name, s.runs))
	var err error
	if s.disk == nil {
		s.store = memstore.New(memstore.Options{Now: s.now})
	} else {
		// A short period, so that renewals are not the only thing on which time is spent.
		s.store, err = memstore.Open("store", memstore.Options{Now: s.now, FS: &files{s.disk, s.life}, Sync: s.sync, SyncEvery: 5 * time.Second})
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", s.life.name, err)
	}
	s.all = append(s.all, s.store)
	return nil
}

// crash takes the power away: what was not synced is gone.
func (s *server) crash() {
	s.life.crash()
	s.store = nil
	s.disk = s.disk.CrashClone(vfs.CrashCloneCfg{})
}

// close ends all runs. The world is over.
func (s *server) close() {
	for _, st := range s.all {
		st.Close()
	}
}

// reach has the store do something, unless it is down or goes down meanwhile.
func reach[T any](s *server, do func(*memstore.Store) (T, error)) (T, error) {
	var none T
	st, life := s.store, s.life
	if st == nil {
		return none, errFailed
	}
	if s.disk == nil {
		return do(st)
	}
	var v T
	var err error
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		v, err = do(st)
	}()
	select {
	case <-answered:
	case <-life.dead:
		return none, errLost
	case <-s.w.over:
		return none, errOver
	}
	if life.isDead() {
		return none, errLost
	}
	return v, err
}

// files are a server's disk: each sync of the journal is a step. Pebble syncs other files under a lock for which others wait, and
// who waits for a lock is at work in the eyes of synctest.
type files struct {
	vfs.FS
	life *life
}

type file struct {
	vfs.File
	life *life
	name string
}

func (f *files) wrap(g vfs.File, name string, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &file{g, f.life, path.Base(name)}, nil
}

func (f *files) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	g, err := f.FS.Create(name, c)
	return f.wrap(g, name, err)
}

func (f *files) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	g, err := f.FS.OpenReadWrite(name, c, o...)
	return f.wrap(g, name, err)
}

func (f *files) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	g, err := f.FS.ReuseForWrite(old, name, c)
	return f.wrap(g, name, err)
}

func (f *files) OpenDir(name string) (vfs.File, error) {
	g, err := f.FS.OpenDir(name)
	return f.wrap(g, name, err)
}

func (f *files) Unwrap() vfs.FS { return f.FS }

// synced waits for its turn. After a crash it waits until the world is over, and then does no harm: the disk was put aside.
func (f *file) synced(sync func() error) error {
	if path.Ext(f.name) != ".log" {
		return sync()
	}
	_, err := pass(context.Background(), f.life, toDisk, "sync the journal", func(context.Context) (nothing, error) {
		return nothing{}, sync()
	})
	if err == errOver {
		return sync()
	}
	return err
}

func (f *file) Sync() error     { return f.synced(f.File.Sync) }
func (f *file) SyncData() error { return f.synced(f.File.SyncData) }

func (f *file) SyncTo(n int64) (full bool, err error) {
	err = f.synced(func() error { full, err = f.File.SyncTo(n); return err })
	return full, err
}
