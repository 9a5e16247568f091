package cli

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/compat/layout"
)

// whereBridge reads a side's DSN that is the URL of a bridge's HTTP API.
func (s *stores) whereBridge(side string, dsns []string) (at place, err error) {
	if len(dsns) > 1 {
		return at, usage("", "%s: a bridge has no partitions", s.dsnFlag(side))
	}
	if s.c.Command.Name == "bridge" {
		return at, usage("a SQL Server connection string, embedded:DIR or stateserver://HOST:42424", "%s: a bridge does not serve the store of another", s.dsnFlag(side))
	}
	if cmp.Or(s.c.String(side), layout.Embedded) != layout.Embedded {
		return at, usage("", "--%s: the sessions of a bridge have the layout %s", side, layout.Embedded)
	}
	u, err := url.Parse(dsns[0])
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" { // the error would show the key
		return at, usage("https://KEY@HOST:PORT", "%s: that is no URL of a bridge", s.dsnFlag(side))
	}
	at.bridge = u
	at.layout, err = layout.ByName(layout.Embedded)
	return at, err
}

// openBridge opens the rows of a bridge. Their key may stand in the URL, or in the environment, where process lists do not show it.
func (s *stores) openBridge(e *end, side string, u *url.URL) error {
	at := *u
	key := os.Getenv("ASPSTATE_" + strings.ToUpper(side) + "_PASSWORD")
	if key == "" && u.User != nil {
		key = u.User.Username()
		if p, has := u.User.Password(); has {
			key = p
		}
	}
	at.User = nil
	if ip := net.ParseIP(u.Hostname()); key != "" && u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		fmt.Fprintf(s.s.Err, "note: %s: without https others can read the key on its way\n", s.dsnFlag(side))
	}
	rows, err := client.OpenRows(s.c.Context, at.String(), client.Options{Key: client.APIKey(key)})
	problem, is := errors.AsType[*client.ProblemError](err)
	switch {
	case is && (problem.Status == http.StatusUnauthorized || problem.Status == http.StatusForbidden):
		return &failure{code: exitUnreachable, err: fmt.Errorf("%s: %w", s.dsnFlag(side), err), hint: "a key of the bridge's --http-rows-key: https://KEY@HOST:PORT, or in ASPSTATE_" + strings.ToUpper(side) + "_PASSWORD"}
	case is && problem.Name == "no-rows":
		return &failure{code: exitRefused, err: fmt.Errorf("%s: %w", s.dsnFlag(side), err), hint: "migrate from or to the store behind the bridge itself"}
	case err != nil:
		return &failure{code: exitUnreachable, err: fmt.Errorf("%s: %w", s.dsnFlag(side), err)}
	}
	e.table = bridgeRows{rows}
	e.Title = fmt.Sprintf("%s, %s", e.Layout.Name, at.String())
	return nil
}

// bridgeRows are the rows of a bridge as a table.
type bridgeRows struct{ *client.Rows }

// Close implements io.Closer: connections that are not used end by themselves.
func (bridgeRows) Close() error { return nil }
