package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

var base = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

func clock() time.Time { return base }

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(path, false, clock)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func table(t *testing.T, d *Dir, name string, seed bool, n int) *Table {
	t.Helper()
	x, err := d.Table(t.Context(), name, seed, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func rows(t *testing.T, s session.Scanner) map[session.Key]session.Record {
	t.Helper()
	all := map[session.Key]session.Record{}
	for after := session.Cursor(""); ; {
		pg, err := s.Scan(t.Context(), session.ScanRequest{After: after, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range pg.Records {
			all[r.Key] = r
		}
		if after = pg.Next; after == "" {
			return all
		}
	}
}

func TestTheSeedIsTheSameEveryTime(t *testing.T) {
	for _, name := range layout.Names() {
		a := rows(t, table(t, open(t, t.TempDir()), name, true, 400))
		b := rows(t, table(t, open(t, t.TempDir()), name, true, 400))
		if len(a) != 400 || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %d and %d rows, equal: %v", name, len(a), len(b), reflect.DeepEqual(a, b))
		}
	}
}

func TestTheSeedHasWhatRealTablesHave(t *testing.T) {
	all := rows(t, table(t, open(t, t.TempDir()), layout.FrameworkCompat, true, DefaultSessions))
	now := session.At(base)
	var live, aDay, locked, fresh, long int
	for _, r := range all {
		if r.Expires < now {
			continue
		}
		live++
		if r.Expires > now+16*60*session.Minute {
			aDay++
		}
		if r.Lock.Locked {
			locked++
		}
		if r.Flags&session.Uninitialized != 0 {
			fresh++
		}
		if len(r.Payload) > layout.ShortLimit {
			long++
		}
	}
	if len(all) != DefaultSessions || live < DefaultSessions*3/4 || live == DefaultSessions || aDay < live*3/4 {
		t.Errorf("of %d rows %d live, %d for a day", len(all), live, aDay)
	}
	if locked == 0 || fresh == 0 || long == 0 {
		t.Errorf("%d locked, %d uninitialized, %d over 7000 bytes", locked, fresh, long)
	}
	reg, err := layout.NewRegistry(Applications()...)
	if err != nil {
		t.Fatal(err)
	}
	ids := layout.NewCensus(reg, 10)
	raw := map[string]int{}
	for k := range all {
		ids.Add(k)
		raw[k.ID[:24]]++
	}
	rep := ids.Report()
	if len(rep.Known) != 6 || len(rep.Unknown) != 0 {
		t.Errorf("applications and rules: %+v", rep)
	}
	twins := 0
	for _, n := range raw {
		if n == 2 {
			twins++
		}
	}
	if twins == 0 {
		t.Error("no colliding rows")
	}
}

func TestColumnsAreThoseOfTheLayout(t *testing.T) {
	d := open(t, t.TempDir())
	for name, check := range map[string]func(layout.Row) bool{
		layout.FrameworkCompat: func(r layout.Row) bool { return r.Long != nil && r.Short != nil && r.Item == nil },
		layout.V10:             func(r layout.Row) bool { return len(r.Item)%7000 == 0 && len(r.Item) > 0 },
		layout.SQLServer:       func(r layout.Row) bool { return r.Long != nil && r.Short == nil },
		layout.SQLInMemory:     func(r layout.Row) bool { return len(r.Chunks) > 1 && r.Item == nil && r.ItemSize > 7000 },
	} {
		x := table(t, d, name, true, 1000)
		found := false
		for after := session.Cursor(""); !found; {
			pg, err := x.rows.Scan(t.Context(), session.ScanRequest{After: after, Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			for i := range pg.Records {
				row, err := x.row(&pg.Records[i])
				if err != nil {
					t.Fatal(err)
				}
				found = found || check(row)
			}
			if after = pg.Next; after == "" {
				break
			}
		}
		if !found {
			t.Errorf("%s: no row as this layout has them", name)
		}
	}
}

func TestOnlyWhatIsReadIsSeeded(t *testing.T) {
	path := t.TempDir()
	d := open(t, path)
	x := table(t, d, layout.InMemory, false, 0)
	if n, _ := x.Count(t.Context()); n != 0 {
		t.Fatalf("a target was seeded with %d rows", n)
	}
	x.Close()
	// Read later, it is what the migration has left there, and not seeded.
	if n, _ := table(t, d, layout.InMemory, true, 50).Count(t.Context()); n != 0 {
		t.Errorf("a store that was there has been seeded with %d rows", n)
	}
}

func TestAnotherNumberOfSessions(t *testing.T) {
	d := open(t, t.TempDir())
	table(t, d, layout.V11, true, 10).Close()
	if _, err := d.Table(t.Context(), layout.V11, true, 20); !errors.Is(err, ErrSeeded) {
		t.Errorf("got %v", err)
	}
	table(t, d, layout.V11, true, 10).Close()
	if n, _ := table(t, d, layout.V11, true, 0).Count(t.Context()); n != 10 {
		t.Errorf("%d rows", n)
	}
}

func TestAnInterruptedSeedIsMadeAnew(t *testing.T) {
	d := open(t, t.TempDir())
	want := rows(t, table(t, open(t, t.TempDir()), layout.V11, true, 50))
	half, err := openTable(d.store(layout.V11), mustLayout(t, layout.V11), clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := half.seed(t.Context(), session.At(base), 20); err != nil {
		t.Fatal(err)
	}
	if err := half.Close(); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, table(t, d, layout.V11, true, 50)); !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows, not those of a seed", len(got))
	}
}

func mustLayout(t *testing.T, name string) *layout.Layout {
	t.Helper()
	l, err := layout.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestResetAndForeignDirectories(t *testing.T) {
	path := t.TempDir()
	d := open(t, path)
	table(t, d, layout.V11, true, 10).Close()
	later := base.Add(48 * time.Hour)
	d, err := Open(path, true, func() time.Time { return later })
	if err != nil {
		t.Fatal(err)
	}
	if d.Exists(layout.V11) || d.base != session.At(later) {
		t.Error("the reset left something")
	}

	held := table(t, d, layout.V11, true, 10)
	if _, err := Open(path, true, clock); !errors.Is(err, memstore.ErrInUse) {
		t.Errorf("resetting a sandbox in use: %v", err)
	}
	held.Close()

	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.doc"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, reset := range []bool{false, true} {
		if _, err := Open(foreign, reset, clock); !errors.Is(err, ErrNotSandbox) {
			t.Errorf("a directory with other files, reset %v: %v", reset, err)
		}
	}
	if _, err := os.Stat(filepath.Join(foreign, "thesis.doc")); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(path, "sandbox.json"), []byte(`{"aspstate_sandbox":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, false, clock); !errors.Is(err, ErrNotSandbox) {
		t.Errorf("a sandbox of another version: %v", err)
	}
}

// A reset that is killed at any moment leaves a sandbox that works.
func TestAnInterruptedReset(t *testing.T) {
	want := rows(t, table(t, open(t, t.TempDir()), layout.V11, true, 30))
	for name, killed := range map[string]func(d *Dir) error{
		"after the marks": func(d *Dir) error { return os.Remove(d.marker(layout.V11)) },
		"after the stores": func(d *Dir) error {
			return errors.Join(os.Remove(d.marker(layout.V11)), os.RemoveAll(d.store(layout.V11)))
		},
		"in a store": func(d *Dir) error {
			files, err := filepath.Glob(filepath.Join(d.store(layout.V11), "*"))
			if err != nil || len(files) < 2 {
				return fmt.Errorf("%v: %v", err, files)
			}
			return errors.Join(os.Remove(d.marker(layout.V11)), os.RemoveAll(files[len(files)/2]))
		},
	} {
		d := open(t, t.TempDir())
		table(t, d, layout.V11, true, 30).Close()
		if err := killed(d); err != nil {
			t.Fatal(err)
		}
		if got := rows(t, table(t, open(t, d.path), layout.V11, true, 30)); !reflect.DeepEqual(got, want) {
			t.Errorf("killed %s: %d rows", name, len(got))
		}
	}
	d := open(t, t.TempDir())
	table(t, d, layout.V11, true, 30).Close()
	if err := os.RemoveAll(d.store(layout.V11)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Table(t.Context(), layout.V11, true, 30); !errors.Is(err, ErrNotSandbox) {
		t.Errorf("a store that was taken away: %v", err)
	}
}

func TestSeedingCanBeInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := open(t, t.TempDir())
	if _, err := d.Table(ctx, layout.V11, true, 30); !errors.Is(err, context.Canceled) || d.Exists(layout.V11) {
		t.Errorf("got %v", err)
	}
}

func TestIDsFoldAsTheLayoutDoes(t *testing.T) {
	for name, folds := range map[string]bool{layout.FrameworkCompat: true, layout.InMemory: false} {
		x := table(t, open(t, t.TempDir()), name, false, 0)
		v := session.Value{Payload: []byte{20, 0, 0, 0, 0, 0, 0xFF}, Timeout: 20}
		if err := x.SetAndRelease(t.Context(), session.Key{ID: "abcB3003E84"}, v, session.Insert()); err != nil {
			t.Fatal(err)
		}
		r, err := session.PeekOne(t.Context(), x, session.Key{ID: "ABCb3003e84"})
		if found := err == nil; found != folds {
			t.Errorf("%s: found in another letter case: %v", name, found)
		}
		if folds && r.Key.ID != "abcB3003E84" {
			t.Errorf("the id came back as %s", r.Key.ID)
		}
	}
}

func TestADamagedRowIsAnError(t *testing.T) {
	x := table(t, open(t, t.TempDir()), layout.SQLServer, false, 0)
	v := session.Value{Payload: []byte{9, 9, 9}, Timeout: 20}
	k := session.Key{ID: "abcB3003E84"}
	if err := x.rows.SetAndRelease(t.Context(), x.key(k), v, session.Insert()); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Peek(t.Context(), []session.Key{k}); !errors.Is(err, errColumns) {
		t.Errorf("peek: %v", err)
	}
	if _, err := x.Get(context.Background(), k); !errors.Is(err, errColumns) {
		t.Errorf("get: %v", err)
	}
}

func FuzzColumns(f *testing.F) {
	for _, r := range []layout.Row{
		{SessionID: "abc", Short: []byte{}, Long: []byte("long")},
		{SessionID: "", Item: bytes.Repeat([]byte{7}, 300), ItemSize: 300},
		{SessionID: "x", ItemSize: 9000, Chunks: []layout.Chunk{{ID: 1, Item: []byte("a")}, {ID: 2, Item: nil}}},
	} {
		f.Add(appendColumns(nil, &r))
	}
	f.Add([]byte{columnsVersion, 1, 'a', hasChunks, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r layout.Row
		if readColumns(b, &r) != nil {
			return
		}
		var again layout.Row
		if err := readColumns(appendColumns(nil, &r), &again); err != nil || !reflect.DeepEqual(norm(r), norm(again)) {
			t.Errorf("%v\n%+v\n%+v", err, r, again)
		}
	})
}

// norm makes empty and nil chunks equal: their bytes are the same.
func norm(r layout.Row) layout.Row {
	for i := range r.Chunks {
		r.Chunks[i].Item = append([]byte{}, r.Chunks[i].Item...)
	}
	return r
}
