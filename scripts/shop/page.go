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

// fail answers for a page that has returned an error. What it had set is dropped by then, and so is what it had written.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var no *refusal
	if errors.As(err, &no) {
		http.Error(w, no.why, no.status)
		return
	}
	slog.Error("a page failed", "path", r.URL.Path, "error", err)
	http.Error(w, "try again in a moment", http.StatusServiceUnavailable)
}

// refusal is what the visitor has done wrong.
type refusal struct {
	status int
	why    string
}

func (e *refusal) Error() string { return e.why }

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
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	name, signedIn, err := client.Lookup[string](r.Context(), "UserName")
	if err != nil {
		return err
	}
	total, _, err := client.Lookup[aspnetser.Decimal](r.Context(), "CartTotal")
	if err != nil {
		return err
	}
	if !signedIn {
		name = "stranger"
	}
	fmt.Fprintf(w, "Hello %s, cart: %v EUR\n", name, total)
	return nil
}
