package reach

import (
	"bytes"
	"crypto/ed25519"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFragments: QUIC on the socket does not keep Gnutella messages from being cut.
func TestFragments(t *testing.T) {
	c, err := Listen(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := NewSocket(c, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	ended := make(chan struct{})
	go func() { s.Run(); close(ended) }()
	defer func() {
		s.Close()
		<-ended
	}()
	long := gnutella(1, bytes.Repeat([]byte("x"), 3000))
	s.Send(c.LocalAddr().(*net.UDPAddr).AddrPort(), long)
	if m := <-s.Messages(); !bytes.Equal(m.Msg, long) {
		t.Errorf("%d bytes", len(m.Msg))
	}
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { // reading begins a moment before
		got := -1
		err := raw.Control(func(fd uintptr) { got, _ = unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER) })
		return err == nil && got == unix.IP_PMTUDISC_DONT
	})
}
