package httpapi

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the description of the API, an OpenAPI 3.1 document.
func OpenAPI() []byte { return append([]byte(nil), openAPI...) }

// describe answers the description, to everybody.
func (x *exchange) describe() *problem {
	if x.r.Method != http.MethodGet {
		p := problemMethod.because("The resource has GET.")
		p.allow = "GET"
		return p
	}
	x.w.Header()["Cache-Control"] = []string{"max-age=300"}
	return x.sendJSON(openAPI)
}
