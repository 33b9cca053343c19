package transfer

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

const (
	// maxAlternates is how many sources one download takes from others' X-Falt.
	maxAlternates = 8
	// maxGiven is how many alternates of a file are given, the latest first; of all
	// files together maxKnown are remembered, for alternateLife.
	maxGiven      = 4
	maxKnown      = 512
	alternateLife = time.Hour
)

// learn takes what an answer tells of the ways to servents that nobody can connect to: to
// its own source, whose push proxies are now those that it names, and to others.
func (g *get) learn(c *candidate, h http.Header) {
	if proxies, ok := proxiesIn(h, c.Servent); ok {
		c.Proxies = proxies
	}
	if !g.job.URN.HasSHA1 { // they can be asked by hash only
		return
	}
	for _, n := range protocol.ParseFirewalled(strings.Join(h.Values(protocol.HeaderFalt), ",")) {
		known := slices.ContainsFunc(g.all, func(o *candidate) bool { return o.Servent == n.Servent })
		switch {
		case known || n.Servent == protocol.GUID{}:
		case g.alternates >= maxAlternates:
			g.client.alternatesOver.Add(1)
		default:
			g.alternates++
			// No address: who told it is not to have us connect there.
			s := Source{Servent: n.Servent, Push: true, Proxies: n.Proxies}
			g.all = append(g.all, &candidate{Source: s, key: keyOf(s)})
		}
	}
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
