package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"strconv"
)

// redisClient keeps sessions in Redis: a payload and a lock are keys of their own.
type redisClient struct {
	*wire
	payload     []byte
	take, store string // SHA-1 of the scripts
	lock        int
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

func (c *redisClient) text(b []byte) {
	c.out = strconv.AppendInt(append(c.out, '$'), int64(len(b)), 10)
	c.out = append(append(append(c.out, "\r\n"...), b...), "\r\n"...)
}

func (c *redisClient) command(words int, first string) {
	c.out = strconv.AppendInt(append(c.out, '*'), int64(words), 10)
	c.out = append(c.out, "\r\n"...)
	c.text([]byte(first))
}

func (c *redisClient) key(prefix string, k int) {
	var room [48]byte
	c.text(id(append(room[:0], prefix...), k))
}

func (c *redisClient) get(k int) error {
	c.command(2, "GET")
	c.key("d:", k)
	if err := c.send(); err != nil {
		return err
	}
	return c.bulk()
}

func (c *redisClient) script(sha string, k, arguments int) {
	c.command(5+arguments, "EVALSHA")
	c.text([]byte(sha))
	c.text([]byte("2"))
	c.key("d:", k)
	c.key("l:", k)
}

func (c *redisClient) cycle(k int) error {
	c.lock++
	var room [20]byte
	lock := strconv.AppendInt(room[:0], int64(c.lock), 10)
	c.script(c.take, k, 1)
	c.text(lock)
	if err := c.send(); err != nil {
		return err
	}
	line, err := c.until("\r\n")
	if err == nil && string(line) != "*2\r\n" {
		err = wrong("the first script", line)
	}
	if err != nil {
		return err
	}
	want := "$" + strconv.Itoa(len(lock)) + "\r\n" + string(lock) + "\r\n"
	if got, err := c.bytes(len(want)); err != nil || string(got) != want {
		return wrong("the lock", got)
	}
	if err := c.bulk(); err != nil {
		return err
	}
	c.script(c.store, k, 2)
	c.text(lock)
	c.text(c.payload)
	if err := c.send(); err != nil {
		return err
	}
	if line, err = c.until("\r\n"); err == nil && string(line) != ":1\r\n" {
		err = wrong("the second script", line)
	}
	return err
}

// bulk takes a payload.
func (c *redisClient) bulk() error {
	line, err := c.until("\r\n")
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(string(bytes.TrimRight(line[1:], "\r\n"))); line[0] != '$' || err != nil || n != len(c.payload) {
		return wrong("GET", line)
	}
	_, err = c.bytes(len(c.payload) + 2)
	return err
}

// put makes a session.
func (c *redisClient) put(k int) error {
	c.command(3, "SET")
	c.key("d:", k)
	c.text(c.payload)
	return c.ok("SET")
}

func (c *redisClient) ok(what string) error {
	if err := c.send(); err != nil {
		return err
	}
	line, err := c.until("\r\n")
	if err == nil && string(line) != "+OK\r\n" {
		err = wrong(what, line)
	}
	return err
}

// load makes a script known.
func (c *redisClient) load(script string) error {
	c.command(3, "SCRIPT")
	c.text([]byte("LOAD"))
	c.text([]byte(script))
	if err := c.send(); err != nil {
		return err
	}
	if line, err := c.until("\r\n"); err != nil || line[0] != '$' {
		return wrong("SCRIPT LOAD", line)
	}
	_, err := c.until("\r\n")
	return err
}

func sha(script string) string {
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}
