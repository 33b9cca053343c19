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
	if m := <-s.Messages(); !bytes.Equal(m.Msg, long) { // so QUIC has begun
		t.Errorf("%d bytes", len(m.Msg))
	}
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	got := -1
	if err := raw.Control(func(fd uintptr) { got, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER) }); err != nil {
		t.Fatal(err)
	}
	if got != unix.IP_PMTUDISC_DONT {
		t.Errorf("IP_MTU_DISCOVER is %d", got)
	}
}
