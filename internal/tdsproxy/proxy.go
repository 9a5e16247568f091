// Package tdsproxy stands between a client and a SQL Server and spoils what passes: it cuts connections at a packet, holds
// packets back, and answers requests with an error of the server. It is for tests.
//
// It reads the headers of TDS packets ([MS-TDS] 2.2.3.1), so the client must not encrypt: encrypt=disable. What is to
// happen, a Rule decides for each packet; without a rule all pass. A server that hears of a cut reads the end of the
// stream after the packets that it was sent, and never a reset, so that what was forwarded to it has reached it.
//
// All methods may be called concurrently.
package tdsproxy

import (
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// Direction is the way that a packet goes.
type Direction int

const (
	Request Direction = iota // from the client
	Reply                    // from the server
)

// Packet is what a Rule knows of a packet. Numbers are from 1 since the rule was set, of one direction over all
// connections.
type Packet struct {
	Direction
	Type    byte // [MS-TDS] 2.2.3.1.1
	First   bool // of its message
	Last    bool
	N       int // of packets
	Message int // of messages; the packets of one have the same
	Conn    int // which connection, from 1 since Listen
}

// Types of requests that a test may look for.
const (
	TypeBatch  = 1
	TypeRPC    = 3
	typeReply  = 4
	TypeBulk   = 7
	TypeTrans  = 14 // BEGIN, COMMIT, ROLLBACK
	TypeLogin  = 16
	TypeHello  = 18 // pre-login
	typeCancel = 6
)

// Act is what is done to a packet. The zero value forwards it.
type Act struct {
	// Delay holds the packet back, and what follows it in its direction.
	Delay time.Duration
	// Drop cuts the connection before the packet is forwarded; Cut after it.
	Drop, Cut bool
	// Number, where it is not 0, answers the request that the packet is the first of with this error of the server. The
	// server does not see the request. It rolls back the transaction that is open, as it does after 1205, and the client is
	// told so; the connection stays. Two kinds of requests cannot be followed by another one, so for them the server's
	// connection ends: a login, and a bulk load.
	Number int32
	Class  byte // severity of the error; 0: 13, that of 1205
}

// Rule decides about each packet. It is called for one packet at a time and must not wait or call the Proxy.
type Rule func(Packet) Act

// Proxy is a listener. Listen makes it.
type Proxy struct {
	l      net.Listener
	server string
	wg     sync.WaitGroup

	mu       sync.Mutex
	rule     Rule
	refuse   bool
	packets  [2]int
	messages [2]int
	opened   int
	conns    map[*conn]bool
	ending   int        // connections that are cut and of which the server has not heard yet
	ended    *sync.Cond // one less
	closed   bool
	broken   error
}

// Listen listens on a port of its own of 127.0.0.1 and forwards to server, a host:port.
func Listen(server string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{l: l, server: server, conns: map[*conn]bool{}}
	p.ended = sync.NewCond(&p.mu)
	p.wg.Add(1)
	go p.accept()
	return p, nil
}

// Addr is where it listens.
func (p *Proxy) Addr() string { return p.l.Addr().String() }

// Set sets the rule, nil for none, and counts from 1 again. Packets that were decided about before stay so.
func (p *Proxy) Set(r Rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rule, p.packets, p.messages = r, [2]int{}, [2]int{}
}

// Refuse makes it hang up on new connections, or not any more.
func (p *Proxy) Refuse(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = on
}

// Packets is how many packets have come since the rule was set, whatever became of them.
func (p *Proxy) Packets(d Direction) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.packets[d]
}

// CutAll cuts all connections now.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	all := slices.Collect(maps.Keys(p.conns))
	p.mu.Unlock()
	for _, c := range all {
		c.cut()
	}
}

// Settle waits until the server has ended its side of the connections that were cut: what it makes of the requests on
// them, it has made.
func (p *Proxy) Settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.ending > 0 {
		p.ended.Wait()
	}
}

// Close ends all connections and waits for them. Its error says if something passed that was no TDS.
func (p *Proxy) Close() error {
	err := p.l.Close()
	p.mu.Lock()
	p.closed = true
	for c := range p.conns {
		c.client.Close()
		c.server.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
	return errors.Join(p.broken, err)
}

func (p *Proxy) accept() {
	defer p.wg.Done()
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		refuse := p.refuse
		p.mu.Unlock()
		if refuse {
			client.Close()
			continue
		}
		p.wg.Add(1)
		go func() {
			defer p.wg.Done()
			p.serve(client)
		}()
	}
}

// decide counts a packet and asks the rule.
func (p *Proxy) decide(pk Packet) Act {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.packets[pk.Direction]++
	if pk.First {
		p.messages[pk.Direction]++
	}
	pk.N, pk.Message = p.packets[pk.Direction], p.messages[pk.Direction]
	if p.rule == nil {
		return Act{}
	}
	return p.rule(pk)
}

// CutAt is the rule that cuts the connection at the n-th packet of a direction: before or after it is forwarded.
func CutAt(d Direction, n int, after bool) Rule {
	return func(pk Packet) Act {
		if pk.Direction != d || pk.N != n {
			return Act{}
		}
		return Act{Drop: !after, Cut: after}
	}
}
