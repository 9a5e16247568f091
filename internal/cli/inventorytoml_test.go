package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/bridge/remoteapp"
	"github.com/aspstate/aspstate/compat/layout"
	"github.com/aspstate/aspstate/fixtures/blobs"
	"github.com/aspstate/aspstate/fixtures/malformed"
	"github.com/aspstate/aspstate/internal/inventory"
	"github.com/aspstate/aspstate/internal/sandbox"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// scanned is a store that can be scanned and nothing else.
type scanned []session.Record

func (s scanned) Scan(_ context.Context, r session.ScanRequest) (pg session.Page, err error) {
	at, _ := strconv.Atoi(string(r.After))
	end := min(len(s), at+r.Limit)
	if pg.Records = s[at:end]; end < len(s) {
		pg.Next = session.Cursor(strconv.Itoa(end))
	}
	return pg, nil
}

// printedTOML is what inventory --toml prints of sessions.
func printedTOML(t *testing.T, all scanned) string {
	t.Helper()
	r, err := inventory.Take(t.Context(), all, inventory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.TOML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// configured reads a printed file as a bridge does, with a table of settings before that of each application's keys.
func configured(t *testing.T, printed, settings string) map[string]remoteapp.App {
	t.Helper()
	n := 0
	text := regexp.MustCompile(`(?m)^\[remoteapp\.(.*)\.keys\]$`).ReplaceAllStringFunc(printed, func(head string) string {
		n++
		return fmt.Sprintf("%s]\nprefix = \"/%d\"\napi-key = %q\n%s\n%s", strings.TrimSuffix(head, ".keys]"), n, coreKey, settings, head)
	})
	return bridgeReads(t, text)
}

// bridgeReads reads a file as a bridge does.
func bridgeReads(t *testing.T, text string) map[string]remoteapp.App {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bridge.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found := map[string]remoteapp.App{}
	app := &cli.App{
		Flags: append(remoteAppFlags(), &cli.StringFlag{Name: "config"}),
		Action: func(c *cli.Context) error {
			apps, err := remoteAppsOf(c)
			for _, a := range apps {
				found[a.Name] = a
			}
			return err
		},
	}
	if err := app.RunContext(t.Context(), []string{"bridge", "--remote-app", "127.0.0.1:0", "--config", file}); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return found
}

// converted sees that every item with a registered key becomes JSON, and that this gives the stored bytes back. It returns how often.
func converted(t *testing.T, a remoteapp.App, payload []byte) (n int) {
	t.Helper()
	c, err := aspnetser.Open(payload, aspnetser.Options{})
	if err != nil {
		return 0
	}
	before, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, of := range a.Keys {
		v, err := c.Get(key)
		if err != nil { // there is none, or nobody can decode it
			continue
		}
		n++
		json, err := of.ToJSON(nil, v)
		if err != nil {
			t.Errorf("%s: %s: %v", a.Name, key, err)
			continue
		}
		back, err := of.FromJSON(json, v, true)
		if err != nil {
			t.Errorf("%s: %s: %s goes back: %v", a.Name, key, json, err)
			continue
		}
		c.Set(key, back)
		if after, err := c.Append(nil); err != nil || !bytes.Equal(after, before) {
			t.Errorf("%s: %s: %s goes back to other bytes: %v", a.Name, key, json, err)
		}
	}
	return n
}

// What is printed of the fixtures, each an application of its own and all of them together, is a file that a bridge takes, and by it
// every registered key of every session is converted and goes back to what it was.
func TestInventoryTOMLOfFixtures(t *testing.T) {
	for name, app := range map[string]func(blobs.Case) string{"apart": func(c blobs.Case) string { return c.Name }, "together": func(blobs.Case) string { return "shop" }} {
		var all scanned
		for _, c := range blobs.All(t) {
			all = append(all, session.Record{Key: session.Key{App: app(c), ID: c.Name}, Payload: c.Bin})
		}
		for _, c := range malformed.All(t) {
			all = append(all, session.Record{Key: session.Key{App: "malformed", ID: c.Name}, Payload: c.Bin})
		}
		printed := printedTOML(t, all)
		apps := configured(t, printed, "")
		n := 0
		for _, r := range all {
			n += converted(t, apps[r.Key.App], r.Payload)
		}
		t.Logf("%s: %d applications, %d items converted, %d classes", name, len(apps), n, strings.Count(printed, ".class."))
		if n < 200 || len(apps) < 2 || !strings.Contains(printed, ".class.") {
			t.Errorf("%s: %d applications, only %d items converted", name, len(apps), n)
		}
	}
}

// completed takes the drafts of a printed file in, with names of the properties.
func completed(printed string) string {
	inside, n := false, 0
	var all []string
	for _, line := range strings.Split(printed, "\n") {
		switch {
		case strings.HasPrefix(line, "# Drafts: "):
			inside = true
		case !strings.HasPrefix(line, "#"):
			inside = false
		case inside:
			n++
			line = strings.Replace(strings.TrimPrefix(line, "# "), `name = ""`, fmt.Sprintf(`name = "P%d"`, n), 1)
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

// Drafts of classes are such that a bridge takes them when they are completed, and the keys that need them then.
func TestInventoryTOMLDrafts(t *testing.T) {
	for _, c := range blobs.All(t) {
		one := scanned{{Key: session.Key{App: "shop", ID: c.Name}, Payload: c.Bin}}
		printed := completed(printedTOML(t, one))
		shop := configured(t, printed, "")["shop"]
		if c.Name != "o-order" && c.Name != "o-appcode" {
			continue
		}
		keys := "[remoteapp.shop.keys]\norder = \"Order\"\nprefs = \"UserPrefs\"\n"
		if c.Name == "o-order" {
			keys = strings.Replace(keys, "prefs = \"UserPrefs\"\n", "", 1)
		}
		shop = configured(t, strings.Replace(printed, "[remoteapp.shop.keys]\n", keys, 1), "")["shop"]
		if n := converted(t, shop, c.Bin); n < 1 {
			t.Errorf("%s: %d keys converted with\n%s", c.Name, n, printed)
		}
	}
}

func TestInventoryTOMLOfTheSandbox(t *testing.T) {
	sb := filepath.Join(t.TempDir(), "sandbox")
	printed := ok(t, "inventory", "--toml", "--sandbox", sb, "--sandbox-sessions", "600").out
	apps := configured(t, printed, "")
	reg, err := layout.NewRegistry(sandbox.Applications()...)
	if err != nil {
		t.Fatal(err)
	}
	sp, err := layout.NewSpelling(reg, layout.RuleInbox, layout.RuleAsyncX64)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range everyRow(t, sb, layout.FrameworkCompat) {
		if r.Expires < session.At(clock()) {
			continue
		}
		p, err := sp.Parse(r.Key)
		if err != nil {
			t.Fatal(err)
		}
		n += converted(t, apps[p.Key.App], r.Payload)
	}
	if len(apps) != 3 || n < 2000 {
		t.Errorf("%d applications, %d items converted", len(apps), n)
	}
}

// declared is a member of a made-up class.
type declared struct {
	name  string
	typ   nrbf.Type
	value any
}

// netObject makes an object; members whose names begin with < are properties.
func netObject(class string, members ...declared) *nrbf.Instance {
	c := &nrbf.ClassType{Name: class, Library: "Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=null", Open: true}
	i := &nrbf.Instance{Class: c}
	for _, m := range members {
		if property, ok := strings.CutPrefix(m.name, "<"); ok {
			m.name = nrbf.BackingField(property)
		}
		c.Members = append(c.Members, nrbf.MemberDecl{Name: m.name, Type: m.typ})
		i.Values = append(i.Values, m.value)
	}
	return i
}

// Classes whose members vary, with others and enums inside, are told to a bridge, which shows sessions by them and writes what
// clients change; what it cannot be told stays a comment.
func TestInventoryTOMLOfClasses(t *testing.T) {
	status := nrbf.EnumType("Contoso.Shop.Status", "Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=null", nrbf.PrimitiveInt32)
	line := func(qty int32) *nrbf.Instance {
		return netObject("Contoso.Shop.Cart+Line", declared{"<Sku", nrbf.StringType, "A-1"}, declared{"<Qty", nrbf.PrimitiveInt32, qty})
	}
	cart := func(more ...declared) *nrbf.Instance {
		return netObject("Contoso.Shop.Cart", append([]declared{
			{"<Id", nrbf.PrimitiveInt32, int32(7)}, {"<Status", status, status.New(int32(2))},
			{"<Lines", nrbf.ListType(line(0).Class), nrbf.List(line(0).Class, line(1), line(2))},
		}, more...)...)
	}
	dog, cat := netObject("Contoso.Shop.Dog", declared{"<Name", nrbf.StringType, "x"}), netObject("Contoso.Shop.Cat", declared{"<Name", nrbf.StringType, "x"})
	visit := netObject("Contoso.Shop.Visit", declared{"<At", nrbf.PrimitiveDateTime, nrbf.DateTime{Ticks: 638_000_000_000_000_000, Kind: nrbf.DateTimeLocal}})
	hidden := netObject("Contoso.Shop.Hidden", declared{"m_id", nrbf.PrimitiveInt32, int32(1)})
	var all scanned
	for i, it := range []map[string]any{
		{"Cart": cart(), "Visit": visit, "Ratio": 1.5, "Hidden": hidden, "Pets": nrbf.List(dog.Class)},
		{"Cart": cart(declared{"<Coupon", nrbf.StringType, "c"}), "Ratio": 2.5, "Status": status.New(int32(1))},
		{"Cart": cart(declared{"m_total", nrbf.PrimitiveInt32, int32(9)}, declared{"<Pet", dog.Class, dog})},
		{"Cart": cart(declared{"<Pet", cat.Class, cat})},
	} {
		all = append(all, session.Record{Key: session.Key{App: "shop", ID: fmt.Sprintf("session%d", i)}, Payload: items(t, it), Expires: 1})
	}
	infinite := items(t, map[string]any{"Ratio": 0.0})
	copy(infinite[len(infinite)-9:], []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x7f})
	all = append(all, session.Record{Key: session.Key{App: "shop", ID: "session4"}, Payload: infinite, Expires: 1})

	printed := printedTOML(t, all)
	for _, want := range []string{
		"\nCart = \"Contoso.Shop.Cart\"\n", "\nStatus = \"Contoso.Shop.Status\"\n",
		"\n# Visit = \"Contoso.Shop.Visit\" # it has local dates: ",
		"\n# not here: Hidden: Contoso.Shop.Hidden has fields and no auto-properties: ",
		"\n# not here: Ratio: as double, 1 of 3 would be hidden: ",
		"\n[remoteapp.shop.class.\"Contoso.Shop.Cart+Line\"]\nlibrary = \"Contoso.Shop, Version=2.1.0.0, Culture=neutral, PublicKeyToken=null\"\ncomplete = true\n" +
			"members = [\n  { name = \"Sku\", type = \"string\" },\n  { name = \"Qty\", type = \"int\" },\n]\n",
		"\n[remoteapp.shop.class.\"Contoso.Shop.Cart\"]\n# not all objects have Coupon, Pet: ", "\n# Pet is left out: it is Contoso.Shop.Dog in some sessions, and Contoso.Shop.Cat in others\n",
		"\nPets = \"List<Contoso.Shop.Dog>\"\n", "\n[remoteapp.shop.class.\"Contoso.Shop.Visit\"]\n",
	} {
		if !strings.Contains(printed, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	if t.Failed() {
		t.Fatal(printed)
	}
	shop := configured(t, printed, "")["shop"]
	for _, r := range all {
		if n := converted(t, shop, r.Payload); (n == 0) != (r.Key.ID == "session4") {
			t.Errorf("%s: %d keys converted", r.Key.ID, n)
		}
	}

	// With a zone the key with local dates can be taken in.
	taken := regexp.MustCompile(`(?m)^# (Visit = .*)$`).ReplaceAllString(printed, "$1")
	withZone := configured(t, taken, `zone = "Europe/Berlin"`)["shop"]
	if n := converted(t, withZone, all[0].Payload); n != converted(t, shop, all[0].Payload)+1 {
		t.Errorf("with a zone %d keys of the first session are converted", n)
	}

	// A client is shown what was seen, and what it changes goes into the object that is there.
	c, err := aspnetser.Open(all[2].Payload, aspnetser.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := c.Get("Cart")
	if err != nil {
		t.Fatal(err)
	}
	json, err := shop.Keys["Cart"].ToJSON(nil, stored)
	if want := `{"Id":7,"Status":2,"Lines":[{"Sku":"A-1","Qty":1},{"Sku":"A-1","Qty":2}],"Coupon":null}`; err != nil || string(json) != want {
		t.Fatalf("%v: %s; want %s", err, json, want)
	}
	v, err := shop.Keys["Cart"].FromJSON([]byte(strings.Replace(string(json), `"Qty":2}`, `"Qty":5},{"Sku":"B","Qty":1}`, 1)), stored, true)
	if err != nil {
		t.Fatal(err)
	}
	graph, _ := v.Graph()
	total, _ := graph.Root().Member("m_total")
	if n, _ := total.Int(); n != 9 {
		t.Errorf("a hidden field is %v", n)
	}
	if _, has := graph.Root().Member(nrbf.BackingField("Pet")); !has {
		t.Error("the pet is gone")
	}
}

// Names that somebody made to be more than names load as what they are.
func TestInventoryTOMLOfHostileNames(t *testing.T) {
	const evil = "x\n*/ \"`\x1b[31m\\u000a]\nb = 1 #\u2028\x00"
	class := netObject("Shop.Cart", declared{"<" + evil, nrbf.StringType, "v"}, declared{"<Id", nrbf.PrimitiveInt32, int32(1)})
	class.Class.Library = "Shop" + evil
	all := scanned{{Key: session.Key{App: evil, ID: "a"}, Payload: items(t, map[string]any{evil: "v", "": "w", "o": class})}}
	apps := configured(t, printedTOML(t, all), "")
	if n := converted(t, apps[evil], all[0].Payload); n != 3 {
		t.Errorf("%d keys are converted", n)
	}
}

// A bridge with the printed file shows a session to a client.
func TestInventoryTOMLServes(t *testing.T) {
	var all scanned
	for _, c := range blobs.All(t) {
		if c.Name == "o-enum" || c.Name == "o-inheritance" {
			all = append(all, session.Record{Key: session.Key{App: "shop", ID: c.Name}, Payload: c.Bin, Expires: 1})
		}
	}
	shop := configured(t, printedTOML(t, all), "")["shop"]
	for _, r := range all {
		mem := memstore.New(memstore.Options{})
		if err := mem.SetAndRelease(t.Context(), session.Key{App: "shop", ID: someID}, session.Value{Payload: r.Payload, Timeout: 20}, session.Insert()); err != nil {
			t.Fatal(err)
		}
		h, err := remoteapp.New(remoteapp.Options{Store: mem, Settings: remoteapp.Settings{Apps: []remoteapp.App{shop}}})
		if err != nil {
			t.Fatal(err)
		}
		srv := httptest.NewServer(h)
		defer srv.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+shop.Prefix+remoteapp.SessionPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(remoteapp.DefaultKeyHeader, coreKey)
		req.Header.Set("X-SystemWebAdapter-RemoteAppSession-ReadOnly", "true")
		req.AddCookie(&http.Cookie{Name: remoteapp.DefaultCookie, Value: someID})
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		page, _, err := remoteapp.DecodePayload(body)
		if err != nil {
			t.Fatalf("%s: %s, %v", r.Key.ID, resp.Status, err)
		}
		var got []string
		for _, it := range page.Items {
			got = append(got, it.Key+" "+string(it.Value))
		}
		slices.Sort(got)
		if n := converted(t, shop, r.Payload); n != len(got) || n == 0 {
			t.Errorf("%s: a client is shown %q, and %d keys are converted", r.Key.ID, got, n)
		}
		t.Logf("%s: %q", r.Key.ID, got)
	}
}

// docs/core-apps.md has every setting of the tables, and a file that a bridge takes.
func TestCoreAppsDocs(t *testing.T) {
	b, err := os.ReadFile("../../docs/core-apps.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, table := range []any{remoteAppConfig{}, classConfig{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(table)) {
			name := cmp.Or(f.Tag.Get("toml"), strings.ToLower(f.Name))
			if !strings.Contains(text, "`"+name+"`") && !strings.Contains(text, "`"+name+" =") {
				t.Errorf("it lacks the setting %s", name)
			}
		}
	}
	_, sample, found := strings.Cut(text, "    [remoteapp.shop]\n")
	if !found {
		t.Fatal("it has no sample")
	}
	var file strings.Builder
	for line := range strings.Lines("    [remoteapp.shop]\n" + sample) {
		if !strings.HasPrefix(line, "    ") {
			break
		}
		file.WriteString(line[4:])
	}
	shop := bridgeReads(t, file.String())["shop"]
	if len(shop.Keys) != 2 || shop.Prefix != "/shop" {
		t.Errorf("%+v", shop)
	}
}
