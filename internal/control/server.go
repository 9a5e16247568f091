package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"
)

// Options say who is steered, and how.
type Options struct {
	Path     string // of the socket; empty: one in this user's directory
	Self     Self
	Commands map[string]Handler
	Logger   *slog.Logger // nil: discard
}

// Limits of what a client can cost.
const (
	longestLine = 4 << 10          // bytes; the longest honest request has some 200
	mostClients = 16               // at a time
	lineTime    = 10 * time.Second // for a request to arrive, from the connection's beginning or the last answer
	answerTime  = 5 * time.Second  // for an answer to be taken
	lastAnswers = 2 * time.Second  // for the answers under way when the server closes
)

// Server answers on a socket until it is closed.
type Server struct {
	o    Options
	l    *net.UnixListener
	path string

	ctx    context.Context // ends when the server closes
	cancel context.CancelFunc
	run    sync.WaitGroup // of the accepting goroutine and the connections

	mu     sync.Mutex
	closed bool
	conns  map[*net.UnixConn]bool // true: an answer is under way
}

// InUseError says that somebody answers at the path already.
type InUseError struct{ Path string }

func (e *InUseError) Error() string {
	return fmt.Sprintf("socket %s: another program answers there", e.Path)
}

// Listen makes the socket and answers from then on. A socket that a dead process has left is replaced; any other file at the path is
// left alone (an error that is fs.ErrExist).
func Listen(o Options) (*Server, error) {
	path, err := o.place()
	if err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o, path: path, conns: map[*net.UnixConn]bool{}}
	if s.l, err = bind(path); err != nil {
		return nil, fmt.Errorf("making the control socket: %w", err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.run.Go(s.accept)
	return s, nil
}

// place says where the socket shall be, and frees that place.
func (o *Options) place() (string, error) {
	if o.Path == "" {
		dirs := places()
		if len(dirs) == 0 {
			return "", errors.New("making the control socket: this user has no directory for it")
		}
		if err := private(dirs[0]); err != nil {
			return "", fmt.Errorf("making the control socket: %w", err)
		}
		removeStale(dirs[0])
		return address(filepath.Join(dirs[0], name()))
	}
	path, err := address(o.Path)
	if err != nil {
		return "", err
	}
	i, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil
	case err != nil:
		return "", err
	case i.Mode().Type() != fs.ModeSocket:
		return "", &fs.PathError{Op: "making the control socket", Path: path, Err: fs.ErrExist}
	case !stale(path):
		return "", &InUseError{path}
	}
	return path, os.Remove(path)
}

// Path is where the socket is.
func (s *Server) Path() string { return s.path }

func (s *Server) accept() {
	for {
		c, err := s.l.AcceptUnix()
		switch {
		case err == nil && s.take(c):
			s.run.Go(func() { s.serve(c) })
		case err == nil:
			c.Close()
		case errors.Is(err, net.ErrClosed):
			return
		default: // no file descriptors left, say: those of others will end
			select {
			case <-s.ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// take registers a connection; false: there are enough.
func (s *Server) take(c *net.UnixConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) == mostClients {
		return false
	}
	s.conns[c] = false
	return true
}

// answering marks a connection. It is false when the server has closed: there is to be no further answer.
func (s *Server) answering(c *net.UnixConn, busy bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = busy
	return !s.closed
}

// serve answers one request after another, until one is none.
func (s *Server) serve(c *net.UnixConn) {
	defer func() {
		c.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
	}()
	r := bufio.NewReaderSize(c, longestLine)
	for {
		c.SetReadDeadline(time.Now().Add(lineTime))
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
		if !s.answering(c, true) {
			return
		}
		a, further := Failed(codeWrong, "", fmt.Sprintf("a request has at most %d bytes", longestLine)), false
		if err == nil {
			a, further = s.answer(c, r, line)
		}
		c.SetWriteDeadline(time.Now().Add(answerTime))
		if err := json.NewEncoder(c).Encode(a); err != nil || !s.answering(c, false) || !further {
			return
		}
	}
}

// answer has a request answered. Nothing is read of what follows one that is malformed.
func (s *Server) answer(c *net.UnixConn, r *bufio.Reader, line []byte) (a Answer, further bool) {
	var q Request
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return Failed(codeWrong, "", "a request that is none: "+err.Error()), false
	}
	if len(bytes.TrimSpace(line[d.InputOffset():])) > 0 {
		return Failed(codeWrong, "", "a line has one request"), false
	}
	handle, known := s.o.Commands[q.Command]
	switch {
	case q.Command == Hello:
		return Done(s.o.Self), true
	case !known:
		return Failed(codeWrong, "", fmt.Sprintf("%s knows no command %.32q", s.o.Self.Command, q.Command)), true
	}
	ctx, gone := s.watch(c, r)
	defer gone()
	defer func() {
		if p := recover(); p != nil { // one request, and not the job
			s.o.Logger.Error("a request failed by a fault of this program", "panic", p, "stack", string(debug.Stack()))
			a, further = Failed(1, "", "a fault of the program that was asked; its log tells more"), false
		}
	}()
	return handle(ctx, q), true
}

// watch returns a context that ends when the client has gone. What the client sends meanwhile stays in r.
func (s *Server) watch(c *net.UnixConn, r *bufio.Reader) (ctx context.Context, over func()) {
	ctx, cancel := context.WithCancel(s.ctx)
	c.SetReadDeadline(time.Time{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if _, err := r.Peek(1); err != nil {
			cancel()
		}
	}()
	return ctx, func() {
		c.SetReadDeadline(time.Unix(1, 0))
		<-ended
		cancel()
	}
}

// Close takes the socket away, gives answers under way a moment to be written, and ends all connections.
func (s *Server) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	for c, busy := range s.conns {
		if !busy {
			c.Close()
		}
	}
	s.mu.Unlock()
	if again {
		return nil
	}
	err := errors.Join(os.Remove(s.path), s.l.Close())
	if errors.Is(err, fs.ErrNotExist) { // somebody has tidied up
		err = nil
	}
	defer s.cancel()
	defer time.AfterFunc(lastAnswers, s.cut).Stop()
	s.run.Wait()
	return err
}

// cut ends what waits for something that has not come, and answers that nobody takes.
func (s *Server) cut() {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}
