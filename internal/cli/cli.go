// Package cli is the command line: one file a subcommand, exit codes in one table, no logic of its own.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/session"
)

// Streams are what a command reads and writes: results on Out, people's text on Err.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// terminal says whether people watch Err on a terminal.
func (s Streams) terminal() bool {
	f, ok := s.Err.(*os.File)
	if !ok {
		return false
	}
	i, err := f.Stat()
	return err == nil && i.Mode()&os.ModeCharDevice != 0
}

// Main runs the command and returns its exit code. args[0] is the program's name.
func Main(ctx context.Context, s Streams, args []string) int {
	app := newApp(s)
	app.Metadata = map[string]any{metaArgs: args}
	err := app.RunContext(ctx, flagsFirst(app, args))
	if err != nil {
		tell(s.Err, err)
	}
	code, _ := exitCode(err)
	return code
}

// metaArgs is where an app's Metadata have the arguments, for a command that reads them again.
const metaArgs = "args"

func newApp(s Streams) *cli.App {
	app := &cli.App{
		Name:            "aspstate",
		Usage:           "decode ASP.NET sessions, and move them between stores without logging anybody out",
		HideVersion:     true,
		HideHelpCommand: true,
		Writer:          s.Out,
		ErrWriter:       s.Err,
		ExitErrHandler:  func(*cli.Context, error) {},

		DisableSliceFlagSeparator: true, // the commas of --app NAME=APPID,APPID are ours
		Commands: []*cli.Command{
			migrateCommand(s), verifyCommand(s), dumpCommand(s), inspectCommand(s), inventoryCommand(s), bridgeCommand(s), ctlCommand(s), passwordCommand(s), httpKeyCommand(s), schemaCommand(s), suffixCommand(s), versionCommand(s),
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage("aspstate --help lists them", "unknown command %q", short(c.Args().First()))
			}
			return cli.ShowAppHelp(c)
		},
		OnUsageError: onUsageError,
	}
	for _, c := range app.Commands {
		quiet(c)
	}
	return app
}

// quiet makes a command report wrong usage by one line, without its whole help.
func quiet(c *cli.Command) {
	c.OnUsageError = onUsageError
	c.HideHelpCommand = true
	for _, sub := range c.Subcommands {
		quiet(sub)
	}
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	name := cmp.Or(c.Command.HelpName, c.App.Name)
	text := err.Error()
	if what, flag, ok := strings.Cut(text, ": -"); ok && what == "flag provided but not defined" {
		text = what + ": -" + short(flag)
	}
	return usage(name+" --help lists the flags", "%s", text)
}

// short masks what is long enough to be a session id: people put one in the wrong place, and errors go to logs.
func short(arg string) string {
	const longest = 15
	if len(arg) <= longest {
		return arg
	}
	return session.Mask(arg)
}

// flagsFirst moves the flags of a command before its arguments: people write `dump session ID --format json`, and the
// parser stops at the first argument. What comes after -- stays where it is.
func flagsFirst(app *cli.App, args []string) []string {
	if len(args) == 0 {
		return args
	}
	flags, commands := app.Flags, app.Commands
	path, rest := args[:1:1], args[1:]
	for len(rest) > 0 {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(rest[0]) })
		if i < 0 {
			break
		}
		flags, commands = commands[i].Flags, commands[i].Subcommands
		path, rest = append(path, rest[0]), rest[1:]
	}
	var first, positional []string
	for len(rest) > 0 {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			positional = append(positional, rest...)
			break
		}
		if arg == "-" || !strings.HasPrefix(arg, "-") {
			positional = append(positional, arg)
			continue
		}
		first = append(first, arg)
		if takesValue(flags, arg) && len(rest) > 0 {
			first = append(first, rest[0])
			rest = rest[1:]
		}
	}
	out := append(path, first...)
	if len(positional) > 0 {
		out = append(append(out, "--"), positional...)
	}
	return out
}

// takesValue says whether a flag as written is followed by its value.
func takesValue(flags []cli.Flag, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			_, isBool := f.(*cli.BoolFlag)
			return !isBool
		}
	}
	return false
}

// noArguments refuses arguments that a command does not have.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return usage("", "%s takes no argument, got %q", c.Command.FullName(), short(c.Args().First()))
	}
	return nil
}

// errJSON wraps an error of writing results: a report that was not written is no report.
func errJSON(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("writing the result: %w", err)
}

// closing closes c and joins its error to err.
func closing(c io.Closer, err *error) { *err = errors.Join(*err, c.Close()) }

func clock() time.Time { return time.Now() }
