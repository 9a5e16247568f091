package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/internal/sandbox"
)

// Flags mean the same in every command that has them.

func fromFlags() []cli.Flag {
	return append(fromTableFlags(),
		&cli.StringSliceFlag{
			Name:    "from-dsn",
			Usage:   "`DSN` of the store to read: a SQL Server connection string (repeatable: partitions of a partition resolver), embedded:DIR, or https://HOST:PORT of a bridge",
			EnvVars: []string{"ASPSTATE_FROM_DSN"},
		},
		&cli.StringFlag{Name: "from-compressed", Value: "auto", Usage: "whether its payloads are compressed: `auto|yes|no`"})
}

// fromTableFlags say which table of a store is read, and how.
func fromTableFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "from", Usage: "`LAYOUT` to read: " + strings.Join(layout.Names(), ", ")},
		&cli.StringFlag{Name: "from-table", Usage: "`TABLE` to read, where the database has several of the layout"},
		&cli.StringFlag{Name: "from-zone", Usage: "time `ZONE` of its server, such as Europe/Berlin: for the SQL Server 7 shape, whose times are local"},
		&cli.StringFlag{Name: "from-ids", Usage: "how its ids are spelled, the `RULE` that wins first: " + strings.Join(ruleNames(), ", ")},
	}
}

func toFlags() []cli.Flag {
	return append(toTableFlags(),
		&cli.StringFlag{Name: "to-dsn", Usage: "`DSN` of the store to write: a SQL Server connection string, embedded:DIR, or https://HOST:PORT of a bridge", EnvVars: []string{"ASPSTATE_TO_DSN"}})
}

// toTableFlags say which table of a store is written, and how.
func toTableFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "to", Usage: "`LAYOUT` to write"},
		&cli.StringFlag{Name: "to-table", Usage: "`TABLE` to write, where the database has several of the layout"},
		&cli.StringFlag{Name: "to-zone", Usage: "time `ZONE` of its server, to fill LockDateLocal, which only ASP.NET 1.0 reads (default UTC)"},
		&cli.StringFlag{Name: "to-ids", Usage: "how its ids shall be spelled: a `RULE`"},
	}
}

func appFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name:  "app",
		Usage: "`NAME=APPID[,APPID…]` makes an application known; NAME alone chooses one (repeatable)",
	}
}

func sandboxFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "sandbox", Value: sandbox.DefaultDir, Usage: "`DIR` of the sandbox, used where no DSN is given"},
		&cli.IntFlag{Name: "sandbox-sessions", Usage: fmt.Sprintf("seed it with `N` sessions (default %d)", sandbox.DefaultSessions)},
		&cli.BoolFlag{Name: "sandbox-reset", Usage: "empty the sandbox first and seed it anew"},
	}
}

func jsonFlag() cli.Flag { return &cli.BoolFlag{Name: "json", Usage: "JSON lines on standard output"} }

// ruleNames are the rules that --from-ids and --to-ids take.
func ruleNames() []string {
	var names []string
	for _, r := range []layout.IDRule{
		layout.RuleInbox, layout.RuleAsync21, layout.RuleAsyncX64, layout.RuleAsyncX86, layout.RuleRaw,
	} {
		names = append(names, string(r))
	}
	return names
}

func compressedFlag(c *cli.Context, name string) (aspnetser.Compression, error) {
	v, err := aspnetser.ParseCompression(c.String(name))
	if err != nil {
		return 0, usage("", "--%s: %v", name, err)
	}
	return v, nil
}

// layoutFlag reads --from or --to.
func layoutFlag(c *cli.Context, name string) (*layout.Layout, error) {
	l, err := layout.ByName(c.String(name))
	if err != nil {
		return nil, usage("", "--%s: %v", name, err)
	}
	return l, nil
}

// rulesFlag reads --from-ids or --to-ids; nil where it is not given.
func rulesFlag(c *cli.Context, name string) ([]layout.IDRule, error) {
	v := c.String(name)
	if v == "" {
		return nil, nil
	}
	rules, err := layout.ParseIDRules(v)
	if err == nil && slices.Contains(rules, layout.RuleNative) {
		err = fmt.Errorf("rule %q is not one to choose", layout.RuleNative)
	}
	if err != nil {
		return nil, usage("", "--%s: %v", name, err)
	}
	return rules, nil
}

// appsFlag reads --app: applications that are made known, and names of those that are chosen.
func appsFlag(c *cli.Context) (known []layout.Application, chosen []string, err error) {
	for _, v := range c.StringSlice("app") {
		if v == "" {
			return nil, nil, usage("--app NAME=APPID", "--app: no application has an empty name")
		}
		if !strings.Contains(v, "=") {
			chosen = append(chosen, v)
			continue
		}
		a, err := layout.ParseApplication(v)
		if err != nil {
			return nil, nil, usage("", "--app: %v", err)
		}
		known = append(known, a)
	}
	return known, chosen, nil
}
