package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// Key is an API key. Only its hash is kept.
type Key struct {
	App  string // the application that it opens; empty for a key of rows
	Rows bool   // it opens /v1/rows, which has the sessions of all applications
	Hash [sha256.Size]byte
}

// AppKey is the key of an application.
func AppKey(app, secret string) Key { return Key{App: app, Hash: sha256.Sum256([]byte(secret))} }

// RowsKey is a key for migrations.
func RowsKey(secret string) Key { return Key{Rows: true, Hash: sha256.Sum256([]byte(secret))} }

// String hides the key.
func (k Key) String() string {
	if k.Rows {
		return "key of rows"
	}
	return "key of application " + k.App
}

// grant says what a request's key opens.
type grant struct {
	keys  []Key
	match []bool
}

// allows says whether one of the matching keys is as wanted.
func (g *grant) allows(want func(*Key) bool) bool {
	for i := range g.keys {
		if g.match[i] && want(&g.keys[i]) {
			return true
		}
	}
	return false
}

// authenticate looks for the keys that a request presents: one secret may stand for several applications. The time that it
// takes says nothing about them.
func (x *exchange) authenticate() (g grant, p *problem) {
	h := x.r.Header["Authorization"]
	if len(h) == 0 {
		return g, problemNoKey.because("The request has no Authorization header with a key: Bearer KEY.")
	}
	scheme, secret, _ := strings.Cut(h[0], " ")
	if len(h) > 1 || !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return g, problemNoKey.because("The Authorization header is not of the form Bearer KEY.")
	}
	sum := sha256.Sum256([]byte(secret))
	g.keys = x.set.Keys
	var few [8]bool
	if g.match = few[:]; len(g.keys) > len(few) {
		g.match = make([]bool, len(g.keys))
	}
	any := 0
	for i := range g.keys {
		same := subtle.ConstantTimeCompare(sum[:], g.keys[i].Hash[:])
		g.match[i] = same == 1
		any |= same
	}
	if any == 0 {
		return g, problemNoKey.because("The key is not known here.")
	}
	return g, nil
}
