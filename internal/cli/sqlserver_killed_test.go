package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// killable is a copy between two databases as a process of its own. Its DSNs are in the environment, where process lists
// do not show them.
type killable struct {
	*exec.Cmd
	out     bytes.Buffer
	copying time.Time     // when it began to copy
	copies  chan struct{} // closed then, or at its end
	done    chan error
}

func (s *testServer) start(from, to *testDatabase, args ...string) *killable {
	s.t.Helper()
	p := &killable{
		Cmd:    process(s.t, append([]string{"migrate", "--checkpoint", filepath.Join(s.dir, to.name), "--json"}, args...)...),
		copies: make(chan struct{}), done: make(chan error, 1),
	}
	p.Env = append(p.Env, "ASPSTATE_FROM_DSN="+from.dsn, "ASPSTATE_TO_DSN="+to.dsn)
	read, write := io.Pipe()
	p.Stdout, p.Stderr = write, write
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(read); lines.Scan(); {
			p.out.Write(append(lines.Bytes(), '\n'))
			if p.copying.IsZero() && strings.Contains(lines.Text(), `"phase":"copy"`) {
				p.copying = time.Now()
				close(p.copies)
			}
		}
		if p.copying.IsZero() {
			close(p.copies)
		}
	}()
	go func() {
		err := p.Wait()
		write.Close()
		<-ended
		p.done <- err
	}()
	return p
}

// TestKilledBetweenServers kills -9 a migration between two databases at random moments, most of them while it copies, and
// then lets it finish: the target must be that of an undisturbed run.
func TestKilledBetweenServers(t *testing.T) {
	t.Parallel()
	s := server(t)
	kills, sessions := 15, 2000
	if testing.Short() {
		kills, sessions = 5, 800
	}
	from, calm, hurt := s.fx("kill_from"), s.async("kill_calm"), s.async("kill_hurt")
	n := s.seed(from, sessions)
	was := from.rows(fxShape)
	args := append([]string{"--to-ids", "async-2.1", "--workers", "2", "--rate", "4000"}, farm...)

	began := time.Now()
	p := s.start(from, calm, args...)
	if err := <-p.done; err != nil || p.copying.IsZero() {
		t.Fatalf("undisturbed: %v\n%s", err, p.out.String())
	}
	whole, copying := time.Since(began), time.Since(p.copying)

	const seed = 20261129
	r := rand.New(rand.NewPCG(seed, 1))
	killed, while, marks := 0, 0, map[string]bool{}
	for i := range kills {
		p := s.start(from, hurt, args...)
		longest := whole
		if i%4 != 0 {
			longest = copying
			<-p.copies
		}
		moment := time.NewTimer(time.Duration(r.Int64N(int64(longest))))
		select {
		case <-moment.C:
			if p.Process.Kill() == nil {
				killed++
			}
			<-p.done
		case err := <-p.done:
			moment.Stop()
			if err != nil {
				t.Fatalf("a run that was not killed: %v\n%s", err, p.out.String())
			}
		}
		if !p.copying.IsZero() {
			while++
		}
		s.hides(result{out: p.out.String()}, s.password(), "migrate")
		if b, err := os.ReadFile(filepath.Join(s.dir, hurt.name)); err == nil {
			marks[string(b)] = true
		}
	}
	if killed < kills/3 || while < kills/3 || len(marks) < 3 {
		t.Fatalf("of %d runs %d were killed, %d while they copied, at %d different marks: the test tests nothing", kills, killed, while, len(marks))
	}
	p = s.start(from, hurt, args...)
	if err := <-p.done; err != nil || !strings.Contains(p.out.String(), `"differences":0`) {
		t.Fatalf("the last run: %v\n%s", err, p.out.String())
	}
	if rep := lastLine(t, result{out: p.out.String()}); rep["target_owned"] != 0.0 || rep["refused"] != 0.0 {
		t.Errorf("the last run: %v", rep)
	}
	got, want := hurt.rows(asyncShape), calm.rows(asyncShape)
	if len(want) != n || !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows, undisturbed %d, seeded %d; equal: %v", len(got), len(want), n, reflect.DeepEqual(got, want))
	}
	s.same(n, from, hurt, shop...)
	if !reflect.DeepEqual(from.rows(fxShape), was) {
		t.Error("the source has changed")
	}
}

// stopper is an output that ends the run as soon as a text is written.
type stopper struct {
	bytes.Buffer
	at   string
	stop context.CancelFunc
}

func (s *stopper) Write(b []byte) (int, error) {
	if strings.Contains(string(b), s.at) {
		s.stop()
	}
	return s.Buffer.Write(b)
}

// A run that was interrupted goes on even if another of its learned id rules has become the commonest meanwhile.
func TestLearnedRulesOfAnInterruptedRun(t *testing.T) {
	t.Parallel()
	s := server(t)
	from, to := s.fx("learned_from"), s.async("learned_to")
	from.register("/lm/w3svc/1/root", 538231025)
	from.insert(fxShape, liveRow("one2014c0f1", payload(t, 400, "a")), liveRow("two2014c0f1", payload(t, 400, "a")), liveRow("three7E023E84", payload(t, 400, "a")))
	ctx, stop := context.WithCancel(t.Context())
	out := &stopper{at: `"phase":"copy"`, stop: stop}
	cp := filepath.Join(s.dir, from.name+"-"+to.name+".checkpoint") // that of migrate
	code := Main(ctx, Streams{strings.NewReader(""), out, io.Discard}, []string{
		"aspstate", "migrate", "--from-dsn", from.dsn, "--to-dsn", to.dsn, "--to-ids", "async-2.1", "--checkpoint", cp, "--json",
	})
	if code != exitInterrupted {
		t.Fatalf("exit %d\n%s", code, out.String())
	}
	from.insert(fxShape, liveRow("four7E023E84", payload(t, 400, "a")), liveRow("five7E023E84", payload(t, 400, "a")))
	r := s.migrate(from, to, "--to-ids", "async-2.1")
	if rep := lastLine(t, r); r.code != 0 || rep["resumed"] != true || len(to.rows(asyncShape)) != 5 {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
}
