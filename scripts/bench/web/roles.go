//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/aspstate/aspstate/bridge"
	"github.com/aspstate/aspstate/bridge/httpapi"
	"github.com/aspstate/aspstate/session/memstore"
)

// The roles of child processes, by their first argument.
const (
	roleBridge = "role-bridge" // NETWORK [DIR]
	roleWeb    = "role-web"    // CONTENDER [STORE]
	roleCalls  = "role-calls"  // WORK CONNECTIONS SPAN STORE
)

func isRole(name string) bool { return strings.HasPrefix(name, "role-") }

// role plays one until it is killed.
func role(name string, args []string) {
	var err error
	switch name {
	case roleBridge:
		err = serveBridge(args)
	case roleWeb:
		err = serveWeb(args)
	case roleCalls:
		err = makeCalls(args)
	default:
		err = fmt.Errorf("no role %q", name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// The application that all sessions are of, and its key.
const (
	app    = "shop"
	secret = "a-key-of-the-benchmark"
)

// serveBridge is what `aspstate bridge` is with an HTTP front alone. It says where it listens, and where it gives profiles.
func serveBridge(args []string) error {
	store := memstore.New(memstore.Options{})
	if len(args) > 1 {
		var err error
		if store, err = memstore.Open(args[1], memstore.Options{Sync: memstore.SyncInterval}); err != nil {
			return err
		}
	}
	front := &httpapi.Front{Store: store, Settings: httpapi.Settings{Keys: []httpapi.Key{httpapi.AppKey(app, secret)}}}
	l, addr, err := listen(args[0], "bridge")
	if err != nil {
		return err
	}
	profiles, at, err := listen("tcp", "")
	if err != nil {
		return err
	}
	go http.Serve(profiles, profiler())
	fmt.Println(addr + " " + at)
	srv := &bridge.Server{Handle: front.Serve, Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}
	return srv.Serve(l)
}

// listen listens on a free port of the machine, or on a socket in the present folder.
func listen(network, name string) (l net.Listener, addr string, err error) {
	at := "127.0.0.1:0"
	if network == "unix" {
		at, err = filepath.Abs(fmt.Sprintf("%s-%d", name, os.Getpid()))
		if err != nil {
			return nil, "", err
		}
	}
	if l, err = net.Listen(network, at); err != nil {
		return nil, "", err
	}
	return l, network + ":" + l.Addr().String(), nil
}

func profiler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("/debug/pprof/profile", pprof.Profile)
	m.HandleFunc("/debug/pprof/allocs", pprof.Index)
	return m
}
