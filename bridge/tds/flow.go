package tds

import "time"

// flowSize is how much of an answer comes together before it is sent.
const flowSize = 256 << 10

// flow sends whole packets of an answer that is not complete yet, if there is much of it. What remains is ended by send.
func (c *conn) flow(a *answer) error {
	if len(a.b) < flowSize {
		return nil
	}
	room := c.packet - headerSize
	n := len(a.b) / room * room
	c.out = appendPackets(c.out[:0], typeAnswer, a.b[:n], c.packet, c.spid)
	c.out[len(c.out)-c.packet+1] &^= statusEnd
	a.b = append(a.b[:0], a.b[n:]...)
	c.conn.SetWriteDeadline(time.Now().Add(c.patience))
	_, err := c.stream.Write(c.out)
	return err
}
