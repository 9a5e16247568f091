package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aspstate/aspstate/bridge/httpapi"
)

// describer holds answers to the description.
type describer struct {
	schemas
	mu      sync.Mutex
	seen    map[string]bool // operation and status
	problem map[string]bool // names
}

// described checks all answers of all tests.
var described = func() *describer {
	d := &describer{seen: map[string]bool{}, problem: map[string]bool{}}
	doc, err := parse(httpapi.OpenAPI())
	if err != nil {
		panic(err)
	}
	d.doc = doc.(map[string]any)
	return d
}()

func parse(b []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err = dec.Decode(&v); err == nil && dec.More() {
		err = fmt.Errorf("something stands behind the end")
	}
	return v, err
}

// operation finds the operation of a request: nil where the path is none that is described; allowed are its methods.
func (d *describer) operation(method, path string) (op map[string]any, allowed []string) {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
templates:
	for template, item := range d.doc["paths"].(map[string]any) {
		want := strings.Split(template, "/")
		if len(want) != len(parts) {
			continue
		}
		for i, w := range want {
			if w != parts[i] && !strings.HasPrefix(w, "{") {
				continue templates
			}
		}
		for name, one := range item.(map[string]any) {
			if name == "parameters" {
				continue
			}
			allowed = append(allowed, strings.ToUpper(name))
			if strings.ToUpper(name) == method {
				op = one.(map[string]any)
			}
		}
		return op, allowed
	}
	return nil, nil
}

// check checks an answer.
func (d *describer) check(t testing.TB, c call, w *httptest.ResponseRecorder) {
	t.Helper()
	if err := d.wrong(c, w); err != nil {
		t.Errorf("%s %.100s gives %d, which is not as described: %v\n%.300s", c.method, c.path, w.Code, err, w.Body)
	}
}

func (d *describer) wrong(c call, w *httptest.ResponseRecorder) error {
	media := w.Header().Get("Content-Type")
	if media == "application/problem+json" && c.method != "HEAD" {
		v, err := parse(w.Body.Bytes())
		if err == nil {
			err = d.schemas.check(v, map[string]any{"$ref": "#/components/schemas/Problem"}, "problem")
		}
		if err != nil {
			return err
		}
		p := v.(map[string]any)
		if p["status"] != json.Number(strconv.Itoa(w.Code)) {
			return fmt.Errorf("status %v", p["status"])
		}
		d.mu.Lock()
		d.problem[strings.TrimPrefix(p["type"].(string), "urn:aspstate:problem:")] = true
		d.mu.Unlock()
	}
	op, allowed := d.operation(c.method, c.path)
	if op == nil {
		switch {
		case w.Code == 401, w.Code == 403, w.Code == 400, allowed == nil && w.Code == 404:
			return nil
		case allowed != nil && w.Code == 405:
			got := strings.Split(w.Header().Get("Allow"), ", ")
			slices.Sort(got)
			if slices.Sort(allowed); !slices.Equal(got, allowed) {
				return fmt.Errorf("Allow %v, want %v", got, allowed)
			}
			return nil
		}
		return fmt.Errorf("there is no such operation")
	}
	responses := op["responses"].(map[string]any)
	raw, ok := responses[strconv.Itoa(w.Code)].(map[string]any)
	if !ok {
		return fmt.Errorf("operation %v has no such status", op["operationId"])
	}
	d.mu.Lock()
	d.seen[op["operationId"].(string)+" "+strconv.Itoa(w.Code)] = true
	d.mu.Unlock()
	response, err := d.resolve(raw)
	if err != nil {
		return err
	}
	if err := d.headers(response, w); err != nil {
		return err
	}
	content, _ := response["content"].(map[string]any)
	if len(content) == 0 {
		if w.Body.Len() > 0 || media != "" {
			return fmt.Errorf("there is a body, of %q", media)
		}
		return nil
	}
	kind, ok := content[media].(map[string]any)
	if !ok {
		return fmt.Errorf("the body is of %q", media)
	}
	if w.Code < 300 && c.body != "" && !c.raw && d.known(c) {
		if err := d.request(op, c); err != nil {
			return err
		}
	}
	return d.body(kind, media, w.Body.Bytes())
}

func (d *describer) known(c call) bool { return c.header.Get("Content-Encoding") == "" }

// request checks the body of a request that was taken.
func (d *describer) request(op map[string]any, c call) error {
	content := op["requestBody"].(map[string]any)["content"].(map[string]any)
	for media, kind := range content {
		if media != "application/octet-stream" {
			return d.body(kind.(map[string]any), media, []byte(c.body))
		}
	}
	return nil
}

func (d *describer) body(kind map[string]any, media string, b []byte) error {
	schema, has := kind["schema"]
	if !has {
		return nil
	}
	bodies := [][]byte{b}
	if media == "application/x-ndjson" {
		bodies = bytes.Split(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
	}
	for i, one := range bodies {
		v, err := parse(one)
		if err == nil {
			err = d.schemas.check(v, schema, fmt.Sprint("body ", i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *describer) headers(response map[string]any, w *httptest.ResponseRecorder) error {
	described, _ := response["headers"].(map[string]any)
	for name, raw := range described {
		h := raw.(map[string]any)
		v := w.Header().Get(name)
		if v == "" {
			if h["required"] != false {
				return fmt.Errorf("there is no header %s", name)
			}
			continue
		}
		if err := d.schemas.check(v, h["schema"], name); err != nil {
			return err
		}
	}
	for name := range w.Header() {
		if _, is := described[name]; !is && strings.HasPrefix(name, "Aspstate-") {
			return fmt.Errorf("header %s is not described", name)
		}
	}
	return nil
}

// missing are the operations with statuses, and the problems, that nothing has provoked.
func (d *describer) missing() (left []string) {
	names := map[string]bool{}
	for _, item := range d.doc["paths"].(map[string]any) {
		for name, raw := range item.(map[string]any) {
			if name == "parameters" {
				continue
			}
			op := raw.(map[string]any)
			for status, raw := range op["responses"].(map[string]any) {
				if what := op["operationId"].(string) + " " + status; !d.seen[what] {
					left = append(left, what)
				}
				if response, err := d.resolve(raw.(map[string]any)); err == nil {
					text, _ := json.Marshal(response)
					for _, part := range strings.Split(string(text), "urn:aspstate:problem:")[1:] {
						name, _, _ := strings.Cut(part, `"`)
						names[name] = true
					}
				}
			}
		}
	}
	for name := range maps.Keys(names) {
		if !d.problem[name] {
			left = append(left, name)
		}
	}
	for name := range d.problem {
		if !names[name] && name != "no-such-resource" && name != "method-not-allowed" {
			left = append(left, "not described: "+name)
		}
	}
	slices.Sort(left)
	return left
}
