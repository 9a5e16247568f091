// Package model_test checks the model of the cut-over with spin. README.md says what is modelled.
package model_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// few are the calls of most configurations: two of one node and one of the other, none of them a plain read.
const few = "-DCALLS=2 -DCALLS_OF_2=1 -DNO_GET "

// A configuration is a piece of the cut-over, small enough to be searched wholly.
type configuration struct{ file, defines string }

var configurations = map[string]configuration{
	"copy":            {"cutover.pml", few + "-DTURNS=2 -DFORWARD -DNO_MIRROR -DCOPIER -DCRASHES=0 -DLOST=0 -DEXPIRIES=0"},
	"copy, expiry":    {"cutover.pml", "-DCALLS=1 -DTURNS=2 -DFORWARD -DNO_MIRROR -DCOPIER -DCRASHES=0 -DLOST=0"},
	"prepare":         {"cutover.pml", few + "-DTURNS=3 -DNO_MIRROR -DLOST=0 -DEXPIRIES=0"},
	"handoff":         {"cutover.pml", few + "-DFIRST=HANDOFF -DTURNS=0 -DEXPIRIES=0"},
	"handoff, expiry": {"cutover.pml", few + "-DFIRST=HANDOFF -DTURNS=0 -DLOST=0"},
	"fresh expiry":    {"cutover.pml", few + "-DFIRST=HANDOFF -DTURNS=0 -DCRASHES=0 -DFRESH=1"},
	"slow mover":      {"cutover.pml", few + "-DFIRST=HANDOFF -DTURNS=0 -DEXPIRIES=0 -DNO_REMOVE -DSLOW -DCRASHES=0 -DLOST=0"},
	"take back":       {"cutover.pml", "-DCALLS=2 -DCALLS_OF_2=0 -DFIRST=HANDOFF -DTURNS=0 -DEXPIRIES=0 -DCRASHES=0 -DLOST=0 -DNO_GET -DSLOW -DLOOSE"},
	"back":            {"cutover.pml", "-DCALLS=1 -DNO_GET -DFIRST=HANDOFF -DTURNS=2 -DNO_MIRROR -DLOST=0 -DEXPIRIES=0"},
	"handback":        {"cutover.pml", few + "-DFIRST=HANDBACK -DTURNS=0 -DLOST=0"},
	"mirror":          {"cutover.pml", few + "-DFIRST=MIRROR -DTURNS=1 -DOUTAGES=1 -DLOST=0 -DEXPIRIES=0"},
	"a store crashes": {"cutover.pml", few + "-DTURNS=0 -DSTORECRASHES=1 -DCRASHES=0 -DEXPIRIES=0"},
	"follow":          {"follow.pml", ""},
	"barrier":         {"barrier.pml", ""},
}

// larger ones are searched when ASPSTATE_TEST_LONG is set.
var larger = map[string]configuration{
	"back, more calls": {"cutover.pml", few + "-DFIRST=HANDOFF -DTURNS=2 -DNO_MIRROR -DLOST=0 -DEXPIRIES=0"},
	"follow, more":     {"follow.pml", "-DCALLS=5 -DCRASHES=2 -DTOUCHES=2"},
}

// A bug is a rule that is broken, where that must be found.
type bug struct{ name, in string }

var bugs = []bug{
	{"NO_SWEEP", "copy"},
	{"PREPARE_REMOVE", "copy"},
	{"COPIER_NOT_WAITED", "copy"},
	{"LEASE_AFTER_LOOK", "copy"},
	{"COOKIE_AGAIN", "a store crashes"},
	{"HANDOFF_REMOVE", "handoff"},
	{"PAGE_AS_MOVER", "handoff"},
	{"LOCK_IN_OLD", "handoff"},
	{"RENEWAL_IS_CONFLICT", "handoff"},
	{"ALREADY", "handoff"},
	{"OLD_FIRST", "handoff, expiry"},
	{"DEAD_UNDER_LOCK", "fresh expiry"},
	{"NO_UNLOCK", "fresh expiry"},
	{"MOVE_WITHOUT_FENCE", "slow mover"},
	{"LOOK_AFTER_LOCK", "slow mover"},
	{"COOKIE_OF_MOVER", "slow mover"},
	{"NO_TAKE_BACK", "take back"},
	{"BARRIER", "back"},
	{"LEFTOVER", "back"},
	{"HANDBACK_REMOVE", "handback"},
	{"HANDBACK_TAKE_BACK", "handback"},
	{"ANSWER_BY_LOOKING", "handback"},
	{"GO_ON_AFTER_CONFLICT", "handback"},
	{"NO_MARK", "mirror"},
	{"ONE_MARK", "mirror"},
	{"COPY_BACK_WITHOUT_MARK", "mirror"},
	{"NO_FENCE", "follow"},
	{"DELETION_NOT_CARRIED", "follow"},
	{"LEDGER_AFTER", "follow"},
	{"LEDGER_NOT_SYNCED", "follow"},
	{"LEDGER_LOST", "follow"},
	{"PASS_BEFORE_FREEZE", "follow"},
	{"RESUME_AT_ONCE", "follow"},
	{"BRING_BACK", "follow"},
	{"OVERWRITES_OTHERS", "follow"},
	{"NO_CAS", "barrier"},
	{"BEFORE_SETTLED", "barrier"},
	{"ACTS_WHILE_HOLDING", "barrier"},
	{"ACTS_WITHOUT_LEASE", "barrier"},
	{"CONFIRM_WITH_CALLS", "barrier"},
	{"CALL_OUTLIVES", "barrier"},
	{"SETTLE_UNCONFIRMED", "barrier"},
}

// defences are rules without which the others still suffice, as far as the model goes: searched with ASPSTATE_TEST_LONG.
var defences = []bug{
	{"LEVEL_WITHOUT_FENCE", "mirror"},
	{"NEW_FIRST", "mirror"},
}

func TestRulesHold(t *testing.T) {
	for name, c := range configurations {
		holds(t, name, c, "")
	}
	if os.Getenv("ASPSTATE_TEST_LONG") == "" {
		return
	}
	for name, c := range larger {
		holds(t, name, c, "")
	}
	for _, b := range defences {
		holds(t, "without "+b.name, configurations[b.in], " -DBUG_"+b.name)
	}
}

func holds(t *testing.T, name string, c configuration, bug string) {
	t.Run(name, func(t *testing.T) {
		out := search(t, c, bug)
		if !strings.Contains(out, "errors: 0") {
			t.Fatalf("spin found:\n%s", out)
		}
		for _, partly := range []string{"search depth too small", "Search not completed", "memory limit", "out of memory"} {
			if strings.Contains(out, partly) {
				t.Fatalf("not searched wholly:\n%s", out)
			}
		}
		t.Logf("%s states, depth %s, %s MB", first(out, `(\d+) states, stored`), first(out, `depth reached (\d+)`), first(out, `(\S+)\ttotal actual memory`))
	})
}

func TestBugsAreFound(t *testing.T) {
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			out := search(t, configurations[b.in], " -DBUG_"+b.name)
			if !strings.Contains(out, "assertion violated") {
				t.Fatalf("not found in %q:\n%s", b.in, out)
			}
			t.Logf("%s at depth %s", first(out, `assertion violated (.{1,60})`), first(out, `\(at depth (\d+)\)`))
		})
	}
}

// searching bounds how many searches there are at once: each takes a processor.
var searching = make(chan struct{}, 2)

// search lets spin search a configuration wholly, or up to the first error, and returns its report.
func search(t *testing.T, c configuration, bug string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("takes minutes")
	}
	for _, program := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed (Debian: apt-get install spin gcc)", program)
		}
	}
	source, err := filepath.Abs(c.file)
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	searching <- struct{}{}
	defer func() { <-searching }()
	dir := t.TempDir()
	run(t, dir, "spin", append(strings.Fields(c.defines+bug), "-a", source)...)
	// To let gcc optimize takes longer than it saves.
	run(t, dir, "gcc", "-O0", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=2000", "-o", "pan", "pan.c")
	return run(t, dir, "./pan", "-m10000", "-n")
}

func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	t.Logf("%s: %v of a processor", program, c.ProcessState.UserTime().Round(10*time.Millisecond))
	return string(out)
}

func first(text, pattern string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return "?"
}
