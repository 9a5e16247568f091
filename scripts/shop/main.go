// Command shop is an example: two Go services, catalog and checkout, that work on the sessions of a .NET Framework site. See
// README.md beside it, and docs/go-apps.md.
//
//	go run ./scripts/shop                                                       # with a bridge of its own: nothing to set up
//	SHOP_KEY=… go run ./scripts/shop --bridge https://bridge:8443               # with yours
//	SHOP_PASSWORD=… go run ./scripts/shop --store-dsn 'sqlserver://go@db1?database=ASPState'   # without any
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/compat"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session/memstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	bridge, dsn       string
	app               layout.Application
	apps              *layout.Registry
	rule              layout.IDRule
	catalog, checkout string
}

func parse(args []string) (s settings, err error) {
	f := flag.NewFlagSet("shop", flag.ContinueOnError)
	f.StringVar(&s.bridge, "bridge", "", "URL of a bridge's HTTP API; its key is in SHOP_KEY. Empty: a bridge of its own, in memory")
	f.StringVar(&s.dsn, "store-dsn", "", "a SQL Server that holds the sessions, instead of a bridge; its password may be in SHOP_PASSWORD")
	f.StringVar(&s.catalog, "catalog", "127.0.0.1:8081", "address of the catalog")
	f.StringVar(&s.checkout, "checkout", "127.0.0.1:8082", "address of the checkout")
	app := f.String("app", "shop=/LM/W3SVC/1/ROOT", "application, as NAME=APPID of IIS")
	ids := f.String("ids", string(layout.RuleAsync21), "how the site's provider spells ids in SQL Server")
	compressed := f.Bool("compressed", false, "the site has compressionEnabled; a bridge of yours knows that by itself")
	if err = f.Parse(args); err != nil {
		return s, err
	}
	if s.app, err = layout.ParseApplication(*app); err != nil {
		return s, err
	}
	s.app.Compressed = compressed
	if s.apps, err = layout.NewRegistry(s.app); err != nil {
		return s, err
	}
	if s.rule, err = layout.ParseIDRule(*ids); err == nil && s.bridge != "" && s.dsn != "" {
		err = errors.New("either --bridge or --store-dsn")
	}
	return s, err
}

// run serves until the context ends.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	s, err := parse(args)
	if err != nil {
		return err
	}
	join := func() (*client.Sessions, func() error, error) {
		return joinBridge(s.bridge, client.APIKey(os.Getenv("SHOP_KEY")), s.app.Name)
	}
	var visitor string
	switch {
	case s.dsn != "":
		dsn, err := compat.ParseDSN(s.dsn)
		if err != nil {
			return err
		}
		if password := os.Getenv("SHOP_PASSWORD"); password != "" {
			dsn = dsn.WithPassword(password)
		}
		join = func() (*client.Sessions, func() error, error) { return joinTable(ctx, dsn, s.apps, s.app.Name, s.rule) }
	case s.bridge == "":
		b, err := startTrial(s.apps, s.app.Name, memstore.Options{SweepEvery: 20 * time.Second})
		if err != nil {
			return err
		}
		defer func() {
			patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			err = errors.Join(err, b.stop(patience))
		}()
		join = func() (*client.Sessions, func() error, error) { return joinBridge(b.base(), b.key(), s.app.Name) }
		if visitor, err = signIn(ctx, b, s); err != nil {
			return err
		}
		fmt.Fprintf(out, "A bridge runs in this process, with keys that end with it, and a .NET Framework node has signed Ada in.\n")
		fmt.Fprintf(out, "What they see, by the State Server at %s, SQL Server's protocol, and the HTTP API:\n\n", b.address["stateserver"])
		fmt.Fprintf(out, "ASPSTATE_FROM_DSN='%s' go run . dump session %s --app '%s=%s'\n", b.dsn(), visitor, s.app.Name, s.app.AppIDs[0])
		fmt.Fprintf(out, "curl -H 'Authorization: Bearer %s' '%s/v1/apps/%s/sessions/%s?renew=no&graphs=no'\n\n", b.secret, b.base(), url.PathEscape(s.app.Name), visitor)
	}
	return serve(ctx, s, join, func(catalog, checkout string) {
		for _, t := range tries(catalog, checkout) {
			fmt.Fprintf(out, "%-60s # %s\n", t.curl(visitor), t.what)
		}
	})
}

// serve runs the two services, each with a store of its own, as if they were programs of their own.
func serve(ctx context.Context, s settings, join func() (*client.Sessions, func() error, error), listening func(catalog, checkout string)) (err error) {
	ended := make(chan error, 2)
	var addresses []string
	for _, service := range []struct {
		addr string
		make func(*client.Sessions) http.Handler
	}{{s.catalog, catalog}, {s.checkout, checkout}} {
		sessions, leave, err := join()
		if err != nil {
			return err
		}
		defer leave()
		l, err := net.Listen("tcp", service.addr)
		if err != nil {
			return err
		}
		srv := &http.Server{Handler: service.make(sessions), ReadHeaderTimeout: 10 * time.Second}
		defer func() {
			patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = srv.Shutdown(patience)
		}()
		go func() { ended <- srv.Serve(l) }()
		addresses = append(addresses, l.Addr().String())
	}
	listening(addresses[0], addresses[1])
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}

// signIn does what the site's login page does, and returns the id that the browser gets as a cookie.
func signIn(ctx context.Context, b *trial, s settings) (id string, err error) {
	n, leave, err := stateServerNode(b.address["stateserver"], s.apps, s.app.Name)
	if err != nil {
		return "", err
	}
	defer leave()
	id = client.NewID()
	return id, n.page(ctx, id, func(c *aspnetser.Collection) error {
		for key, x := range map[string]any{
			"UserName": "Ada", "HitCount": int32(1), "Visited": nrbf.ListOf[string]{"C"}, "Theme": nrbf.HashtableOf{"dark": true},
		} {
			if err := aspnetser.Set(c, key, x); err != nil {
				return err
			}
		}
		return nil
	})
}

// try is a request to try.
type try struct{ method, url, what string }

func tries(catalog, checkout string) []try {
	return []try{
		{"GET", "http://" + catalog + "/products", "who has signed in; nothing is locked"},
		{"GET", "http://" + catalog + "/products/A-1", "remembers the product in a List<string>"},
		{"GET", "http://" + catalog + "/visited", ""},
		{"POST", "http://" + checkout + "/cart/A-1?quantity=2", "changes an object of the class Contoso.Shop.Cart"},
		{"PUT", "http://" + checkout + "/cart/A-1?quantity=5", ""},
		{"GET", "http://" + checkout + "/cart", ""},
		{"POST", "http://" + checkout + "/logout", "Session.Abandon"},
	}
}

// curl is the line for a shell. Without a visitor a jar keeps the cookie of a new session.
func (t try) curl(visitor string) string {
	with := "-b jar -c jar"
	if visitor != "" {
		with = "-b ASP.NET_SessionId=" + visitor
	}
	if t.method != "GET" {
		with += " -X " + t.method
	}
	return fmt.Sprintf("curl %s '%s'", with, t.url)
}
