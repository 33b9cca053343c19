package servent

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// answerTo opens a handshake and returns the group that answers it.
func answerTo(t *testing.T, h *host, opening string) string {
	t.Helper()
	c := h.pipes.knock()
	defer c.Close()
	if _, err := io.WriteString(c, opening); err != nil {
		t.Fatal(err)
	}
	return readGroupText(t, c)
}

func TestRefusals(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		for _, c := range []struct{ headers, want string }{
			{"X-Ultrapeer: False\r\n", "503 No leaf slots"},
			{"User-Agent: Old\r\n", "403 Legacy peers refused"},
			{"X-Ultrapeer: True\r\nGUID: " + h.GUID().String() + "\r\n", "409 Connected to myself"},
		} {
			got := answerTo(t, h, "GNUTELLA CONNECT/0.6\r\n"+c.headers+"\r\n")
			if !strings.HasPrefix(got, "GNUTELLA/0.6 "+c.want) {
				t.Errorf("%q: %q", c.headers, got)
			}
		}
		synctest.Wait()
		if n := h.Status().Edge; n.Refused != 3 || n.BadHandshakes != 0 {
			t.Errorf("counted %+v", n)
		}
	})
}

// TestFullNodeNamesOthers: at the limit a peer is taken, one past it gets 503
// and hosts to try.
func TestFullNodeNamesOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{Overlay: overlay.Config{MaxLinks: 2}})
		first, second := linkUp(t, h), linkUp(t, h)
		third := answerTo(t, h, openUltrapeer)
		if !strings.HasPrefix(third, "GNUTELLA/0.6 503 ") {
			t.Errorf("third: %q", third)
		}
		first.Close()
		synctest.Wait()
		linkUp(t, h).Close()
		second.Close()
		h.stop()
	})
}

func noDials(context.Context, netip.AddrPort) (net.Conn, error) {
	return nil, errors.New("no dials here")
}

func TestTryHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHostOn(t, Config{
			Overlay: overlay.Config{MaxLinks: 1, Links: 1}, Network: Gnutella, listener: newPipes(),
			dial: noDials,
		})
		c := h.pipes.knock()
		linkSaying(t, c, "Listen-IP: 5.9.0.1:6346\r\n")
		go func() { _, _ = io.Copy(io.Discard, c) }()
		synctest.Wait()
		got := answerTo(t, h, openUltrapeer)
		if !strings.HasPrefix(got, "GNUTELLA/0.6 503 ") || !strings.Contains(got, "X-Try-Ultrapeers: 5.9.0.1:6346\r\n") {
			t.Errorf("got %q", got)
		}
		h.stop()
	})
}

func TestCrawler(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		linkUp(t, h)
		c := h.pipes.knock()
		if _, err := io.WriteString(c, "GNUTELLA CONNECT/0.6\r\nUser-Agent: Crawl\r\nX-Ultrapeer: False\r\nCrawler: 0.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		got := readGroupText(t, c)
		if !strings.HasPrefix(got, "GNUTELLA/0.6 200 ") || !strings.Contains(got, "\r\nPeers:") || !strings.Contains(got, "\r\nLeaves:") {
			t.Errorf("got %q", got)
		}
		if _, err := io.WriteString(c, "GNUTELLA/0.6 200 OK\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		untilClosed(c)
		if links := h.Peers(); len(links) != 1 {
			t.Errorf("a crawler became a link: %+v", links)
		}
		if n := h.Status().Edge.BadHandshakes; n != 0 {
			t.Errorf("a crawler counts as %d bad handshakes", n)
		}
	})
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]bool{"0.4": true, "0.5": true, "0.6": false, "0.7": false, "0.10": false, "1.0": false} {
		if tooOld(version) != want {
			t.Errorf("%s: too old is %v", version, !want)
		}
	}
}

func TestUnwantedGIV(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		c := h.pipes.knock()
		go func() { _, _ = io.WriteString(c, "GIV 0:00112233445566778899aabbccddeeff/x\n\n") }()
		untilClosed(c)
		if n := h.Status().Edge.UnwantedGIVs; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

func TestPendingConnections(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		for range maxPending {
			h.pipes.knock()
		}
		synctest.Wait()
		if took, _ := untilClosed(h.pipes.knock()); took != 0 {
			t.Errorf("one past the limit was held for %v", took)
		}
		if e := h.Status().Edge; e.PendingFull != 1 || e.UnknownSpeech != 0 {
			t.Errorf("counted %+v", e)
		}
	})
}

func TestEventsAreNotWaitedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		events, end := h.Events()
		defer end()
		for range 2 * eventQueue {
			h.emit(Event{Event: "peer_up", Peer: peerOf(overlay.Peer{Addr: netip.MustParseAddrPort("1.2.3.4:5")})})
		}
		if n := len(events); n != eventQueue {
			t.Errorf("%d events wait, want %d", n, eventQueue)
		}
	})
}

// TestTwinIsNoEvent: of two connections to one servent, made in both directions
// at once, one is closed at once, and nobody hears of it.
func TestTwinIsNoEvent(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		events, end := h.Events()
		defer end()
		highest := protocol.GUID(bytes.Repeat([]byte{0xff}, 16)) // so that ours decides
		var conns []net.Conn
		for i, outbound := range []bool{true, false} {
			here, there := net.Pipe()
			conns = append(conns, there)
			peer := overlay.Peer{GUID: highest, Role: RoleFlat, Outbound: outbound}
			w := &wire{id: overlay.LinkID(1000 + i), conn: here, in: here, out: here, peer: peer}
			h.call(func(l *loop) { l.attach(w) })
		}
		if took, _ := untilClosed(conns[1]); took != 0 || len(h.Peers()) != 1 {
			t.Errorf("the twin was held for %v; %d links", took, len(h.Peers()))
		}
		if n := len(events); n != 1 || (<-events).Event != "peer_up" {
			t.Errorf("%d events", n)
		}
		conns[0].Close()
		synctest.Wait()
		if n := len(events); n != 1 || (<-events).Event != "peer_down" {
			t.Errorf("%d events after the link ended", n)
		}
	})
}
