package cli

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session"
)

// keyScheme begins a key of the HTTP API that is kept as its hash. A key is long and random, so that no salt is needed.
const keyScheme = "sha256:"

func httpKeyCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "http-key",
		Usage: "make a key of the HTTP API, and the hash of it for --http-key and the bridge's configuration file",
		Flags: []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			key := rand.Text()
			sum := sha256.Sum256([]byte(key))
			hash := keyScheme + hex.EncodeToString(sum[:])
			if c.Bool("json") {
				return errJSON(json.NewEncoder(s.Out).Encode(map[string]string{"key": key, "hash": hash}))
			}
			_, err := fmt.Fprintf(s.Out, "key   %s\nhash  %s\n", key, hash)
			return err
		},
	}
}

func httpFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "http", Usage: "`ADDR` to listen on for the HTTP API, such as 127.0.0.1:8080"},
		&cli.StringSliceFlag{Name: "http-key", Usage: "key `APP=KEY` of --http for the sessions of an application; a KEY of aspstate http-key may be its hash (repeatable)"},
		&cli.StringSliceFlag{Name: "http-rows-key", Usage: "`KEY` of --http with which aspstate migrates from and to this bridge: may list all sessions and write them as they are (repeatable)"},
		&cli.StringSliceFlag{Name: "compressed", Usage: "`APP=yes|no`: whether the nodes of an application have compressionEnabled, for sessions that --http and --remote-app write (repeatable; default: as a session was, new ones are not)"},
		&cli.StringFlag{Name: "http-cert", Usage: "PEM `FILE` of its certificate (default: no TLS)"},
		&cli.StringFlag{Name: "http-cert-key", Usage: "PEM `FILE` of the certificate's key"},
	}
}

// compressedApps says of the applications what --compressed does.
func compressedApps(c *cli.Context, apps []layout.Application) error {
	for _, t := range c.StringSlice("compressed") {
		name, text, _ := strings.Cut(t, "=")
		i := slices.IndexFunc(apps, func(a layout.Application) bool { return a.Name == name })
		if i < 0 {
			return usage("--app "+name+"=APPID", "--compressed: no application is called %q", name)
		}
		if text != "yes" && text != "no" {
			return usage("--compressed "+name+"=yes", "--compressed %q: APP=yes or APP=no is wanted", t)
		}
		yes := text == "yes"
		apps[i].Compressed = &yes
	}
	return nil
}

// httpKeysOf reads what is about the HTTP API.
func httpKeysOf(c *cli.Context) (keys []httpapi.Key, err error) {
	if err := onlyWith(c, "http", "http-key", "http-rows-key", "http-cert", "http-cert-key"); err != nil {
		return nil, err
	}
	for _, t := range c.StringSlice("http-key") {
		app, text, ok := strings.Cut(t, "=")
		k, err := parseKey(text)
		if !ok || app == "" || err != nil {
			return nil, usage("--http-key shop=KEY; aspstate http-key makes one", "--http-key: APP=KEY is wanted, or APP=%sHASH", keyScheme)
		}
		k.App = app
		keys = append(keys, k)
	}
	for _, t := range c.StringSlice("http-rows-key") {
		k, err := parseKey(t)
		if err != nil {
			return nil, usage("aspstate http-key makes one", "--http-rows-key: %v", err)
		}
		k.Rows = true
		keys = append(keys, k)
	}
	if c.String("http") != "" && len(keys) == 0 {
		return nil, usage("--http-key shop=KEY; aspstate http-key makes one", "--http: nobody could ask for anything")
	}
	return keys, nil
}

func parseKey(text string) (k httpapi.Key, err error) {
	hash, hashed := strings.CutPrefix(text, keyScheme)
	switch {
	case text == "":
		return k, errors.New("a key has at least one character")
	case strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }):
		return k, errors.New("a key has letters, digits and signs of ASCII alone: it goes into a header")
	case !hashed:
		k.Hash = sha256.Sum256([]byte(text))
		return k, nil
	}
	if n, err := hex.Decode(k.Hash[:], []byte(hash[:min(len(hash), 2*len(k.Hash))])); err != nil || n != len(k.Hash) || len(hash) != 2*n {
		return k, errors.New("that is no hash that http-key has made")
	}
	return k, nil
}

// onlyWith refuses flags that are of no use without another.
func onlyWith(c *cli.Context, needed string, names ...string) error {
	if c.String(needed) != "" {
		return nil
	}
	for _, name := range names {
		if c.IsSet(name) {
			return usage("--"+needed+" ADDR", "--%s is of no use without --%s", name, needed)
		}
	}
	return nil
}

// certificateOf reads the certificate of a front; nil where none is given.
func certificateOf(certFile, keyFile, flags string) (*tls.Config, error) {
	if certFile == "" {
		return nil, nil
	}
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, &failure{code: exitUnreachable, err: fmt.Errorf("%s: %w", flags, err)}
	}
	return &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS12}, nil
}

// openHTTP makes the front of the HTTP API. It serves rows where nothing else has to agree to what is written.
func openHTTP(log *slog.Logger, set *settings, store *served, w *watched, queue session.Store) (*httpapi.Front, error) {
	secure, err := certificateOf(set.httpCert, set.httpCertKey, "--http-cert, --http-cert-key")
	if err != nil {
		return nil, err
	}
	f := &httpapi.Front{
		Store: w.front("http", queue), Settings: set.httpAPI(store.registry), Peek: store.peeker(), IfFree: store.verbsOnly(),
		Named: w.named, TLS: secure, Now: clock, Clock: store.clock(), Logger: log,
	}
	if store.embedded != nil && store.cutover == nil {
		f.Rows = store.embedded
	}
	warnOfApps(log, set, store.registry)
	return f, nil
}

func (s *settings) httpAPI(r *layout.Registry) httpapi.Settings {
	return httpapi.Settings{Registry: r, Keys: s.httpKeys, MaxBody: s.maxBody}
}

// verbsOnly says that the store, or the old one of two, is a State Server, which knows no condition but session.IfFree.
func (s *served) verbsOnly() bool { return strings.HasPrefix(s.title, stateServerScheme) }

// peeker looks at sessions without touching them; nil: a State Server, which cannot be asked so.
func (s *served) peeker() session.Peeker {
	switch {
	case s.cutover != nil:
		return s.cutover
	case s.embedded != nil:
		return s.embedded
	}
	p, _ := s.rows.(session.Peeker)
	return p
}

// clock is the store's, where it is not this machine's; nil: it is, or it cannot be asked for what it is.
func (s *served) clock() session.Clocked {
	if s.cutover != nil { // locks lie in two stores, and what makes them is the bridge
		return nil
	}
	c, _ := s.rows.(session.Clocked)
	return c
}

// warnOfApps tells of keys whose application no .NET node can mean.
func warnOfApps(log *slog.Logger, set *settings, r *layout.Registry) {
	said := map[string]bool{}
	warn := func(app string) {
		if _, known := r.ByName(app); !known && app != "" && !said[app] {
			said[app] = true
			log.Warn("the application has a key but no application id: its sessions are apart from those of .NET nodes; --app NAME=APPID joins them", "application", app)
		}
	}
	for _, k := range set.httpKeys {
		warn(k.App)
	}
	for _, a := range set.remoteApps {
		warn(a.Name)
	}
}
