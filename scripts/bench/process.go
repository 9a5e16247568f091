//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

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

// resident is the memory of a process in MiB.
func resident(s *server) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(b), "VmRSS:")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, errors.New("the system does not tell of a process's memory")
	}
	kib, err := strconv.Atoi(fields[0])
	return kib >> 10, err
}

// processorTime is what the server has used so far, in the system's hundredths of a second.
func (s *server) processorTime() (time.Duration, error) {
	if s.process == nil { // not of ours
		return 0, nil
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
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
