package aspnetser_test

import (
	"fmt"
	"log"

	"github.com/aspstate/aspstate/aspnetser"
	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// Prefs is a class of the application:
//
//	namespace Shop
//	{
//		[Serializable]
//		public class Prefs
//		{
//			public string Theme { get; set; }
//			public int PageSize { get; set; }
//		}
//	}
//
// To read it, fields of the same names are enough. To write it, it takes the name of the class and of its assembly, and
// that these are properties.
type Prefs struct {
	_        nrbf.Class `nrbf:"Shop.Prefs, Shop, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null"`
	Theme    string     `nrbf:",property"`
	PageSize int32      `nrbf:",property"`
}

// stored returns what the session store holds for one session. Here it is made; the application would have set
//
//	Session["names"] = new List<string> { "Ada", "Grace" };
//	Session["prefs"] = new Prefs { Theme = "light", PageSize = 25 };
//	Session["visits"] = 3;
func stored() []byte {
	c := &aspnetser.Collection{Timeout: 20}
	for key, x := range map[string]any{
		"names":  nrbf.ListOf[string]{"Ada", "Grace"},
		"prefs":  &Prefs{Theme: "light", PageSize: 25},
		"visits": int32(3),
	} {
		if err := aspnetser.Set(c, key, x); err != nil {
			log.Fatal(err)
		}
	}
	blob, err := c.Append(nil)
	if err != nil {
		log.Fatal(err)
	}
	return blob
}

// A program reads a List<string> and a class of the application from a session and changes a string and a number. The
// application reads the result as if it had written it.
func Example() {
	c, err := aspnetser.Open(stored(), aspnetser.Options{})
	if err != nil {
		log.Fatal(err)
	}
	names, err := aspnetser.Get[[]string](c, "names")
	if err != nil {
		log.Fatal(err)
	}
	prefs, err := aspnetser.Get[Prefs](c, "prefs")
	if err != nil {
		log.Fatal(err)
	}
	visits, err := aspnetser.Get[int32](c, "visits")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(names, prefs.Theme, prefs.PageSize, visits)

	// A string inside of an object is changed where it stands; nothing else of the object has to be known.
	for path, text := range map[string]string{"prefs.Theme": "dark", "names[1]": "Barbara"} {
		place, err := c.Lookup(path)
		if err != nil {
			log.Fatal(err)
		}
		if v, ok := place.Value(); ok {
			if err := v.Set(text); err != nil {
				log.Fatal(err)
			}
		}
	}
	c.Set("visits", aspnetser.Int32(visits+1)) // or aspnetser.Set(c, "visits", visits+1)

	blob, err := c.Append(nil) // to be written back to the store
	if err != nil {
		log.Fatal(err)
	}
	again, err := aspnetser.Open(blob, aspnetser.Options{})
	if err != nil {
		log.Fatal(err)
	}
	names, _ = aspnetser.Get[[]string](again, "names")
	prefs, _ = aspnetser.Get[Prefs](again, "prefs")
	visits, _ = aspnetser.Get[int32](again, "visits")
	fmt.Println(names, prefs.Theme, prefs.PageSize, visits)
	// Output:
	// [Ada Grace] light 25 3
	// [Ada Barbara] dark 25 4
}
