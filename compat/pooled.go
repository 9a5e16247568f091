package compat

import (
	"context"
	"database/sql/driver"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
)

// trusted is how long a connection may lie in the pool and be used again without a look at it.
const trusted = time.Second

// pooled is a connection that asks whether the server is still there before it is used after a rest. A connection that
// died in the pool (a failover, a firewall) takes the request that is written to it and then ends, which leaves it
// unknown whether the request was done; a write that must not be done twice would fail once for each connection of the
// pool. Under load no time is lost.
type pooled struct {
	*mssql.Conn
	idle time.Duration
	back time.Time // when it came back to the pool
}

// IsValid implements driver.Validator, which database/sql asks when a connection comes back.
func (c *pooled) IsValid() bool {
	c.back = time.Now()
	return c.Conn.IsValid()
}

// ResetSession implements driver.SessionResetter, which database/sql calls before it uses a connection again.
func (c *pooled) ResetSession(ctx context.Context) error {
	if err := c.Conn.ResetSession(ctx); err != nil {
		return err
	}
	if time.Since(c.back) < c.idle {
		return nil
	}
	if c.Conn.Ping(ctx) != nil {
		return driver.ErrBadConn
	}
	return nil
}
