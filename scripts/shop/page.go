package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
)

// page is a handler that may fail. Until it has returned nothing leaves for the browser, so that it can be called again, and its
// error still has a status. What it has set by then is saved all the same: it sets when nothing can go wrong any more.
type page func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP implements http.Handler.
func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	err := p(w, r)
	if errors.Is(err, client.ErrChanged) { // it had read before it locked, and somebody was faster: now the session is locked
		err = p(w, r)
	}
	var no *refusal
	switch {
	case err == nil:
	case errors.As(err, &no):
		http.Error(w, no.why, no.status)
	default:
		slog.Error("a page failed", "path", r.URL.Path, "error", err)
		http.Error(w, "try again in a moment", http.StatusServiceUnavailable)
	}
}

// refusal is what the visitor has done wrong.
type refusal struct {
	status int
	why    string
}

func (e *refusal) Error() string { return e.why }

// item is a session's item, or the zero T where there is none, as a C# cast of null has it.
func item[T any](ctx context.Context, key string) (T, error) {
	x, err := client.Get[T](ctx, key)
	if errors.Is(err, aspnetser.ErrNoItem) {
		err = nil
	}
	return x, err
}

// hit counts a page, as every page of the site does: together, and by the service.
func hit(ctx context.Context, own string) error {
	for _, key := range []string{"HitCount", own} {
		if err := client.Update(ctx, key, func(n int32) (int32, error) { return n + 1, nil }); err != nil {
			return err
		}
	}
	return nil
}

// greet writes the line that every page begins with: who has signed in at the .NET site, and what is in the cart. The total is
// kept beside the cart so that pages which show only this need not decode it.
func greet(w http.ResponseWriter, r *http.Request) error {
	name, err := item[string](r.Context(), "UserName")
	if err != nil {
		return err
	}
	total, err := item[aspnetser.Decimal](r.Context(), "CartTotal")
	if err != nil {
		return err
	}
	if name == "" {
		name = "stranger"
	}
	fmt.Fprintf(w, "Hello %s, cart: %v EUR\n", name, total)
	return nil
}
