package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
	"github.com/aspstate/aspstate/bridge/client"
)

// products are prices in cents, by article.
var products = map[string]uint64{"A-1": 4995, "B-77": 5000, "C": 125, "D-4": 9, "E-12": 120000, "F": 799}

// catalog shows products. What a visitor looked at last it keeps in his session, where the .NET pages show it too.
func catalog(sessions *client.Sessions) http.Handler {
	sessions.Fail = fail
	m := http.NewServeMux()
	m.Handle("GET /products", sessions.ReadOnly(sessions.HandlerFunc(listProducts)))
	m.Handle("GET /products/{sku}", sessions.HandlerFunc(showProduct))
	m.Handle("GET /visited", sessions.ReadOnly(sessions.HandlerFunc(showVisited)))
	return m
}

// listProducts is a page with EnableSessionState="ReadOnly": it never locks the session.
func listProducts(w http.ResponseWriter, r *http.Request, _ *client.Session) error {
	if err := greet(w, r); err != nil {
		return err
	}
	for _, sku := range slices.Sorted(maps.Keys(products)) {
		fmt.Fprintf(w, "%-5s %v EUR\n", sku, euros(products[sku]))
	}
	return nil
}

// showProduct changes the session: a List<string>, and counters.
func showProduct(w http.ResponseWriter, r *http.Request, _ *client.Session) error {
	sku := r.PathValue("sku")
	price, known := products[sku]
	if !known {
		return &refusal{http.StatusNotFound, "no such product"}
	}
	err := client.Update(r.Context(), "Visited", func(l nrbf.ListOf[string]) (nrbf.ListOf[string], error) {
		return lately(l, sku), nil
	})
	if err == nil {
		err = hit(r.Context(), "CatalogHits")
	}
	if err == nil {
		err = greet(w, r)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s costs %v EUR\n", sku, euros(price))
	return nil
}

func showVisited(w http.ResponseWriter, r *http.Request, _ *client.Session) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	seen, _, err := client.Lookup[[]string](r.Context(), "Visited")
	if err != nil {
		return err
	}
	for _, sku := range seen {
		fmt.Fprintln(w, sku)
	}
	return nil
}

// keepVisited is how many products are remembered.
const keepVisited = 4

// lately puts a product first.
func lately(seen []string, sku string) []string {
	next := []string{sku}
	for _, s := range seen {
		if s != sku && len(next) < keepVisited {
			next = append(next, s)
		}
	}
	return next
}
