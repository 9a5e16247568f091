package tdsproxy

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// pair starts a Toy with a Proxy before it.
func pair(t *testing.T) (*Toy, *Proxy) {
	t.Helper()
	toy, err := NewToy()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Listen(toy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		toy.Close()
	})
	return toy, p
}

// client speaks TDS by hand.
type client struct {
	t *testing.T
	net.Conn
}

func dial(t *testing.T, p *Proxy) client {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(10 * time.Second))
	t.Cleanup(func() { c.Close() })
	return client{t, c}
}

// noTransaction are ALL_HEADERS that name none.
var noTransaction = []byte{22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}

// send sends a request in packets of the given sizes of payload at most.
func (c client) send(kind byte, body []byte, size int) {
	for n := byte(1); ; n++ {
		part := body[:min(size, len(body))]
		body = body[len(part):]
		b := []byte{kind, 0, 0, 0, 0, 0, n, 0}
		if len(body) == 0 {
			b[1] = statusLast
		}
		b = append(b, part...)
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		if _, err := c.Write(b); err != nil || len(body) == 0 {
			return // a cut is seen by reading
		}
	}
}

// inTransaction are those that name the Toy's.
var inTransaction = append(append(slices.Clone(noTransaction[:10]), theTransaction...), 1, 0, 0, 0)

func (c client) batch(text string, size int) {
	c.send(TypeBatch, append(slices.Clone(noTransaction), ucs2(text)...), size)
}

func (c client) transaction(kind byte) {
	c.send(TypeTrans, append(slices.Clone(noTransaction), kind, 0), 100)
}

// reply reads a whole reply; nil: there is none.
func (c client) reply() (tokens []byte) {
	for {
		b, err := readPacket(c)
		if err != nil {
			return nil
		}
		tokens = append(tokens, b[headerSize:]...)
		if last(b) {
			return tokens
		}
	}
}

func (c client) number() int32 {
	b := c.reply()
	if len(b) < 7 || b[0] != 0xAA {
		return 0
	}
	return int32(binary.LittleEndian.Uint32(b[3:]))
}

func TestCut(t *testing.T) {
	for _, v := range []struct {
		name    string
		rule    Rule
		answers int // of three batches, of two packets each way
		done    int
	}{
		{"no rule", nil, 3, 3},
		{"before the first", CutAt(Request, 1, false), 0, 0},
		{"within a request", CutAt(Request, 3, true), 1, 1},
		{"before the end of a request", CutAt(Request, 4, false), 1, 1},
		{"after a request", CutAt(Request, 4, true), 1, 2},
		{"before a reply", CutAt(Reply, 3, false), 1, 2},
		{"within a reply", CutAt(Reply, 3, true), 1, 2},
		{"after a reply", CutAt(Reply, 4, true), 2, 2},
	} {
		t.Run(v.name, func(t *testing.T) {
			toy, p := pair(t)
			p.Set(v.rule)
			c := dial(t, p)
			answers := 0
			for range 3 {
				c.batch("UPDATE t", 30)
				if c.reply() == nil {
					break
				}
				answers++
			}
			p.Settle()
			if answers != v.answers || len(toy.Done()) != v.done {
				t.Errorf("%d answers, done %q; want %d, %d", answers, toy.Done(), v.answers, v.done)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	_, p := pair(t)
	c := dial(t, p)
	c.batch("SELECT", 10)
	c.reply()
	requests := p.Packets(Request)
	if requests != 4 || p.Packets(Reply) != 2 {
		t.Errorf("%d and %d packets", requests, p.Packets(Reply))
	}
	var seen []Packet
	p.Set(func(pk Packet) Act { seen = append(seen, pk); return Act{} })
	c.batch("SELECT", 30)
	c.reply()
	want := []Packet{
		{Request, TypeBatch, true, false, 1, 1, 1}, {Request, TypeBatch, false, true, 2, 1, 1},
		{Reply, typeReply, true, false, 1, 1, 1}, {Reply, typeReply, false, true, 2, 1, 1},
	}
	p.Set(nil)
	if !slices.Equal(seen, want) {
		t.Errorf("saw %v", seen)
	}
}

func TestError(t *testing.T) {
	toy, p := pair(t)
	c := dial(t, p)
	nth := func(n int) Rule {
		return func(pk Packet) Act {
			if pk.Direction == Request && pk.Message == n {
				return Act{Number: 1205}
			}
			return Act{}
		}
	}
	p.Set(nth(2))
	c.batch("UPDATE a", 30)
	c.reply()
	c.batch("UPDATE b", 30) // in two packets, of which the server sees none
	if n := c.number(); n != 1205 {
		t.Errorf("error %d", n)
	}
	c.batch("UPDATE c", 30)
	c.reply()
	if got := toy.Done(); !slices.Equal(got, []string{"UPDATE a", "UPDATE c"}) {
		t.Errorf("done %q", got)
	}

	// In a transaction all of it is undone, and the client is told.
	p.Set(nth(3))
	c.transaction(tmBegin)
	c.reply()
	c.send(TypeBatch, append(slices.Clone(inTransaction), ucs2("UPDATE d")...), 100)
	c.reply()
	c.send(TypeBatch, append(slices.Clone(inTransaction), ucs2("UPDATE e")...), 100)
	b := c.reply()
	if len(b) < 50 || !slices.Equal(b[len(b)-13-14:][:5], []byte{0xE3, 11, 0, envRollback, 0}) {
		t.Errorf("no end of the transaction in % x", b)
	}
	c.batch("UPDATE f", 100)
	c.reply()
	c.transaction(tmCommit)
	c.reply()
	if got := toy.Done(); !slices.Equal(got, []string{"UPDATE a", "UPDATE c", "UPDATE f"}) {
		t.Errorf("done %q", got)
	}

	// A login cannot be followed by a batch.
	p.Set(nth(1))
	c.send(TypeLogin, []byte("login"), 100)
	if n := c.number(); n != 1205 {
		t.Errorf("error %d", n)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the login: %v", err)
	}
}

func TestDelayAndRefuse(t *testing.T) {
	_, p := pair(t)
	c := dial(t, p)
	p.Set(func(pk Packet) Act { return Act{Delay: time.Millisecond} })
	c.batch("SELECT", 10)
	if c.reply() == nil {
		t.Error("no answer")
	}
	p.Refuse(true)
	if d := dial(t, p); d.reply() != nil {
		t.Error("an answer")
	}
	c.batch("SELECT", 10) // those that are open stay
	if c.reply() == nil {
		t.Error("no answer")
	}
	p.Refuse(false)
	d := dial(t, p)
	d.batch("SELECT", 100)
	if d.reply() == nil {
		t.Error("no answer")
	}
	p.CutAll()
	d.batch("SELECT", 100)
	if d.reply() != nil {
		t.Error("an answer after the cut")
	}
}

func TestNotTDS(t *testing.T) {
	toy, err := NewToy()
	if err != nil {
		t.Fatal(err)
	}
	defer toy.Close()
	p, err := Listen(toy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, p)
	c.Write([]byte{0x16, 3, 1, 0, 200, 1, 0, 0, 0}) // TLS
	c.reply()
	p.Settle()
	if err := p.Close(); err == nil {
		t.Error("it was not noticed")
	}
}
