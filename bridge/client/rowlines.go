package client

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	"github.com/aspstate/aspstate/session"
)

// The lines of /v1/rows, as package httpapi describes them. Moments are session.Instants as numbers.

type keyLine struct {
	App string `json:"app"`
	ID  string `json:"id"`
}

type fenceLine struct {
	Timeout    int32           `json:"timeout"`
	Created    session.Instant `json:"created"`
	Expires    session.Instant `json:"expires"`
	Flags      session.Flags   `json:"flags"`
	Locked     bool            `json:"locked"`
	LockCookie int32           `json:"lockCookie"`
	LockDate   session.Instant `json:"lockDate"`
	Revision   *uint64         `json:"revision,string"` // nil: the line lacks it
}

type recordLine struct {
	keyLine
	Payload []byte `json:"payload"` // null: nobody can read it, or it was not asked for
	fenceLine
}

type damagedLine struct {
	keyLine
	Error string `json:"error"`
}

// changeLine has Record or Delete.
type changeLine struct {
	Record *recordLine `json:"record,omitempty"`
	Delete *keyLine    `json:"delete,omitempty"`
	Expect *fenceLine  `json:"expect"`
}

type outcomeLine struct {
	Result  string     `json:"result"`
	Current *fenceLine `json:"current"`
}

func (l *keyLine) key() session.Key { return session.Key{App: l.App, ID: l.ID} }

func (l *fenceLine) fence() (session.Fence, error) {
	if l.Revision == nil {
		return session.Fence{}, errAnswer
	}
	return session.Fence{
		Revision: *l.Revision, Created: l.Created, LockCookie: l.LockCookie, Locked: l.Locked,
		LockDate: l.LockDate, Expires: l.Expires, Timeout: l.Timeout, Flags: l.Flags,
	}, nil
}

func (l *recordLine) record() (session.Record, error) {
	f, err := l.fence()
	if l.ID == "" {
		err = errAnswer
	}
	return session.Record{
		Key: l.key(), Payload: l.Payload, Timeout: f.Timeout, Created: f.Created, Expires: f.Expires, Flags: f.Flags,
		Lock: session.Lock{Locked: f.Locked, Cookie: f.LockCookie, Since: f.LockDate}, Revision: f.Revision,
	}, err
}

var results = map[string]session.Result{"applied": session.Applied, "already": session.Already, "conflict": session.Conflict}

func (l *outcomeLine) outcome() (o session.Outcome, err error) {
	var known bool
	if o.Result, known = results[l.Result]; !known {
		return o, errAnswer
	}
	if l.Current != nil {
		f, err := l.Current.fence()
		o.Current = &f
		return o, err
	}
	return o, nil
}

func lineOfKey(k session.Key) keyLine { return keyLine{k.App, k.ID} }

func lineOfFence(f *session.Fence) fenceLine {
	return fenceLine{f.Timeout, f.Created, f.Expires, f.Flags, f.Locked, f.LockCookie, f.LockDate, &f.Revision}
}

func lineOfChange(c *session.Change) changeLine {
	var l changeLine
	if c.Expect != nil {
		f := lineOfFence(c.Expect)
		l.Expect = &f
	}
	k := lineOfKey(c.Record.Key)
	if c.Delete {
		l.Delete = &k
		return l
	}
	f := c.Record.Fence()
	l.Record = &recordLine{k, c.Record.Payload, lineOfFence(&f)}
	return l
}

// readLine reads the JSON of a line. What this version does not know must not get lost on the way to another store.
func readLine(line []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if d.Decode(to) != nil || d.More() {
		return errAnswer // its own text might show what the session holds
	}
	return nil
}

// eachLine hands over the lines of a stream: those of payloads of up to maxPayload bytes. What comes in between of the reader's
// errors is told as failed makes it.
func eachLine(r io.Reader, maxPayload int, take func(line []byte) error, failed func(error) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, base64.StdEncoding.EncodedLen(maxPayload)+4<<10)
	for s.Scan() {
		if err := take(s.Bytes()); err != nil {
			return err
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return errors.New("a row is longer than what is taken")
	case err != nil:
		return failed(err)
	}
	return nil
}
