// Package model_test checks the model of the cut-over with spin. README.md says what is modelled.
package model_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// few are the calls of most configurations: two of one node and one of the other, none of them a plain read.
const few = "-DCALLS=2 -DCALLS_OF_2=1 -DNO_GET "

// configurations are pieces of the cut-over, each small enough to be checked wholly.
var configurations = map[string]string{
	"copy":            few + "-DTURNS=2 -DFORWARD -DNO_MIRROR -DCOPIER -DCRASHES=0 -DLOST=0 -DEXPIRIES=0",
	"copy, expiry":    "-DCALLS=1 -DTURNS=2 -DFORWARD -DNO_MIRROR -DCOPIER -DCRASHES=0 -DLOST=0",
	"prepare":         few + "-DFIRST=PROXY -DTURNS=3 -DNO_MIRROR -DCRASHES=1 -DLOST=0 -DEXPIRIES=0",
	"handoff":         few + "-DFIRST=HANDOFF -DTURNS=0 -DEXPIRIES=0",
	"handoff, expiry": few + "-DFIRST=HANDOFF -DTURNS=0 -DLOST=0",
	"State Server":    few + "-DFIRST=HANDOFF -DTURNS=0 -DCRASHES=0 -DFRESH=1",
	"slow mover":      few + "-DFIRST=HANDOFF -DTURNS=0 -DEXPIRIES=0 -DNO_REMOVE -DSLOW -DCRASHES=0 -DLOST=0",
	"take back":       "-DCALLS=2 -DCALLS_OF_2=0 -DFIRST=HANDOFF -DTURNS=0 -DEXPIRIES=0 -DCRASHES=0 -DLOST=0 -DNO_GET -DSLOW -DLOOSE",
	"back":            few + "-DFIRST=HANDOFF -DTURNS=2 -DNO_MIRROR -DLOST=0 -DEXPIRIES=0",
	"handback":        few + "-DFIRST=HANDBACK -DTURNS=0 -DLOST=0",
	"mirror":          few + "-DFIRST=MIRROR -DTURNS=1 -DOUTAGES=1 -DLOST=0 -DEXPIRIES=0",
	"a store crashes": few + "-DTURNS=0 -DSTORECRASHES=1 -DCRASHES=0 -DEXPIRIES=0",
	"barrier":         "",
}

// bugs are what each configuration must not survive.
var bugs = []struct{ name, in string }{
	{"NO_SWEEP", "copy"},
	{"PREPARE_REMOVE", "copy"},
	{"BARRIER", "back"},
	{"COOKIE_AGAIN", "a store crashes"},
	{"HANDOFF_REMOVE", "handoff"},
	{"PAGE_AS_MOVER", "handoff"},
	{"LOCK_IN_OLD", "handoff"},
	{"OLD_FIRST", "handoff, expiry"},
	{"DEAD_UNDER_LOCK", "State Server"},
	{"ALREADY", "handoff"},
	{"MOVE_WITHOUT_FENCE", "slow mover"},
	{"LOOK_AFTER_LOCK", "slow mover"},
	{"COOKIE_OF_MOVER", "slow mover"},
	{"NO_TAKE_BACK", "take back"},
	{"LEFTOVER", "back"},
	{"HANDBACK_REMOVE", "handback"},
	{"HANDBACK_TAKE_BACK", "handback"},
	{"ANSWER_BY_LOOKING", "handback"},
	{"GO_ON_AFTER_CONFLICT", "handback"},
	{"NO_MARK", "mirror"},
	{"COPY_BACK_WITHOUT_MARK", "mirror"},
	{"LEVEL_WITHOUT_FENCE", "mirror"},
	{"NEW_FIRST", "mirror"},
	{"NO_CAS", "barrier"},
	{"BEFORE_SETTLED", "barrier"},
	{"ACTS_WHILE_HOLDING", "barrier"},
	{"ACTS_WITHOUT_LEASE", "barrier"},
	{"CONFIRM_WITH_CALLS", "barrier"},
	{"CALL_OUTLIVES", "barrier"},
	{"SETTLE_UNCONFIRMED", "barrier"},
}

func TestRulesHold(t *testing.T) {
	for name, defines := range configurations {
		t.Run(name, func(t *testing.T) {
			out := check(t, name, defines)
			if !strings.Contains(out, "errors: 0") || strings.Contains(out, "search depth too small") {
				t.Fatalf("spin found:\n%s", out)
			}
			t.Logf("%s states, depth %s", first(out, `(\d+) states, stored`), first(out, `depth reached (\d+)`))
		})
	}
}

func TestBugsAreFound(t *testing.T) {
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			out := check(t, b.in, configurations[b.in]+" -DBUG_"+b.name)
			if !strings.Contains(out, "assertion violated") {
				t.Fatalf("not found in %q:\n%s", b.in, out)
			}
		})
	}
}

// check lets spin search a configuration wholly, or up to the first error, and returns its report.
func check(t *testing.T, name, defines string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("takes minutes")
	}
	for _, program := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed (Debian: apt-get install spin gcc)", program)
		}
	}
	file := "cutover.pml"
	if name == "barrier" {
		file = "barrier.pml"
	}
	source, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run(t, dir, "spin", append(strings.Fields(defines), "-a", source)...)
	run(t, dir, "gcc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=2000", "-o", "pan", "pan.c")
	return run(t, dir, "./pan", "-m100000", "-n")
}

func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

func first(text, pattern string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return "?"
}
