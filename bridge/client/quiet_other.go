//go:build !unix

package client

const canDirect = false

func (c *directConn) quiet() bool { return false }
