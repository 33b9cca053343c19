package transfer

import (
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"github.com/seed282dab8e/servent/protocol"
)

// TestProxiesAreSpared: a source that names servents that nobody has heard of, all of them
// behind one host, has that host asked for few of them, once each, on whatever ports.
func TestProxiesAreSpared(t *testing.T) {
	for _, tt := range []struct {
		name   string
		host   func(id byte) netip.Addr
		spared bool
	}{
		{"one host", func(byte) netip.Addr { return netip.MustParseAddr("5.9.1.1") }, true},
		{"one IPv6 host", func(id byte) netip.Addr { return netip.AddrFrom16([16]byte{0x20, 1, 15: id}) }, true},
		{"a host each", func(id byte) netip.Addr { return netip.AddrFrom4([4]byte{5, 9, 2, id}) }, false},
		{"loopback", func(byte) netip.Addr { return netip.MustParseAddr("127.0.0.1") }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := bareSwarm(Job{URN: urnOf(nil)}, Source{Servent: protocol.GUID{99}})
			for id := range byte(maxPerProxy + 1) {
				at := func(port uint16) netip.AddrPort {
					return netip.AddrPortFrom(tt.host(id+1), port+uint16(id))
				}
				n := protocol.FWNodeInfo{Servent: protocol.GUID{id + 1}, Proxies: []netip.AddrPort{at(100), at(200)}}
				s.learn(s.all[0], blindLink(t), http.Header{"X-Falt": {n.String()}})
			}
			var proxies []int
			for _, c := range s.all[1:] {
				proxies = append(proxies, len(c.Proxies))
			}
			want, refused := []int{2, 2, 2}, uint64(0)
			switch {
			case tt.spared: // the second port of each, and all of one past the limit
				want, refused = []int{1, 1}, maxPerProxy+2
			case tt.name == "a host each":
				want, refused = []int{1, 1, 1}, maxPerProxy+1
			}
			if got := s.client.Stats().AlternatesRefused; !slices.Equal(proxies, want) || got != refused {
				t.Errorf("proxies of each: %v, want %v; %d refused, want %d", proxies, want, got, refused)
			}
		})
	}
}
