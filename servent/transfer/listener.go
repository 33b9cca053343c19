package transfer

import (
	"net"
	"sync"
)

// ConnListener is a net.Listener whose connections somebody else accepted or
// dialled: the servent's port tells HTTP from Gnutella by the first bytes, and
// a push makes us dial out and then serve. A delivered connection that wraps a
// TCP connection should pass ReadFrom on to it, so that files leave by
// sendfile. All methods may be called from any goroutine.
type ConnListener struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}

	mu   sync.Mutex // held to deliver and to close, so that no connection is forgotten
	shut bool
}

// NewConnListener returns a listener that says it listens on addr and holds at
// most backlog connections that wait to be served.
func NewConnListener(addr net.Addr, backlog int) *ConnListener {
	return &ConnListener{addr: addr, conns: make(chan net.Conn, max(backlog, 1)), closed: make(chan struct{})}
}

// Deliver hands conn to whoever accepts, who then owns it. It never blocks:
// false means that the backlog is full or the listener closed, and that conn
// is still the caller's.
func (l *ConnListener) Deliver(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return false
	}
	select {
	case l.conns <- conn:
		return true
	default:
		return false
	}
}

// Accept waits for the next connection; net.ErrClosed after Close.
func (l *ConnListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and closes the connections that were not accepted yet.
func (l *ConnListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return nil
	}
	l.shut = true
	close(l.closed)
	for {
		select {
		case c := <-l.conns:
			_ = c.Close() // nobody reads from it: nothing to lose
		default:
			return nil
		}
	}
}

// Addr returns the address given to NewConnListener.
func (l *ConnListener) Addr() net.Addr { return l.addr }
