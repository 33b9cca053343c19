//go:build loopback && linux

package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inNetns runs f in a namespace; sockets that f opens stay there.
func inNetns(t *testing.T, ns string, f func() error) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its namespace
		file, err := os.Open("/var/run/netns/" + ns)
		if err == nil {
			err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
			_ = file.Close()
		}
		if err == nil {
			err = f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// spawnIn is spawn within a namespace.
func (h home) spawnIn(t *testing.T, ns string, args ...string) *process {
	t.Helper()
	return h.spawnCmd(t, exec.Command("ip", append([]string{"netns", "exec", ns, program}, args...)...))
}

// callIn is call within a namespace.
func (h home) callIn(t *testing.T, ns string, args ...string) (code int, out, errOut string) {
	t.Helper()
	return h.spawnIn(t, ns, args...).outcome(t)
}

// packet is one that a machine has sent, on whatever interface.
type packet struct {
	kind     string // tcp, udp, near (ARP, or NDP for an address), kernel (IPv6 sets itself up), other
	src, dst netip.AddrPort
}

func (p packet) String() string { return fmt.Sprintf("%s from %s to %s", p.kind, p.src, p.dst) }

// sniffer takes down what a namespace sends, on loopback too.
type sniffer struct {
	mu   sync.Mutex
	sent []packet
}

func sniff(t *testing.T, ns string) *sniffer {
	t.Helper()
	var fd int
	inNetns(t, ns, func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0x0300) // ETH_P_ALL
		return err
	})
	const room, wait = 16 << 20, 100 * time.Millisecond
	limit := unix.NsecToTimeval(int64(wait))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room); err != nil {
		t.Fatal(err)
	}
	s := &sniffer{}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s.read(fd, end)
	}()
	t.Cleanup(func() {
		close(end)
		<-ended
		stats, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err != nil || stats.Drops > 0 {
			t.Errorf("the sniffer has missed some: %+v, %v", stats, err)
		}
		_ = unix.Close(fd)
	})
	return s
}

func (s *sniffer) read(fd int, end chan struct{}) {
	buf := make([]byte, 1<<16)
	for {
		select {
		case <-end:
			return
		default:
		}
		n, from, err := unix.Recvfrom(fd, buf, 0)
		link, ok := from.(*unix.SockaddrLinklayer)
		if err != nil || !ok || link.Pkttype != unix.PACKET_OUTGOING {
			continue
		}
		p := parsePacket(link.Protocol>>8|link.Protocol<<8, buf[:n])
		s.mu.Lock()
		s.sent = append(s.sent, p)
		s.mu.Unlock()
	}
}

// all returns what has been sent so far.
func (s *sniffer) all() []packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent[:len(s.sent):len(s.sent)]
}

// parsePacket reads what is behind the link's own header.
func parsePacket(ether uint16, b []byte) packet {
	const arp, headV4, headV6 = 28, 20, 40
	switch {
	case ether == unix.ETH_P_ARP && len(b) >= arp:
		return packet{"near", addr(b[14:18], 0), addr(b[24:28], 0)}
	case ether == unix.ETH_P_IP && len(b) >= headV4:
		head := min(int(b[0]&15)*4, len(b))
		return above(b[9], b[12:16], b[16:20], b[head:])
	case ether == unix.ETH_P_IPV6 && len(b) >= headV6:
		return above(b[6], b[8:24], b[24:40], b[headV6:])
	}
	return packet{kind: fmt.Sprintf("other of type %#x", ether)}
}

func addr(ip []byte, port uint16) netip.AddrPort {
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a, port)
}

// above reads what is behind the header of IP.
func above(proto byte, src, dst, b []byte) packet {
	const solicit, advertise, routers, reports, ndp = 135, 136, 133, 143, 24
	switch {
	case (proto == unix.IPPROTO_TCP || proto == unix.IPPROTO_UDP) && len(b) >= 8:
		kind := map[byte]string{unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp"}[proto]
		return packet{kind, addr(src, binary.BigEndian.Uint16(b)), addr(dst, binary.BigEndian.Uint16(b[2:]))}
	case proto == unix.IPPROTO_HOPOPTS && len(b) >= 9 && b[0] == unix.IPPROTO_ICMPV6 && b[8] == reports,
		proto == unix.IPPROTO_ICMPV6 && len(b) >= 1 && (b[0] == routers || b[0] == reports):
		return packet{"kernel", addr(src, 0), addr(dst, 0)}
	case proto == unix.IPPROTO_ICMPV6 && len(b) >= ndp && b[0] == solicit:
		return packet{"near", addr(src, 0), addr(b[8:24], 0)} // whom it looks for
	case proto == unix.IPPROTO_ICMPV6 && len(b) >= ndp && b[0] == advertise:
		return packet{"near", addr(src, 0), addr(dst, 0)} // who looks for it
	}
	return packet{fmt.Sprintf("other of protocol %d", proto), addr(src, 0), addr(dst, 0)}
}
