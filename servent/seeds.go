package servent

import (
	"errors"
	"net"
	"net/netip"

	"github.com/seed282dab8e/servent/servent/overlay"
)

// seeds are the peers that the user named, and why the last try of each gave
// no link.
type seeds struct {
	addrs []netip.AddrPort
	errs  []error // nil after a try that did
}

func newSeeds(addrs []netip.AddrPort) seeds { return seeds{addrs, make([]error, len(addrs))} }

// failed notes how a try ended, nil for well, where a is a seed.
func (s *seeds) failed(a netip.AddrPort, err error) {
	for i := range s.addrs {
		if s.addrs[i] == a {
			s.errs[i] = err
		}
	}
}

// info tells of each seed, in the order in which the user named them.
func (s *seeds) info(links []overlay.Link) []SeedInfo {
	out := make([]SeedInfo, 0, len(s.addrs))
	for i, a := range s.addrs {
		seed := SeedInfo{Addr: a.String()}
		for _, l := range links {
			seed.Linked = seed.Linked || l.Peer.Listen == a || l.Peer.Outbound && l.Peer.Addr == a
		}
		if !seed.Linked && s.errs[i] != nil {
			seed.Error = seedError(s.errs[i])
		}
		out = append(out, seed)
	}
	return out
}

// seedError is err without the address, which stands beside it.
func seedError(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}
