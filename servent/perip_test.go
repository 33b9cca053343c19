package servent

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

func TestPerIP(t *testing.T) {
	named := netip.MustParseAddrPort("5.9.0.9:6346")
	for from, limited := range map[string]bool{
		"5.9.0.1:1": true, "10.0.0.1:1": true, "[::ffff:5.9.0.1]:1": true, "[2001:db8::1]:1": true, "[fe80::1%eth0]:1": true,
		"127.0.0.1:1": false, "127.8.8.8:1": false, "[::1]:1": false, "5.9.0.9:1": false,
	} {
		p, a := newPerIP(2, []netip.AddrPort{named}), netip.MustParseAddrPort(from)
		taken := 0
		for range 3 {
			if p.take(a) {
				taken++
			}
		}
		if limited && (taken != 2 || p.refused() != 1) || !limited && (taken != 3 || p.refused() != 0) {
			t.Errorf("%s: took %d, refused %d", from, taken, p.refused())
		}
		p.give(a)
		if !p.take(a) {
			t.Errorf("%s: nothing more after one was given back", from)
		}
		for range taken {
			p.give(a)
		}
		if len(p.open) != 0 {
			t.Errorf("%s: %v is remembered", from, p.open)
		}
	}
	if p := newPerIP(0, nil); !p.take(netip.AddrPort{}) {
		t.Error("what has no address was refused")
	}
}

func (p *perIP) hosts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// TestHostOf: one host is what has one address of its own, not what chose one.
func TestHostOf(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"1.2.3.4", "1.2.3.4", true},
		{"1.2.3.4", "1.2.3.5", false},
		{"::ffff:1.2.3.4", "1.2.3.4", true},
		{"2001:db8::1", "2001:db8::2:3:4:5", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1", "fe80::2", false},
		{"fe80::1%a", "fe80::1%b", true},
	} {
		a, b := netip.AddrPortFrom(netip.MustParseAddr(c.a), 1), netip.AddrPortFrom(netip.MustParseAddr(c.b), 2)
		if (hostOf(a) == hostOf(b)) != c.same {
			t.Errorf("%s and %s: same host is %v", c.a, c.b, !c.same)
		}
	}
}

// TestPendingPerIP: one host may keep so many connections waiting; one past
// that is closed at once, and others are still heard.
func TestPendingPerIP(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		for port := range maxPendingPerIP {
			h.pipes.knockFrom(fmt.Sprintf("5.9.0.1:%d", port+1))
		}
		if took, _ := untilClosed(h.pipes.knockFrom("5.9.0.1:99")); took != 0 {
			t.Errorf("one past the limit was held for %v", took)
		}
		if e := h.Status().Edge; e.PendingPerIP != 1 || e.PendingFull != 0 {
			t.Errorf("counted %+v", e)
		}
		for _, other := range []string{"5.9.0.2:1", "127.0.0.1:1"} {
			if took, _ := untilClosed(h.pipes.knockFrom(other)); took != handshakeTimeout {
				t.Errorf("%s was held for %v", other, took)
			}
		}
		if took, _ := untilClosed(h.pipes.knockFrom("5.9.0.1:99")); took != handshakeTimeout {
			t.Errorf("held for %v after the others had gone", took)
		}
	})
}

// TestLinksPerIP: one host may have so many links, whatever GUIDs it says; one
// past that gets 503, until one of them ends.
func TestLinksPerIP(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		var conns []net.Conn
		link := func(from string) {
			c := h.pipes.knockFrom(from)
			linkOver(t, c)
			conns = append(conns, c)
		}
		for range maxLinksPerIP {
			link("5.9.0.1:1")
		}
		past := h.pipes.knockFrom("5.9.0.1:1")
		if _, err := io.WriteString(past, openUltrapeer); err != nil {
			t.Fatal(err)
		}
		if got := readGroupText(t, past); !strings.HasPrefix(got, "GNUTELLA/0.6 503 Too many links") {
			t.Errorf("one past the limit: %q", got)
		}
		untilClosed(past)
		if e := h.Status().Edge; e.LinksPerIP != 1 || e.Refused != 1 || e.BadHandshakes != 0 {
			t.Errorf("counted %+v", e)
		}
		link("5.9.0.2:1")
		for range maxLinksPerIP + 1 {
			link("127.0.0.1:1")
		}
		conns[0].Close()
		synctest.Wait()
		link("5.9.0.1:1") // in the place of the one that ended
		for _, c := range conns {
			c.Close()
		}
		synctest.Wait()
		if n := h.linksPerIP.hosts(); n != 0 {
			t.Errorf("%d hosts hold links that have ended", n)
		}
	})
}

// TestWithdrawnLinks: handshakes that come to nothing hold no place.
func TestWithdrawnLinks(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		for range 2 * maxLinksPerIP {
			for _, last := range []string{"GNUTELLA/0.6 503 No\r\n\r\n", ""} {
				c := h.pipes.knockFrom("5.9.0.1:1")
				if _, err := io.WriteString(c, openUltrapeer); err != nil {
					t.Fatal(err)
				}
				if got := readGroupText(t, c); !strings.HasPrefix(got, "GNUTELLA/0.6 200 ") {
					t.Fatalf("got %q", got)
				}
				if _, err := io.WriteString(c, last); err != nil {
					t.Fatal(err)
				}
				c.Close()
				synctest.Wait()
			}
		}
	})
}

// TestNamedPeerHasNoLimit: whom the user named may have more links.
func TestNamedPeerHasNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{
			Connect: []string{"5.9.0.1:6346"},
			dial:    func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, io.EOF },
		})
		for range maxLinksPerIP + 1 {
			c := h.pipes.knockFrom("5.9.0.1:1")
			linkOver(t, c)
			defer c.Close()
		}
		h.stop()
	})
}

// TestHTTPPerIP: one host may have so many connections at the upload server;
// one past that is closed unanswered.
func TestHTTPPerIP(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		ask := func(from string) (net.Conn, error) {
			c := h.pipes.knockFrom(from)
			go func() { _, _ = io.WriteString(c, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n") }()
			_, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 404 ")))
			go func() { _, _ = io.Copy(io.Discard, c) }()
			return c, err
		}
		var conns []net.Conn
		for range maxHTTPPerIP {
			c, err := ask("5.9.0.1:1")
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
		}
		if _, err := ask("5.9.0.1:1"); err == nil {
			t.Error("one past the limit was answered")
		}
		if n := h.Status().Edge.HTTPPerIP; n != 1 {
			t.Errorf("counted %d", n)
		}
		for _, from := range []string{"5.9.0.2:1", "127.0.0.1:1"} {
			if _, err := ask(from); err != nil {
				t.Errorf("%s: %v", from, err)
			}
		}
		conns[0].Close()
		synctest.Wait()
		if _, err := ask("5.9.0.1:1"); err != nil {
			t.Errorf("after one has gone: %v", err)
		}
		h.mu.Lock()
		if n := len(h.conns); n != 0 {
			t.Errorf("%d connections are still held for strangers", n)
		}
		h.mu.Unlock()
		time.Sleep(3 * time.Minute) // the upload server lets idle connections go
		if n := h.httpPerIP.hosts(); n != 0 {
			t.Errorf("%d hosts hold connections that have ended", n)
		}
	})
}

// TestPushPerIP: connections that pushes make count like those that come.
func TestPushPerIP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{dial: func(context.Context, netip.AddrPort) (net.Conn, error) {
			here, there := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, there) }()
			return here, nil
		}})
		c := h.pipes.knockFrom("10.0.0.7:1") // a Push may name who is linked
		linkOver(t, c)
		go func() { _, _ = io.Copy(io.Discard, c) }()
		for i := range byte(maxHTTPPerIP + 1) {
			push := protocol.Push{Servent: h.GUID(), Addr: netip.MustParseAddrPort("10.0.0.7:9")}
			m := protocol.AppendMessage(nil, protocol.Header{ID: protocol.GUID{i}, Kind: protocol.KindPush, TTL: 1}, push)
			if _, err := c.Write(m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second / 2) // as often as pushes are answered
		}
		synctest.Wait()
		if e := h.Status().Edge; e.DialBacksFailed != 1 || e.HTTPPerIP != 1 {
			t.Errorf("counted %+v", e)
		}
		c.Close()
		h.stop()
	})
}

// TestMachineHasNoLimit: servents of one machine that met by multicast DNS
// reach each other by an address of the network's.
func TestMachineHasNoLimit(t *testing.T) {
	s, err := New(Config{Listen: "127.0.0.1:0", ConnectOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, own := range s.machine() {
		for range maxLinksPerIP + 1 {
			if !s.linksPerIP.take(own) {
				t.Errorf("%v was refused", own)
			}
		}
	}
	if len(s.machine()) == 0 {
		t.Error("this machine has not even loopback")
	}
}
