package aspnetser

// Index tells where the items of a blob are: keys and slots, no values. It is for those who look at one item of many, or
// at how large they are. The zero Index is empty. Read may be called any number of times; after the first it allocates
// nothing for blobs that are no larger, unless they have static Objects, which have to be decoded to find their end.
//
// What Key and Slot return is part of the blob, or, of compressed ones, of memory that the next Read writes to. An Index is
// for one goroutine at a time while it is read.
type Index struct {
	r  reading
	sc scratch
}

// Read indexes blob, which must not change while the Index is in use. It sees what Decode sees of the container, but does
// not look for equal keys, and its errors are those of Decode; after an error the Index is empty.
func (x *Index) Read(blob []byte, o Options) error {
	x.sc.unchecked = true
	r, err := read(blob, o, &x.sc, x.sc.inflated[:0])
	if r.form == FormCompressed {
		x.sc.inflated = r.container.blob
	}
	if x.r = r; err != nil {
		x.r = reading{}
	}
	return err
}

// Form returns how the blob is stored.
func (x *Index) Form() Form { return x.r.form }

// Timeout returns the timeout in minutes.
func (x *Index) Timeout() int32 { return x.r.container.timeout }

// Len returns the number of items.
func (x *Index) Len() int { return x.r.container.items() }

// Key returns the key of item i in UTF-8, 0 ≤ i < Len: nil for the null key, which the empty one is not.
func (x *Index) Key(i int) []byte {
	t := &x.sc.keys[i]
	if t.null {
		return nil
	}
	return x.sc.bytes(x.r.container.blob, t)
}

// Slot returns the bytes of item i, 0 ≤ i < Len, as the table of ends has them: the type byte, the payload, and what else
// there is. It is nil where the table goes back or the slot is not within the values.
func (x *Index) Slot(i int) []byte {
	c := &x.r.container
	if start, end := c.slot(i); 0 <= start && start <= end && end <= c.area.n {
		return c.blob[c.area.off+start : c.area.off+end : c.area.off+end]
	}
	return nil
}
