package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// hooks are the programs that are run at stages of a migration, in the order in which they were given.
type hooks []hook

type hook struct {
	stage   string
	program string // its path
}

// parseHooks reads --hook STAGE=PROGRAM. A program that cannot be found is wrong usage now, and not a surprise in the
// middle of a cut-over.
func parseHooks(texts, stages []string) (hs hooks, err error) {
	for _, t := range texts {
		stage, program, _ := strings.Cut(t, "=")
		if !slices.Contains(stages, stage) || program == "" {
			return nil, usage("stages: "+strings.Join(stages, ", "), "--hook %q: STAGE=PROGRAM is wanted", t)
		}
		path, err := exec.LookPath(program)
		if err != nil {
			return nil, usage("a program without arguments is wanted: a script may call one with them", "--hook %s: %v", stage, err)
		}
		hs = append(hs, hook{stage, path})
	}
	return hs, nil
}

// leftBehind is how long a hook's own children may keep its output open when it has ended.
const leftBehind = 5 * time.Second

// run runs the hooks of a stage one after another, with facts in their environment. What they write goes to errs: standard output
// is for results. The first that fails ends it.
func (hs hooks) run(ctx context.Context, errs io.Writer, stage string, facts []string) error {
	for _, h := range hs {
		if h.stage != stage {
			continue
		}
		c := exec.CommandContext(ctx, h.program)
		c.Env = append(withoutSecrets(os.Environ()), append([]string{"ASPSTATE_STAGE=" + stage}, facts...)...)
		c.Stdout, c.Stderr, c.WaitDelay = errs, errs, leftBehind
		if err := c.Run(); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("hook %s, %s: %w", stage, h.program, err)
		}
	}
	return nil
}

// withoutSecrets leaves out what of this program's own environment has passwords, whatever the letter case: Windows has one
// variable under all its spellings.
func withoutSecrets(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(v), "=")
		return strings.HasPrefix(name, "ASPSTATE_") && (strings.HasSuffix(name, "_DSN") || strings.HasSuffix(name, "_PASSWORD"))
	})
}
