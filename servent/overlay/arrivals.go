package overlay

import (
	"net/netip"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// visitor is a servent at an address: its GUID alone anybody can say.
type visitor struct {
	id   protocol.GUID
	host netip.Addr
}

// arrivals remembers who has connected of late, so that one that comes again and
// again does not keep everybody busy: each link costs a table, a list, and a message
// to all neighbours. Its zero value is empty.
type arrivals struct {
	servents map[visitor]*bucket
	hosts    map[netip.Addr]*bucket
}

var (
	rateServent = Rate{1. / 5, 5} // links that one servent may begin
	rateHost    = Rate{2, 40}     // and those behind one address, this machine apart
)

// maxArrivals is how many are remembered of each; then all who would be welcome
// again are forgotten, and where that does not help, everybody.
const maxArrivals = 4096

// allow counts a link that p begins; false: it has begun too many.
func (a *arrivals) allow(now time.Duration, p Peer) bool {
	if a.servents == nil {
		a.servents, a.hosts = map[visitor]*bucket{}, map[netip.Addr]*bucket{}
	}
	host := p.Addr.Addr().Unmap()
	if !host.IsLoopback() && !arrive(a.hosts, host, now, rateHost) {
		return false
	}
	return p.GUID == (protocol.GUID{}) || arrive(a.servents, visitor{p.GUID, host}, now, rateServent)
}

func arrive[K comparable](known map[K]*bucket, who K, now time.Duration, r Rate) bool {
	b := known[who]
	if b == nil {
		if len(known) >= maxArrivals {
			forget(known, now, r)
		}
		b = &bucket{}
		known[who] = b
	}
	return b.allow(now, r)
}

// forget makes room. The order does not matter: what goes depends on time alone.
func forget[K comparable](known map[K]*bucket, now time.Duration, r Rate) {
	for who, b := range known {
		if float64((now-b.at).Seconds()*r.PerSecond)+b.tokens >= r.Burst {
			delete(known, who)
		}
	}
	if len(known) >= maxArrivals {
		clear(known)
	}
}
