//go:build linux

package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strconv"
)

// redis keeps sessions in Redis: a payload and a lock are keys of their own.
type redis struct {
	payload     []byte
	take, store string // SHA-1 of the scripts
	lock        int    // the last one given
}

// The scripts of a page cycle. Keys: data, lock. A lock lives for the 110 s of an ASP.NET request, data for 20 minutes.
const (
	takeScript = `local held = redis.call('GET', KEYS[2])
if held then return {held, false} end
local data = redis.call('GET', KEYS[1])
if not data then return {false, false} end
redis.call('SET', KEYS[2], ARGV[1], 'EX', 110)
redis.call('EXPIRE', KEYS[1], 1200)
return {ARGV[1], data}`
	storeScript = `if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', 1200)
redis.call('DEL', KEYS[2])
return 1`
)

func newRedis(payload []byte) *redis {
	sha := func(script string) string {
		sum := sha1.Sum([]byte(script))
		return hex.EncodeToString(sum[:])
	}
	return &redis{payload: payload, take: sha(takeScript), store: sha(storeScript)}
}

// lockDigits: locks are numbers of this length, so that all answers are.
const lockBase = 1_000_000_000

func (s *redis) request(out []byte, p phase, k, token int) []byte {
	var room [48]byte
	key := func(prefix string) {
		out = text(out, id(append(room[:0], prefix...), k))
	}
	switch p {
	case get:
		out = append(out, "*2\r\n$3\r\nGET\r\n"...)
		key("d:")
	case make_:
		out = append(out, "*3\r\n$3\r\nSET\r\n"...)
		key("d:")
		out = text(out, s.payload)
	case take:
		s.lock++
		out = text(append(out, "*6\r\n$7\r\nEVALSHA\r\n"...), []byte(s.take))
		out = append(out, "$1\r\n2\r\n"...)
		key("d:")
		key("l:")
		out = text(out, strconv.AppendInt(room[:0], int64(lockBase+s.lock%lockBase), 10))
	case store:
		out = text(append(out, "*7\r\n$7\r\nEVALSHA\r\n"...), []byte(s.store))
		out = append(out, "$1\r\n2\r\n"...)
		key("d:")
		key("l:")
		out = text(out, strconv.AppendInt(room[:0], int64(token), 10))
		out = text(out, s.payload)
	}
	return out
}

// text writes a word of a command.
func text(out, b []byte) []byte {
	out = strconv.AppendInt(append(out, '$'), int64(len(b)), 10)
	return append(append(append(out, "\r\n"...), b...), "\r\n"...)
}

func (s *redis) answer(in []byte, p phase) (n, token int, err error) {
	head := ""
	switch p {
	case get:
		head = "$" + strconv.Itoa(len(s.payload)) + "\r\n"
	case take:
		head = "*2\r\n$10\r\n"
	case store:
		head = ":1\r\n"
	case make_:
		head = "+OK\r\n"
	}
	switch {
	case len(in) >= len(head) && string(in[:len(head)]) != head, in[0] == '-':
		return 0, 0, wrong("Redis", in)
	case p == store || p == make_:
		n = len(head)
	case p == get:
		n = len(head) + len(s.payload) + 2
	case p == take:
		n = len(head) + len("1234567890\r\n") + len("$"+strconv.Itoa(len(s.payload))+"\r\n") + len(s.payload) + 2
	}
	if len(in) < n {
		return 0, 0, nil
	}
	if p == take {
		token, err = strconv.Atoi(string(in[len(head) : len(head)+10]))
	}
	return n, token, err
}

func (s *redis) enter(*socket) error { return nil }

// loadScripts makes the scripts known.
func (s *redis) loadScripts(c *socket) error {
	for _, script := range []string{takeScript, storeScript} {
		if err := c.write(text([]byte("*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n"), []byte(script))); err != nil {
			return err
		}
		for !bytes.HasSuffix(c.in, []byte("\r\n")) || bytes.Count(c.in, []byte("\r\n")) < 2 {
			if err := c.read(); err != nil {
				return err
			}
			if c.in[0] == '-' {
				return fmt.Errorf("SCRIPT LOAD: %s", c.in)
			}
		}
		c.in = c.in[:0]
	}
	return nil
}
