package servent_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/servent"
	"github.com/seed282dab8e/servent/servent/overlay"
)

// waitFor looks until ok.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(foreignWait); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, foreignWait)
		}
	}
}

// behind is the configuration of a servent of ours to whom nobody can connect, and which
// connects to a push proxy, and to whom else is named.
func behind(p *farProxy, others ...netip.AddrPort) servent.Config {
	cfg := servent.Config{Role: servent.RoleLeaf, Connect: []string{p.addr().String()}, Overlay: overlay.Config{Firewalled: true}}
	servent.DialOnly(&cfg, append(others, p.addr())...)
	return cfg
}

// TestPushThroughForeignProxy: we fetch from a firewalled servent by way of a foreign push
// proxy that knows one way only, and name it in our hits.
func TestPushThroughForeignProxy(t *testing.T) {
	for _, way := range []string{"link", "udp", "http"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			dir, _, urn := shareFile(t, "blue walrus.ogg", 30_000)
			p := newFarProxy(t, way)
			cfg := servent.Config{}
			if way != "http" { // with --connect-only datagrams go to whom it is told of
				cfg.Connect = []string{p.addr().String()}
			}
			s := start(t, cfg)
			shares := start(t, behind(p, s.Addr()), dir)
			guid := shares.GUID()
			waitFor(t, "its push proxy", func() bool { return p.has(string(guid[:])) })
			ctx, cancel := context.WithTimeout(t.Context(), 2*foreignWait)
			defer cancel()
			source := servent.FoundSource{Addr: "127.0.0.1:1", GUID: guid.String(), Push: true, Proxies: []string{p.addr().String()}}
			if way == "link" {
				source = found(ctx, t, s, "walrus")
				if !slices.Contains(source.Proxies, p.addr().String()) || source.GUID != guid.String() || !source.Push {
					t.Fatalf("its hit says %+v", source)
				}
			}
			got, err := s.Get(ctx, servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{source}}, func(servent.GetProgress) {})
			// An answer that we shall meet may come by it, too.
			if passed, refused := p.seen(); err != nil || !got.Verified || !slices.Equal(slices.Compact(passed), []string{way}) {
				t.Errorf("%+v, %v; it passed on %q, answered %v", got, err, passed, refused)
			}
		})
	}
}

// found searches until there is a source.
func found(ctx context.Context, t *testing.T, s *servent.Servent, words string) (source servent.FoundSource) {
	t.Helper()
	for source.Addr == "" && ctx.Err() == nil {
		one, enough := context.WithTimeout(ctx, time.Second)
		_ = s.Search(one, servent.SearchRequest{Query: words, Limit: 1}, func(r servent.Found) { source = r.Sources[0] })
		enough()
	}
	return source
}

// TestMeetByHTTPProxy: two to whom nobody can connect meet, though no datagram of theirs
// reaches the push proxy: it is asked over HTTP. One that knows nothing of meetings has
// them connect only, which cannot be.
func TestMeetByHTTPProxy(t *testing.T) {
	for _, meets := range []bool{true, false} {
		t.Run(fmt.Sprint(meets), func(t *testing.T) {
			t.Parallel()
			dir, _, urn := shareFile(t, "blue walrus.ogg", 300_000)
			p := newFarProxy(t, "http")
			p.meet = meets
			shares, fetches := start(t, behind(p), dir), start(t, behind(p))
			guid, own := shares.GUID(), fetches.GUID()
			waitFor(t, "push proxies", func() bool { return p.has(string(guid[:])) && p.has(string(own[:])) })
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			source := servent.FoundSource{Addr: "127.0.0.1:1", GUID: guid.String(), Push: true, Proxies: []string{p.addr().String()}}
			began := time.Now()
			got, err := fetches.Get(ctx, servent.GetRequest{Magnet: urn, Dir: t.TempDir(), Sources: []servent.FoundSource{source}}, func(servent.GetProgress) {})
			passed, _ := p.seen()
			t.Logf("%v after %v", got.Verified, time.Since(began))
			if got.Verified != meets || len(passed) == 0 || passed[0] != "http" {
				t.Errorf("%+v, %v; it passed on %q", got, err, passed)
			}
		})
	}
}

// shy is a foreign servent that nobody can connect to, a leaf where our node is a
// supernode; that is its push proxy.
func shy(t *testing.T, s *servent.Servent, guid string) *foreign {
	t.Helper()
	f := dialForeign(t, s.Addr())
	headers := slices.Clone(ultrapeerHeaders)
	if s.Status().Role == servent.RoleSupernode.String() {
		headers = plain(limeHeaders(false))
	}
	f.connectAs(append(headers, "GUID: "+guidHex(guid)))
	f.send(frame{guid, kindVendor, 1, 0, []byte("LIME\x15\x00\x02\x00")})
	for {
		ack := f.want(kindVendor)
		if !bytes.HasPrefix(ack.payload, []byte("LIME\x16\x00\x02\x00")) {
			continue
		}
		ip := s.Addr().Addr().As4()
		if want := binary.LittleEndian.AppendUint16(ip[:], s.Addr().Port()); ack.id != guid || !bytes.Equal(ack.payload[8:], want) {
			t.Fatalf("acknowledged as %q: % x", ack.id, ack.payload)
		}
		return f
	}
}

// TestForeignPushesThroughUs: two foreign servents, one of which nobody can connect to; by
// each way to push, ours has that one connect to the other, which fetches from it.
func TestForeignPushesThroughUs(t *testing.T) {
	const guid = "a shy servent id"
	server := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(guid))
	asks := map[string]func(t *testing.T, s *servent.Servent, to netip.AddrPort){
		"link": func(t *testing.T, s *servent.Servent, to netip.AddrPort) {
			f := dialForeign(t, s.Addr())
			f.connect(false)
			m := pushFor("a push", guid, 7, to)
			m.ttl = 3
			f.send(m)
		},
		"udp": func(t *testing.T, s *servent.Servent, to netip.AddrPort) {
			_, a := linked(t, s)
			a.send(pushFor("a push", guid, 7, to))
		},
		"http": func(t *testing.T, s *servent.Servent, to netip.AddrPort) {
			resp, _ := fetch(t, s.Addr(), "GET", "/gnutella/push-proxy?ServerId="+server+"&file=7", "X-Node: "+to.String())
			if resp.StatusCode != 202 {
				t.Errorf("over HTTP: %s", resp.Status)
			}
		},
	}
	for way, ask := range asks {
		for _, role := range []servent.Role{servent.RoleFlat, servent.RoleSupernode} {
			t.Run(way+", "+role.String(), func(t *testing.T) {
				s := start(t, servent.Config{Role: role})
				f := shy(t, s, guid)
				pushShyly(t, f, guid, func(to netip.AddrPort) { ask(t, s, to) })
			})
		}
	}
}

// pushShyly has the servent of f pushed, and a file fetched from it.
func pushShyly(t *testing.T, f *foreign, guid string, ask func(to netip.AddrPort)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ask(l.Addr().(*net.TCPAddr).AddrPort())
	m := f.want(kindPush)
	p := m.payload
	if string(p[:16]) != guid || binary.LittleEndian.Uint32(p[16:]) != 7 || m.ttl != 1 {
		t.Fatalf("pushed % x, ttl %d", p, m.ttl)
	}
	back := netip.AddrPortFrom(netip.AddrFrom4([4]byte(p[20:24])), binary.LittleEndian.Uint16(p[24:]))
	served := make(chan error, 1)
	go func() { served <- serveShyly(back, guid) }()
	if err := fetchShyly(l, guid); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// serveShyly is what a pushed servent does.
func serveShyly(to netip.AddrPort, guid string) error {
	conn, err := net.DialTimeout("tcp", to.String(), foreignWait)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GIV 7:%s/walrus.ogg\n\n", guidHex(guid))
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil || req.URL.Path != "/get/7/walrus.ogg" {
		return fmt.Errorf("request %v, %w", req, err)
	}
	_, err = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nwalrus")
	return err
}

// fetchShyly is what its asker does.
func fetchShyly(l net.Listener, guid string) error {
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(foreignWait)); err != nil {
		return err
	}
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "GIV 7:"+guidHex(guid)+"/") {
		return fmt.Errorf("giv %q, %w", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		return err
	}
	fmt.Fprintf(conn, "GET /get/7/walrus.ogg HTTP/1.1\r\nHost: x\r\n\r\n")
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "walrus" {
		return fmt.Errorf("content %q, %w", b, err)
	}
	return nil
}
