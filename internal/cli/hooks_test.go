package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// script makes a program of shell commands.
func script(t *testing.T, text string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("runs scripts of a shell")
	}
	path := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// A hook learns facts and no secret.
func TestHookEnvironment(t *testing.T) {
	for _, name := range []string{"ASPSTATE_FROM_DSN", "ASPSTATE_TO_DSN", "ASPSTATE_STORE_DSN", "ASPSTATE_FROM_PASSWORD", "ASPSTATE_TO_PASSWORD", "aspstate_to_password"} {
		t.Setenv(name, "s3cret")
	}
	t.Setenv("ASPSTATE_PROXY", "stays")
	hs, err := parseHooks([]string{"freeze=" + script(t, "env; echo to standard error >&2")}, []string{"freeze"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := hs.run(t.Context(), &out, "freeze", []string{"ASPSTATE_LAG_ROWS=7"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ASPSTATE_STAGE=freeze\n", "ASPSTATE_LAG_ROWS=7\n", "ASPSTATE_PROXY=stays\n", "to standard error\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "s3cret") {
		t.Errorf("a hook has a secret:\n%s", out.String())
	}
	out.Reset()
	if err := hs.run(t.Context(), &out, "done", nil); err != nil || out.Len() > 0 {
		t.Errorf("at another stage: %v, %s", err, out.String())
	}
}

func TestHookFails(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	hs, err := parseHooks([]string{"freeze=" + script(t, "exit 3"), "freeze=" + script(t, "touch "+mark)}, []string{"freeze"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := hs.run(t.Context(), &out, "freeze", nil); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the next one was run")
	}
	// One that hangs is ended by Ctrl-C, and that is no failure of its own.
	hs, _ = parseHooks([]string{"freeze=" + script(t, "echo up; exec sleep 60")}, []string{"freeze"})
	ctx, stop := context.WithCancel(t.Context())
	up := writerFunc(func(p []byte) (int, error) { stop(); return len(p), nil })
	if err := hs.run(ctx, up, "freeze", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestHookUsage(t *testing.T) {
	for _, text := range []string{"", "freeze", "freeze=", "thaw=true", "freeze=/no/such/program", "=true"} {
		if _, err := parseHooks([]string{text}, []string{"freeze"}); exitOf(err) != exitUsage {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func exitOf(err error) int {
	code, _ := exitCode(err)
	return code
}
