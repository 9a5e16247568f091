package httpapi

import (
	"errors"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/corejson"
)

// Objects knows the JSON of objects of .NET types. Its methods may be called concurrently; their errors and what they return
// as a type are for the client, and hold no values.
type Objects interface {
	// Natural returns the JSON of an object and the type by which Parse reads it again, such as List<string>, if nothing is lost
	// by that.
	Natural(v aspnetser.Value) (json []byte, of string, exact bool)
	// Parse makes an object of a type of its JSON.
	Parse(of string, json []byte) (aspnetser.Value, error)
	// Equal says whether two JSON texts are equal in value.
	Equal(a, b []byte) bool
}

// coreObjects are the objects that need no description of the application's classes: arrays, lists, sets and dictionaries of
// .NET's own types, as System.Text.Json writes them.
type coreObjects struct{}

func (coreObjects) Natural(v aspnetser.Value) (json []byte, of string, exact bool) {
	json, exact = corejson.Natural(v)
	if !exact {
		return nil, "", false
	}
	of, exact, _ = corejson.Carries(v)
	return json, of, exact
}

func (coreObjects) Parse(of string, json []byte) (aspnetser.Value, error) {
	t, err := corejson.ParseType(of)
	if err != nil {
		return aspnetser.Value{}, errors.New("the type is not known without its class")
	}
	return t.FromJSON(json, aspnetser.Value{}, false)
}

func (coreObjects) Equal(a, b []byte) bool { return corejson.Equal(a, b) }

func (f *Front) objects() Objects {
	if f.Objects == nil {
		return coreObjects{}
	}
	return f.Objects
}
