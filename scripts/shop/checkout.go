package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
)

// checkout has the cart: an object of a class of the .NET site.
func checkout(sessions *client.Sessions) http.Handler {
	sessions.Fail = fail
	m := http.NewServeMux()
	m.Handle("GET /cart", sessions.ReadOnly(sessions.HandlerFunc(showCart)))
	m.Handle("POST /cart/{sku}", sessions.HandlerFunc(addToCart))
	m.Handle("PUT /cart/{sku}", sessions.HandlerFunc(setQuantity))
	m.Handle("POST /logout", sessions.HandlerFunc(logOut))
	return m
}

func showCart(w http.ResponseWriter, r *http.Request, _ *client.Session) error {
	if err := greet(w, r); err != nil {
		return err
	}
	cart, _, err := client.Lookup[Cart](r.Context(), "Cart")
	if err != nil {
		return err
	}
	for _, l := range cart.Lines {
		fmt.Fprintf(w, "%3d × %-5s %v %s", l.Quantity, l.Sku, l.Price.Amount, l.Price.Currency)
		if l.Note != nil {
			fmt.Fprintf(w, "  %q", l.Note)
		}
		fmt.Fprintln(w)
	}
	return nil
}

// addToCart is POST /cart/A-1?quantity=2&note=To+Grace.
func addToCart(w http.ResponseWriter, r *http.Request, _ *client.Session) error {
	sku := r.PathValue("sku")
	if _, known := products[sku]; !known {
		return &refusal{http.StatusNotFound, "no such product"}
	}
	quantity, err := quantityOf(r, 1)
	if err != nil {
		return err
	}
	err = changeCart(r.Context(), func(c *Cart) error {
		if len(c.Lines) >= maxLines {
			return &refusal{http.StatusConflict, "the cart is full"}
		}
		c.add(sku, quantity, r.FormValue("note"))
		return nil
	})
	if err != nil {
		return err
	}
	return greet(w, r)
}

// setQuantity is PUT /cart/A-1?quantity=3; 0 takes the article out.
func setQuantity(w http.ResponseWriter, r *http.Request, _ *client.Session) error {
	quantity, err := quantityOf(r, 0)
	if err != nil {
		return err
	}
	err = changeCart(r.Context(), func(c *Cart) error {
		line := c.line(r.PathValue("sku"))
		if line == nil {
			return &refusal{http.StatusNotFound, "that is not in the cart"}
		}
		line.Quantity = quantity
		c.Lines = slices.DeleteFunc(c.Lines, func(l Line) bool { return l.Quantity == 0 })
		return nil
	})
	if err != nil {
		return err
	}
	return greet(w, r)
}

// logOut is Session.Abandon: the .NET pages have lost the session, too.
func logOut(w http.ResponseWriter, r *http.Request, s *client.Session) error {
	if err := s.Abandon(r.Context()); err != nil {
		return err
	}
	fmt.Fprintln(w, "Goodbye")
	return nil
}

const (
	maxLines    = 1000
	maxQuantity = 99
)

func quantityOf(r *http.Request, least int) (int32, error) {
	n, err := strconv.Atoi(r.FormValue("quantity"))
	if err != nil || n < least || n > maxQuantity {
		return 0, &refusal{http.StatusBadRequest, fmt.Sprintf("quantity is to be %d to %d", least, maxQuantity)}
	}
	return int32(n), nil
}

// changeCart changes the cart and what goes with it: its total and its version, which other pages read without decoding it. All
// of it happens under the lock, so that nobody else changes the cart meanwhile; an error leaves all as it was.
func changeCart(ctx context.Context, change func(*Cart) error) error {
	return client.Change(ctx, func(c *aspnetser.Collection) error {
		cart, _, err := client.Lookup[Cart](ctx, "Cart")
		if err == nil {
			err = change(&cart)
		}
		if err != nil {
			return err
		}
		cart.Version++
		total, err := cart.total()
		return errors.Join(err, aspnetser.Set(c, "Cart", &cart), aspnetser.Set(c, "CartTotal", total),
			aspnetser.Set(c, "CartVersion", cart.Version), hit(ctx, "CheckoutHits"))
	})
}
