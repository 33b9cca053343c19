package servent_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
)

// airborne is the UDP side of a foreign servent.
type airborne struct {
	t    *testing.T
	conn *net.UDPConn
	to   netip.AddrPort
}

func newAirborne(t *testing.T, to netip.AddrPort) *airborne {
	t.Helper()
	host := "127.0.0.1:0"
	if to.Addr().Is6() {
		host = "[::1]:0"
	}
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(host)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(foreignWait)); err != nil {
		t.Fatal(err)
	}
	return &airborne{t, c, to}
}

func (a *airborne) addr() netip.AddrPort { return a.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (a *airborne) send(m frame) {
	a.t.Helper()
	b := append([]byte(m.id), m.kind, m.ttl, m.hops)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.payload)))
	if _, err := a.conn.WriteToUDPAddrPort(append(b, m.payload...), a.to); err != nil {
		a.t.Fatal(err)
	}
}

// want reads datagrams until one of that kind comes. A bare ping, which asks
// whether we are where we say, is answered.
func (a *airborne) want(kind byte) frame {
	a.t.Helper()
	b := make([]byte, 1<<16)
	for {
		n, _, err := a.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			a.t.Fatalf("wait for datagram 0x%02x: %v", kind, err)
		}
		if n < 23 || int(binary.LittleEndian.Uint32(b[19:])) != n-23 {
			a.t.Fatalf("a datagram that is no message: % x", b[:n])
		}
		if b[16] == kindPing && n == 23 {
			a.send(frame{string(b[:16]), kindPong, 1, 0, make([]byte, 14)})
		}
		if b[16] == kind {
			return frame{string(b[:16]), kind, b[17], b[18], bytes.Clone(b[23:n])}
		}
	}
}

// linked is a foreign ultrapeer with both sides: it says in its handshake where
// it listens.
func linked(t *testing.T, s *servent.Servent) (*foreign, *airborne) {
	t.Helper()
	a := newAirborne(t, s.Addr())
	f := dialForeign(t, s.Addr())
	f.say("GNUTELLA CONNECT/0.6", append(ultrapeerHeaders[:len(ultrapeerHeaders):len(ultrapeerHeaders)], "Listen-IP: "+a.addr().String())...)
	f.group()
	f.say("GNUTELLA/0.6 200 OK")
	f.stream(false)
	f.want(kindVendor) // now our node knows of the link
	return f, a
}

// vendorPayload is of version 1.
func vendorPayload(name string, selector uint16, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte(name), selector)
	return append(binary.LittleEndian.AppendUint16(b, 1), data...)
}

// TestForeignUDPPing: a ping that asks for hosts and for its own address.
func TestForeignUDPPing(t *testing.T) {
	s := start(t, servent.Config{})
	_, a := linked(t, s)
	ask := []byte{0xc3, 0x03, 'S', 'C', 'P', 0x41, 0x01, 0x82, 'I', 'P', 0x40}
	a.send(frame{muid("udp ping"), kindPing, 1, 0, ask})
	pong := a.want(kindPong)
	ip := a.addr().Addr().As4()
	mine := binary.LittleEndian.AppendUint16(ip[:], a.addr().Port())
	if pong.id != muid("udp ping") || !bytes.Contains(pong.payload[14:], append([]byte("IP\x46"), mine...)) {
		t.Errorf("pong % x, want % x in it", pong.payload, mine)
	}
	if port := binary.LittleEndian.Uint16(pong.payload); port != s.Addr().Port() {
		t.Errorf("it says port %d", port)
	}
}

// TestForeignHeadPing: whether a file is here, asked over UDP.
func TestForeignHeadPing(t *testing.T) {
	dir, _, urn := shareFile(t, "blue danube.mp3", 1000)
	s := start(t, servent.Config{}, dir)
	_, a := linked(t, s)
	for name, want := range map[string]byte{urn: 1, "urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB": 0} {
		a.send(frame{muid(name), kindVendor, 1, 0, vendorPayload("LIME", 23, append([]byte{0}, name...)...)})
		pong := a.want(kindVendor)
		if pong.id != muid(name) || !bytes.HasPrefix(pong.payload, vendorPayload("LIME", 24)) {
			t.Fatalf("%q: % x", pong.id, pong.payload)
		}
		if got := pong.payload[9] & 3; got != want {
			t.Errorf("%s: code %d, want %d", name, got, want)
		}
	}
}

// TestForeignConnectBack: a peer that wants to know whether it can be reached.
func TestForeignConnectBack(t *testing.T) {
	s := start(t, servent.Config{})
	f, _ := linked(t, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	f.send(frame{muid("back"), kindVendor, 1, 0, vendorPayload("BEAR", 7, byte(port), byte(port>>8))})
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(foreignWait)); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c); err != nil || string(b) != "\n\n" {
		t.Errorf("%q, %v", b, err)
	}
}

// TestForeignPushProxy: a firewalled servent chooses us as its proxy; a Push for
// it that comes over UDP reaches it.
func TestForeignPushProxy(t *testing.T) {
	s := start(t, servent.Config{})
	guid := muid("firewalled guid!")
	f := dialForeign(t, s.Addr())
	f.say("GNUTELLA CONNECT/0.6", append(ultrapeerHeaders[:len(ultrapeerHeaders):len(ultrapeerHeaders)], "GUID: "+guidHex(guid))...)
	f.group()
	f.say("GNUTELLA/0.6 200 OK")
	f.stream(false)
	f.send(frame{guid, kindVendor, 1, 0, vendorPayload("LIME", 21)})
	for {
		if m := f.want(kindVendor); bytes.HasPrefix(m.payload, []byte("LIME\x16\x00")) {
			break
		}
	}
	_, other := linked(t, s)
	to := netip.MustParseAddrPort("127.0.0.1:4000")
	other.send(pushFor("a push", guid, 7, to))
	if p := f.want(kindPush); !bytes.HasPrefix(p.payload, []byte(guid)) || p.ttl != 1 {
		t.Errorf("%+v", p)
	}
}

// TestUDPFlood: datagrams without end, from many addresses, cost a bounded memory
// and leave a link alive.
func TestUDPFlood(t *testing.T) {
	s := start(t, servent.Config{})
	f, _ := linked(t, s)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	sent := 0
	for host := 2; host < 34; host++ {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(host)}), 0)
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(from))
		if err != nil {
			t.Skip("this system has one loopback address: ", err)
		}
		a := &airborne{t, c, s.Addr()}
		for i := range 1000 {
			a.send(frame{muid(fmt.Sprint(host, i)), kindPing, 1, 0, make([]byte, 400)})
			sent++
		}
		_ = c.Close() // all has been sent
	}
	f.send(frame{muid("still there?"), kindPing, 1, 0, nil})
	asked := time.Now()
	for f.want(kindPong).id != muid("still there?") {
		continue // the answer to another ping
	}
	took := time.Since(asked)
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	st := s.Status()
	t.Logf("%d datagrams: %d taken, %d dropped at the queue, heap %+d KiB, the link answers after %v",
		sent, st.Datagrams.In, st.Edge.UDPInDropped, grown>>10, took)
	if grown > 8<<20 || took > 2*time.Second {
		t.Errorf("heap grew by %d bytes, the link answered after %v", grown, took)
	}
	if st.Datagrams.Out > 1 {
		t.Errorf("strangers were sent %d datagrams", st.Datagrams.Out)
	}
}

// TestLinkOverIPv6: two servents on ::1.
func TestLinkOverIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no ::1")
	}
	l.Close()
	a := startAt(t, "[::1]:0", servent.Config{})
	b := startAt(t, "[::1]:0", servent.Config{Connect: []string{a.Addr().String()}})
	for deadline := time.Now().Add(foreignWait); len(b.Peers()) == 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("no link")
		}
	}
	if p := b.Peers()[0]; p.Addr != a.Addr().String() {
		t.Errorf("linked with %s, want %s", p.Addr, a.Addr())
	}
}
