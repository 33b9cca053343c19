package servent_test

import (
	"bufio"
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
)

// farProxy is a foreign ultrapeer that is a push proxy, from the text alone: it
// acknowledges LIME/21, and passes pushes on that come over links, UDP or HTTP, as far as
// ways say. Queries and hits it floods.
type farProxy struct {
	t    *testing.T
	tcp  net.Listener
	udp  *net.UDPConn // nil: datagrams reach nobody
	ways string       // of "link", "udp" and "http" those by which it takes pushes
	meet bool         // it knows X-Servent-Meet

	mu      sync.Mutex
	links   []*foreign
	clients map[string]*foreign // by GUID
	passed  []string            // ways by which pushes came that it has passed on
	refused []int               // codes that it has answered over HTTP
}

func newFarProxy(t *testing.T, ways string) *farProxy {
	t.Helper()
	p := &farProxy{t: t, ways: ways, clients: map[string]*foreign{}}
	var err error
	if p.tcp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	if strings.Contains(ways, "udp") {
		if p.udp, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(p.addr())); err != nil {
			t.Fatal(err)
		}
		wg.Go(p.takeDatagrams)
	}
	wg.Go(func() { p.accept(&wg) })
	t.Cleanup(func() {
		_ = p.tcp.Close() // it ends accept
		if p.udp != nil {
			_ = p.udp.Close()
		}
		p.mu.Lock()
		for _, l := range p.links {
			_ = l.conn.Close()
		}
		p.mu.Unlock()
		wg.Wait()
	})
	return p
}

func (p *farProxy) addr() netip.AddrPort { return p.tcp.Addr().(*net.TCPAddr).AddrPort() }

func (p *farProxy) accept(wg *sync.WaitGroup) {
	for {
		conn, err := p.tcp.Accept()
		if err != nil {
			return
		}
		wg.Go(func() {
			defer conn.Close()
			f := &foreign{t: p.t, conn: conn, r: bufio.NewReader(conn), w: conn, head: map[string]string{}}
			if b, err := f.r.Peek(8); err != nil || string(b) != "GNUTELLA" {
				p.serveHTTP(f)
				return
			}
			p.serveLink(f)
		})
	}
}

// headers reads up to the empty line.
func headers(r *bufio.Reader) bool {
	for {
		switch line, err := r.ReadString('\n'); {
		case err != nil:
			return false
		case strings.TrimSpace(line) == "":
			return true
		}
	}
}

// supportsProxies is a "messages supported" with LIME/21v2.
var supportsProxies = append(make([]byte, 8), 1, 0, 'L', 'I', 'M', 'E', 21, 0, 2, 0)

func (p *farProxy) serveLink(f *foreign) {
	if !headers(f.r) {
		return
	}
	fmt.Fprintf(f.conn, "GNUTELLA/0.6 200 OK\r\n%s\r\nListen-IP: %s\r\n\r\n", strings.Join(ultrapeerHeaders, "\r\n"), p.addr())
	if !headers(f.r) {
		return
	}
	p.mu.Lock()
	p.links = append(p.links, f)
	p.write(f, frame{muid("supported"), kindVendor, 1, 0, supportsProxies})
	p.mu.Unlock()
	for {
		m, err := f.next()
		if err != nil {
			return
		}
		p.take(f, m)
	}
}

func (p *farProxy) take(f *foreign, m frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	on := m
	on.ttl, on.hops = m.ttl-1, m.hops+1
	switch {
	case m.kind == kindVendor && bytes.HasPrefix(m.payload, []byte("LIME\x15\x00")):
		p.clients[m.id] = f
		a := p.addr()
		ip := a.Addr().As4()
		ack := append([]byte("LIME\x16\x00\x02\x00"), ip[:]...)
		p.write(f, frame{m.id, kindVendor, 1, 0, binary.LittleEndian.AppendUint16(ack, a.Port())})
	case (m.kind == kindQuery || m.kind == kindHit) && m.ttl > 0:
		for _, l := range p.links {
			if l != f {
				p.write(l, on)
			}
		}
	case m.kind == kindPush:
		p.pass("link", on)
	}
}

// pass gives a Push to the client that it is for.
func (p *farProxy) pass(way string, m frame) bool {
	client := p.clients[string(m.payload[:16])]
	if client == nil || !strings.Contains(p.ways, way) {
		return false
	}
	m.ttl = 1
	p.write(client, m)
	p.passed = append(p.passed, way)
	return true
}

func (p *farProxy) takeDatagrams() {
	b := make([]byte, 1<<12)
	for {
		n, _, err := p.udp.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if n < 23+26 || b[16] != kindPush {
			continue
		}
		p.mu.Lock()
		p.pass("udp", frame{string(b[:16]), kindPush, 1, 1, bytes.Clone(b[23:n])})
		p.mu.Unlock()
	}
}

// serveHTTP answers one request: 202, 410 or 400.
func (p *farProxy) serveHTTP(f *foreign) {
	req, err := http.ReadRequest(f.r)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := http.StatusBadRequest
	server, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(req.URL.Query().Get("ServerId"))
	if m, ok := p.pushOf(req); ok && err == nil && len(server) == 16 && req.URL.Path == "/gnutella/push-proxy" {
		if copy(m, server); p.pass("http", frame{muid("by http"), kindPush, 1, 0, m}) {
			code = http.StatusAccepted
		} else {
			code = http.StatusGone
		}
	}
	if code != http.StatusAccepted {
		p.refused = append(p.refused, code)
	}
	fmt.Fprintf(f.conn, "HTTP/1.1 %d \r\nContent-Length: 0\r\n\r\n", code)
}

// pushOf makes a Push of a request, but for its servent.
func (p *farProxy) pushOf(req *http.Request) ([]byte, bool) {
	m := make([]byte, 26)
	if text := req.Header.Get("X-Node"); text != "" {
		node, err := netip.ParseAddrPort(text)
		if err != nil {
			return nil, false
		}
		ip := node.Addr().As4()
		copy(m[20:], ip[:])
		binary.LittleEndian.PutUint16(m[24:], node.Port())
		if node.Addr() != netip.MustParseAddr("127.0.0.1") {
			return nil, false
		}
	} else if !p.meet {
		return nil, false
	}
	data, err := base64.RawURLEncoding.DecodeString(req.Header.Get("X-Servent-Meet"))
	if err != nil || len(data) == 0 || !p.meet {
		return m, err == nil && m[24]|m[25] > 0
	}
	// One item, the last, whose length takes two bytes.
	m = append(m, "\xc3\x85SRVTM"...)
	m = append(m, 0x80|byte(len(data)>>6), 0x40|byte(len(data)&63))
	return append(m, data...), true
}

// write is called under mu. An error shows at the other end.
func (p *farProxy) write(f *foreign, m frame) {
	b := append([]byte(m.id), m.kind, m.ttl, m.hops)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.payload)))
	_, _ = f.w.Write(append(b, m.payload...))
}

// has says whether a servent has chosen it.
func (p *farProxy) has(guid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clients[guid] != nil
}

// seen returns the ways by which pushes came that it has passed on, and the codes of the
// other requests.
func (p *farProxy) seen() (passed []string, refused []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.passed), slices.Clone(p.refused)
}
