package remoteapp

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aspstate/aspstate/aspnetser"
)

// counted is what the clients' programs expect to find, and want what they leave: 42 and as much as they count.
func counted(w *world) {
	w.given(shopKey, aspnetser.FormCompressed, "UserName", "Ada Lovelace", "CoreCount", int32(2), "Hidden", "SECRET")
}

const wantCounted = "30 min UserName=Zoë <admin> CoreCount=42 Hidden=SECRET"

// TestNodeClient: Node's own HTTP/2, with one connection and duplex streams (scripts/remoteapp/duplex.mjs).
func TestNodeClient(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed (Debian: nodejs)")
	}
	w := overTLS(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	counted(w)
	out, err := exec.CommandContext(t.Context(), node, filepath.Join("..", "..", "scripts", "remoteapp", "duplex.mjs"), w.base+"/shop", testKey, ca, testID, "40").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%.3000s", err, out)
	}
	w.freed(shopKey)
	if got := w.items(shopKey); got != wantCounted {
		t.Error(got)
	}
}

// TestMonoClient: HttpWebRequest of Mono, with a GET that is held open and a PUT beside it (scripts/remoteapp/GetPut.cs).
func TestMonoClient(t *testing.T) {
	for _, tool := range []string{"mcs", "mono"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: on Debian, apt-get install --no-install-recommends mono-mcs", tool)
		}
	}
	program := filepath.Join(t.TempDir(), "getput.exe")
	if out, err := exec.Command("mcs", "-out:"+program, filepath.Join("..", "..", "scripts", "remoteapp", "GetPut.cs")).CombinedOutput(); err != nil {
		t.Fatalf("mcs: %v\n%s", err, out)
	}
	w := overHTTP(t)
	counted(w)
	out, err := exec.CommandContext(t.Context(), "mono", program, w.base+"/shop", testKey, testID, "4", "10").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%.3000s", err, out)
	}
	w.freed(shopKey)
	if got := w.items(shopKey); got != wantCounted {
		t.Error(got)
	}
}
