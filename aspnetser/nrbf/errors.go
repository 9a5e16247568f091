package nrbf

import (
	"fmt"
	"strconv"
)

// MalformedError says that a stream cannot be decoded, and where. All malformed input ends in it; only what breaks a limit
// ends in a *LimitError instead.
//
// It unwraps to io.ErrUnexpectedEOF where bytes were missing.
type MalformedError struct {
	Offset int64 // of the field in question, in bytes from the start of the stream

	// Record is the name of the record that was being read, as [MS-NRBF] has it, and RecordOffset where it starts. Record
	// is "" where no record could be read.
	Record       string
	RecordOffset int64

	Reason string // what is wrong, without the place; holds no values of the stream
	cause  error
}

// Error names record and offset: BinaryObjectString record at offset 17: out of bytes in the string at offset 23.
func (e *MalformedError) Error() string {
	return recordPlace(e.Record, e.RecordOffset) + e.Reason + " at offset " + strconv.FormatInt(e.Offset, 10)
}

// Unwrap returns io.ErrUnexpectedEOF or nil.
func (e *MalformedError) Unwrap() error { return e.cause }

// LimitError says that a stream breaks one of Limits. The stream may be sound.
type LimitError struct {
	Limit  string // the field of Limits that sets it
	What   string // what is limited
	Max    int64
	Offset int64 // where the limit was passed, in bytes from the start of the stream

	Record       string // as in MalformedError
	RecordOffset int64
}

// Error names limit and offset: more than 8388608 bytes of memory (MaxMemory) at offset 40.
func (e *LimitError) Error() string {
	return recordPlace(e.Record, e.RecordOffset) +
		fmt.Sprintf("more than %d %s (%s) at offset %d", e.Max, e.What, e.Limit, e.Offset)
}

func recordPlace(name string, offset int64) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("%s record at offset %d: ", name, offset)
}
