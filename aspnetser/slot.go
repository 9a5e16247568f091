package aspnetser

import "errors"

// DecodeSlot decodes the bytes of one item: type byte, payload, and what else its slot has. What Decode makes of a slot
// that nobody can read it makes too: an Undecodable, which keeps the bytes, and the error that says why, a *[MalformedError]
// or *[LimitError] whose offset counts from the type byte. Of o only Graph counts. The Value does not refer to slot.
func DecodeSlot(slot []byte, o Options) (Value, error) {
	c := &Collection{}
	c.SetNull(SlotValue(slot))
	blob, err := c.Append(make([]byte, 0, len(slot)+slotAt+1))
	if err != nil {
		return Value{}, err
	}
	s, err := Decode(blob, Options{Compressed: CompressionNo, Graph: o.Graph})
	if err != nil {
		return Value{}, err
	}
	err = s.ItemErr(0)
	var malformed *MalformedError
	var over *LimitError
	switch {
	case errors.As(err, &malformed):
		malformed.Offset, malformed.Item = max(0, malformed.Offset-slotAt), -1
	case errors.As(err, &over):
		over.Offset, over.Item = max(0, over.Offset-slotAt), -1
	}
	return s.Items[0].Value, err
}

// slotAt is where the slot of the only item begins in a blob whose key is null: behind time-out, flags, count, null-key
// index and the table of one end.
const slotAt = 4 + 2 + 4 + 4 + 4

// SlotValue returns a value that is written as the bytes of a slot, whatever they are. Nothing is decoded: to who looks at the
// Value it is an Undecodable, and what reads the blob that it is written to finds what it is. It refers to slot.
func SlotValue(slot []byte) Value {
	return Value{typ: TypeUndecodable, odd: &oddity{stored: slot}}
}

// AppendSlot appends the value as it lies in a blob, type byte first. What was decoded and not changed gives the bytes of
// its slot. It refuses what [Session.Append] refuses of a value.
func (v Value) AppendSlot(dst []byte) ([]byte, error) { return v.append(dst) }
