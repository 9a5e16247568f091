package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/compat/layout"
)

// applyConfig sets the flags that --config names and nobody has given. A setting is a flag's name, without the dashes; a flag
// that may be repeated is a list. Applications may be a table:
//
//	[app]
//	shop = ["/LM/W3SVC/3/ROOT/shop", "/LM/W3SVC/7/ROOT/shop"]
func applyConfig(c *cli.Context) error {
	path := c.String("config")
	if path == "" {
		return nil
	}
	var file map[string]any
	if _, err := toml.DecodeFile(path, &file); err != nil {
		if _, malformed := errors.AsType[toml.ParseError](err); malformed {
			return usage("", "--config %s: %v", path, err)
		}
		return &failure{code: exitUnreachable, err: fmt.Errorf("--config: %w", err)}
	}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		if tables, is := file[name].(map[string]any); is && name == remoteAppTable && onlyTables(tables) {
			continue // remoteAppsOf reads them
		}
		i := slices.IndexFunc(c.Command.Flags, func(f cli.Flag) bool { return f != cli.HelpFlag && slices.Contains(f.Names(), name) })
		if i < 0 || name == "config" {
			return usage("aspstate bridge --help lists the settings", "--config %s: there is no setting %q", path, name)
		}
		values, err := configValues(file[name], name == "app")
		if err != nil {
			return usage("", "--config %s: %s: %v", path, name, err)
		}
		if _, repeated := c.Command.Flags[i].(*cli.StringSliceFlag); !repeated && len(values) != 1 {
			return usage("", "--config %s: %s: one value is wanted, not %d", path, name, len(values))
		}
		if c.IsSet(name) {
			continue
		}
		for _, v := range values {
			if err := c.Set(name, v); err != nil {
				return usage("", "--config %s: %s: %v", path, name, err)
			}
		}
	}
	return nil
}

func onlyTables(all map[string]any) bool {
	for _, v := range all {
		if _, is := v.(map[string]any); !is {
			return false
		}
	}
	return true
}

// configValues are a setting's values as a command line would have them.
func configValues(v any, table bool) (values []string, err error) {
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case int64, bool:
		return []string{fmt.Sprint(v)}, nil
	case []any:
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return nil, fmt.Errorf("%v: a text is wanted", one)
			}
			values = append(values, s)
		}
		return values, nil
	case map[string]any:
		if !table {
			break
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			ids, err := configValues(v[name], false)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			values = append(values, name+"="+strings.Join(ids, ","))
		}
		return values, nil
	}
	return nil, errors.New("a text, a number or a list of texts is wanted")
}

// reload reads the settings again, and has what can change changed. It returns the settings that hold then: those before
// where something is wrong.
func reload(c *cli.Context, log *slog.Logger, now *settings, change func(*settings) error) *settings {
	fresh, err := readAgain(c)
	if err == nil {
		if fresh.page == "" { // it is there until a restart, and must not be open to everybody until then
			fresh.pageLogins = now.pageLogins
		}
		err = change(fresh)
	}
	if err != nil {
		log.Error("reloading failed; all settings stay as they are", "error", err)
		return now
	}
	if fresh.fixed != now.fixed {
		log.Warn("some of the changed settings need a restart: all but app, allow, park, park-limit, tds-login, tds-owner, tds-database, http-key, http-rows-key, remoteapp's tables, page-login and the max- ones of bodies and connections")
		fresh.fixed = now.fixed
	}
	for _, a := range now.apps {
		if !slices.ContainsFunc(fresh.apps, func(b layout.Application) bool { return b.Name == a.Name }) {
			log.Warn("an application is not named any more: its sessions cannot be found now", "application", a.Name)
		}
	}
	for _, p := range now.allow {
		if !slices.Contains(fresh.allow, p) {
			log.Warn("a network is not allowed any more", "network", p)
		}
	}
	log.Info("settings were read again", "applications", len(fresh.apps), "networks", len(fresh.allow))
	return fresh
}

// readAgain does what the start of the command did up to its settings: same arguments, the file as it is now.
func readAgain(c *cli.Context) (fresh *settings, err error) {
	args, _ := c.App.Metadata[metaArgs].([]string)
	app := newApp(Streams{Out: io.Discard, Err: io.Discard})
	bridge := app.Command(c.Command.Name)
	bridge.Action = func(c *cli.Context) error {
		fresh, err = readSettings(c)
		return err
	}
	if runErr := app.RunContext(c.Context, flagsFirst(app, args)); runErr != nil || fresh == nil {
		return nil, cmp.Or(runErr, err)
	}
	return fresh, nil
}
