package stateserver

import (
	"strconv"
	"time"

	"github.com/aspstate/aspstate/session"
)

// version is what X-AspNet-Version says; clients look at its first number (state-server-protocol.md 5.3).
const version = "4.0.30319"

const (
	versionLine = "X-AspNet-Version: " + version + "\r\n"
	emptyTail   = "Cache-Control: private\r\nContent-Length: 0\r\n\r\n"

	answerOK         = "200 OK\r\n" + versionLine + emptyTail
	answerBad        = "400 Bad Request\r\n" + versionLine + emptyTail
	answerNotFound   = "404 Not Found\r\n" + versionLine + emptyTail
	answerOKFirstUse = "200 OK\r\n" + versionLine + "ActionFlags: 1\r\n" + emptyTail
)

// appendItem writes the answer to a read that found the session, but for the payload.
func appendItem(b []byte, item *session.Item, locked bool) []byte {
	b = append(b, "200 OK\r\n"+versionLine...)
	if item.Uninitialized {
		b = append(b, "ActionFlags: 1\r\n"...)
	}
	if locked {
		b = appendHeader(b, "LockCookie: ", int64(item.Cookie))
	}
	b = appendHeader(b, "Timeout: ", int64(item.Timeout))
	b = append(b, "Cache-Control: private\r\n"...)
	b = appendHeader(b, "Content-Length: ", int64(len(item.Payload)))
	return append(b, "\r\n"...)
}

// appendLocked writes 423. The age is in whole seconds, and the moment on the server's wall clock in ticks of 100 ns since
// the year 1 (5.3).
func appendLocked(b []byte, e *session.LockedError, now time.Time) []byte {
	since := e.Since.Time()
	_, offset := since.In(now.Location()).Zone()
	const yearOne = 621355968000000000
	b = append(b, "423 Locked\r\n"+versionLine...)
	b = appendHeader(b, "LockDate: ", since.UnixNano()/100+yearOne+int64(offset)*1e7)
	b = appendHeader(b, "LockAge: ", max(0, int64(now.Sub(since)/time.Second)))
	b = appendHeader(b, "LockCookie: ", int64(e.Cookie))
	return append(b, emptyTail...)
}

func appendHeader(b []byte, name string, v int64) []byte {
	b = append(b, name...)
	b = strconv.AppendInt(b, v, 10)
	return append(b, "\r\n"...)
}
