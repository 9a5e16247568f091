// Command aspstate decodes ASP.NET sessions, copies them between stores and serves them while a cut-over runs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/aspstate/aspstate/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(cli.Main(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args))
}
