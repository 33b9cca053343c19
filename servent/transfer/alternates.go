package transfer

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/servent/transfer/mesh"
)

const (
	// maxAlternates is how many sources one download takes from others' X-Alt and X-Falt.
	maxAlternates = 32
	// maxPerProxy is for how many of them one host is asked as their push proxy.
	maxPerProxy = 2
	// maxGiven is how many alternates of a file are given, the latest first; of all
	// files together maxKnown are remembered, for alternateLife.
	maxGiven      = 4
	maxKnown      = 512
	alternateLife = time.Hour
)

// learn takes what an answer tells beside content: what its source has of the file and
// what it understands, the ways to it, and who else has the file.
func (s *swarm) learn(c *candidate, l *link, h http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if proxies, ok := proxiesIn(h, c.Servent); ok {
		c.Proxies = proxies
	}
	if _, ours := featureOf(h, ourFeature); ours {
		c.pipelines = true
	}
	c.learnTree(h)
	s.learnRanges(c, h)
	if !s.job.URN.HasSHA1 { // they can be asked by hash only
		return
	}
	s.learnMesh(addrOfConn(l.conn.RemoteAddr()).Addr(), h)
	for _, n := range protocol.ParseFirewalled(strings.Join(h.Values(protocol.HeaderFalt), ",")) {
		// No address: who told it is not to have us connect there.
		s.addAlternate(Source{Servent: n.Servent, Push: true, Proxies: n.Proxies})
	}
}

// addAlternate takes a source that another one names; s.mu is held.
func (s *swarm) addAlternate(src Source) {
	key := keyOf(src)
	same := func(c *candidate) bool {
		return c.key == key || src.Servent != (protocol.GUID{}) && c.Servent == src.Servent
	}
	switch {
	case !src.Addr.IsValid() && src.Servent == protocol.GUID{} || slices.ContainsFunc(s.all, same):
	case s.client.hearsay.vain(time.Now(), src.ways()):
		s.client.alternatesTried.Add(1)
	case s.alternates >= maxAlternates:
		s.client.alternatesOver.Add(1)
	case !s.spareProxies(&src):
	default:
		s.alternates++
		s.lastTry = later(s.lastTry, time.Now()).Add(alternateEvery)
		s.all = append(s.all, &candidate{Source: src, key: key, notBefore: s.lastTry, trust: trustHearsay})
		s.rouse()
	}
}

// spareProxies leaves of the push proxies of a source that another one names one a host, and
// none that is to be asked for maxPerProxy others; false: that leaves none. s.mu is held.
func (s *swarm) spareProxies(src *Source) bool {
	asked := make(map[netip.AddrPort]int)
	for _, c := range s.all {
		for _, p := range c.Proxies {
			asked[hostKey(p)]++
		}
	}
	var left []netip.AddrPort
	for _, p := range src.Proxies {
		k := hostKey(p)
		if asked[k] >= maxPerProxy {
			s.client.alternatesRefused.Add(1)
			continue
		}
		asked[k] = maxPerProxy // for this one it is asked once
		left = append(left, p)
	}
	none := len(left) == 0 && len(src.Proxies) > 0
	src.Proxies = left
	return !none
}

// hostKey stands for the host of an address, whatever the port; on loopback, where many
// programs are one host, for the address.
func hostKey(a netip.AddrPort) netip.AddrPort {
	if a.Addr().Unmap().IsLoopback() {
		return a
	}
	return netip.AddrPortFrom(mesh.HostOf(a.Addr()), 0)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// proxiesIn reads the push proxies that a servent names for itself; false: it names none.
func proxiesIn(h http.Header, servent protocol.GUID) (proxies []netip.AddrPort, ok bool) {
	for _, name := range protocol.PushProxyHeaders {
		if v := h.Get(name); v != "" {
			return protocol.ParsePushProxies(v), true
		}
	}
	n, err := protocol.ParseFWNodeInfo(h.Get(protocol.HeaderFWNodeInfo))
	return n.Proxies, err == nil && n.Servent == servent
}

// alternates remembers who has served which file and cannot be connected to. Its zero
// value is ready to use, from any goroutine.
type alternates struct {
	mu    sync.Mutex
	known []alternate // the latest last
}

type alternate struct {
	file protocol.SHA1
	info protocol.FWNodeInfo
	at   time.Time
}

// note remembers s as a source of a file that has come whole and right.
func (a *alternates) note(now time.Time, file protocol.SHA1, s Source) {
	if !s.Push || s.Servent == (protocol.GUID{}) || len(s.Proxies) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = slices.DeleteFunc(a.known, func(k alternate) bool {
		return now.Sub(k.at) >= alternateLife || k.file == file && k.info.Servent == s.Servent
	})
	if len(a.known) >= maxKnown {
		a.known = slices.Delete(a.known, 0, 1)
	}
	a.known = append(a.known, alternate{file, protocol.FWNodeInfo{Servent: s.Servent, Proxies: s.Proxies}, now})
}

// of returns the sources of a file, the latest first.
func (a *alternates) of(now time.Time, file protocol.SHA1) (found []protocol.FWNodeInfo) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range slices.Backward(a.known) {
		if k.file == file && now.Sub(k.at) < alternateLife && len(found) < maxGiven {
			found = append(found, k.info)
		}
	}
	return found
}

// Alternates are servents that nobody can connect to and from whom this client has
// fetched a file within the last hour.
func (c *Client) Alternates(file protocol.SHA1) []protocol.FWNodeInfo {
	return c.known.of(time.Now(), file)
}
