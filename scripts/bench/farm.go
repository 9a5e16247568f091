//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// server is a running program.
type server struct {
	addr    string
	process *exec.Cmd
	protocol
}

// farm is all that runs.
type farm struct {
	dir     string
	binary  string // of aspstate
	servers []*server

	processors string // of the servers
}

func newFarm(s settings) (*farm, error) {
	if s.conns < 1 || s.sessions < s.conns || s.rounds < 1 {
		return nil, errors.New("there must be a connection, a session for each, and a round")
	}
	dir, err := os.MkdirTemp("", "aspstate-bench")
	if err != nil {
		return nil, err
	}
	f := &farm{dir: dir, binary: filepath.Join(dir, "aspstate"), processors: s.servers}
	if out, err := exec.Command("go", "build", "-o", f.binary, "github.com/aspstate/aspstate").CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("building aspstate: %w\n%s", err, out), f.stop())
	}
	return f, nil
}

func (f *farm) stop() error {
	for _, s := range f.servers {
		s.process.Process.Kill()
		s.process.Wait()
	}
	return os.RemoveAll(f.dir)
}

// start starts a program that listens on the address it is given, and waits until it does.
func (f *farm) start(program func(addr string) []string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	words := append(onProcessors(f.processors), program(addr)...)
	c := exec.Command(words[0], words[1:]...)
	var said bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = f.dir, &said, &said
	if err := c.Start(); err != nil {
		return nil, err
	}
	s := &server{addr: addr, process: c}
	f.servers = append(f.servers, s)
	for range 200 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return s, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.Process.Kill()
	c.Wait()
	return nil, fmt.Errorf("%s does not listen:\n%s", words[0], said.Bytes())
}

// bridge starts one and fills it.
func (f *farm) bridge(s settings, more ...string) (*server, error) {
	srv, err := f.start(func(addr string) []string {
		return append([]string{f.binary, "bridge", "--stateserver", addr}, more...)
	})
	if err != nil {
		return nil, err
	}
	srv.protocol = &stateServer{s.payload()}
	return srv, srv.fill(s, nothing)
}

func nothing(*socket) error { return nil }

// sqlFront starts a bridge that SQL clients work with, and fills it.
func (f *farm) sqlFront(s settings, more ...string) (*server, error) {
	const user, password = "bench", "bench"
	srv, err := f.start(func(addr string) []string {
		return append([]string{f.binary, "bridge", "--tds", addr, "--tds-login", user + "=" + password, "--tds-encrypt", "off"}, more...)
	})
	if err != nil {
		return nil, err
	}
	srv.protocol = &sqlClient{s.payload(), user, password, "ASPState"}
	return srv, srv.fill(s, nothing)
}

// engine makes a database of aspnet_regsql's on a SQL Server that runs already, and fills it. Its processors are its own affair.
func (f *farm) engine(s settings) (*server, error) {
	at, err := url.Parse(s.engine)
	if err != nil {
		return nil, errors.New("the DSN is no URL") // it has a password
	}
	const database = "aspstate_bench"
	password, _ := at.User.Password()
	p := &sqlClient{s.payload(), at.User.Username(), password, "master"}
	srv := &server{addr: at.Host, protocol: p}
	c, err := srv.dial()
	if err != nil {
		return nil, err
	}
	defer c.close()
	for _, text := range []string{"DROP DATABASE IF EXISTS " + database, "CREATE DATABASE " + database} {
		if err := p.batch(c, text); err != nil {
			return nil, err
		}
	}
	q := at.Query()
	q.Set("database", database)
	at.RawQuery = q.Encode()
	install := exec.Command(f.binary, "schema", "install", "frameworkcompat", "--sstype", "c", "--database", database)
	install.Env = append(os.Environ(), "ASPSTATE_TO_DSN="+at.String())
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("installing the tables: %w\n%s", err, out)
	}
	p.database = database
	return srv, srv.fill(s, nothing)
}

// redis starts one and fills it.
func (f *farm) redis(s settings, more ...string) (*server, error) {
	srv, err := f.start(func(addr string) []string {
		_, port, _ := net.SplitHostPort(addr)
		return append([]string{"redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""}, more...)
	})
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("%w (Debian: apt-get install redis-server)", err)
	}
	if err != nil {
		return nil, err
	}
	p := newRedis(s.payload())
	srv.protocol = p
	return srv, srv.fill(s, p.loadScripts)
}

// fill makes the sessions.
func (srv *server) fill(s settings, first func(*socket) error) error {
	c, err := srv.dial()
	if err != nil {
		return err
	}
	defer c.close()
	if err := first(c); err != nil {
		return err
	}
	for k := range s.sessions {
		if err := c.ask(srv, make_, k); err != nil {
			return err
		}
	}
	return nil
}

func (s settings) payload() []byte { return bytes.Repeat([]byte("session."), s.size/8+1)[:s.size] }

// The turns.
const (
	readMemory    = "read, bridge"
	readRedis     = "read, Redis"
	cycleMemory   = "cycle, bridge"
	cycleRedis    = "cycle, Redis"
	cycleInterval = "cycle, bridge, interval"
	cycleAppend   = "cycle, Redis, everysec"
	readSQL       = "read, SQL front"
	cycleSQL      = "cycle, SQL front"
	cycleEngine   = "cycle, T-SQL engine"
)

// sqlTurns are those of -tds.
func (f *farm) sqlTurns(s settings) ([]turn, error) {
	memory, err := f.bridge(s)
	if err != nil {
		return nil, err
	}
	front, err := f.sqlFront(s)
	if err != nil {
		return nil, err
	}
	all := []turn{
		{name: readMemory, server: memory, load: reads}, {name: readSQL, server: front, load: reads},
		{name: cycleMemory, server: memory, load: cycles}, {name: cycleSQL, server: front, load: cycles},
	}
	if s.engine == "" {
		return all, nil
	}
	engine, err := f.engine(s)
	return append(all, turn{name: cycleEngine, server: engine, load: cycles}), err
}

func (f *farm) turns(s settings) ([]turn, error) {
	memory, err := f.bridge(s)
	if err != nil {
		return nil, err
	}
	durable, err := f.bridge(s, "--store", "embedded:"+filepath.Join(f.dir, "store"), "--sync", "interval")
	if err != nil {
		return nil, err
	}
	redis, err := f.redis(s, "--appendonly", "no")
	if err != nil {
		return nil, err
	}
	appending, err := f.redis(s, "--appendonly", "yes", "--appendfsync", "everysec")
	if err != nil {
		return nil, err
	}
	return []turn{
		{name: readMemory, server: memory, load: reads}, {name: readRedis, server: redis, load: reads},
		{name: cycleMemory, server: memory, load: cycles}, {name: cycleRedis, server: redis, load: cycles},
		{name: cycleInterval, server: durable, load: cycles}, {name: cycleAppend, server: appending, load: cycles},
	}, nil
}

// redisBenchmark has Redis's own load program read from the volatile Redis.
func (f *farm) redisBenchmark(s settings) (result, error) {
	redis := f.servers[2]
	_, port, _ := net.SplitHostPort(redis.addr)
	const requests = 200_000
	out, err := exec.Command("redis-benchmark", "-p", port, "-c", strconv.Itoa(s.conns), "-n", strconv.Itoa(requests), "-d", strconv.Itoa(s.size),
		"-t", "set,get", "--csv").Output()
	if err != nil {
		return result{}, fmt.Errorf("redis-benchmark: %w", err)
	}
	for line := range strings.Lines(string(out)) { // "GET","rps","avg","min","p50","p95","p99","max"
		fields := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `"`, ""), ",")
		if fields[0] != "GET" || len(fields) < 8 {
			continue
		}
		rate, err := strconv.ParseFloat(fields[1], 64)
		p99, err2 := strconv.ParseFloat(fields[6], 64)
		return result{rate: rate, p99: time.Duration(p99 * 1e6)}, errors.Join(err, err2)
	}
	return result{}, fmt.Errorf("redis-benchmark says %q", out)
}
