package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/aspnetser"
)

func dumpCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "dump",
		Usage: "show what is in a session",
		Subcommands: []*cli.Command{
			{
				Name:      "session",
				Usage:     "show one session of a store; nothing in the store changes",
				ArgsUsage: "ID",
				Description: "ID is the session id as the cookie carries it, or with the suffix of any provider, or a\n" +
					"State Server path.",
				Flags: slices.Concat(fromFlags(), sandboxFlags(), []cli.Flag{
					appFlag(), formatFlag("text", "json"), jsonFlag(),
				}),
				Action: func(c *cli.Context) error { return dumpSession(c, s) },
			},
			{
				Name:      "blob",
				Usage:     "show what is in a session payload that lies in a file",
				ArgsUsage: "FILE",
				Description: "FILE holds the bytes of SessionItemShort, SessionItemLong or what a State Server was sent;\n" +
					"- is standard input.",
				Flags: []cli.Flag{
					formatFlag("text", "json", "offsets"), jsonFlag(),
					&cli.StringFlag{Name: "compressed", Value: "auto", Usage: "whether it is compressed: `auto|yes|no`"},
				},
				Action: func(c *cli.Context) error { return dumpBlob(c, s) },
			},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage("aspstate dump session ID, aspstate dump blob FILE", "dump what? %q is neither session nor blob", short(c.Args().First()))
			}
			return usage("aspstate dump session ID, aspstate dump blob FILE", "dump what?")
		},
	}
}

func formatFlag(formats ...string) cli.Flag {
	return &cli.StringFlag{Name: "format", Value: formats[0], Usage: "`" + strings.Join(formats, "|") + "`"}
}

// format reads --format and its short form --json.
func format(c *cli.Context, formats ...string) (string, error) {
	f := c.String("format")
	if c.Bool("json") {
		if c.IsSet("format") && f != "json" {
			return "", usage("", "--json and --format %s contradict each other", f)
		}
		f = "json"
	}
	if !slices.Contains(formats, f) {
		return "", usage("", "--format %q: want %s", f, strings.Join(formats, ", "))
	}
	return f, nil
}

func dumpBlob(c *cli.Context, s Streams) error {
	if c.Args().Len() != 1 {
		return usage("aspstate dump blob FILE; - is standard input", "dump blob takes one file")
	}
	f, err := format(c, "text", "json", "offsets")
	if err != nil {
		return err
	}
	compressed, err := compressedFlag(c, "compressed")
	if err != nil {
		return err
	}
	blob, err := readFile(c.Args().First(), s.In)
	if err != nil {
		return err
	}
	o := aspnetser.Options{Compressed: compressed}
	tellForm(s.Err, blob, o)
	var out []byte
	var bad error
	if f == "offsets" {
		out, bad = aspnetser.AppendOffsets(nil, blob, o)
	} else {
		var d *aspnetser.Session
		if d, err = aspnetser.Decode(blob, o); err != nil {
			return &failure{code: exitMalformed, err: err, hint: "--format offsets shows how far it can be read"}
		}
		if bad = d.Err(); f == "json" {
			out = append(aspnetser.AppendJSON(nil, d), '\n')
		} else {
			out = aspnetser.AppendText(nil, d)
		}
	}
	if _, err := s.Out.Write(out); err != nil {
		return errJSON(err)
	}
	return bad
}

// tellForm says whether blob is compressed and how sure that is; nothing where it cannot be read at all.
func tellForm(w io.Writer, blob []byte, o aspnetser.Options) {
	if o.Compressed != aspnetser.CompressionAuto {
		fmt.Fprintf(w, "Read as told: --compressed %s.\n", o.Compressed)
		return
	}
	d, err := aspnetser.Detect(blob, o)
	if err != nil {
		return
	}
	sure := "certainly"
	if !d.Sure {
		sure = "probably"
	}
	fmt.Fprintf(w, "This blob is %s %s: it %s.\n", sure, d.Form, d.Reason)
	if !d.Sure {
		fmt.Fprintln(w, "hint: --compressed yes or no reads it the one way or the other")
	}
}

// readFile reads a file, or standard input for "-".
func readFile(name string, in io.Reader) ([]byte, error) {
	if name == "-" {
		b, err := io.ReadAll(in)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return b, nil
	}
	b, err := os.ReadFile(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, &failure{code: exitFailed, err: fmt.Errorf("reading %q: no such file", name)}
	case err != nil:
		return nil, &failure{code: exitUnreachable, err: err}
	}
	return b, nil
}
