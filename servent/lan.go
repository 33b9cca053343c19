package servent

import (
	"context"
	"io"
	"log"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/mdns"
	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/sirupsen/logrus"
)

const (
	mdnsService = "_servent._tcp"
	// Who is there is asked often at first, then ever less.
	mdnsFirst = time.Second
	mdnsEvery = 30 * time.Second
	mdnsWait  = 300 * time.Millisecond // for answers; it also delays the end of Run
	mdnsQueue = 32
	// lanSearch is how long it takes at most until the first answers are here.
	lanSearch = mdnsWait + 200*time.Millisecond
)

// discovers says whether the servent looks for others on the local networks. On
// loopback nobody else could connect.
func (s *Servent) discovers() bool {
	return s.cfg.Network == LAN && !s.cfg.ConnectOnly && !s.addr.Addr().IsLoopback()
}

// neighbourhood announces the servent on the networks that this machine is on.
type neighbourhood struct {
	s       *Servent
	quiet   *log.Logger
	servers map[string]*mdns.Server // by interface
	warned  bool
}

// discover announces the servent on the local networks by multicast DNS and
// looks for others there, until ctx ends.
func (s *Servent) discover(ctx context.Context) {
	n := neighbourhood{s: s, quiet: log.New(io.Discard, "", 0), servers: map[string]*mdns.Server{}}
	defer n.close()
	for wait := mdnsFirst; ; wait = min(2*wait, mdnsEvery) {
		var asked sync.WaitGroup
		s.call(func(l *loop) { l.boot.asked(rungLAN) })
		for _, i := range lanInterfaces() {
			n.announce(&i)
			for _, v6 := range []bool{false, true} { // apart: what cannot be sent ends a question
				asked.Go(func() { n.ask(ctx, &i, v6) })
			}
		}
		asked.Wait()
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// lanInterfaces lists the interfaces on which neighbours may be. Without a
// name the system would choose only the one that leads to the internet.
func lanInterfaces() []net.Interface {
	all, err := net.Interfaces()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(i net.Interface) bool {
		const wanted = net.FlagUp | net.FlagMulticast
		return i.Flags&wanted != wanted || i.Flags&net.FlagLoopback != 0 || len(ipv4Of(&i)) == 0
	})
}

func ipv4Of(i *net.Interface) (ips []net.IP) {
	addrs, err := i.Addrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
			ips = append(ips, n.IP)
		}
	}
	return ips
}

// announce answers questions on interface i from now on.
func (n *neighbourhood) announce(i *net.Interface) {
	if n.servers[i.Name] != nil {
		return
	}
	server, err := n.serve(i)
	if err == nil {
		n.servers[i.Name] = server
		return
	}
	if !n.warned {
		n.warned = true
		n.s.log.WithFields(logrus.Fields{"component": "lan", "interface": i.Name}).WithError(err).
			Warn("cannot announce this servent to the local network; name peers with --connect")
	}
}

func (n *neighbourhood) serve(i *net.Interface) (*mdns.Server, error) {
	name := n.s.GUID().String()
	zone, err := mdns.NewMDNSService(name, mdnsService, "", name+".local.", int(n.s.addr.Port()), ipv4Of(i), []string{"guid=" + name})
	if err != nil {
		return nil, err
	}
	return mdns.NewServer(&mdns.Config{Zone: zone, Iface: i, Logger: n.quiet})
}

func (n *neighbourhood) close() {
	for _, server := range n.servers {
		_ = server.Shutdown() // closes sockets, of a servent that ends
	}
}

// ask asks once who is there on interface i, over IPv4 or IPv6, and tells the node
// of each as it answers.
func (n *neighbourhood) ask(ctx context.Context, i *net.Interface, v6 bool) {
	found := make(chan *mdns.ServiceEntry, mdnsQueue)
	var told sync.WaitGroup
	told.Go(func() {
		for e := range found {
			if a, ok := n.s.neighbour(e); ok {
				n.s.call(func(l *loop) {
					l.boot.neighbour(a)
					l.step(overlay.Heard{Addrs: []netip.AddrPort{a}})
				})
			}
		}
	})
	params := mdns.DefaultParams(mdnsService)
	params.Entries, params.Timeout, params.Logger, params.Interface = found, mdnsWait, n.quiet, i
	params.DisableIPv4, params.DisableIPv6 = v6, !v6
	err := mdns.QueryContext(ctx, params)
	close(found)
	told.Wait()
	if err != nil && ctx.Err() == nil {
		n.s.log.WithFields(logrus.Fields{"component": "lan", "interface": i.Name, "ipv6": v6}).WithError(err).Debug("ask who is there")
	}
}

// neighbour reads an answer; false for other services and for ourselves.
func (s *Servent) neighbour(e *mdns.ServiceEntry) (netip.AddrPort, bool) {
	a, ok := netip.AddrFromSlice(e.AddrV4)
	if !ok || e.Port < 1 || e.Port > 65535 || !strings.Contains(e.Name, mdnsService) || strings.HasPrefix(e.Name, s.GUID().String()) {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(e.Port)), true
}
