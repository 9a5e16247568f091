//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// program is one that runs.
type program struct {
	addr     string // network:address
	profiles string // where a bridge gives them; empty: it is none
	command  *exec.Cmd
	said     bytes.Buffer
}

// farm is all that runs.
type farm struct {
	s        settings
	dir      string
	programs []*program
	stores   map[string]*program
}

func newFarm(s settings) (*farm, error) {
	dir, err := os.MkdirTemp("", "aspstate-web")
	if err != nil {
		return nil, err
	}
	if s.profiles != "" {
		err = os.MkdirAll(s.profiles, 0o777)
	}
	return &farm{s: s, dir: dir, stores: map[string]*program{}}, err
}

func (f *farm) stop() error {
	for _, p := range f.programs {
		p.command.Process.Kill()
		p.command.Wait()
	}
	return os.RemoveAll(f.dir)
}

// onProcessors is what a command begins with to stay on some processors.
func onProcessors(which string) []string {
	if which == "" {
		return nil
	}
	return []string{"taskset", "-c", which}
}

// moveTo starts this program anew on some processors. It returns when it is there.
func moveTo(which string) error {
	const there = "ASPSTATE_BENCH_THERE"
	if which == "" || os.Getenv(there) != "" {
		return nil
	}
	words := append(onProcessors(which), os.Args...)
	at, err := exec.LookPath(words[0])
	if err != nil {
		return fmt.Errorf("%w (Debian: util-linux)", err)
	}
	return syscall.Exec(at, words, append(os.Environ(), there+"=1"))
}

func (f *farm) command(processors string, words ...string) *program {
	words = append(onProcessors(processors), words...)
	p := &program{command: exec.Command(words[0], words[1:]...)}
	p.command.Dir, p.command.Stderr = f.dir, &p.said
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return p
}

// own starts this program in another role, on some processors, and waits until it says where it listens.
func (f *farm) own(processors string, words ...string) (*program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := f.command(processors, append([]string{self}, words...)...)
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	f.programs = append(f.programs, p)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.command.Wait()
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, p.said.Bytes())
	}
	go io.Copy(io.Discard, out)
	p.addr, p.profiles, _ = strings.Cut(strings.TrimSpace(line), " ")
	return p, nil
}

// redis starts one.
func (f *farm) redis(more ...string) (*program, error) {
	at := filepath.Join(f.dir, fmt.Sprintf("redis-%d", len(f.programs)))
	if err := os.Mkdir(at, 0o777); err != nil {
		return nil, err
	}
	addr, port := "unix:"+filepath.Join(at, "s"), "0"
	if !f.s.unix {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		_, port, _ = net.SplitHostPort(l.Addr().String())
		addr = "tcp:" + l.Addr().String()
		l.Close()
	}
	words := []string{"redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", at, "--maxclients", "5000"}
	if f.s.unix {
		words = append(words, "--unixsocket", filepath.Join(at, "s"))
	}
	p := f.command(f.s.stores, append(words, more...)...)
	p.addr = addr
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("%w (Debian: redis-server)", err)
	}
	f.programs = append(f.programs, p)
	network, at, _ := strings.Cut(addr, ":")
	for range 200 {
		c, err := net.Dial(network, at)
		if err == nil {
			return p, c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, fmt.Errorf("redis-server does not listen:\n%s", p.said.Bytes())
}

// The stores.
const (
	bridgeMemory  = "bridge"
	bridgeDurable = "bridge, interval"
	redisMemory   = "Redis"
	redisDurable  = "Redis, everysec"
)

// store starts a store, if it does not run yet. No store has no name.
func (f *farm) store(name string) (p *program, err error) {
	if p := f.stores[name]; p != nil || name == "" {
		return p, nil
	}
	network := "tcp"
	if f.s.unix {
		network = "unix"
	}
	switch name {
	case bridgeMemory:
		p, err = f.own(f.s.stores, roleBridge, network)
	case bridgeDurable:
		p, err = f.own(f.s.stores, roleBridge, network, filepath.Join(f.dir, "store"))
	case redisMemory:
		p, err = f.redis("--appendonly", "no")
	case redisDurable:
		p, err = f.redis("--appendonly", "yes", "--appendfsync", "everysec")
	}
	f.stores[name] = p
	return p, err
}

// processorTime is what a program has used so far, in the system's hundredths of a second. No program uses none.
func (p *program) processorTime() (time.Duration, error) {
	if p == nil {
		return 0, nil
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	const utime, stime = 11, 12 // of the fields behind the name
	if len(fields) <= stime {
		return 0, errors.New("the system does not tell of a process's time")
	}
	user, err := strconv.Atoi(fields[utime])
	system, err2 := strconv.Atoi(fields[stime])
	return time.Duration(user+system) * 10 * time.Millisecond, errors.Join(err, err2)
}

// measured adds the processor time that a web server and its store take for each of what is done, from when do says that it
// begins.
func measured(web, store *program, do func(begin func() error) (n int, r result, err error)) (result, error) {
	var w0, s0 time.Duration
	n, r, err := do(func() (err error) {
		var err2 error
		w0, err = web.processorTime()
		s0, err2 = store.processorTime()
		return errors.Join(err, err2)
	})
	w1, err2 := web.processorTime()
	s1, err3 := store.processorTime()
	if err := errors.Join(err, err2, err3); err != nil {
		return r, err
	}
	if web != nil {
		r.web = (w1 - w0) / time.Duration(n)
	}
	r.store = (s1 - s0) / time.Duration(n)
	return r, nil
}
