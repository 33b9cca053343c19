package overlay

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// headersOf reads text as the headers of a handshake group.
func headersOf(text []byte) (protocol.Headers, bool) {
	var r protocol.GroupReader
	group := slices.Concat([]byte("GNUTELLA/0.6 200 OK\r\n"), text, []byte("\r\n\r\n"))
	_, done, err := r.Feed(group)
	if err != nil || !done {
		return protocol.Headers{}, false
	}
	return r.Group().Headers, true
}

func checkHost(t *testing.T, a netip.AddrPort) {
	t.Helper()
	if !a.IsValid() || a.Port() == 0 || a.Addr().Is4In6() || a.Addr().Zone() != "" {
		t.Fatalf("host %s", a)
	}
}

// FuzzParsePeer: whatever the headers say, a peer is read within its limits, is
// judged, and as a link does no harm.
func FuzzParsePeer(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("User-Agent: gtk-gnutella/1.2\r\nX-Ultrapeer: True\r\nListen-IP: 203.0.113.5:6346\r\nRemote-IP: 198.51.100.7\r\nX-Max-TTL: 4\r\nBye-Packet: 0.1"))
	f.Add([]byte("X-Ultrapeer: True\r\nX-Servent: 0.1; role=flat\r\nGUID: 000102030405060708090a0b0c0d0e0f\r\nNode: [fe80::1%eth0]:6346"))
	f.Add([]byte("x-ultrapeer: false\r\nX-Max-TTL: 255\r\nRemote-IP: ::ffff:10.0.0.1\r\nX-My-Address: 10.0.0.9:0\r\nVendor-Message: 0.2"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, ok := headersOf(text)
		if !ok {
			return
		}
		p := ParsePeer(h)
		if p.Listen.IsValid() {
			checkHost(t, p.Listen)
		}
		if p.MaxTTL > HardTTL || p.Role > RoleSupernode || p.Role == RoleFlat && !p.Servent || p.Sees.Zone() != "" {
			t.Fatalf("peer %+v", p)
		}
		p.Addr = hostAddr(1)
		b := newBench(t, nil)
		v := b.n.Admit(1, p)
		if v.Text == "" || !slices.Contains([]int{200, 403, 409, 503}, v.Code) {
			t.Fatalf("verdict %+v", v)
		}
		if v.Code == 200 {
			b.step(PeerUp{Link: 1, Peer: p})
			b.pass(time.Hour)
		}
	})
}

// FuzzParseTry: whatever the headers name, the hosts are few and can be dialled,
// and are read again as they are written.
func FuzzParseTry(f *testing.F) {
	f.Add([]byte("X-Try-Ultrapeers: 203.0.113.5:6346, 198.51.100.7:1"))
	f.Add([]byte("X-Try: 1.2.3.4:5,,[::1]:6,[fe80::1%x]:7\r\nX-Try-Ultrapeers: 5.6.7.8:0, nobody:9"))
	f.Add([]byte("x-try: [::ffff:1.2.3.4]:5 , 1.1.1.1:1,1.1.1.1:1,1.1.1.1:1,1.1.1.1:1,1.1.1.1:1,1.1.1.1:1,1.1.1.1:1,1.1.1.1:1,1.1.1.1:1,1.1.1.1:1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, ok := headersOf(text)
		if !ok {
			return
		}
		hosts := ParseTry(h)
		if len(hosts) > maxTry {
			t.Fatalf("%d hosts", len(hosts))
		}
		for _, a := range hosts {
			checkHost(t, a)
		}
		var again protocol.Headers
		again.Add("X-Try", FormatTry(hosts))
		if got := ParseTry(again); !slices.Equal(got, hosts) {
			t.Fatalf("hosts %v are read again as %v", hosts, got)
		}
	})
}
