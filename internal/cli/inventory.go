package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/copier"
	"github.com/aspstate/aspstate/internal/inventory"
	"github.com/aspstate/aspstate/internal/ui"
	"github.com/aspstate/aspstate/session"
)

func inventoryCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "inventory",
		Usage: "show which keys the sessions of a store have, of which types, and what of it ASP.NET Core and Go can read; no values",
		Description: "Without --json, --csharp, --toml or --go it writes a text: the keys with their types and sizes, and what\n" +
			"would break. Nothing in the store changes, and no value is shown.",
		Flags: slices.Concat(fromFlags(), sandboxFlags(), []cli.Flag{
			appFlag(),
			&cli.IntFlag{Name: "sample", Usage: "decode at most `N` sessions, spread over the store; 0: all"},
			jsonFlag(),
			&cli.BoolFlag{Name: "csharp", Usage: "write the registrations for the System.Web adapters of ASP.NET Core"},
			&cli.BoolFlag{Name: "toml", Usage: "write the key tables for the configuration of a bridge"},
			&cli.BoolFlag{Name: "go", Usage: "write Go structs for the sessions and their classes"},
			&cli.StringFlag{Name: "package", Value: "sessions", Usage: "`NAME` of the package that --go writes"},
		}),
		Action: func(c *cli.Context) error { return takeInventory(c, s) },
	}
}

func takeInventory(c *cli.Context, s Streams) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	form, err := inventoryForm(c)
	if err != nil {
		return err
	}
	if n := c.Int("sample"); n < 0 || n > inventory.MaxSample {
		return usage(fmt.Sprintf("1 to %d; 0 means all", inventory.MaxSample), "--sample: %d is no number of sessions", n)
	}
	for _, dsn := range c.StringSlice("from-dsn") {
		if strings.HasPrefix(strings.ToLower(dsn), "stateserver:") {
			return &failure{
				code: exitRefused, err: fmt.Errorf("a State Server cannot list its sessions"),
				hint: "take the inventory of the store behind a bridge: aspstate bridge --stateserver",
			}
		}
	}
	if c.String("from") == "" && len(c.StringSlice("from-dsn")) == 0 {
		if err := c.Set("from", layout.FrameworkCompat); err != nil {
			return err
		}
	}
	compressed, err := compressedFlag(c, "from-compressed")
	if err != nil {
		return err
	}
	st, err := newStores(c, s)
	if err != nil {
		return err
	}
	defer closing(st, &err)
	from, err := st.looked()
	if err != nil {
		return err
	}
	shown := ui.NewText(s.Err, s.terminal(), clock)
	defer shown.Close()
	total, err := from.table.Count(c.Context)
	if err != nil {
		return fmt.Errorf("reading %s: %w", from.Title, err)
	}
	shown.Observe(copier.PhaseStarted{Phase: "inventory", Total: total})
	r, err := inventory.Take(c.Context, from.table, inventory.Options{
		App: ownerOf(from, st.chosen), Sample: c.Int("sample"), Read: aspnetser.Options{Compressed: compressed},
		Now: session.At(clock()),
		Progress: func(rows int64) {
			if rows%progressRows == 0 {
				shown.Observe(copier.Progress{Phase: "inventory", Rows: rows})
			}
		},
	})
	if err != nil {
		return fmt.Errorf("reading %s: %w", from.Title, err)
	}
	shown.Close()
	r.Store, r.Layout = from.Title, from.Layout.Name
	out := &output{w: s.Out}
	switch form {
	case "json":
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		err = e.Encode(r)
	case "csharp":
		err = r.CSharp(out)
	case "toml":
		err = r.TOML(out)
	case "go":
		err = r.Go(out, c.String("package"))
	default:
		err = r.Text(out)
		fmt.Fprintf(s.Err, "--csharp, --toml and --go write code for these keys; --json has all of it.\n")
	}
	return out.or(err)
}

// progressRows is how often progress is told.
const progressRows = 256

// inventoryForm reads which form of the result is wanted.
func inventoryForm(c *cli.Context) (form string, err error) {
	form = "text"
	for _, f := range []string{"json", "csharp", "toml", "go"} {
		if !c.Bool(f) {
			continue
		}
		if form != "text" {
			return "", usage("", "--%s and --%s contradict each other", form, f)
		}
		form = f
	}
	if !inventory.IsPackageName(c.String("package")) {
		return "", usage("", "--package %q: no name of a Go package", c.String("package"))
	}
	if c.IsSet("package") && form != "go" {
		return "", usage("", "--package needs --go")
	}
	return form, nil
}

// ownerOf says whose a row is: an application, else the suffix of its id, of which the first are told apart. Of rows of
// applications that were not chosen it says so.
func ownerOf(e *end, chosen []string) func(session.Key) (string, bool, bool) {
	suffixes := map[string]bool{}
	return func(k session.Key) (name string, known, ok bool) {
		var unknown *layout.UnknownSuffixError
		var unnamed *layout.UnnamedRuleError
		p, err := e.Spelling.Parse(k)
		switch {
		case err == nil:
			name, known = p.Key.App, true
		case errors.As(err, &unnamed):
			name, known = unnamed.App, true
		case errors.As(err, &unknown) && (suffixes[unknown.Suffix] || len(suffixes) < suffixesShown):
			suffixes[unknown.Suffix] = true
			return "suffix " + unknown.Suffix, false, len(chosen) == 0
		case unknown != nil:
			return "other suffixes", false, len(chosen) == 0
		default:
			return "no suffix", false, len(chosen) == 0
		}
		return name, known, len(chosen) == 0 || slices.Contains(chosen, name)
	}
}
