//go:build loopback && linux

package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"
)

// Two supernodes of a little internet, and the router that a home has there.
const (
	superOne = "203.0.113.11:6346"
	superTwo = "203.0.113.12:6346"
	homeLAN  = "192.168.1.1"
	homeOwn  = "192.168.1.5"
)

// street is a home behind its router, and what lies outside.
type street struct{ home, router, world string }

// newStreet makes one, whose router lets no datagram through where nft's rules say so.
// With second there is another router before the first.
func newStreet(t *testing.T, second bool, masquerade, rules string) street {
	t.Helper()
	if _, err := exec.LookPath("nft"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root, iproute2 and nftables to make routers")
	}
	tag := fmt.Sprintf("sd%x", time.Now().UnixNano()&0xffffff)
	s := street{tag + "h", tag + "r", tag + "w"}
	last := s.router
	for _, ns := range []string{s.home, s.router, s.world} {
		namespace(t, ns)
	}
	cable(t, s.home, homeOwn, s.router, homeLAN)
	if second {
		last = tag + "s"
		namespace(t, last)
		cable(t, s.router, "10.0.0.2", last, "10.0.0.1")
		translate(t, s.router, "masquerade", "")
		ip(t, "-n "+s.router+" route add default via 10.0.0.1")
	}
	cable(t, last, "203.0.113.1", s.world, "203.0.113.11")
	ip(t, "-n "+s.world+" addr add 203.0.113.12/24 dev "+last)
	ip(t, "-n "+s.home+" route add default via "+homeLAN)
	translate(t, last, masquerade, rules)
	return s
}

func namespace(t *testing.T, ns string) {
	t.Helper()
	ip(t, "netns add "+ns)
	t.Cleanup(func() { ip(t, "netns del "+ns) })
	ip(t, "-n "+ns+" link set lo up")
}

// cable joins two namespaces; each end is called like the other one.
func cable(t *testing.T, one, addrOne, two, addrTwo string) {
	t.Helper()
	ip(t, fmt.Sprintf("link add %s netns %s type veth peer name %s netns %s", two, one, one, two))
	for _, end := range [][3]string{{one, two, addrOne}, {two, one, addrTwo}} {
		ip(t, fmt.Sprintf("-n %s addr add %s/24 dev %s", end[0], end[2], end[1]))
		ip(t, fmt.Sprintf("-n %s link set %s up", end[0], end[1]))
	}
}

// translate has a namespace forward packets, all of them in its own name, and nothing in
// that was not asked for: what a router took for itself would keep its port from the home.
func translate(t *testing.T, ns, masquerade, rules string) {
	t.Helper()
	script := fmt.Sprintf(`echo 1 > /proc/sys/net/ipv4/ip_forward
nft -f - <<END
table ip router {
	chain out { type nat hook postrouting priority 100; ip saddr 192.168.0.0/16 %s; ip saddr 10.0.0.0/8 %s; }
	chain input { type filter hook input priority 0; ip saddr 203.0.113.0/24 drop; }
	chain forward { type filter hook forward priority 0; %s }
}
END`, masquerade, masquerade, rules)
	if out, err := exec.Command("ip", "netns", "exec", ns, "sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("router: %v: %s", err, out)
	}
}

// supernodes runs the two outside.
func (s street) supernodes(t *testing.T) {
	t.Helper()
	first := newHome(t).spawnIn(t, s.world, "supernode", "--json", "--network", "gnutella", "--listen", superOne)
	first.line(t, `"ready"`)
	second := newHome(t).spawnIn(t, s.world, "supernode", "--json", "--network", "gnutella", "--listen", superTwo, "--connect", superOne)
	second.line(t, `"peer_up"`)
}

// asked counts what a router was asked for.
type asked struct{ mapped, removed atomic.Int32 }

// forward has the router really send what comes to a port to another one of the home.
func (s street) forward(t *testing.T, outside, inside int) {
	t.Helper()
	rule := fmt.Sprintf("meta l4proto { tcp, udp } th dport %d dnat to %s:%d", outside, homeOwn, inside)
	script := "add chain ip router in { type nat hook prerouting priority -100; }; add rule ip router in ip daddr 203.0.113.1 " + rule
	if out, err := exec.Command("ip", "netns", "exec", s.router, "nft", script).CombinedOutput(); err != nil {
		t.Fatalf("forward: %v: %s", err, out)
	}
}

// natPMP answers for the home's router (RFC 6886): that it forwards that port, or where it
// is 0 the one asked for, of that outside address, or a code.
func (s street) natPMP(t *testing.T, outside string, port, code uint16) *asked {
	t.Helper()
	count := &asked{}
	var conn *net.UDPConn
	inNetns(t, s.router, func() (err error) {
		conn, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(homeLAN), Port: 5351})
		return err
	})
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		for b := make([]byte, 1100); ; {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if n < 2 || b[0] != 0 {
				continue // PCP
			}
			a := []byte{0, b[1] | 128}
			if b[1] == 0 {
				ip := netip.MustParseAddr(outside).As4()
				a = append(append(a, 0, 0, 0, 0, 0, 9), ip[:]...)
			} else if n >= 12 {
				a = append(binary.BigEndian.AppendUint16(a, code), 0, 0, 0, 9)
				a = append(a, b[4:12]...)
				if port != 0 {
					binary.BigEndian.PutUint16(a[10:], port)
				}
				if binary.BigEndian.Uint32(b[8:]) == 0 {
					count.removed.Add(1)
				} else {
					count.mapped.Add(1)
				}
			}
			_, _ = conn.WriteToUDPAddrPort(a, from) // it asks again
		}
	}()
	return count
}

// timekeepers refuse every link and say the time, so far ahead of this machine's.
func (s street) timekeepers(t *testing.T, ahead time.Duration, at ...string) {
	t.Helper()
	for _, addr := range at {
		var l net.Listener
		inNetns(t, s.world, func() (err error) {
			l, err = net.Listen("tcp", addr)
			return err
		})
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 4096))
				fmt.Fprintf(c, "GNUTELLA/0.6 503 Full\r\nUser-Agent: timekeeper\r\nDate: %s\r\n\r\n", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
				c.Close()
			}
		}()
	}
}
