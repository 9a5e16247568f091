package remoteapp

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
)

// newTransport passes bodies on as they are, and does not ask the environment for a proxy.
func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy, t.DisableCompression = nil, true
	return t
}

// newProxy passes requests on to the Framework application of an App (section 3.1): with the client's Host and what proxies
// before this one have said of it, without the API key unless that is wanted. Errors are told without the path, which may
// have anything in it.
func (h *Handler) newProxy(a *App) (*httputil.ReverseProxy, error) {
	if a.Upstream.Host == "" || a.Upstream.Scheme != "http" && a.Upstream.Scheme != "https" || a.Upstream.User != nil {
		return nil, fmt.Errorf("upstream: want http:// or https:// with a host, and no password")
	}
	header, upstream := a.KeyHeader, *a.Upstream
	if header == "" {
		header = DefaultKeyHeader
	}
	return &httputil.ReverseProxy{
		Transport: h.o.Transport,
		ErrorLog:  log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&upstream)
			r.Out.Host = r.In.Host
			for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if v, ok := r.In.Header[name]; ok {
					r.Out.Header[name] = v
				}
			}
			if !a.UpstreamKey {
				r.Out.Header.Del(header)
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				h.said.Warn(h.o.Logger, "an upstream does not answer", "app", a.Name)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}, nil
}
