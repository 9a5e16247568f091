package httpapi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aspstate/aspstate/bridge"
)

// lockedSecond is a session that is locked under cookie 2 in the refusals.
const lockedSecond = "lockedlockedlockedlocked"

// What is refused, with which problem; the store stays as it is.
func TestRefusals(t *testing.T) {
	const sessions, second = "/v1/apps/shop/sessions/", "/v1/apps/shop/sessions/" + lockedSecond
	in := func(pairs ...string) http.Header { return head(pairs...) }
	mine := in("Aspstate-Lock", "2")
	set := func(v string) call {
		return call{method: "PATCH", path: one, body: `{"set":{"k":` + v + `}}`}
	}
	typed := func(typ, v string) call { return set(`{"type":"` + typ + `","value":` + v + `}`) }
	put := func(body string) call { return call{method: "PUT", path: second, header: mine, body: body} }
	for name, c := range map[string]struct {
		call
		status int
		name   string
	}{
		// keys
		"no key":               {call{method: "GET", path: one, key: "-"}, 401, "no-key"},
		"no key, no resource":  {call{method: "GET", path: "/v1/x", key: "-"}, 401, "no-key"},
		"wrong key":            {call{method: "GET", path: one, key: "nonsense"}, 401, "no-key"},
		"key in part":          {call{method: "GET", path: one, key: shopSecret[:8]}, 401, "no-key"},
		"key and more":         {call{method: "GET", path: one, key: shopSecret + " "}, 401, "no-key"},
		"another scheme":       {call{method: "GET", path: one, key: "-", header: in("Authorization", "Basic "+shopSecret)}, 401, "no-key"},
		"two keys":             {call{method: "GET", path: one, key: "-", header: http.Header{"Authorization": {"Bearer " + shopSecret, "Bearer " + forumSecret}}}, 401, "no-key"},
		"foreign application":  {call{method: "DELETE", path: one, key: forumSecret}, 403, "wrong-key"},
		"unknown application":  {call{method: "DELETE", path: "/v1/apps/nobody/sessions/" + id}, 403, "wrong-key"},
		"letter case":          {call{method: "DELETE", path: "/v1/apps/SHOP/sessions/" + id}, 403, "wrong-key"},
		"rows key on sessions": {call{method: "DELETE", path: one, key: rowsSecret}, 403, "wrong-key"},
		"session key on rows":  {call{method: "POST", path: "/v1/rows/apply", header: lineType, body: applied}, 403, "wrong-key"},
		// paths
		"dots":                      {call{method: "DELETE", path: sessions + ".."}, 400, "bad-id"},
		"dot":                       {call{method: "DELETE", path: sessions + "."}, 400, "bad-id"},
		"escaped dots":              {call{method: "DELETE", path: sessions + "%2e%2e"}, 400, "bad-id"},
		"dots over slashes":         {call{method: "DELETE", path: sessions + "x%2f..%2f" + id}, 400, "bad-id"},
		"dots over backslashes":     {call{method: "DELETE", path: sessions + "..%5c" + id}, 400, "bad-id"},
		"dots in the application":   {call{method: "DELETE", path: "/v1/apps/forum/../shop/sessions/" + id}, 403, "wrong-key"},
		"escaped in application":    {call{method: "DELETE", path: "/v1/apps/%2e%2e/shop/sessions/" + id}, 400, "bad-path"},
		"from another application":  {call{method: "DELETE", path: "/v1/apps/forum%2f..%2fshop/sessions/" + id}, 400, "bad-path"},
		"slash ends no segment":     {call{method: "DELETE", path: sessions + id + "%2flock"}, 404, "session-not-found"},
		"escaped twice":             {call{method: "DELETE", path: sessions + "%252e%252e"}, 404, "session-not-found"},
		"escaped twice, id":         {call{method: "DELETE", path: sessions + "%25" + "71" + id[1:]}, 404, "session-not-found"},
		"application escaped twice": {call{method: "DELETE", path: "/v1/apps/%2573hop/sessions/" + id}, 403, "wrong-key"},
		"overlong":                  {call{method: "DELETE", path: sessions + "%c0%ae%c0%ae"}, 400, "bad-id"},
		"half a character":          {call{method: "DELETE", path: sessions + "%e4%b8"}, 400, "bad-id"},
		"NUL":                       {call{method: "DELETE", path: sessions + id + "%00"}, 400, "bad-id"},
		"line break":                {call{method: "DELETE", path: sessions + id + "%0d%0a"}, 400, "bad-id"},
		"C1 control":                {call{method: "DELETE", path: sessions + id + "%c2%85"}, 400, "bad-id"},
		"no id":                     {call{method: "DELETE", path: sessions}, 400, "bad-id"},
		"empty segment":             {call{method: "DELETE", path: sessions + "/" + id}, 400, "bad-id"},
		"doubled slashes":           {call{method: "DELETE", path: "/v1//apps/shop/sessions/" + id}, 404, "no-such-resource"},
		"81 characters":             {call{method: "DELETE", path: sessions + strings.Repeat("a", 81)}, 400, "bad-id"},
		"very long":                 {call{method: "DELETE", path: sessions + strings.Repeat("a", 9000)}, 400, "bad-path"},
		"slash behind":              {call{method: "DELETE", path: one + "/"}, 404, "no-such-resource"},
		"below lock":                {call{method: "DELETE", path: one + "/lock/x"}, 404, "no-such-resource"},
		"semicolons":                {call{method: "DELETE", path: one + ";x=1"}, 404, "session-not-found"},
		"version":                   {call{method: "DELETE", path: "/v2/apps/shop/sessions/" + id}, 404, "no-such-resource"},
		// methods
		"HEAD":             {call{method: "HEAD", path: one}, 405, ""},
		"unknown method":   {call{method: "PROPFIND", path: one}, 405, "method-not-allowed"},
		"method in part":   {call{method: "delete", path: one}, 405, "method-not-allowed"},
		"GET of the lock":  {call{method: "GET", path: one + "/lock"}, 405, "method-not-allowed"},
		"DELETE of an app": {call{method: "DELETE", path: "/v1/apps/shop"}, 405, "method-not-allowed"},
		// queries
		"unknown parameter":  {call{method: "DELETE", path: one + "?force=yes"}, 400, "bad-query"},
		"parameter of other": {call{method: "DELETE", path: one + "?limit=1"}, 400, "bad-query"},
		"wait of a read":     {call{method: "GET", path: one + "?wait=1"}, 400, "bad-query"},
		"wait of a PUT":      {call{method: "PUT", path: one + "?wait=1", body: jsonSession("x"), header: in("Aspstate-Free", "0")}, 400, "bad-query"},
		"renew of a DELETE":  {call{method: "DELETE", path: one + "?renew=no"}, 400, "bad-query"},
		"twice":              {call{method: "DELETE", path: one + "?wait=1&wait=2"}, 400, "bad-query"},
		"wait too long":      {call{method: "DELETE", path: one + "?wait=91s"}, 400, "bad-query"},
		"wait below nothing": {call{method: "DELETE", path: one + "?wait=-1"}, 400, "bad-query"},
		"wait is no time":    {call{method: "DELETE", path: one + "?wait=NaN"}, 400, "bad-query"},
		"wait overflows":     {call{method: "DELETE", path: one + "?wait=99999999999999999999"}, 400, "bad-query"},
		"bad escape":         {call{method: "DELETE", path: one + "?wait=%zz"}, 400, "bad-query"},
		"renew":              {call{method: "GET", path: one + "?renew=perhaps"}, 400, "bad-query"},
		// headers
		"no condition":        {call{method: "PUT", path: one, body: jsonSession("x")}, 428, "condition-required"},
		"two conditions":      {call{method: "PUT", path: one, body: jsonSession("x"), header: in("Aspstate-Lock", "1", "Aspstate-Free", "1")}, 400, "bad-header"},
		"cookie is no number": {call{method: "PUT", path: one, body: jsonSession("x"), header: in("Aspstate-Lock", "1.0")}, 400, "bad-header"},
		"cookie with a sign":  {call{method: "PUT", path: one, body: jsonSession("x"), header: in("Aspstate-Lock", "+1")}, 400, "bad-header"},
		"cookie with zeros":   {call{method: "PUT", path: one, body: jsonSession("x"), header: in("Aspstate-Lock", "01")}, 400, "bad-header"},
		"cookie in hex":       {call{method: "PUT", path: one, body: jsonSession("x"), header: in("Aspstate-Lock", "0x1")}, 400, "bad-header"},
		"cookie empty":        {call{method: "PUT", path: one, body: jsonSession("x"), header: in("Aspstate-Lock", "")}, 400, "bad-header"},
		"cookie too large":    {call{method: "PUT", path: one, body: jsonSession("x"), header: in("Aspstate-Lock", "2147483648")}, 400, "bad-header"},
		"two cookies":         {call{method: "DELETE", path: one, header: in("Aspstate-Lock", "1", "Aspstate-Lock", "1")}, 400, "bad-header"},
		"If-None-Match a tag": {call{method: "PUT", path: one, body: jsonSession("x"), header: in("If-None-Match", `"x"`)}, 400, "bad-header"},
		"no timeout":          {call{method: "PUT", path: second, raw: true, body: string(blob("x")), header: mine}, 400, "bad-header"},
		"timeout 0":           {call{method: "PUT", path: second, raw: true, body: string(blob("x")), header: in("Aspstate-Lock", "2", "Aspstate-Timeout", "0")}, 400, "bad-header"},
		"timeout too long":    {call{method: "PUT", path: second, raw: true, body: string(blob("x")), header: in("Aspstate-Lock", "2", "Aspstate-Timeout", "525601")}, 400, "bad-header"},
		"Accept":              {call{method: "GET", path: second, header: in("Accept", "text/html, application/json;q=0")}, 406, "not-acceptable"},
		"Content-Type":        {call{method: "PUT", path: second, body: jsonSession("x"), header: in("Aspstate-Lock", "2", "Content-Type", "text/json")}, 415, "unsupported-media-type"},
		"no Content-Type":     {call{method: "PUT", path: second, body: jsonSession("x"), header: http.Header{"Aspstate-Lock": {"2"}, "Content-Type": nil}}, 415, "unsupported-media-type"},
		"broken Content-Type": {call{method: "PUT", path: second, body: jsonSession("x"), header: in("Aspstate-Lock", "2", "Content-Type", "application/json; charset")}, 415, "unsupported-media-type"},
		"another charset":     {call{method: "PUT", path: second, body: jsonSession("x"), header: in("Aspstate-Lock", "2", "Content-Type", "application/json; charset=latin1")}, 415, "unsupported-media-type"},
		"Content-Encoding":    {call{method: "PUT", path: second, body: jsonSession("x"), header: in("Aspstate-Lock", "2", "Content-Encoding", "gzip")}, 415, "unsupported-media-type"},
		"octets to merge":     {call{method: "PATCH", path: one, raw: true, body: "x"}, 415, "unsupported-media-type"},
		// locks
		"stale lock, PUT":     {call{method: "PUT", path: second, body: jsonSession("x"), header: in("Aspstate-Lock", "1")}, 409, "lock-stale"},
		"stale lock, PATCH":   {call{method: "PATCH", path: second, body: `{"remove":["UserName"]}`, header: in("Aspstate-Lock", "1")}, 409, "lock-stale"},
		"stale lock, DELETE":  {call{method: "DELETE", path: second, header: in("Aspstate-Lock", "1")}, 409, "lock-stale"},
		"stale lock, release": {call{method: "DELETE", path: second + "/lock", header: in("Aspstate-Lock", "1")}, 409, "lock-stale"},
		"not held, PATCH":     {call{method: "PATCH", path: one, body: `{"remove":["UserName"]}`, header: in("Aspstate-Lock", "1")}, 409, "lock-stale"},
		"locked, read":        {call{method: "GET", path: second}, 423, "session-locked"},
		"locked, DELETE":      {call{method: "DELETE", path: second}, 423, "session-locked"},
		"locked, PATCH":       {call{method: "PATCH", path: second, body: `{}`}, 423, "session-locked"},
		"locked, not free":    {call{method: "PUT", path: second, body: jsonSession("x"), header: in("Aspstate-Free", "0")}, 423, "session-locked"},
		"exists":              {call{method: "PUT", path: one, body: jsonSession("x"), header: in("If-None-Match", "*")}, 409, "session-exists"},
		// bodies
		"no JSON":               {put("nonsense"), 400, "bad-json"},
		"empty":                 {put(" "), 400, "bad-json"},
		"cut short":             {put(`{"timeout":20,"items":[`), 400, "bad-json"},
		"comma at the end":      {put(`{"timeout":20,"items":[],}`), 400, "bad-json"},
		"something behind":      {put(jsonSession("x") + "{}"), 400, "bad-json"},
		"comment":               {put(`{"timeout":20,"items":[]/**/}`), 400, "bad-json"},
		"byte order mark":       {put("\ufeff" + jsonSession("x")), 400, "bad-json"},
		"no list":               {put(`{"timeout":20,"items":{}}`), 400, "bad-json"},
		"no items":              {put(`{"timeout":20}`), 400, "bad-json"},
		"no timeout in JSON":    {put(`{"items":[]}`), 400, "bad-json"},
		"timeout a text":        {put(`{"timeout":"20","items":[]}`), 400, "bad-json"},
		"timeout a fraction":    {put(`{"timeout":20.0,"items":[]}`), 400, "bad-json"},
		"timeout an exponent":   {put(`{"timeout":2e1,"items":[]}`), 400, "bad-json"},
		"timeout beyond":        {put(`{"timeout":99999999999,"items":[]}`), 400, "bad-json"},
		"unknown member":        {put(`{"timeout":20,"items":[],"admin":true}`), 400, "bad-json"},
		"member twice":          {put(`{"timeout":20,"timeout":21,"items":[]}`), 400, "bad-json"},
		"member twice, escaped": {put(`{"timeout":20,"time\u006fut":21,"items":[]}`), 400, "bad-json"},
		"key twice":             {put(`{"timeout":20,"items":[{"key":"a","value":{"type":"Null"}},{"key":"A","value":{"type":"Null"}}]}`), 400, "bad-json"},
		"another's id":          {put(`{"id":"` + id + `","timeout":20,"items":[]}`), 400, "bad-json"},
		"static by name":        {put(`{"timeout":20,"items":[],"static":["log"]}`), 400, "bad-json"},
		"rest is nothing":       {put(`{"timeout":20,"items":[],"rest":"AAAA"}`), 400, "bad-json"},
		"deep":                  {set(`{"type":"Object","json":` + strings.Repeat("[", 10_000)), 400, "bad-json"},
		"deep and closed":       {set(`{"type":"Object","of":"x","json":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + "}"), 400, "bad-json"},
		"deep graph":            {set(`{"type":"Object","stream":"","graph":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + "}"), 400, "bad-json"},
		"not UTF-8":             {typed("String", "\"\xff\""), 400, "bad-json"},
		"key not UTF-8":         {call{method: "PATCH", path: one, body: "{\"set\":{\"\xc3\":{\"type\":\"Null\"}}}"}, 400, "bad-json"},
		"half a pair":           {typed("String", `"\ud83d"`), 400, "bad-json"},
		"control in a text":     {typed("String", "\"a\tb\""), 400, "bad-json"},
		"set and removed":       {call{method: "PATCH", path: one, body: `{"set":{"k":{"type":"Null"}},"remove":["K"]}`}, 400, "bad-value"},
		"removed twice":         {call{method: "PATCH", path: one, body: `{"remove":["k","K"]}`}, 400, "bad-json"},
		"set twice":             {call{method: "PATCH", path: one, body: `{"set":{"k":{"type":"Null"},"K":{"type":"Null"}}}`}, 400, "bad-json"},
		"too large":             {put(`{"timeout":20,"items":[{"key":"k","value":{"type":"String","value":"` + strings.Repeat("x", 8<<10) + `"}}]}`), 413, "too-large"},
		"too large, raw":        {call{method: "PUT", path: second, raw: true, body: strings.Repeat("x", 4<<10+1), header: in("Aspstate-Lock", "2", "Aspstate-Timeout", "20")}, 413, "too-large"},
		"no session":            {call{method: "PUT", path: second, raw: true, body: "nonsense", header: in("Aspstate-Lock", "2", "Aspstate-Timeout", "20")}, 422, "not-a-session"},
		"empty payload":         {call{method: "PUT", path: second, raw: true, header: in("Aspstate-Lock", "2", "Aspstate-Timeout", "20", "Content-Type", "application/octet-stream")}, 422, "not-a-session"},
		"body to release":       {call{method: "DELETE", path: second + "/lock", header: mine, body: "{}"}, 400, "bad-body"},
		"body to lock":          {call{method: "POST", path: one + "/lock", body: "{}"}, 400, "bad-body"},
		"body to touch":         {call{method: "POST", path: one + "/touch", body: "{}"}, 400, "bad-body"},
		"rows: no JSON":         {call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: "{"}, 400, "bad-json"},
		"rows: a fence in part": {call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: `{"delete":{"app":"shop","id":"` + id + `"},"expect":{"timeout":20}}`}, 400, "bad-json"},
		"rows: no expectation":  {call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: `{"delete":{"app":"shop","id":"` + id + `"}}`}, 400, "bad-json"},
		"rows: one twice":       {call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: applied + "\n" + applied}, 400, "bad-json"},
		"rows: an empty id":     {call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: strings.Replace(applied, `"row"`, `""`, 1)}, 400, "bad-json"},
		"rows: revision":        {call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, header: lineType, body: strings.Replace(applied, `"5"`, `"-5"`, 1)}, 400, "bad-json"},
		"rows: as JSON":         {call{method: "POST", path: "/v1/rows/apply", key: rowsSecret, body: applied}, 415, "unsupported-media-type"},
		// values
		"no type":              {set(`{"value":"x"}`), 400, "bad-value"},
		"unknown type":         {set(`{"type":"Str","value":"x"}`), 400, "bad-value"},
		"type in lower case":   {set(`{"type":"string","value":"x"}`), 400, "bad-value"},
		"value is no object":   {set(`"x"`), 400, "bad-json"},
		"no value":             {set(`{"type":"Int32"}`), 400, "bad-value"},
		"Null with a value":    {typed("Null", `0`), 400, "bad-value"},
		"Int32 a text":         {typed("Int32", `"1"`), 400, "bad-value"},
		"Int32 beyond":         {typed("Int32", `2147483648`), 400, "bad-value"},
		"Int32 a fraction":     {typed("Int32", `1.0`), 400, "bad-value"},
		"Int32 with zeros":     {typed("Int32", `01`), 400, "bad-json"},
		"Byte below":           {typed("Byte", `-1`), 400, "bad-value"},
		"Int64 a number":       {typed("Int64", `1`), 400, "bad-value"},
		"Int64 beyond":         {typed("Int64", `"9223372036854775808"`), 400, "bad-value"},
		"Int64 with blanks":    {typed("Int64", `" 1"`), 400, "bad-value"},
		"UInt64 below":         {typed("UInt64", `"-1"`), 400, "bad-value"},
		"Decimal rounds":       {typed("Decimal", `"0.12345678901234567890123456789"`), 400, "bad-value"},
		"Decimal beyond":       {typed("Decimal", `"79228162514264337593543950336"`), 400, "bad-value"},
		"Decimal exponent":     {typed("Decimal", `"1e3"`), 400, "bad-value"},
		"Double beyond":        {typed("Double", `1e400`), 400, "bad-value"},
		"Single beyond":        {typed("Single", `1e39`), 400, "bad-value"},
		"Double a text":        {typed("Double", `"1.5"`), 400, "bad-value"},
		"Boolean a text":       {typed("Boolean", `"true"`), 400, "bad-value"},
		"Char of two":          {typed("Char", `"ab"`), 400, "bad-value"},
		"Char astral":          {typed("Char", `"😀"`), 400, "bad-value"},
		"DateTime with a zone": {typed("DateTime", `"2024-01-02T03:04:05Z"`), 400, "bad-value"},
		"DateTime not a day":   {typed("DateTime", `"2023-02-29T00:00:00"`), 400, "bad-value"},
		"DateTime year 0":      {typed("DateTime", `"0000-01-01T00:00:00"`), 400, "bad-value"},
		"DateTime too exact":   {typed("DateTime", `"2024-01-02T03:04:05.12345678"`), 400, "bad-value"},
		"TimeSpan 24 hours":    {typed("TimeSpan", `"24:00:00"`), 400, "bad-value"},
		"TimeSpan beyond":      {typed("TimeSpan", `"10675199.02:48:05.4775808"`), 400, "bad-value"},
		"Guid without hyphens": {typed("Guid", `"00112233445566778899aabbccddeeff"`), 400, "bad-value"},
		"base64 not padded":    {set(`{"bytes":"Fg"}`), 400, "bad-json"},
		"base64 line break":    {set(`{"bytes":"Fg\n=="}`), 400, "bad-json"},
		"base64 bits":          {set(`{"bytes":"Fh=="}`), 400, "bad-json"},
		"bytes differ":         {set(`{"type":"Int32","value":1,"bytes":"AgIAAAA="}`), 400, "bad-value"},
		"bytes of another":     {set(`{"type":"Int32","value":1,"bytes":"AQEx"}`), 400, "bad-value"},
		"Object alone":         {set(`{"type":"Object","class":"X"}`), 400, "bad-value"},
		"Object by a value":    {set(`{"type":"Object","value":{}}`), 400, "bad-value"},
		"Object no stream":     {set(`{"type":"Object","stream":"AAAA"}`), 400, "bad-value"},
		"Object no JSON of it": {set(`{"type":"Object","of":"List<int>","json":["x"]}`), 400, "bad-value"},
		"Object of a class":    {set(`{"type":"Object","of":"Demo.Cart","json":{}}`), 400, "bad-value"},
		"Object of no object":  {set(`{"type":"Object","of":"int","json":1}`), 400, "bad-value"},
		"Object of half":       {set(`{"type":"Object","json":[]}`), 400, "bad-value"},
		"Object of null":       {set(`{"type":"Object","of":"List<int>","json":null}`), 400, "bad-value"},
		"Undecodable lost":     {set(`{"type":"Undecodable","bytes":null,"error":"x"}`), 400, "bad-value"},
		"value of other type":  {set(`{"type":"String","value":"x","stream":"AAAA"}`), 400, "bad-value"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.front.Settings.MaxBody = 4 << 10
			if strings.HasPrefix(name, "deep") {
				s.front.Settings.MaxBody = 1 << 20
			}
			s.put(shop(id), blob("Ada"))
			s.put(shop(lockedSecond), blob("Grace"))
			if _, err := s.mem.GetExclusive(t.Context(), shop(lockedSecond)); err != nil {
				t.Fatal(err)
			}
			was := s.all()
			w := s.want(c.status, c.call)
			if c.name != "" {
				checkProblem(t, w.Body.Bytes(), c.name)
			}
			is := s.all()
			for i := range is { // refused reads renew
				is[i].Expires = was[i].Expires
				if is[i].Key.ID == id && strings.Contains(name, "body to lock") {
					continue
				}
				if is[i].Key.ID == id && is[i].Lock.Cookie > was[i].Lock.Cookie { // the server's own lock
					is[i].Lock.Cookie, is[i].Lock.Since = was[i].Lock.Cookie, was[i].Lock.Since
				}
			}
			if !reflect.DeepEqual(was, is) {
				t.Errorf("the store was\n%+v\nis\n%+v", was, is)
			}
		})
	}
}

func checkProblem(t *testing.T, body []byte, name string) {
	t.Helper()
	var p struct {
		Type           string
		LockAgeSeconds *int
		LockCookie     *int
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Type != "urn:aspstate:problem:"+name {
		t.Errorf("%s, %v, want %s: %s", p.Type, err, name, body)
	}
	stale := name == "lock-stale" && !strings.HasPrefix(t.Name(), "TestRefusals/not_held")
	if (stale || name == "session-locked") && (p.LockAgeSeconds == nil || p.LockCookie == nil || *p.LockCookie != 2) {
		t.Errorf("it does not tell of the lock: %s", body)
	}
}

// What lies about its own length, or is no HTTP, byte by byte over a connection.
func TestLies(t *testing.T) {
	s := newSite(t)
	s.front.Settings.MaxBody = 4 << 10
	s.front.Patience = time.Minute
	addr := s.listen(&bridge.Server{})
	head := "PUT " + one + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + shopSecret +
		"\r\nIf-None-Match: *\r\nAspstate-Timeout: 20\r\nContent-Type: application/octet-stream\r\n"
	payload := string(blob("Ada"))
	for name, c := range map[string]struct {
		request string
		status  int // 0: none
	}{
		"shorter than announced":  {head + "Content-Length: 9999\r\n\r\n", 413},
		"cut short":               {head + "Content-Length: 100\r\n\r\n" + payload[:20], 400},
		"chunk longer than it is": {head + "Transfer-Encoding: chunked\r\n\r\nff\r\n" + payload + "\r\n0\r\n\r\n", 400},
		"chunk size is no number": {head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + payload + "\r\n0\r\n\r\n", 400},
		"chunk size overflows":    {head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + payload, 400},
		"chunks without an end":   {head + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", 400},
		"chunks over the limit":   {head + "Transfer-Encoding: chunked\r\n\r\n2000\r\n" + strings.Repeat("x", 0x2000) + "\r\n0\r\n\r\n", 413},
		"another transfer coding": {head + "Transfer-Encoding: gzip\r\n\r\n" + payload, 501},
		"two lengths":             {head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400},
		"negative length":         {head + "Content-Length: -1\r\n\r\n", 400},
		"length is no number":     {head + "Content-Length: 1e1\r\n\r\n", 400},
		"no host":                 {strings.Replace(head, "Host: x\r\n", "", 1) + "Content-Length: 0\r\n\r\n", 400},
		"a head without end":      {head + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 40) + "\r\n", 431},
		"a broken escape":         {strings.Replace(head, id, "%zz", 1) + "Content-Length: 0\r\n\r\n", 400},
		"a blank in the path":     {strings.Replace(head, id, "a b", 1) + "Content-Length: 0\r\n\r\n", 400},
		"another protocol":        {"PRI * HTTP/3.0\r\n\r\n", 505},
		"a header with a NUL":     {head + "X: a\x00b\r\nContent-Length: 0\r\n\r\n", 400},
		"a header folded":         {head + " more\r\nContent-Length: 0\r\n\r\n", 415},
		"blanks before the colon": {head + "Content-Length : 5\r\n\r\nabcde", 400},
	} {
		t.Run(name, func(t *testing.T) {
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(time.Minute))
			if _, err := io.WriteString(nc, c.request); err != nil {
				t.Fatal(err)
			}
			nc.(*net.TCPConn).CloseWrite()
			res, err := http.ReadResponse(bufio.NewReader(nc), &http.Request{Method: "PUT"})
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != c.status {
				t.Errorf("%d, want %d", res.StatusCode, c.status)
			}
		})
	}
	if all := s.all(); len(all) > 0 {
		t.Errorf("%d sessions were made", len(all))
	}
}

// A body that is announced and does not come must not keep the connection of a refused request: net/http would wait for it before it answers.
func TestBodiesThatDoNotCome(t *testing.T) {
	s := newSite(t)
	s.front.Patience = 50 * time.Millisecond
	addr := s.listen(&bridge.Server{})
	key := "Authorization: Bearer " + shopSecret + "\r\n"
	json := "Content-Type: application/json\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"no key":           {"PUT " + one + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab", 401},
		"no key, chunks":   {"PUT " + one + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 401},
		"another type":     {"PATCH " + one + " HTTP/1.1\r\nHost: x\r\n" + key + "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\n", 415},
		"a body to read":   {"PATCH " + one + " HTTP/1.1\r\nHost: x\r\n" + key + json + "Content-Length: 10\r\n\r\n{", 400},
		"chunks to read":   {"PATCH " + one + " HTTP/1.1\r\nHost: x\r\n" + key + json + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", 400},
		"a body of a read": {"GET " + one + " HTTP/1.1\r\nHost: x\r\n" + key + "Content-Length: 10\r\n\r\n", 404},
		"a body of a lock": {"POST " + one + "/lock HTTP/1.1\r\nHost: x\r\n" + key + "Content-Length: 10\r\n\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(time.Minute))
			if _, err := io.WriteString(nc, c.request); err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(nc) // to the end of the connection
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("HTTP/1.1 %d ", c.status); !strings.HasPrefix(string(all), want) {
				t.Errorf("%.40q, want %q", all, want)
			}
		})
	}
}
