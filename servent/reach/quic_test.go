package reach

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// known is a socket on loopback, where it is, and whose it is.
func known(t *testing.T) (*Socket, netip.AddrPort, protocol.GUID) {
	t.Helper()
	return owned(t, "127.0.0.1:0")
}

// TestStreams: what is written arrives whole, both ways, though who was connected to
// closes at once, while Gnutella messages pass on the same ports.
func TestStreams(t *testing.T) {
	a, from, guidA := known(t)
	b, to, guidB := known(t)
	b.Admit(from, guidA)
	const size = 20 << 20
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i * i / 7)
	}
	served := make(chan error, 1)
	go func() {
		c := <-b.Streams()
		asked := make([]byte, 5)
		_, err := io.ReadFull(c, asked)
		if err == nil && string(asked) != "send!" {
			err = errors.New("other bytes")
		}
		if err == nil {
			_, err = c.Write(content)
		}
		served <- errors.Join(err, c.Close())
	}()
	c, err := a.Dial(t.Context(), to, guidB)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "send!"); err != nil {
		t.Fatal(err)
	}
	const messages = 1000
	go func() {
		for range messages {
			a.Send(to, gnutella(1, []byte("beside it")))
			time.Sleep(100 * time.Microsecond)
		}
	}()
	heard := 0
	got := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(c)
		got <- all
	}()
	for wait := time.After(20 * time.Second); heard < messages*9/10; {
		select {
		case <-b.Messages():
			heard++
		case <-wait:
			t.Fatalf("%d messages of %d", heard, messages)
		}
	}
	if all := <-got; !bytes.Equal(all, content) {
		t.Errorf("%d bytes came, want %d", len(all), size)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestStreamsOfStrangers: a peer that was not admitted, one that is somebody else than
// who was, and an answer of somebody else all come to nothing.
func TestStreamsOfStrangers(t *testing.T) {
	a, from, guidA := known(t)
	b, to, guidB := known(t)
	try := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c, err := a.Dial(ctx, to, guidB)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err = io.WriteString(c, "x"); err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		return err
	}
	if try() == nil {
		t.Error("not admitted, and let in")
	}
	b.Admit(from, protocol.GUID{1})
	if try() == nil {
		t.Error("another was admitted")
	}
	b.Admit(from, guidA)
	if _, err := a.Dial(t.Context(), to, protocol.GUID{2}); err == nil {
		t.Error("somebody else answers, and is taken")
	}
	select {
	case <-b.Streams():
		t.Error("a stream has come")
	default:
	}
}

// TestStreamsAreSilent: what begins a connection, of whatever version, is answered by no
// byte, unless it comes from where a peer was admitted.
func TestStreamsAreSilent(t *testing.T) {
	a, _, guidA := known(t)
	b, to, guidB := known(t)
	stranger, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	at := stranger.LocalAddr().(*net.UDPAddr).AddrPort()
	go func() { _, _ = a.Dial(t.Context(), at, guidB) }() // ends with the socket
	buf := make([]byte, 2048)
	read := func(within time.Duration) int {
		_ = stranger.SetReadDeadline(time.Now().Add(within))
		n, from, _ := stranger.ReadFromUDPAddrPort(buf)
		for n > 0 && from != to && within < time.Second { // a, once more
			n, from, _ = stranger.ReadFromUDPAddrPort(buf)
		}
		return n
	}
	first := bytes.Clone(buf[:read(5*time.Second)])
	if len(first) < 1200 {
		t.Fatalf("a connection begins with %d bytes", len(first))
	}
	other := bytes.Clone(first)
	copy(other[1:], "\x1a\x2a\x3a\x4a") // a version that nobody speaks
	for name, begin := range map[string][]byte{"ours": first, "another version": other} {
		_, _ = stranger.WriteToUDPAddrPort(begin, to)
		if n := read(300 * time.Millisecond); n > 0 {
			t.Errorf("%s: a stranger is answered by %d bytes: %x", name, n, buf[:n])
		}
	}
	if got := b.Stats().Foreign; got != 2 {
		t.Errorf("%d counted", got)
	}
	b.Admit(at, guidA)
	_, _ = stranger.WriteToUDPAddrPort(first, to)
	if read(900*time.Millisecond) == 0 {
		t.Error("one that was admitted is not answered")
	}
}

// TestStreamsLimit: so many peers may have a connection at once; one more is closed and
// counted, until one has ended.
func TestStreamsLimit(t *testing.T) {
	a, from, guidA := known(t)
	b, to, guidB := known(t)
	var served []*Stream
	open := func() error {
		b.Admit(from, guidA)
		c, err := a.Dial(t.Context(), to, guidB)
		if err == nil {
			_, err = c.Write([]byte("x"))
		}
		return err
	}
	for i := range maxConns {
		if err := open(); err != nil {
			t.Fatal(i, err)
		}
		served = append(served, <-b.Streams())
	}
	if got := b.Stats().StreamsRefused; got != 0 {
		t.Errorf("%d refused at the limit", got)
	}
	_ = open() // it may stand for a moment
	waitFor(t, func() bool { return b.Stats().StreamsRefused == 1 })
	_ = served[0].conn.CloseWithError(0, "")
	waitFor(t, func() bool {
		b.streams.mu.Lock()
		defer b.streams.mu.Unlock()
		return len(b.streams.conns) == maxConns-1
	})
	if err := open(); err != nil {
		t.Error(err)
	}
	<-b.Streams()
}

// TestAdmitLimit: past the limit a new address is not admitted, and counted; those that
// are stay so, and may come again.
func TestAdmitLimit(t *testing.T) {
	s, _, _ := known(t)
	at := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(1000+i))
	}
	for i := range maxAdmit {
		s.Admit(at(i), protocol.GUID{1})
	}
	s.Admit(at(0), protocol.GUID{2})
	if got := s.Stats().NotAdmitted; got != 0 {
		t.Errorf("%d at the limit", got)
	}
	s.Admit(at(maxAdmit), protocol.GUID{3})
	if got := s.Stats().NotAdmitted; got != 1 {
		t.Errorf("%d past the limit", got)
	}
	if _, ok := s.streams.admits(at(maxAdmit)); ok {
		t.Error("one past the limit is admitted")
	}
	for i, want := range map[int]protocol.GUID{0: {2}, maxAdmit - 1: {1}} {
		if a, ok := s.streams.admits(at(i)); !ok || a.peer != want {
			t.Errorf("address %d: %+v, %v", i, a, ok)
		}
	}
}
