package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
)

func schemaCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "make the tables and procedures of a layout on SQL Server, or those of a cut-over, or print the script that does",
		Description: "What is there already is left as it is: no table is dropped or emptied, no procedure replaced.\n" +
			"In place of a layout, control makes the tables of a cut-over: they belong into the database of the new store.\n" +
			"Batches of the script end with GO, as sqlcmd wants them.",
		Subcommands: []*cli.Command{
			{
				Name: "print", Usage: "print the script", ArgsUsage: "LAYOUT|control",
				Flags:  schemaFlags(),
				Action: func(c *cli.Context) error { return schemaPrint(c, s) },
			},
			{
				Name: "install", Usage: "run the script, and say what was made and what was there", ArgsUsage: "LAYOUT|control --to-dsn DSN",
				Flags: append([]cli.Flag{
					&cli.StringFlag{Name: "to-dsn", Usage: "`DSN` of the server: a SQL Server connection string", EnvVars: []string{"ASPSTATE_TO_DSN"}},
					jsonFlag(),
				}, schemaFlags()...),
				Action: func(c *cli.Context) error { return schemaInstall(c, s) },
			},
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage("aspstate schema print LAYOUT, aspstate schema install LAYOUT", "schema: %q is neither print nor install", short(c.Args().First()))
			}
			return usage("aspstate schema print LAYOUT, aspstate schema install LAYOUT", "schema: print or install what?")
		},
	}
}

func schemaFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "database", Usage: "`NAME` of the database to use, and to make if it is missing"},
		&cli.StringFlag{Name: "sstype", Usage: "aspnet_regsql's type: `p|t|c`, persisted in ASPState, in tempdb, or in another database (frameworkcompat)"},
		&cli.StringFlag{Name: "to-table", Usage: "`TABLE`, the provider's sessionTableName (sqlserver, inmemory, inmemorydurable)"},
		&cli.Int64Flag{Name: "sessions", Usage: "expect `N` sessions at a time; hash indexes are made to fit (default 1000000)"},
		&cli.Int64Flag{Name: "bucket-count", Usage: "make hash indexes of `N` buckets instead"},
		&cli.BoolFlag{Name: "durable", Usage: "rows outlive a restart of the server (sqlinmemory)"},
		&cli.BoolFlag{Name: "retry", Usage: "procedures that try again after a conflict (sample-inmemory)"},
		&cli.StringFlag{Name: "container", Usage: "`PATH` on the server of the container for memory-optimized data (default: its data folder; Azure needs none)"},
		&cli.BoolFlag{Name: "purge-job", Usage: "also a SQL Agent job that deletes expired rows every minute"},
		&cli.StringFlag{Name: "grant", Usage: "give `ROLE` what an application needs; the role is made if it is missing"},
		&cli.StringFlag{Name: "grant-migration", Usage: "give `ROLE` what a migration needs"},
	}
}

// schemaOptions reads the layout and the flags; options that do not fit are wrong usage.
func schemaOptions(c *cli.Context) (compat.SchemaOptions, string, error) {
	if c.Args().Len() != 1 {
		return compat.SchemaOptions{}, "", usage("layouts: "+strings.Join(layout.Names(), ", ")+"; and control", "schema %s takes one layout, or control", c.Command.Name)
	}
	for _, name := range []string{"sessions", "bucket-count"} {
		if c.IsSet(name) && c.Int64(name) < 1 {
			return compat.SchemaOptions{}, "", usage("", "--%s: %d is no number of them", name, c.Int64(name))
		}
	}
	o := compat.SchemaOptions{
		Layout: c.Args().First(), Database: c.String("database"), Type: c.String("sstype"), Table: c.String("to-table"),
		Sessions: c.Int64("sessions"), BucketCount: c.Int64("bucket-count"), Durable: c.Bool("durable"), Retry: c.Bool("retry"),
		Container: c.String("container"), PurgeJob: c.Bool("purge-job"),
		Grant: c.String("grant"), GrantMigration: c.String("grant-migration"),
	}
	text, err := compat.Script(o)
	if err != nil {
		return o, "", usage("", "%v", err)
	}
	return o, text, nil
}

func schemaPrint(c *cli.Context, s Streams) error {
	_, text, err := schemaOptions(c)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.Out, text)
	return errJSON(err)
}

func schemaInstall(c *cli.Context, s Streams) (err error) {
	o, _, err := schemaOptions(c)
	if err != nil {
		return err
	}
	text := c.String("to-dsn")
	if text == "" {
		return usage("--to-dsn sqlserver://USER@HOST?database=NAME", "--to-dsn DSN is missing")
	}
	dsn, err := compat.ParseDSN(text)
	if err != nil {
		return usage("", "--to-dsn: %v", err)
	}
	if p := os.Getenv("ASPSTATE_TO_PASSWORD"); p != "" {
		dsn = dsn.WithPassword(p)
	}
	srv, err := compat.Connect(c.Context, dsn, compat.ConnectOptions{})
	if err != nil {
		return err
	}
	defer closing(srv, &err)
	rep, err := srv.Install(c.Context, o)
	var taken *compat.TakenError
	if errors.As(err, &taken) {
		err = &failure{code: exitRefused, err: err, hint: "--database NAME installs it in another database"}
	}
	return errors.Join(err, installed(c, s, rep))
}

// installed tells what an installation has done, also one that failed on the way.
func installed(c *cli.Context, s Streams, rep compat.InstallReport) error {
	if c.Bool("json") {
		e := json.NewEncoder(s.Out)
		e.SetEscapeHTML(false)
		for _, o := range rep.Objects {
			if err := e.Encode(o); err != nil {
				return errJSON(err)
			}
		}
		return nil
	}
	p := &printer{w: s.Out}
	for _, o := range rep.Objects {
		p.printf("%-8s %s %s\n", o.Result, o.Kind, o.Name)
	}
	if len(rep.Objects) > 0 {
		fmt.Fprintf(s.Err, "Database %s: %d objects made of %d.\n", rep.Database, rep.Created(), len(rep.Objects))
	}
	return errJSON(p.err)
}
