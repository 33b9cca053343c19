//go:build loopback && linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// What lives where in TestSilence: the node that is watched, the servent that it
// is told of, and a stranger; nobody lives at the addresses that are named to it.
const (
	silent, known, foreigner    = "10.99.7.1", "10.99.7.2", "10.99.7.3"
	silent6, known6, foreigner6 = "fd99::1", "fd99::2", "fd99::3"
	named, named6               = "10.99.7.9", "fd99::9"
	silentAt, knownAt           = silent + ":7001", known + ":7002"
	calledBackAt                = known + ":7003"
)

// village makes a network of two namespaces with IPv4 and IPv6.
func village(t *testing.T) (one, two string) {
	t.Helper()
	one, two = lan(t)
	for ns, addrs := range map[string][]string{one: {silent6 + "/64"}, two: {known6 + "/64", foreigner + "/24", foreigner6 + "/64"}} {
		for _, a := range addrs {
			ip(t, strings.TrimSuffix(fmt.Sprintf("-n %s addr add %s dev %s%s", ns, a, ns, map[bool]string{true: " nodad"}[strings.Contains(a, "::")]), " "))
		}
	}
	return one, two
}

// astray says what is wrong with a packet of the silent node; nil: nothing.
func astray(p packet) error {
	to, port := p.dst.Addr(), p.src.Port()
	told := slices.Contains([]string{silent, known, silent6, known6}, to.String())
	stranger := to.String() == foreigner || to.String() == foreigner6
	switch {
	case p.kind == "kernel", told:
		return nil
	case p.kind == "near" && (stranger || to.IsLinkLocalUnicast() || to.IsLinkLocalMulticast()):
		return nil // the kernel, which answers who looks for this machine
	case p.kind == "tcp" && stranger && port == netip.MustParseAddrPort(silentAt).Port():
		return nil // on the stranger's own connection
	}
	return errors.New("a packet that may not be: " + p.String())
}

// TestSilence: a servent with --connect-only sends nothing to anyone it was not
// told of, be that named by a link, by a stranger, or by nobody. IPv6 is on, and
// loopback is watched too.
func TestSilence(t *testing.T) {
	one, two := village(t)
	wire := sniff(t, one)
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "papaya giraffe.txt"), "hello")
	theirs := t.TempDir()
	writeFile(t, filepath.Join(theirs, "mango zebra.txt"), strings.Repeat("fruit ", 50_000))

	friend := newHome(t).spawnIn(t, two, "share", "--json", "--connect-only", "--listen", knownAt, theirs)
	friend.line(t, `"ready"`)
	p := &peer{process: newHome(t).spawnIn(t, one, "share", "--json", "--connect-only", "--network", "lan",
		"--listen", ":7001", "--connect", knownAt, folder)}
	p.ready = object[readyLine](t, p.line(t, `"ready"`))
	p.awaitLinks(t, 1)

	for _, args := range [][]string{
		{"search", "--limit", "1", "mango zebra"},
		{"get", "--output", t.TempDir(), "1"},
		{"browse", "--limit", "1", knownAt},
		{"status"},
	} {
		if code, out, errOut := p.home.callIn(t, one, args...); code != 0 {
			t.Fatalf("servent %q: exit %d: %s%s", args, code, out, errOut)
		}
	}
	guid, err := protocol.ParseGUID(p.ready.GUID)
	if err != nil {
		t.Fatal(err)
	}
	s := &stranger{t, two, guid}
	before := p.status(t)
	s.pokeUDP()
	s.pokeTCP()
	s.linkAndName()
	until(t, 10*time.Second, func() error { // all has been read
		now := p.status(t)
		connect, udp := now.Drops["connect_only"]-before.Drops["connect_only"], now.Drops["udp_stranger"]-before.Drops["udp_stranger"]
		if connect == 2 && udp >= 3 {
			return nil
		}
		return fmt.Errorf("dropped %d for connect_only, want the 2 pushes; %d for udp_stranger", connect, udp)
	})
	if code, _, errOut := p.home.call(t, "stop"); code != 0 || p.exit(t) != 0 {
		t.Errorf("stop: %s", errOut)
	}
	heard := wire.all()
	for _, packet := range heard {
		if err := astray(packet); err != nil {
			t.Error(err)
		}
	}
	for what, is := range map[string]func(packet) bool{
		"who is known over TCP": func(p packet) bool { return p.kind == "tcp" && p.dst.Addr().String() == known },
		"who is known over UDP": func(p packet) bool { return p.kind == "udp" && p.dst.Addr().String() == known },
		"a stranger that asked": func(p packet) bool { return p.kind == "tcp" && p.dst.Addr().String() == foreigner6 },
	} {
		if !slices.ContainsFunc(heard, is) {
			t.Errorf("among %d packets there is none to %s", len(heard), what)
		}
	}
}

// TestSnifferHears: without --connect-only the sniffer of TestSilence hears that
// the servent looks for neighbours.
func TestSnifferHears(t *testing.T) {
	one, _ := village(t)
	wire := sniff(t, one)
	newHome(t).spawnIn(t, one, "share", "--json", "--listen", ":7001", t.TempDir()).line(t, `"ready"`)
	until(t, 10*time.Second, func() error {
		for _, p := range wire.all() {
			if p.kind == "udp" && p.dst.Addr().IsMulticast() && p.dst.Port() == 5353 && astray(p) != nil {
				return nil
			}
		}
		return fmt.Errorf("no multicast DNS among what was sent: %v", wire.all())
	})
}

// stranger pokes the silent node from another namespace.
type stranger struct {
	t    *testing.T
	ns   string
	guid protocol.GUID // of the node
}

// dial connects to the node from an address.
func (s *stranger) dial(network, from, to string) net.Conn {
	s.t.Helper()
	var c net.Conn
	inNetns(s.t, s.ns, func() (err error) {
		d := net.Dialer{Timeout: patience}
		switch src := netip.AddrPortFrom(netip.MustParseAddr(from), 0); network {
		case "udp":
			d.LocalAddr = net.UDPAddrFromAddrPort(src)
		default:
			d.LocalAddr = net.TCPAddrFromAddrPort(src)
		}
		c, err = d.Dial(network, net.JoinHostPort(to, "7001"))
		return err
	})
	s.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *stranger) write(c net.Conn, b []byte) {
	s.t.Helper()
	if _, err := c.Write(b); err != nil {
		s.t.Fatal(err)
	}
}

// naming are messages that name somebody, or ask for something.
func (s *stranger) naming(at netip.AddrPort) [][]byte {
	id := protocol.GUID{1, byte(at.Port())}
	message := func(kind protocol.Kind, id protocol.GUID, p protocol.Payload) []byte {
		return protocol.AppendMessage(nil, protocol.Header{ID: id, Kind: kind, TTL: 3, Hops: 2}, p)
	}
	ext := protocol.AppendGGEP(nil, protocol.AddrItem(at.Addr())...)
	wish := protocol.AppendGGEP(nil, protocol.NewGGEP(protocol.GGEPWish, nil), protocol.NewGGEP(protocol.GGEPEcho, nil))
	oob := protocol.Query{Flags: protocol.FlagMarker | protocol.FlagOOB, Text: []byte("papaya giraffe")}
	return [][]byte{
		message(protocol.KindPing, id, protocol.Ping{Ext: wish}),
		message(protocol.KindPong, protocol.GUID{2}, protocol.Pong{Addr: at, KBytes: 8, Ext: ext}),
		message(protocol.KindPush, protocol.GUID{3, byte(at.Port())}, protocol.Push{Servent: s.guid, Addr: at, Ext: ext}),
		message(protocol.KindVendor, s.guid, protocol.NewProxyAck(at)),
		message(protocol.KindVendor, protocol.GUID{4}, protocol.NewConnectBack(netip.MustParseAddrPort(calledBackAt).Port())),
		message(protocol.KindVendor, protocol.GUID{5}, protocol.NewUDPConnectBack(999)),
		message(protocol.KindVendor, protocol.GUID{6}, protocol.NewHeadPing(protocol.URN{HasSHA1: true}, 0)),
		message(protocol.KindVendor, protocol.GUID{7}, protocol.NewCrawlPing(2, 255)),
		message(protocol.KindQuery, protocol.GUID{8, byte(at.Port())}.WithAddr(at), oob),
		message(protocol.KindVendor, protocol.GUID{9}, protocol.NewProxyRequest()),
	}
}

func (s *stranger) pokeUDP() {
	s.t.Helper()
	for from, to := range map[string]string{foreigner: silent, foreigner6: silent6} {
		c := s.dial("udp", from, to)
		for _, m := range s.naming(netip.AddrPortFrom(netip.MustParseAddr(named), 81)) {
			s.write(c, m)
		}
		s.write(c, []byte("no message"))
	}
}

// pokeTCP connects as all that a servent answers: each time it is answered where
// it asked.
func (s *stranger) pokeTCP() {
	s.t.Helper()
	proxy := protocol.PushProxyRequest{Servent: s.guid, Index: 1}.URI()
	for from, to := range map[string]string{foreigner: silent, foreigner6: silent6} {
		for say, want := range map[string]string{
			"GNUTELLA CONNECT/0.6\r\nX-Ultrapeer: True\r\nListen-IP: " + named + ":82\r\nX-Try-Ultrapeers: " + named + ":83\r\n\r\n": "GNUTELLA/0.6 200",
			"GNUTELLA CONNECT/0.6\r\nCrawler: 0.1\r\n\r\n":                                                                     "GNUTELLA/0.6 200",
			"GET / HTTP/1.1\r\nHost: x\r\nX-Node: " + named + ":84\r\n\r\n":                                                    "HTTP/1.1 200",
			"GET " + proxy + " HTTP/1.1\r\nHost: x\r\nX-Node: " + named + ":85\r\n\r\n":                                        "HTTP/1.1 4",
			"GET /uri-res/N2R?urn:sha1:" + strings.Repeat("A", 32) + " HTTP/1.1\r\nHost: x\r\nX-Alt: " + named + ":86\r\n\r\n": "HTTP/1.1 404",
			"GIV 1:" + strings.Repeat("0", 32) + "/x\n\n":                                                                      "",
			"\n\n":          "",
			"no protocol\n": "",
		} {
			c := s.dial("tcp", from, to)
			s.write(c, []byte(say))
			answer := make([]byte, 64)
			n, err := io.ReadAtLeast(c, answer, max(len(want), 1))
			if !strings.HasPrefix(string(answer[:n]), want) || want == "" && n > 0 {
				s.t.Errorf("%q is answered with %q, %v", say, answer[:n], err)
			}
			c.Close()
		}
	}
}

// linkAndName makes a link from the known address that names strangers.
func (s *stranger) linkAndName() {
	s.t.Helper()
	var back net.Listener
	inNetns(s.t, s.ns, func() (err error) {
		back, err = net.Listen("tcp", calledBackAt)
		return err
	})
	defer back.Close()
	c := s.dial("tcp", known, silent)
	s.write(c, []byte("GNUTELLA CONNECT/0.6\r\nX-Ultrapeer: True\r\nGGEP: 0.5\r\nVendor-Message: 0.1\r\nX-Requeries: False\r\n"+
		"Listen-IP: "+named+":87\r\nPong-Caching: 0.1\r\n\r\n"))
	if text, err := readUntil(c, "\r\n\r\n"); err != nil || !strings.HasPrefix(text, "GNUTELLA/0.6 200") {
		s.t.Fatalf("handshake: %q, %v", text, err)
	}
	s.write(c, []byte("GNUTELLA/0.6 200 OK\r\nX-Try-Ultrapeers: "+named+":88\r\n\r\n"))
	for _, at := range []netip.Addr{netip.MustParseAddr(named), netip.MustParseAddr(named6)} {
		for _, m := range s.naming(netip.AddrPortFrom(at, 80+uint16(at.BitLen()))) {
			s.write(c, m)
		}
	}
	called, err := back.Accept() // the link's own address may have it come by
	if err != nil {
		s.t.Fatal(err)
	}
	called.Close()
	if _, err := readUntil(c, "papaya giraffe.txt"); err != nil {
		s.t.Errorf("the hits do not come over the link: %v", err)
	}
}

func readUntil(c net.Conn, end string) (string, error) {
	var all bytes.Buffer
	for b := make([]byte, 1); !strings.HasSuffix(all.String(), end); {
		if _, err := c.Read(b); err != nil {
			return all.String(), err
		}
		all.Write(b)
	}
	return all.String(), nil
}
