package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/bridge/client"
	"github.com/aspstate/aspstate/session"
	"github.com/aspstate/aspstate/session/memstore"
)

// A Go service behind the host name of a .NET Framework site reads who has signed in there, and counts visits in the same
// session. With client.New the store is a bridge; here it is in memory, and the .NET page has been there before.
func Example() {
	store := memstore.New(memstore.Options{})
	defer store.Close()
	signIn(store, "abcdefghijklmnopqrstuv05", "Ada")

	shop := &client.Sessions{Store: store, App: "shop"}
	visit := shop.HandlerFunc(func(w http.ResponseWriter, r *http.Request, s *client.Session) error {
		name, signedIn, err := client.Lookup[string](r.Context(), "UserName")
		if err != nil {
			return err
		}
		if !signedIn {
			http.Redirect(w, r, "/login.aspx", http.StatusFound)
			return nil
		}
		n, _, err := client.Lookup[int32](r.Context(), "Visits")
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s, visit %d", name, n+1)
		return s.Set(r.Context(), "Visits", n+1)
	})

	for range 2 {
		r := httptest.NewRequest("GET", "/visit", nil)
		r.AddCookie(&http.Cookie{Name: "ASP.NET_SessionId", Value: "abcdefghijklmnopqrstuv05"})
		w := httptest.NewRecorder()
		visit.ServeHTTP(w, r)
		fmt.Println(w.Body)
	}
	// Output:
	// Ada, visit 1
	// Ada, visit 2
}

// signIn does what a .NET page does by Session["UserName"] = name.
func signIn(store session.Store, id, name string) {
	c := &aspnetser.Collection{Timeout: 20}
	c.Set("UserName", aspnetser.String(name))
	blob, err := c.Append(nil)
	if err == nil {
		err = store.SetAndRelease(context.Background(), session.Key{App: "shop", ID: id}, session.Value{Payload: blob, Timeout: 20}, session.Insert())
	}
	if err != nil {
		log.Fatal(err)
	}
}

// Who reads before writing is told if somebody was faster, and begins again; the session is locked by then.
func ExampleSet() {
	store := memstore.New(memstore.Options{})
	defer store.Close()
	signIn(store, "abcdefghijklmnopqrstuv05", "Ada")
	rename := (&client.Sessions{Store: store, App: "shop"}).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			name, err := client.Get[string](r.Context(), "UserName")
			if err == nil {
				err = client.Set(r.Context(), "UserName", name+" Lovelace")
			}
			if err == client.ErrChanged {
				continue
			}
			fmt.Println(name, err)
			return
		}
	}))
	r := httptest.NewRequest("GET", "/rename", nil)
	r.AddCookie(&http.Cookie{Name: "ASP.NET_SessionId", Value: "abcdefghijklmnopqrstuv05"})
	rename.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// Ada <nil>
}
