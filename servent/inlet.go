package servent

import (
	"io"
	"net"
	"syscall"
)

// awaiter is a reader that can be waited for without a buffer.
type awaiter interface {
	io.Reader
	// await returns when Read has something, or an error. Where that takes time, it
	// calls idle before.
	await(idle func()) error
}

// inlet is the receiving side of a link's connection.
type inlet struct {
	first []byte // came along with the handshake
	conn  net.Conn
	raw   syscall.RawConn // nil where conn is none of the system's: await returns at once then
	look  func(fd uintptr) bool
	idle  func()
	looks int
}

// newInlet goes on where the handshake has stopped reading. Nobody may read from c
// any more.
func newInlet(c *peeked) *inlet {
	i := &inlet{conn: c.Conn}
	if c.r != nil {
		i.first = make([]byte, c.r.Buffered())
		_, _ = io.ReadFull(c.r, i.first) // they are there
		c.r = nil
	}
	if s, ok := c.Conn.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			i.raw, i.look = raw, i.readable
		}
	}
	return i
}

func (i *inlet) Read(b []byte) (int, error) {
	if len(i.first) == 0 {
		return i.conn.Read(b)
	}
	n := copy(b, i.first)
	if i.first = i.first[n:]; len(i.first) == 0 {
		i.first = nil
	}
	return n, nil
}

func (i *inlet) await(idle func()) error {
	if len(i.first) > 0 || i.raw == nil {
		return nil
	}
	i.looks, i.idle = 0, idle
	return i.raw.Read(i.look)
}

// readable is what the runtime asks first, and again whenever something seems to
// have come.
func (i *inlet) readable(fd uintptr) bool {
	if canRead(fd, i.looks) {
		return true
	}
	if i.looks == 0 {
		i.idle()
	}
	i.looks++
	return false
}
