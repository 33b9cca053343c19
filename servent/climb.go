package servent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/seed282dab8e/servent/servent/overlay"
	"github.com/sirupsen/logrus"
)

const (
	climbEvery     = 2 * time.Second
	resolveTimeout = 5 * time.Second
	// maxAddrsPerName is how many addresses of one name are asked.
	maxAddrsPerName = 2
	cachesEvery     = 5 * time.Minute // between two writes of the books to disk
)

// defaultUDPCaches are the public UDP host caches known to this program's
// makers (docs/protocol.md 24).
var defaultUDPCaches = [...]string{
	"useast.gnutella.dyslexicfish.net:3558",
	"uswest.gnutella.dyslexicfish.net:3558",
	"uk.gnutella.dyslexicfish.net:3558",
	"au.gnutella.dyslexicfish.net:3558",
	"1.uhc.gtk-gnutella.nl:19104",
	"2.uhc.gtk-gnutella.nl:4876",
	"useast.gnutella.dyslexicfish.net:15321",
	"uswest.gnutella.dyslexicfish.net:18037",
	"uk.gnutella.dyslexicfish.net:41481",
}

// climb asks the public rungs of the ladder while links are few, until ctx ends.
func (s *Servent) climb(ctx context.Context) {
	tick := time.NewTicker(climbEvery)
	defer tick.Stop()
	defer s.saveCaches()
	for saved := time.Now(); ; {
		var todo climb
		s.call(func(l *loop) { todo = l.climb() })
		for _, name := range todo.udp {
			s.askUDPCache(ctx, name)
		}
		for _, url := range todo.web {
			s.askWebCache(ctx, url)
		}
		s.tellWebCache(ctx)
		if time.Since(saved) >= cachesEvery {
			s.saveCaches()
			saved = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *loop) climb() climb {
	return l.boot.next(time.Now(), len(l.node.Links()), len(l.node.Hosts()))
}

// askUDPCache asks a host cache at its addresses; the node takes its answer.
func (s *Servent) askUDPCache(ctx context.Context, name string) {
	addrs, err := s.resolvePublic(ctx, name)
	s.call(func(l *loop) {
		if err != nil {
			l.boot.asked(rungUDP)
			l.boot.udp.failed(name)
			l.boot.failed(rungUDP, name, err)
			return
		}
		for _, a := range addrs {
			l.boot.await(time.Now(), name, a)
		}
		l.step(overlay.AskCaches{Addrs: addrs})
	})
	if err != nil {
		s.log.WithFields(logrus.Fields{"component": "bootstrap", "cache": quote(name)}).WithError(err).Debug("not asked")
	}
}

var errNotPublic = errors.New("the name leads to no public address")

// resolvePublic looks up host:port and leaves out what this node may not dial:
// a stranger's name could lead into the local network.
func (s *Servent) resolvePublic(ctx context.Context, name string) ([]netip.AddrPort, error) {
	host, text, err := net.SplitHostPort(name)
	if err != nil {
		return nil, fmt.Errorf("want host:port")
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("the port is no number from 1 to 65535")
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	ips, err := s.cfg.resolve(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("the host name cannot be resolved")
	}
	var addrs []netip.AddrPort
	for _, ip := range ips {
		if s.node.MayDial(ip, false) && len(addrs) < maxAddrsPerName {
			addrs = append(addrs, netip.AddrPortFrom(ip.Unmap(), uint16(port)))
		}
	}
	if len(addrs) == 0 {
		return nil, errNotPublic
	}
	return addrs, nil
}

func (s *Servent) saveCaches() {
	if s.cfg.DataDir == "" {
		return
	}
	var udp, web cacheBook
	if !s.call(func(l *loop) { udp, web = l.boot.udp.copied(), l.boot.web.copied() }) {
		return
	}
	if err := saveCaches(s.cfg.DataDir, &udp, &web); err != nil {
		s.log.WithField("component", "bootstrap").WithError(err).Warn("keep the caches")
	}
}
