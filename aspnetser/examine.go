package aspnetser

// Examine says how blob is stored and whether it can be decoded: the error is the first that Decode or Session.Err would
// give, a *MalformedError or a *LimitError, and nil means that all of it can be. The form is FormUnknown exactly where the
// container cannot be read; an item that cannot be decoded leaves it known. Of Object values it only sees that they are
// there.
//
// It builds no values and keeps nothing. It may be called concurrently.
func Examine(blob []byte, o Options) (Form, error) {
	sc := newScratch()
	defer sc.release()
	r, err := read(blob, o, sc, sc.inflated[:0])
	if r.form == FormCompressed && cap(r.container.blob) > cap(sc.inflated) {
		sc.inflated = r.container.blob
	}
	if err != nil {
		return FormUnknown, err
	}
	return r.form, r.itemErr(o, sc)
}
