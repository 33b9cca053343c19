package servent_test

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/seed282dab8e/servent/servent"
)

// meetData is the data of SRVTM after docs/protocol.md 15, with one address, as others see
// it, and maybe a push proxy.
func meetData(answer bool, token, guid string, at netip.AddrPort, proxies ...netip.AddrPort) []byte {
	b := []byte{1, 0}
	if answer {
		b[1] = 1
	}
	b = append(append(b, token...), guid...)
	b = append(b, byte(0x10|len(proxies)))
	for i, a := range append([]netip.AddrPort{at}, proxies...) {
		kind := byte(1)
		if i > 0 {
			kind = 0
		}
		ip := a.Addr().As4()
		b = binary.LittleEndian.AppendUint16(append(append(b, kind), ip[:]...), a.Port())
	}
	return b
}

// wantMeet waits for a Push with SRVTM and returns its data.
func wantMeet(t *testing.T, f *foreign, guid string) (data []byte, connectTo uint16) {
	t.Helper()
	p := f.want(kindPush).payload
	_, after, ok := bytes.Cut(p[26:], []byte("SRVTM"))
	if !ok || string(p[:16]) != guid || len(after) < 2+35 {
		t.Fatalf("pushed % x", p)
	}
	n, used := int(after[0]&63), 1
	if after[0]&0x80 != 0 {
		n, used = n<<6|int(after[1]&63), 2
	}
	return after[used : used+n], binary.LittleEndian.Uint16(p[24:])
}

func askMeet(t *testing.T, p netip.AddrPort, guid string, data []byte, lines ...string) int {
	t.Helper()
	uri := "/gnutella/push-proxy?ServerId=" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(guid))
	resp, _ := fetch(t, p, "GET", uri, append(lines, "X-Servent-Meet: "+base64.RawURLEncoding.EncodeToString(data))...)
	return resp.StatusCode
}

// TestForeignMeetsByHTTP: another servent's program asks ours by a push proxy to meet, and
// gets the answer from there, where no datagram leads to the proxy; and ours asks it.
func TestForeignMeetsByHTTP(t *testing.T) {
	const guid = "a shy servent id"
	p := newFarProxy(t, "http")
	p.meet = true
	udp := newAirborne(t, p.addr())
	f := dialForeign(t, p.addr())
	f.connect(false)
	f.send(frame{guid, kindVendor, 1, 0, []byte("LIME\x15\x00\x02\x00")})
	ours := start(t, behind(p))
	id := ours.GUID()
	waitFor(t, "push proxies", func() bool { return p.has(guid) && p.has(string(id[:])) })

	t.Run("asks", func(t *testing.T) {
		token := "0123456789abcdef"
		nowhere := netip.MustParseAddrPort("127.0.0.1:1")
		if code := askMeet(t, p.addr(), string(id[:]), meetData(false, token, guid, nowhere, p.addr())); code != 202 {
			t.Fatalf("the proxy answers %d", code)
		}
		answer, port := wantMeet(t, f, guid)
		if answer[1]&1 == 0 || string(answer[2:18]) != token || string(answer[18:34]) != string(id[:]) || port != 0 {
			t.Errorf("answered with % x, to connect to port %d", answer, port)
		}
	})
	t.Run("is asked", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			defer close(over)
			source := servent.FoundSource{Addr: "127.0.0.1:1", GUID: guidHex(guid), Push: true, Proxies: []string{p.addr().String()}}
			_, _ = ours.Get(ctx, servent.GetRequest{ // nobody serves it
				Magnet: "urn:sha1:PLSTHIPQGSSZTS5FJUPAKUZWUGYQYPFB", Dir: t.TempDir(), Sources: []servent.FoundSource{source},
			}, func(servent.GetProgress) {})
		}()
		defer func() { cancel(); <-over }()
		asked, _ := wantMeet(t, f, guid)
		if asked[1]&1 != 0 || string(asked[18:34]) != string(id[:]) || asked[34]&15 != 1 {
			t.Fatalf("asked with % x", asked)
		}
		answer := meetData(true, string(asked[2:18]), guid, udp.addr())
		if code := askMeet(t, p.addr(), string(id[:]), answer); code != 202 {
			t.Fatalf("the proxy answers %d", code)
		}
		b := make([]byte, 1<<10)
		n, _, err := udp.conn.ReadFromUDPAddrPort(b)
		if err != nil || n < 20 || binary.BigEndian.Uint16(b) != 1 || binary.BigEndian.Uint32(b[4:]) != 0x2112a442 {
			t.Errorf("no check comes: % x, %v", b[:n], err)
		}
	})
}

// TestForeignMeetsThroughUs: our node passes meetings on between two foreign servents over
// HTTP, with or without an address to connect to, and refuses what is none.
func TestForeignMeetsThroughUs(t *testing.T) {
	const guid = "a shy servent id"
	s := start(t, servent.Config{})
	f := shy(t, s, guid)
	data := meetData(false, "0123456789abcdef", "somebody's guid.", netip.MustParseAddrPort("192.0.2.1:6346"), s.Addr())
	for _, node := range []uint16{0, 4321} {
		var lines []string
		if node > 0 {
			lines = []string{"X-Node: " + netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), node).String()}
		}
		if code := askMeet(t, s.Addr(), guid, data, lines...); code != 202 {
			t.Fatalf("answered with %d", code)
		}
		if got, port := wantMeet(t, f, guid); !bytes.Equal(got, data) || port != node {
			t.Errorf("% x, port %d", got, port)
		}
	}
	if code := askMeet(t, s.Addr(), guid, data, "X-Node: 127.0.0.2:1"); code != 400 {
		t.Errorf("with another's address: %d", code)
	}
	if code := askMeet(t, s.Addr(), guid, data[:40]); code != 400 {
		t.Errorf("cut: %d", code)
	}
	if code := askMeet(t, s.Addr(), "nobody with this", data); code != 410 {
		t.Errorf("for nobody: %d", code)
	}
}
