package mesh

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// note applies a piece of evidence to what is known of a source. One that is not
// known is brought in by a host, or by us where by is not valid, if there is room.
func (m *Mesh) note(now time.Time, f protocol.SHA1, by netip.Addr, a netip.AddrPort, apply func(*source)) {
	if s := m.find(now, f, a); s != nil {
		apply(s)
		return
	}
	s := &source{addr: plain(a), by: by}
	apply(s)
	if now.Sub(m.swept) >= sweepEvery {
		m.sweep(now)
	}
	if !m.within(f, s) {
		return
	}
	if m.stats.Sources >= MaxSources {
		m.evict()
	}
	if m.files == nil {
		m.files, m.hosts = map[protocol.SHA1]*file{}, map[netip.Addr]int{}
	}
	if m.files[f] == nil {
		m.files[f] = &file{}
	}
	m.files[f].sources = append(m.files[f].sources, s)
	m.stats.Sources++
	if by.IsValid() {
		m.hosts[by]++
	}
}

// within says whether the limits of a host and of a file let s in. In a file that
// has as many as it may, it takes the place of one with evidence that is weaker, or
// as weak: of a host that has brought in most, and there of the oldest.
func (m *Mesh) within(f protocol.SHA1, s *source) bool {
	x := m.files[f]
	if x == nil {
		x = &file{}
	}
	brought := map[netip.Addr]int{}
	for _, o := range x.sources {
		brought[o.by]++
	}
	if s.by.IsValid() && (m.hosts[s.by] >= MaxPerHost || brought[s.by] >= MaxPerHostAndFile) {
		m.stats.PerHost++
		return false
	}
	if len(x.sources) < MaxPerFile {
		return true
	}
	m.stats.PerFile++
	worst := slices.MinFunc(x.sources, func(a, b *source) int {
		return cmp.Or(cmp.Compare(a.score(), b.score()), cmp.Compare(brought[b.by], brought[a.by]), a.last().Compare(b.last()))
	})
	if worst.score() > s.score() {
		return false
	}
	m.drop(f, func(o *source) bool { return o == worst })
	return true
}

// evict makes room for many, so that it is rarely needed: those with the weakest and the oldest
// evidence go.
func (m *Mesh) evict() {
	type place struct {
		file   protocol.SHA1
		source *source
		score  int
		last   time.Time
	}
	var all []place
	for f, x := range m.files {
		for _, s := range x.sources {
			all = append(all, place{f, s, s.score(), s.last()})
		}
	}
	slices.SortFunc(all, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.score, b.score), a.last.Compare(b.last))
	})
	for _, p := range all[:MaxSources/16] {
		m.stats.Full++
		m.drop(p.file, func(s *source) bool { return s == p.source })
	}
}

// sweep forgets all that is too old.
func (m *Mesh) sweep(now time.Time) {
	m.swept = now
	for f := range m.files {
		m.fresh(now, f)
	}
}

// drop forgets sources of a file.
func (m *Mesh) drop(f protocol.SHA1, which func(*source) bool) {
	x := m.files[f]
	x.sources = slices.DeleteFunc(x.sources, func(s *source) bool {
		if !which(s) {
			return false
		}
		m.stats.Sources--
		if s.by.IsValid() {
			if m.hosts[s.by]--; m.hosts[s.by] == 0 {
				delete(m.hosts, s.by)
			}
		}
		return true
	})
	if len(x.sources) == 0 {
		delete(m.files, f)
	}
}

// fresh returns what is known of a file and not too old; nil: nothing.
func (m *Mesh) fresh(now time.Time, f protocol.SHA1) *file {
	if m.files[f] == nil {
		return nil
	}
	m.drop(f, func(s *source) bool { return !s.age(now) })
	return m.files[f]
}

// find returns a source that is known; nil: it is not.
func (m *Mesh) find(now time.Time, f protocol.SHA1, a netip.AddrPort) *source {
	x := m.fresh(now, f)
	if x == nil {
		return nil
	}
	a = plain(a)
	i := slices.IndexFunc(x.sources, func(s *source) bool { return s.addr == a })
	if i < 0 {
		return nil
	}
	return x.sources[i]
}

// plain writes an IPv4 address in IPv6 clothes as what it is.
func plain(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
