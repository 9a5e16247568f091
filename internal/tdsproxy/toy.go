package tdsproxy

import (
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
)

// Toy is as much of a SQL Server as a client needs to log in, unencrypted, and to get an answer to each request, which is
// always that it is done. It knows which requests took effect: at once, or with the COMMIT of their transaction. It shows
// without a server what a client makes of what a Proxy does.
type Toy struct {
	l  net.Listener
	wg sync.WaitGroup

	mu    sync.Mutex
	done  []string
	conns []net.Conn
}

// NewToy starts one on a port of its own.
func NewToy() (*Toy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &Toy{l: l}
	t.wg.Add(1)
	go func() {
		defer t.wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.mu.Lock()
			t.conns = append(t.conns, c)
			t.mu.Unlock()
			t.wg.Add(1)
			go func() {
				defer t.wg.Done()
				t.serve(c)
			}()
		}
	}()
	return t, nil
}

// Addr is where it listens.
func (t *Toy) Addr() string { return t.l.Addr().String() }

// Done are the texts of batches that took effect, but for those that begin with SET.
func (t *Toy) Done() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.done)
}

// Close ends it and its connections, and waits.
func (t *Toy) Close() error {
	err := t.l.Close()
	t.mu.Lock()
	for _, c := range t.conns {
		c.Close()
	}
	t.mu.Unlock()
	t.wg.Wait()
	return err
}

// Kinds of a transaction request ([MS-TDS] 2.2.6.9).
const tmBegin, tmCommit, tmRollback = 5, 7, 8

// theTransaction is the descriptor of any.
var theTransaction = []byte{1, 0, 0, 0, 0, 0, 0, 0}

func (t *Toy) serve(c net.Conn) {
	defer c.Close()
	var (
		body    []byte
		pending []string // of an open transaction
		open    bool
	)
	end := func(commit bool) []byte {
		if !open {
			return nil
		}
		if commit {
			t.take(pending...)
			pending, open = nil, false
			return envChange(envCommit, theTransaction)
		}
		pending, open = nil, false
		return envChange(envRollback, theTransaction)
	}
	for {
		b, err := readPacket(c)
		if err != nil {
			return
		}
		body = append(body, b[headerSize:]...)
		if !last(b) {
			continue
		}
		var tokens []byte
		switch headers := binary.LittleEndian.Uint32(append(slices.Clone(body), 0, 0, 0, 0)); b[0] {
		case TypeHello:
			// VERSION of 6 bytes and ENCRYPTION, which is 2: not supported ([MS-TDS] 2.2.6.5).
			tokens = []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 16, 0, 0, 0, 0, 0, 2}
		case TypeLogin:
			tokens = loginAck()
		case TypeTrans:
			switch body[headers] {
			case tmBegin:
				open, tokens = true, envChange(envBegin, theTransaction)
			case tmCommit:
				tokens = end(true)
			case tmRollback:
				tokens = end(false)
			}
		case TypeBatch:
			switch text := fromUCS2(body[headers:]); {
			case text == rollback:
				tokens = end(false)
			case strings.HasPrefix(text, "SET "):
			case open:
				pending = append(pending, text)
			default:
				t.take(text)
			}
		}
		if b[0] != TypeHello {
			tokens = append(tokens, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) // DONE
		}
		if err := reply(c, tokens); err != nil {
			return
		}
		body = nil
	}
}

func (t *Toy) take(texts ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = append(t.done, texts...)
}

// reply sends a message in two packets, so that there is a boundary within it.
func reply(c net.Conn, tokens []byte) error {
	for i, part := range [][]byte{tokens[:1], tokens[1:]} {
		b := []byte{typeReply, byte(i) * statusLast, 0, 0, 0, 0, byte(i + 1), 0}
		b = append(b, part...)
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// loginAck is the token of [MS-TDS] 2.2.7.14 for TDS 7.4.
func loginAck() []byte {
	name := ucs2("toy")
	b := []byte{1, 0x74, 0, 0, 4, byte(len(name) / 2)}
	b = append(append(b, name...), 16, 0, 0, 0)
	return append([]byte{0xAD, byte(len(b)), 0}, b...)
}

func fromUCS2(b []byte) string {
	var u []uint16
	for ; len(b) >= 2; b = b[2:] {
		u = append(u, binary.LittleEndian.Uint16(b))
	}
	return string(utf16.Decode(u))
}
