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
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// pipes is a listener whose connections are in-memory pipes, so that a whole
// servent runs under virtual time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 6346} }

// knock connects to the servent behind p.
func (p *pipes) knock() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// knockFrom is knock by a host whose address is from.
func (p *pipes) knockFrom(from string) net.Conn {
	here, there := net.Pipe()
	p.conns <- &fromHost{there, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}
	return here
}

type fromHost struct {
	net.Conn
	addr net.Addr
}

func (f *fromHost) RemoteAddr() net.Addr { return f.addr }

// host runs a servent in the test's bubble.
type host struct {
	*Servent
	pipes *pipes
	stop  func() // ends it and waits
}

func runHost(t *testing.T, cfg Config) *host {
	t.Helper()
	cfg.ConnectOnly = true
	cfg.listener = newPipes()
	return runHostOn(t, cfg)
}

// runHostOn runs a servent that listens on the pipes of cfg.
func runHostOn(t *testing.T, cfg Config) *host {
	t.Helper()
	p := cfg.listener.(*pipes)
	if cfg.Role == RoleAuto { // these tests are not about roles
		cfg.Role = RoleFlat
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return &host{s, p, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}}
}

// inBubble runs a test against one host under virtual time. That the bubble
// ends shows that the host leaves no goroutine behind.
func inBubble(t *testing.T, test func(t *testing.T, h *host)) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{})
		test(t, h)
		h.stop()
		time.Sleep(time.Minute) // the test's own goroutines see that it is over
	})
}

// untilClosed reads c to its end and says how long that took.
func untilClosed(c net.Conn) (time.Duration, []byte) {
	start := time.Now()
	b, _ := io.ReadAll(c)
	return time.Since(start), b
}

func TestSilentConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		if took, _ := untilClosed(h.pipes.knock()); took != handshakeTimeout {
			t.Errorf("closed after %v, want %v", took, handshakeTimeout)
		}
		if n := h.Status().Edge.UnknownSpeech; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

func TestEndlessHandshake(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		c := h.pipes.knock()
		go func() {
			_, err := io.WriteString(c, "GNUTELLA CONNECT/0.6\r\n")
			for err == nil { // a slow trickle does not prolong it
				time.Sleep(time.Second)
				_, err = io.WriteString(c, "X-A: b\r\n")
			}
		}()
		if took, _ := untilClosed(c); took != handshakeTimeout {
			t.Errorf("closed after %v, want %v", took, handshakeTimeout)
		}
		if n := h.Status().Edge.BadHandshakes; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

func TestMegabyteHeader(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		c := h.pipes.knock()
		sent := make(chan int, 1)
		go func() {
			n, _ := c.Write(append([]byte("GNUTELLA CONNECT/0.6\r\nX-A: "), bytes.Repeat([]byte("a"), 1<<20)...))
			sent <- n
		}()
		if took, _ := untilClosed(c); took != 0 {
			t.Errorf("closed after %v", took)
		}
		if n := <-sent; n > protocol.MaxGroupBytes {
			t.Errorf("took %d bytes of it", n)
		}
		if n := h.Status().Edge.BadHandshakes; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

func TestRandomBytes(t *testing.T) {
	for _, first := range []string{"\x00\x02", "\x16\x03\x01", "GNUTELLO", "POST / HTTP/1.1\r\n\r\n", "\n\r", "giv "} {
		inBubble(t, func(t *testing.T, h *host) {
			c := h.pipes.knock()
			go func() { _, _ = io.WriteString(c, first) }()
			if took, _ := untilClosed(c); took != 0 {
				t.Errorf("%q: closed after %v", first, took)
			}
			if n := h.Status().Edge.UnknownSpeech; n != 1 {
				t.Errorf("%q: counted %d", first, n)
			}
		})
	}
}

func TestConnectBack(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		c := h.pipes.knock()
		go func() { _, _ = io.WriteString(c, "\n\n") }()
		untilClosed(c)
		if n := h.Status().Edge.ConnectBacks; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

const openUltrapeer = "GNUTELLA CONNECT/0.6\r\nUser-Agent: Test\r\nX-Ultrapeer: True\r\nBye-Packet: 0.1\r\n\r\n"

// linkUp makes a link by hand and returns its connection.
func linkUp(t *testing.T, h *host) net.Conn {
	t.Helper()
	c := h.pipes.knock()
	linkOver(t, c)
	return c
}

// linkOver makes a link of a connection.
func linkOver(t *testing.T, c net.Conn) {
	t.Helper()
	linkSaying(t, c, "")
}

// linkSaying is linkOver with more headers.
func linkSaying(t *testing.T, c net.Conn, headers string) {
	t.Helper()
	if _, err := io.WriteString(c, strings.TrimSuffix(openUltrapeer, "\r\n")+headers+"\r\n"); err != nil {
		t.Fatal(err)
	}
	answer := readGroupText(t, c)
	if !strings.HasPrefix(answer, "GNUTELLA/0.6 200 ") {
		t.Fatalf("answer %q", answer)
	}
	if _, err := io.WriteString(c, "GNUTELLA/0.6 200 OK\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// readGroupText reads one header group, byte by byte so as to take no more.
func readGroupText(t *testing.T, c net.Conn) string {
	t.Helper()
	var b []byte
	for one := make([]byte, 1); !bytes.HasSuffix(b, []byte("\r\n\r\n")); b = append(b, one...) {
		if _, err := io.ReadFull(c, one); err != nil {
			t.Fatalf("read: %v after %q", err, b)
		}
	}
	return string(b)
}

func readMessage(t *testing.T, c net.Conn) (protocol.Header, []byte) {
	t.Helper()
	var head [protocol.HeaderSize]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		t.Fatalf("read message: %v", err)
	}
	h, err := protocol.ParseHeader(head[:])
	if err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, h.Size)
	if _, err := io.ReadFull(c, payload); err != nil {
		t.Fatal(err)
	}
	return h, payload
}

func byeOf(t *testing.T, h protocol.Header, payload []byte) uint16 {
	t.Helper()
	bye, err := protocol.ParseBye(payload)
	if h.Kind != protocol.KindBye || err != nil {
		t.Fatalf("got %v, %v; want a bye", h.Kind, err)
	}
	return bye.Code
}

func TestKeepAlive(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		c := linkUp(t, h)
		start := time.Now()
		if m, _ := readMessage(t, c); m.Kind != protocol.KindPing || m.TTL != 1 || time.Since(start) != 60*time.Second {
			t.Errorf("%v with TTL %d after %v; want a ping after 60 s", m.Kind, m.TTL, time.Since(start))
		}
		m, payload := readMessage(t, c)
		if code := byeOf(t, m, payload); code != protocol.ByeNoReply || time.Since(start) != 127*time.Second {
			t.Errorf("bye %d after %v, want 406 after 127 s", code, time.Since(start))
		}
		if took, rest := untilClosed(c); took != 0 || len(rest) > 0 {
			t.Errorf("closed %v later, after %q", took, rest)
		}
	})
}

func TestPayloadOf4GiB(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		c := linkUp(t, h)
		bad := protocol.Header{Kind: protocol.KindQuery, TTL: 1, Size: 1<<32 - 1}.Append(nil)
		if _, err := c.Write(bad); err != nil {
			t.Fatal(err)
		}
		m, payload := readMessage(t, c)
		if code := byeOf(t, m, payload); code != protocol.ByeTooLarge {
			t.Errorf("bye %d, want 400", code)
		}
		untilClosed(c)
		if n := h.Status().Drops["malformed"]; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

// TestShutdown: a peer that takes our goodbye, and one that takes nothing.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := runHost(t, Config{})
		reads, stuck := linkUp(t, h), linkUp(t, h)
		start := time.Now()
		go h.stop()
		m, payload := readMessage(t, reads)
		if code := byeOf(t, m, payload); code != protocol.ByeShutdown {
			t.Errorf("bye %d", code)
		}
		untilClosed(reads)
		time.Sleep(closeLinger)
		synctest.Wait()
		if _, err := stuck.Read(make([]byte, 1)); !errors.Is(err, io.EOF) || time.Since(start) > 2*closeLinger {
			t.Errorf("stuck peer: %v after %v", err, time.Since(start))
		}
	})
}

// TestStalledPeer: a peer that reads nothing while others send much is closed
// after the stall limit, and only it.
func TestStalledPeer(t *testing.T) {
	inBubble(t, func(t *testing.T, h *host) {
		source, stuck := linkUp(t, h), linkUp(t, h)
		go func() { _, _ = io.Copy(io.Discard, source) }()
		start := time.Now()
		go flood(source)
		gone := make(chan struct{})
		events, end := h.Events()
		defer end()
		go func() {
			for e := range events {
				if e.Event == "peer_down" {
					close(gone)
					return
				}
			}
		}()
		<-gone
		if took := time.Since(start); took < 30*time.Second || took > 35*time.Second {
			t.Errorf("closed after %v, want 30 s", took)
		}
		st := h.Status()
		if st.Closed["502"] != 1 || st.Drops["queue_full"] == 0 || len(h.Peers()) != 1 {
			t.Errorf("closed %v, queue_full %d, %d links left", st.Closed, st.Drops["queue_full"], len(h.Peers()))
		}
		source.Close()
		stuck.Close()
	})
}

// flood sends distinct queries as fast as the rate limit lets them pass.
func flood(c net.Conn) {
	text := strings.Repeat("walrus ", 30)
	for i := 0; ; i++ {
		id := protocol.GUID{byte(i), byte(i >> 8), byte(i >> 16), 1}
		q := protocol.Query{Flags: protocol.FlagMarker, Text: []byte(text)}
		m := protocol.AppendMessage(nil, protocol.Header{ID: id, Kind: protocol.KindQuery, TTL: 3}, q)
		if _, err := c.Write(m); err != nil {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// TestTwoHosts: two servents over a pipe link, and one hears the other's search.
func TestTwoHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := runHost(t, Config{})
		b := runHost(t, Config{
			Connect: []string{"10.0.0.1:6346"},
			dial:    func(context.Context, netip.AddrPort) (net.Conn, error) { return a.pipes.knock(), nil },
		})
		synctest.Wait()
		peers := b.Peers()
		if len(peers) != 1 || peers[0].Role != "flat" || peers[0].Addr != "10.0.0.1:6346" {
			t.Fatalf("links %+v", peers)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := b.Search(ctx, SearchRequest{Query: "walrus"}, func(Found) {}); err != nil {
			t.Error(err)
		}
		if in := a.Status().Messages["query"].In; in != 1 {
			t.Errorf("a heard %d queries", in)
		}
		b.stop()
		a.stop()
	})
}
