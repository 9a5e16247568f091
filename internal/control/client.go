package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// longestAnswer is more than any status takes.
const longestAnswer = 4 << 20

// patience is how long a program that runs may take to say who it is.
const patience = 2 * time.Second

// GoneError says that the program which was asked ended, or closed the connection, before it answered.
type GoneError struct{ Err error }

func (e *GoneError) Error() string {
	return fmt.Sprintf("it went without an answer: %v", e.Err)
}

func (e *GoneError) Unwrap() error { return e.Err }

// Ask sends one request to a socket and waits for its answer, however long that takes: the context ends it. An error means
// that there is no answer; that the program did nothing it does not mean.
func Ask(ctx context.Context, path string, q Request) (a Answer, err error) {
	c, err := dial(ctx, path)
	if err != nil {
		return a, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })()
	if err := json.NewEncoder(c).Encode(q); err != nil {
		return a, ended(ctx, err)
	}
	line, err := bufio.NewReader(io.LimitReader(c, longestAnswer)).ReadBytes('\n')
	if err != nil {
		return a, ended(ctx, err)
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return a, fmt.Errorf("reading the answer: %w", err)
	}
	return a, nil
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	path, err := address(path)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}

// ended says why nothing came: the context's end, or the other side's.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &GoneError{err}
}

// Found is a socket of this user at which somebody listens.
type Found struct {
	Path string
	Self Self
	Err  error // it does not say who it is
}

// Running lists who of this user can be steered, the longest running first. Sockets that dead processes have left are removed. A directory that
// is not this user's alone is an error (*ForeignError).
func Running(ctx context.Context) (all []Found, err error) {
	for _, dir := range places() {
		paths, err := sockets(dir)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			f := Found{Path: p}
			if f.Self, f.Err = hello(ctx, p); f.Err == nil || !removed(p, f.Err) {
				all = append(all, f)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Found) int { return a.Self.Since.Compare(b.Self.Since) })
	return all, ctx.Err()
}

// sockets lists the sockets of a directory, which need not be there.
func sockets(dir string) ([]string, error) {
	if err := owned(dir); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

func hello(ctx context.Context, path string) (s Self, err error) {
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := Ask(short, path, Request{Command: Hello})
	switch {
	case err != nil:
		return s, err
	case !a.OK:
		return s, errors.New(a.Error)
	}
	return s, json.Unmarshal(a.Result, &s)
}

// stale says that nobody listens at a socket. One that is slow to answer is not stale.
func stale(path string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := dial(ctx, path)
	if err == nil {
		c.Close()
	}
	return refused(err)
}

func refused(err error) bool {
	const wsaRefused = syscall.Errno(10061) // what Windows calls ECONNREFUSED
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused)
}

// removed takes a socket away if an error of connecting says that nobody listens there. It says whether it is gone.
func removed(path string, err error) bool {
	return errors.Is(err, os.ErrNotExist) || refused(err) && os.Remove(path) == nil
}

// removeStale takes away what dead processes have left.
func removeStale(dir string) {
	paths, _ := sockets(dir) // of a directory that was just found to be ours
	for _, p := range paths {
		if stale(p) {
			os.Remove(p)
		}
	}
}
