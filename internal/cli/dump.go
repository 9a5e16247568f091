package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
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
					appFlag(), formatFlag("text", "json"), jsonFlag(), pathFlag(),
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
					formatFlag("text", "json", "offsets"), jsonFlag(), pathFlag(),
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

func pathFlag() cli.Flag {
	return &cli.StringFlag{Name: "path", Usage: "show only what `PATH` leads to, such as cart.Lines[0].Sku; an item whose key has dots is [\"a.b\"]"}
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
	path, err := pathOf(c, f)
	if err != nil {
		return err
	}
	blob, err := readFile(c.Args().First(), s.In)
	if err != nil {
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // whoever opens a hostile file has time, and less memory
	o := aspnetser.Options{Compressed: tellForm(s.Err, blob, compressed)}
	out := &output{w: s.Out}
	if f == "offsets" {
		return out.or(aspnetser.WriteOffsets(out, blob, o))
	}
	if path != "" {
		return out.or(writePath(out, blob, o, path, f))
	}
	d, err := aspnetser.Decode(blob, o)
	switch {
	case err != nil:
		return &failure{code: exitMalformed, err: err, hint: "--format offsets shows how far it can be read"}
	case f == "json":
		err = aspnetser.WriteJSON(lines{out}, d)
		io.WriteString(out, "\n")
	default:
		out.Write(aspnetser.AppendText(nil, d))
	}
	if err == nil {
		err = d.Err()
	}
	return out.or(err)
}

// pathOf reads --path.
func pathOf(c *cli.Context, format string) (string, error) {
	path := c.String("path")
	switch {
	case path == "" && c.IsSet("path"):
		return "", usage("a path begins with the key of an item: --path cart.Lines[0].Sku", "--path is empty")
	case path != "" && format == "offsets":
		return "", usage("", "--path and --format offsets contradict each other")
	}
	return path, nil
}

// writePath shows what a path into a session leads to. Only the item that it begins with is decoded: others may be broken.
func writePath(w io.Writer, blob []byte, o aspnetser.Options, path, format string) error {
	d, err := aspnetser.Open(blob, o)
	if err != nil {
		return err
	}
	v, err := d.Lookup(path)
	var nowhere *aspnetser.PathError
	if errors.As(err, &nowhere) {
		return &failure{code: exitFailed, err: err}
	}
	if err != nil {
		return err
	}
	var out []byte
	if format == "json" {
		out = append(v.AppendJSON(nil), '\n')
	} else {
		out = append(bytes.TrimRight(v.AppendText(nil, aspnetser.ViewOptions{MaxText: -1}), "\n"), '\n')
	}
	_, err = w.Write(out)
	return err
}

// tellForm says whether blob is compressed and how sure that is, and returns how to read it; as told where it cannot be
// read at all.
func tellForm(w io.Writer, blob []byte, told aspnetser.Compression) aspnetser.Compression {
	if told != aspnetser.CompressionAuto {
		fmt.Fprintf(w, "Read as told: --compressed %s.\n", told)
		return told
	}
	d, err := aspnetser.Detect(blob, aspnetser.Options{})
	if err != nil {
		return told
	}
	sure := "certainly"
	if !d.Sure {
		sure = "probably"
	}
	fmt.Fprintf(w, "This blob is %s %s: it %s.\n", sure, d.Form, d.Reason)
	if !d.Sure {
		fmt.Fprintln(w, "hint: --compressed yes or no reads it the one way or the other")
	}
	if d.Form == aspnetser.FormCompressed {
		return aspnetser.CompressionYes
	}
	return aspnetser.CompressionNo
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
