package compat

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// urlPairs reads what follows the scheme of a URL. Characters of a password that were not percent-encoded put its rest
// into the host, the path or the query; whatever looks like that is refused, because the title would show it.
func urlPairs(rest string) ([]dsnPair, error) {
	encode := errors.New("in a URL, such characters as @ : / ? # & % in a user name, a password or another value are percent-encoded")
	u, err := url.Parse("sqlserver://" + rest)
	if err != nil || u.Fragment != "" || strings.HasSuffix(rest, "#") || strings.ContainsAny(u.Host+u.Path, "@%") || u.RawPath != "" {
		return nil, encode
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, encode
	}
	instance := strings.TrimPrefix(u.Path, "/")
	if strings.ContainsAny(instance, `/\`) {
		return nil, errors.New("the path of the URL names an instance; the database is ?database=NAME")
	}
	server := u.Hostname()
	if instance != "" {
		server += `\` + instance
	}
	pairs := []dsnPair{{key: "server", value: server}}
	if port := u.Port(); port != "" {
		pairs = append(pairs, dsnPair{key: "port", value: port})
	}
	if u.User != nil && u.User.Username() != "" {
		pairs = append(pairs, dsnPair{key: "user id", value: u.User.Username()})
	}
	if password, has := u.User.Password(); has {
		pairs = append(pairs, dsnPair{key: "password", value: password, quoted: true})
	}
	for _, part := range strings.Split(u.RawQuery, "&") {
		key, raw, _ := strings.Cut(part, "=")
		if strings.Contains(raw, "@") && dsnName(strings.NewReplacer("+", "", "%20", "").Replace(key)) != "userid" || strings.Contains(key, "@") {
			return nil, encode
		}
	}
	for key, values := range query {
		if _, known := keyOf(key); !known && query.Has("password") { // it may be what a password has after its &
			return nil, encode
		}
		if len(values) > 1 {
			return nil, fmt.Errorf("%q is given more than once", key)
		}
		pairs = append(pairs, dsnPair{key: key, value: values[0], quoted: true})
	}
	slices.SortFunc(pairs[1:], func(a, b dsnPair) int { return strings.Compare(a.key, b.key) })
	return pairs, nil
}
