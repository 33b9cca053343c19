// Package mesh remembers who has which file, by evidence: what hosts say of
// themselves and of others (X-Alt, X-NAlt; docs/protocol.md, 20), and what
// downloads found out. It decides nothing about which addresses may be told at
// all: that is for its callers. It has no clock.
package mesh

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// Limits of what is remembered.
const (
	// Life is how long any piece of evidence counts, for and against.
	Life = time.Hour
	// MaxSources is how many sources are known of all files together, lost ones
	// too; MaxPerFile how many of one file.
	MaxSources = 16 << 10
	MaxPerFile = 128
	// MaxPerHost is how many one host may bring in, of all files together, and
	// MaxPerHostAndFile how many of one file. Whom it names beyond that has to be
	// named by another.
	MaxPerHost        = 512
	MaxPerHostAndFile = 32
	// BadReports is how many hosts must say of a source that it is bad before it
	// is lost.
	BadReports = 3
	// maxVouchers is how many hosts count that say of one that it has a file.
	maxVouchers = 3
	// sweepEvery is how often all that has grown old is forgotten.
	sweepEvery = Life / 12
)

// Stats counts what a mesh holds, and what it did since it was made.
type Stats struct {
	Sources int    // known, lost ones too
	Lost    uint64 // sources that turned out bad
	PerHost uint64 // reports of more than one host may bring in
	PerFile uint64 // sources that were not taken, or gave way, for MaxPerFile
	Full    uint64 // sources that gave way for MaxSources
}

// Mesh remembers who has which file. Its zero value is empty and ready to use,
// from any goroutine. Times that it is given never go back by much.
type Mesh struct {
	mu    sync.Mutex
	files map[protocol.SHA1]*file
	hosts map[netip.Addr]int // how many sources each has brought in
	swept time.Time
	stats Stats
}

// file is what is known of one file.
type file struct {
	sources []*source // in the order of coming
	turn    int       // where Of begins among equals
}

// Heard notes that from says that a has the file. Who says it of itself counts more
// than another who says it.
func (m *Mesh) Heard(now time.Time, f protocol.SHA1, from netip.Addr, a netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	host, self := HostOf(from), from.Unmap() == a.Addr().Unmap()
	m.note(now, f, host, a, func(s *source) { s.vouch(now, host, self) })
}

// Good notes that a has given us bytes of the file that were verified. What has been
// said against it is forgotten.
func (m *Mesh) Good(now time.Time, f protocol.SHA1, a netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.note(now, f, netip.Addr{}, a, func(s *source) { s.praise(now) })
}

// Bad notes that from says that a does not have the file, or sends something else
// (X-NAlt). BadReports hosts that say so since it was last Good make the source
// lost for a Life, whoever vouches for it. So does one word of ours, with a from
// that is not valid.
func (m *Mesh) Bad(now time.Time, f protocol.SHA1, from netip.Addr, a netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	accuse := func(s *source) {
		if s.accuse(now, HostOf(from)) {
			m.stats.Lost++
		}
	}
	if !from.IsValid() {
		m.note(now, f, from, a, accuse)
	} else if s := m.find(now, f, a); s != nil { // who is not known need not be warned of
		accuse(s)
	}
}

// Gone notes that we did not get through to a: what has been said for it counts no more,
// but who says it again is believed.
func (m *Mesh) Gone(now time.Time, f protocol.SHA1, a netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.find(now, f, a); s != nil {
		s.good, s.self, s.heard = time.Time{}, time.Time{}, nil
	}
}

// Of returns at most so many sources of a file, those with the best evidence first,
// without those of which without says so (nil: of none). Of equals another comes first each
// time, so that different askers are told of different ones.
func (m *Mesh) Of(now time.Time, f protocol.SHA1, most int, without func(netip.AddrPort) bool) []netip.AddrPort {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.fresh(now, f)
	if x == nil {
		return nil
	}
	from := x.turn % len(x.sources)
	x.turn = from + max(most, 1)
	all := slices.Concat(x.sources[from:], x.sources[:from])
	slices.SortStableFunc(all, func(a, b *source) int { return cmp.Compare(b.score(), a.score()) })
	var out []netip.AddrPort
	for _, s := range all {
		if len(out) >= most {
			break
		}
		if s.lost.IsZero() && (without == nil || !without(s.addr)) {
			out = append(out, s.addr)
		}
	}
	return out
}

// Lost returns at most so many sources that we ourselves found bad, the latest first: what
// others say is not passed on as if we knew.
func (m *Mesh) Lost(now time.Time, f protocol.SHA1, most int) []netip.AddrPort {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.fresh(now, f)
	if x == nil {
		return nil
	}
	all := slices.DeleteFunc(slices.Clone(x.sources), func(s *source) bool { return !s.own })
	slices.SortStableFunc(all, func(a, b *source) int { return b.lost.Compare(a.lost) })
	var out []netip.AddrPort
	for _, s := range all[:min(len(all), most)] {
		out = append(out, s.addr)
	}
	return out
}

// HasGiven reports whether a source at an address has given us verified bytes of a file.
func (m *Mesh) HasGiven(now time.Time, f protocol.SHA1, host netip.Addr) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	x := m.fresh(now, f)
	return x != nil && slices.ContainsFunc(x.sources, func(s *source) bool {
		return s.addr.Addr() == host.Unmap() && !s.good.IsZero()
	})
}

// Stats returns the counters.
func (m *Mesh) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats
}
