package servent

import (
	"net"
	"net/netip"
	"testing"
)

// atHome is a connection of one of this machine's addresses.
type atHome struct {
	net.Conn
	own    netip.AddrPort
	closed bool
}

func (c *atHome) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.own) }
func (c *atHome) Close() error        { c.closed = true; return nil }

// TestCloseStranded: connections end that are from an address which the machine has lost,
// and no others.
func TestCloseStranded(t *testing.T) {
	s := stillLoop(t).s
	kept, lost := netip.MustParseAddr("192.168.1.2"), netip.MustParseAddr("10.0.0.7")
	conns := map[*atHome]bool{}
	for addr, want := range map[string]bool{"10.0.0.7:1": true, "[::ffff:10.0.0.7]:2": true, "192.168.1.2:3": false, "[::ffff:192.168.1.2]:4": false, "[::]:5": false} {
		c := &atHome{own: netip.MustParseAddrPort(addr)}
		conns[c] = want
		s.conns[c] = struct{}{}
	}
	check := func(when string, now func(want bool) bool) {
		for c, want := range conns {
			if c.closed != now(want) {
				t.Errorf("%s: %v is closed: %v", when, c.own, c.closed)
			}
		}
	}
	none := func(bool) bool { return false }
	s.closeStranded([]netip.Addr{kept, lost})
	check("at home", none)
	s.closeStranded(nil)
	check("when nothing is known", none)
	s.closeStranded([]netip.Addr{kept})
	check("elsewhere", func(want bool) bool { return want })
}
