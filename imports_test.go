package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/aspstate/aspstate"

// rule says what a package may import: packages of this module, and modules from outside (by prefix). The standard
// library is free for all. This is the table of the design (section 2); a package that is not in it fails the test.
type rule struct {
	module  []string // "*" means everything
	outside []string
}

const (
	pebble    = "github.com/cockroachdb/pebble/v2"
	compress  = "github.com/klauspost/compress"
	mssqldb   = "github.com/microsoft/go-mssqldb"
	metrics   = "github.com/prometheus/client_golang"
	porcupine = "github.com/anishathalye/porcupine"
	bar       = "github.com/schollz/progressbar/v3"
	urfave    = "github.com/urfave/cli/v2"

	tomlFiles = "github.com/BurntSushi/toml"
)

var rules = map[string]rule{
	"":                        {module: []string{"internal/cli"}},
	"session":                 {},
	"session/storetest":       {module: []string{"session"}},
	"session/memstore":        {module: []string{"session"}, outside: []string{pebble}},
	"session/park":            {module: []string{"session"}},
	"session/cutover":         {module: []string{"session"}},
	"session/observe":         {module: []string{"session"}, outside: []string{metrics}},
	"aspnetser":               {module: []string{"aspnetser/nrbf"}, outside: []string{compress}},
	"aspnetser/corejson":      {module: []string{"aspnetser", "aspnetser/nrbf"}},
	"aspnetser/nrbf":          {},
	"compat":                  {module: []string{"session", "compat/layout", "scripts"}, outside: []string{mssqldb}},
	"compat/layout":           {module: []string{"session"}},
	"copier":                  {module: []string{"session", "compat/layout", "aspnetser"}, outside: []string{compress}},
	"bridge":                  {},
	"bridge/stateserver":      {module: []string{"session", "compat/layout", "bridge"}},
	"bridge/tds":              {module: []string{"session", "compat/layout", "bridge"}},
	"bridge/httpapi":          {module: []string{"session", "compat/layout", "aspnetser", "aspnetser/nrbf", "aspnetser/corejson", "bridge"}},
	"bridge/page":             {module: []string{"session"}},
	"bridge/client":           {module: []string{"session", "compat/layout", "aspnetser", "bridge"}, outside: []string{metrics}},
	"bridge/remoteapp":        {module: []string{"session", "compat/layout", "aspnetser", "aspnetser/corejson", "bridge"}},
	"internal/cli":            {module: []string{"*"}, outside: []string{urfave, metrics, tomlFiles}},
	"internal/inventory":      {module: []string{"session", "aspnetser", "aspnetser/nrbf", "aspnetser/corejson"}},
	"internal/linear":         {module: []string{"session"}, outside: []string{porcupine}},
	"internal/sim":            {},
	"internal/control":        {},
	"internal/sandbox":        {module: []string{"session", "session/memstore", "compat/layout", "fixtures"}},
	"internal/tdsproxy":       {},
	"internal/testengine":     {module: []string{"compat", "compat/layout"}},
	"internal/traffic":        {module: []string{"session", "aspnetser"}},
	"internal/ui":             {module: []string{"copier", "session"}, outside: []string{bar}},
	"internal/webconfig":      {},
	"fixtures":                {},
	"docs/model":              {},
	"fixtures/blobs":          {},
	"fixtures/malformed":      {},
	"fixtures/remote-session": {},
	"scripts":                 {},
	"scripts/bench":           {},
	"scripts/shop": {module: []string{"session", "session/memstore", "aspnetser", "aspnetser/nrbf", "bridge", "bridge/client", "bridge/httpapi", "bridge/stateserver", "bridge/tds",
		"compat", "compat/layout"}},
}

// testData are packages that only tests may import: everything in the program would carry megabytes of fixtures.
var testData = []string{"fixtures/blobs", "fixtures/malformed", "fixtures/remote-session", "session/storetest", "internal/linear", "internal/tdsproxy", "internal/testengine"}

func TestImportRules(t *testing.T) {
	if testing.Short() {
		t.Skip("runs go list")
	}
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		r, known := rules[name]
		if !known {
			t.Errorf("package %s has no line in the table of import rules", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			if why := forbidden(r, i); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, i, why)
			}
		}
	}
	if seen < 2 {
		t.Fatalf("go list names %d packages", seen)
	}
}

func forbidden(r rule, imported string) string {
	if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
		switch {
		case slices.Contains(testData, ours):
			return "test data, for tests only"
		case slices.Contains(r.module, "*"), slices.Contains(r.module, ours):
			return ""
		}
		return "not in its line of the table"
	}
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return ""
	}
	for _, o := range r.outside {
		if imported == o || strings.HasPrefix(imported, o+"/") {
			return ""
		}
	}
	return "from outside, and not in its line of the table"
}
