//go:build !linux

package remoteapp

import (
	"net"
	"time"
)

func setUserTimeout(*net.TCPConn, time.Duration) {}
