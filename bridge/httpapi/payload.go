package httpapi

import (
	"errors"
	"fmt"

	"github.com/aspstate/aspstate/aspnetser"
)

// compressed says how the application's nodes write; nil: nobody knows.
func (x *exchange) compressed() *bool {
	if x.set.Registry == nil {
		return nil
	}
	app, _ := x.set.Registry.ByName(x.key.App)
	return app.Compressed
}

// reading are the options by which a payload is read: where its bytes leave it open whether it is compressed, what the
// application's nodes write decides.
func (x *exchange) reading(payload []byte) aspnetser.Options {
	var o aspnetser.Options
	if written := x.compressed(); written != nil {
		if d, err := aspnetser.Detect(payload, o); err == nil && !d.Sure {
			o.Compressed = aspnetser.CompressionNo
			if *written {
				o.Compressed = aspnetser.CompressionYes
			}
			if _, err := aspnetser.Examine(payload, o); err == nil {
				return o
			}
			o.Compressed = aspnetser.CompressionAuto
		}
	}
	return o
}

// written is the form in which the application's nodes write, or the given one where nobody knows.
func (x *exchange) written(otherwise aspnetser.Form) aspnetser.Form {
	switch c := x.compressed(); {
	case c == nil:
		return otherwise
	case *c:
		return aspnetser.FormCompressed
	}
	return aspnetser.FormPlain
}

// recode checks that a payload is a session, and gives it the form in which the application's nodes write, if its own is
// certain.
func (x *exchange) recode(payload []byte) ([]byte, *problem) {
	if x.set.Opaque {
		return payload, nil
	}
	form, err := aspnetser.Examine(payload, aspnetser.Options{})
	if form == aspnetser.FormUnknown {
		return nil, notASession(err)
	}
	want := x.written(form)
	if want == form {
		return payload, nil
	}
	d, err := aspnetser.Detect(payload, aspnetser.Options{})
	if err != nil || !d.Sure {
		return payload, nil
	}
	if want == aspnetser.FormCompressed {
		payload, err = aspnetser.Deflate(nil, payload)
	} else {
		payload, err = aspnetser.Inflate(nil, payload, aspnetser.Options{})
	}
	if err != nil {
		return nil, notASession(err)
	}
	return payload, nil
}

// notASession says why a payload cannot be read: names of items and offsets, but none of their values.
func notASession(err error) *problem {
	var malformed *aspnetser.MalformedError
	if errors.As(err, &malformed) {
		return problemNoSession.because(fmt.Sprintf("At offset %d: %s.", malformed.Offset, malformed.Reason))
	}
	var over *aspnetser.LimitError
	if errors.As(err, &over) {
		return problemNoSession.because(fmt.Sprintf("It has more than %d %s.", over.Max, over.What))
	}
	return problemNoSession.because("It cannot be read.")
}
