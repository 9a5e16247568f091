package tds

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/session/memstore"
)

// TestSqlClient: real System.Data.SqlClient, with the commands of all the providers (scripts/sqlclient).
func TestSqlClient(t *testing.T) {
	for _, tool := range []string{"mcs", "mono"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: on Debian, apt-get install --no-install-recommends mono-mcs libmono-system-data4.0-cil", tool)
		}
	}
	program := filepath.Join(t.TempDir(), "sqlclient.exe")
	source := filepath.Join("..", "..", "scripts", "sqlclient", "Client.cs")
	if out, err := exec.Command("mcs", "-r:System.Data.dll", "-out:"+program, source).CombinedOutput(); err != nil {
		if strings.Contains(string(out), "System.Data.dll") {
			t.Skipf("Mono has no System.Data.dll: on Debian, apt-get install --no-install-recommends libmono-system-data4.0-cil\n%s", out)
		}
		t.Fatalf("mcs: %v\n%s", err, out)
	}
	for _, mode := range []struct{ name, dsn string }{
		{"no TLS", ""}, {"TLS for the login", ""}, {"TLS", ";Encrypt=true;TrustServerCertificate=true"},
		{"MARS", ";MultipleActiveResultSets=true"}, // for which it asks, and which it does without
	} {
		for _, what := range []string{"inbox", "async", "compat", "statements", "chunks", "driver", "cancel", "wrong"} {
			t.Run(what+", "+mode.name, func(t *testing.T) {
				password := "s3cret"
				if what == "wrong" {
					password = "other"
				}
				store := memstore.New(memstore.Options{})
				t.Cleanup(func() { store.Close() })
				waits := make(chan struct{}, 10)
				front := &Front{Store: telling{store, waits}, Settings: Settings{Login: secretary}}
				if mode.name != "no TLS" {
					front.TLS = certificate(t)
				}
				switch what {
				case "cancel":
					front.Park = 3 * time.Second
				case "statements":
					front.Databases = map[string]Database{"aspstate": {Layout: layoutNamed(t, layout.V11)}}
				}
				host, port, _ := strings.Cut(serveFront(t, front), ":")
				dsn := "Server=" + host + "," + port + ";User ID=web;Password=" + password + ";Database=ASPState" + mode.dsn
				out, err := runTold(t, waits, exec.Command("mono", program, what, dsn))
				if strings.Contains(out, "Encoding 1252 data could not be found") {
					t.Skip("Mono lacks code page 1252: on Debian, apt-get install --no-install-recommends libmono-i18n-west4.0-cil")
				}
				if err != nil {
					t.Errorf("%v\n%.3000s", err, out)
				}
			})
		}
	}
}
