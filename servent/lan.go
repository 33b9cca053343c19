package servent

import (
	"context"
	"io"
	"log"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/mdns"
	"github.com/seed282dab8e/servent/servent/overlay"
)

const (
	mdnsService = "_servent._tcp"
	mdnsEvery   = 30 * time.Second
	mdnsWait    = 2 * time.Second
	mdnsQueue   = 32
)

// discover announces the servent on the local network by multicast DNS and
// looks for others there, until ctx ends.
func (s *Servent) discover(ctx context.Context) {
	quiet := log.New(io.Discard, "", 0)
	if s.addr.Addr().IsLoopback() {
		return // nobody else could connect
	}
	server, err := s.announceLAN(quiet)
	if err != nil {
		s.log.WithField("component", "lan").WithError(err).Warn("cannot announce this servent on the local network; name peers with --connect")
	} else {
		defer server.Shutdown() //nolint:errcheck // closes sockets of a process that ends
	}
	tick := time.NewTicker(mdnsEvery)
	defer tick.Stop()
	for {
		s.lookAround(ctx, quiet)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Servent) announceLAN(quiet *log.Logger) (*mdns.Server, error) {
	ips, err := localAddrs()
	if err != nil {
		return nil, err
	}
	name := s.GUID().String()
	zone, err := mdns.NewMDNSService(name, mdnsService, "", name+".local.", int(s.addr.Port()), ips, []string{"guid=" + name})
	if err != nil {
		return nil, err
	}
	return mdns.NewServer(&mdns.Config{Zone: zone, Logger: quiet})
}

// lookAround asks once who is there and tells the node of each as it answers.
func (s *Servent) lookAround(ctx context.Context, quiet *log.Logger) {
	found := make(chan *mdns.ServiceEntry, mdnsQueue)
	var told sync.WaitGroup
	told.Go(func() {
		for e := range found {
			if a, ok := s.neighbour(e); ok {
				s.call(func(l *loop) { l.step(overlay.Heard{Addrs: []netip.AddrPort{a}}) })
			}
		}
	})
	params := mdns.DefaultParams(mdnsService)
	params.Entries, params.Timeout, params.Logger, params.DisableIPv6 = found, mdnsWait, quiet, true
	err := mdns.QueryContext(ctx, params)
	close(found)
	told.Wait()
	if err != nil && ctx.Err() == nil {
		s.log.WithField("component", "lan").WithError(err).Debug("look around")
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

// localAddrs lists this machine's addresses on its networks.
func localAddrs() ([]net.IP, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var ips []net.IP
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			ips = append(ips, n.IP)
		}
	}
	return ips, nil
}
