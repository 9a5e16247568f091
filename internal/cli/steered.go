package cli

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/internal/control"
)

func controlFlag() cli.Flag {
	return &cli.StringFlag{Name: "control", Usage: "`PATH` of the socket by which aspstate ctl reaches it (default: one that ctl finds by itself)"}
}

// openControl makes the socket by which ctl reaches this process. Where it cannot be made in its usual place, who does not need it
// goes on without: warn is told, and the server is nil.
func openControl(c *cli.Context, self control.Self, commands map[string]control.Handler, log *slog.Logger, needed bool, warn func(error)) (*control.Server, error) {
	path := c.String("control")
	s, err := control.Listen(control.Options{Path: path, Self: self, Commands: commands, Logger: log})
	if err != nil && path == "" && !needed {
		warn(err)
		return nil, nil
	}
	return s, err
}

// refused is the answer of a command that ended with an error.
func refused(err error) control.Answer {
	code, hint := exitCode(err)
	return control.Failed(code, hint, oneLine(err))
}

// outcome is the answer of a command that has a result, and may have failed all the same.
func outcome(result any, err error) control.Answer {
	b, broken := json.Marshal(result)
	if broken != nil {
		return refused(fmt.Errorf("writing the answer: %w", broken))
	}
	a := control.Answer{OK: true}
	if err != nil {
		a = refused(err)
	}
	a.Result = b
	return a
}

// oneLine is an error's text: joined errors are one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
