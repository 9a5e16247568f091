package cli

import (
	"bytes"
	"io"
)

// lines drops line ends, so that JSON is one line. In texts they are escaped.
type lines struct{ w io.Writer }

func (l lines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		line, rest, _ := bytes.Cut(p, []byte{'\n'})
		if _, err := l.w.Write(line); err != nil {
			return 0, err
		}
		p = rest
	}
	return n, nil
}

// output is where a result goes. It remembers that writing failed: a result that was not written is none.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// or returns the error of writing, else err.
func (o *output) or(err error) error {
	if o.err != nil {
		return errJSON(o.err)
	}
	return err
}
