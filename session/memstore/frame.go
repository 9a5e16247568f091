package memstore

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// A journal file is a row of frames, little-endian:
//
//	0   u32  0x4A505341 ("ASPJ")
//	4   u32  length of the body
//	8   u32  CRC-32C of the frame from byte 12 on
//	12  u64  how much of this file was known to be on disk when the frame was written
//	20  body: records, each a uvarint length and that many bytes (record.go)
//
// The promise at 12 tells a torn end from damage: after an unclean stop the file may end in anything, but not before
// an offset that a later frame calls written.
const (
	frameMagic  = 0x4A505341
	frameHeader = 20
	// maxBody limits what a length may make a reader allocate; a payload has to fit in.
	maxBody = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealFrame fills in the header of a frame whose body is in place.
func sealFrame(frame []byte, onDisk int64) {
	binary.LittleEndian.PutUint32(frame, frameMagic)
	binary.LittleEndian.PutUint32(frame[4:], uint32(len(frame)-frameHeader))
	binary.LittleEndian.PutUint64(frame[12:], uint64(onDisk))
	binary.LittleEndian.PutUint32(frame[8:], crc32.Checksum(frame[12:], castagnoli))
}

// frameAt looks at the first frame of b. The promise is that of its header; n is the length of the frame, 0 if there is
// no good one.
func frameAt(b []byte) (promise uint64, n int) {
	if len(b) < frameHeader || binary.LittleEndian.Uint32(b) != frameMagic {
		return 0, 0
	}
	body := binary.LittleEndian.Uint32(b[4:])
	if body > maxBody || int(body) > len(b)-frameHeader {
		return 0, 0
	}
	n = frameHeader + int(body)
	if crc32.Checksum(b[12:n], castagnoli) != binary.LittleEndian.Uint32(b[8:]) {
		return 0, 0
	}
	return binary.LittleEndian.Uint64(b[12:]), n
}

// frameReader reads the frames of a file in order.
type frameReader struct {
	r      io.ReaderAt
	size   int64
	offset int64 // behind the last good frame
	ahead  []byte
	at     int64 // offset of ahead in the file
}

// next returns the body of the next frame, good until the call after; nil where no good frame follows.
func (f *frameReader) next() ([]byte, error) {
	head, err := f.look(frameHeader)
	if err != nil || len(head) < frameHeader {
		return nil, err
	}
	body := binary.LittleEndian.Uint32(head[4:])
	if binary.LittleEndian.Uint32(head) != frameMagic || body > maxBody || int64(body) > f.size-f.offset-frameHeader {
		return nil, nil
	}
	frame, err := f.look(frameHeader + int(body))
	if err != nil {
		return nil, err
	}
	_, n := frameAt(frame)
	if n == 0 {
		return nil, nil
	}
	f.offset += int64(n)
	return frame[frameHeader:n], nil
}

// look returns the next n bytes, or as many as there are.
func (f *frameReader) look(n int) ([]byte, error) {
	const chunk = 1 << 20
	n = int(min(int64(n), f.size-f.offset))
	have := f.ahead[min(f.offset-f.at, int64(len(f.ahead))):]
	if len(have) >= n {
		return have[:n], nil
	}
	room := make([]byte, min(int64(max(n, chunk)), f.size-f.offset)) // a new one: the caller may keep the bodies
	got := copy(room, have)
	if _, err := f.r.ReadAt(room[got:], f.offset+int64(got)); err != nil && err != io.EOF {
		return nil, err
	}
	f.ahead, f.at = room, f.offset
	return room[:n], nil
}

// brokenPromise looks for a frame behind the last good one that says that more than the good ones was on disk.
func (f *frameReader) brokenPromise() (bool, error) {
	rest := make([]byte, f.size-f.offset)
	if _, err := f.r.ReadAt(rest, f.offset); err != nil && err != io.EOF {
		return false, err
	}
	for ; len(rest) >= frameHeader; rest = rest[1:] {
		if promise, n := frameAt(rest); n > 0 && promise > uint64(f.offset) {
			return true, nil
		}
	}
	return false, nil
}
