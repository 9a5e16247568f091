package aspnetser

import (
	"errors"
	"io"
)

// reading is a blob whose form has been settled and whose container has been indexed.
type reading struct {
	form      Form
	container container
	padding   []byte // of a compressed blob: what stands behind the deflate data
	tried     Form   // how it was read; form is the same unless that failed
}

// read settles the form of blob and indexes it. Of a compressed blob the inflated bytes are appended to buf. The tables
// are in sc.
//
// Without being told, plain is what can be read up to an end byte that is the last byte. Else compressed is what inflates
// to something that can be read; else plain is what can be read and has bytes after its end byte. If nothing can be read
// the error is that of the reading which got further.
func read(blob []byte, o Options, sc *scratch, buf []byte) (reading, error) {
	var plain, packed reading
	switch o.Compressed {
	case CompressionNo:
		return plain, plain.plain(blob, o, sc)
	case CompressionYes:
		return packed, packed.compressed(blob, o, sc, buf)
	}
	plainErr := plain.plain(blob, o, sc)
	if plainErr == nil && plain.container.end == len(blob) {
		return plain, nil
	}
	packedErr := packed.compressed(blob, o, sc, buf)
	switch {
	case packedErr == nil:
		return packed, nil
	case plainErr == nil:
		return plain, plain.plain(blob, o, sc) // once more, for the tables
	case looksCompressed(plainErr, packedErr, packed):
		return packed, packedErr
	}
	return plain, plainErr
}

func (r *reading) plain(blob []byte, o Options, sc *scratch) error {
	r.tried, sc.stored = FormPlain, len(blob)
	if f := r.container.open(blob, o, sc); f.code != noFault {
		return f.err(sc.name(blob, f), false, o, sc.graphErr)
	}
	r.form = FormPlain
	return nil
}

// compressed leaves in r.container.blob what could be inflated, also on an error.
func (r *reading) compressed(blob []byte, o Options, sc *scratch, buf []byte) error {
	r.tried, sc.stored = FormCompressed, len(blob)
	inner, n, err := inflate(buf, blob, o.maxInflated(len(blob)))
	inner = inner[len(buf):]
	r.container.blob = inner
	var tooLarge *LimitError
	if errors.As(err, &tooLarge) {
		// What can be had may be wrong already: then that is said, not the limit (fixture z-bomb-zeros).
		if f := r.container.open(inner, o, sc); f.code != noFault {
			if wrong := f.err(sc.name(inner, f), true, o, sc.graphErr); !cutShort(wrong) {
				return wrong
			}
		}
	}
	if err != nil {
		return err
	}
	r.padding = blob[n:]
	if f := r.container.open(inner, o, sc); f.code != noFault {
		return f.err(sc.name(inner, f), true, o, sc.graphErr)
	}
	r.form = FormCompressed
	return nil
}

// itemErr returns the error of the first item that cannot be decoded.
func (r *reading) itemErr(o Options, sc *scratch) error {
	c := &r.container
	var v rawValue
	for i := range c.items() {
		_, _, f := c.item(i, &v)
		if f.code == noFault && v.typ == TypeObject {
			f = sc.checkGraph(c, i, &v, o)
		}
		if f.code != noFault {
			return f.err(sc.name(c.blob, f), r.form == FormCompressed, o, sc.graphErr)
		}
	}
	return nil
}

// checkGraph looks for what is wrong with the graph of the Object v.
func (sc *scratch) checkGraph(c *container, i int, v *rawValue, o Options) fault {
	_, err := sc.decoder(o).Check(string(v.text.of(c.blob)))
	return sc.graphFault(i, v, err)
}

// graphFault is the fault of item i, an Object whose graph gave err; none where that is nil.
func (sc *scratch) graphFault(i int, v *rawValue, err error) fault {
	if sc.graphErr = err; err == nil {
		return fault{}
	}
	return fault{code: faultGraph, field: fieldValue, item: int32(i) + 1, off: v.text.off}
}

// name returns the key or name that f is about, as far as it is known.
func (sc *scratch) name(blob []byte, f fault) string {
	switch i, j := int(f.item)-1, int(f.static)-1; {
	case i >= 0 && i < len(sc.keys):
		return string(sc.bytes(blob, &sc.keys[i]))
	case j >= 0 && j < len(sc.statics):
		return string(sc.bytes(blob, &sc.statics[j].name))
	}
	return ""
}

// looksCompressed says, of a blob that nobody can read, whether its error as a compressed one tells more. Deflate data
// that are sound and fill the blob, or that are only too long, do not come about by accident; of those that break off,
// what they inflate to has to make sense so far, and the plain reading must have failed for something else than missing
// bytes. A few bytes of a plain blob may well be sound deflate data: 03 00, a timeout of 3, is a whole empty stream.
func looksCompressed(plainErr, packedErr error, packed reading) bool {
	var tooLarge *LimitError
	var broken *MalformedError
	inner := packed.container.blob
	switch {
	case errors.As(packedErr, &tooLarge):
		return true
	case len(inner) < minBlob:
		return false
	case errors.As(packedErr, &broken) && broken.Inflated:
		return len(packed.padding) <= 1
	case cutShort(plainErr):
		return false
	}
	sc := newScratch()
	defer sc.release()
	err := new(reading).plain(inner, Options{}, sc)
	return err == nil || cutShort(err)
}

// minBlob is the size of the smallest blob (fixture empty).
const minBlob = 7

// cutShort says whether err is about missing bytes.
func cutShort(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF)
}

// Detection is what Detect found.
type Detection struct {
	Form Form

	// Sure says that there is no other sensible reading. A plain blob is certain to be plain when its last byte is its end
	// byte and it does not inflate to a blob as well.
	Sure   bool
	Reason string // for people, half a sentence
}

// Detect finds out whether blob is compressed, whatever o.Compressed says, and how sure that is. The error is that of
// Decode, concerning the container; it does not look into the values.
func Detect(blob []byte, o Options) (Detection, error) {
	o.Compressed = CompressionAuto
	sc := newScratch()
	defer sc.release()
	r, err := read(blob, o, sc, nil)
	if err != nil {
		return Detection{Reason: "neither a plain nor a compressed blob"}, err
	}
	end := r.container.end
	if r.form == FormCompressed {
		d := Detection{Form: FormCompressed, Sure: true, Reason: "inflates to a blob of " + plural(end, "byte")}
		if new(reading).plain(blob, o, sc) == nil {
			d.Sure, d.Reason = false, d.Reason+", but could also be a plain one with bytes after its end"
		}
		return d, nil
	}
	d := Detection{Form: FormPlain, Sure: true, Reason: "reads as a plain blob up to the last byte"}
	if end < len(blob) {
		d.Sure, d.Reason = false, "reads as a plain blob with "+plural(len(blob)-end, "byte")+" after its end"
	} else if new(reading).compressed(blob, o, sc, nil) == nil {
		d.Sure, d.Reason = false, d.Reason+", but inflates to a blob too"
	}
	return d, nil
}
