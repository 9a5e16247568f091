package aspnetser

import (
	"io"

	"github.com/aspstate/aspstate/aspnetser/nrbf"
)

// flusher hands on what a view of a session has gathered. The zero flusher keeps all.
type flusher struct {
	w   io.Writer
	err error // the first of w
}

// flush writes p where there is somewhere to write it, and returns the buffer to go on with.
func (f *flusher) flush(p []byte) []byte {
	if f.w == nil {
		return p
	}
	if f.err == nil {
		_, f.err = f.w.Write(p)
	}
	return p[:0]
}

// full is flush for a buffer that holds enough.
func (f *flusher) full(p []byte) []byte {
	if len(p) < nrbf.FlushSize {
		return p
	}
	return f.flush(p)
}
