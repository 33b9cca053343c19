//go:build !linux

package servent

import (
	"net"
	"time"
)

// limitUnacked does nothing: the system's own limit stands, often some minutes.
func limitUnacked(*net.TCPConn, time.Duration) {}
