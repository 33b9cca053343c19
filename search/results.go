package search

import (
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// Source is a servent that says it has a file.
type Source struct {
	Addr    netip.AddrPort
	Servent protocol.GUID
	Index   uint32 // under which it has the file
	Agent   string // what it runs: name or vendor code
	Push    bool   // cannot be dialled, must be asked to dial us
	Busy    bool   // says that no upload slot is free
	Hops    uint8
	// Proxies pass on to it that it shall dial us.
	Proxies []netip.AddrPort
}

// reach weighs how likely an attempt at s is to start soon.
func (s Source) reach() int {
	n := 4
	if s.Push {
		n /= 2
	}
	if s.Busy {
		n /= 2
	}
	return n
}

// Result is one row of a search: one content with all who offer it. Its texts
// are fit to be shown, see Clean.
type Result struct {
	Name, Path string // Path is the folder, "" where it is not known
	Size       uint64 // as most sources say
	URN        protocol.URN
	Type       MediaType
	Sources    []Source // those that say Size first, then in the order in which they came
	Hops       uint8    // of the nearest source that says Size
	// Score says how well the name fits. Its whole part is the number of wanted
	// words that stand in name or path, its fraction how much of the name was
	// asked for, in eighths.
	Score   float64
	Elapsed time.Duration // until the first source came
}

// offer is what one source claims.
type offer struct {
	source Source
	size   uint64
	urn    protocol.URN
}

// same says whether o and p claim the same, of the same servent.
func (o offer) same(p offer) bool {
	a, b := &o.source, &p.source
	return o.size == p.size && o.urn == p.urn && a.Index == b.Index && a.Agent == b.Agent &&
		a.Push == b.Push && a.Busy == b.Busy && a.Hops == b.Hops && slices.Equal(a.Proxies, b.Proxies)
}

// row is a Result on its way.
type row struct {
	res    Result
	offers []offer
	order  int // of arrival
	reach  int
}

// rowKey tells rows apart: by content, or where the SHA-1 is not known by all
// that can stand for it.
type rowKey struct {
	sha1    protocol.SHA1
	name    string
	size    uint64
	servent protocol.GUID
}

func keyOf(name string, f protocol.FileRecord, s Source) rowKey {
	if f.URN.HasSHA1 {
		return rowKey{sha1: f.URN.SHA1}
	}
	return rowKey{name: name, size: f.Size, servent: s.Servent}
}

// take adds what a source says to the row. It returns false when that is
// nothing new, or when the row has MaxSources sources.
func (r *row) take(o offer) (changed, full bool) {
	i := slices.IndexFunc(r.offers, func(have offer) bool {
		return have.source.Servent == o.source.Servent && have.source.Addr == o.source.Addr
	})
	switch {
	case i >= 0:
		o.source.Hops = min(o.source.Hops, r.offers[i].source.Hops)
		if r.offers[i].same(o) {
			return false, false
		}
		r.offers[i] = o
	case len(r.offers) >= MaxSources:
		return false, true
	default:
		r.offers = append(r.offers, o)
	}
	r.settle()
	return true, false
}

// settle fills in what follows from all offers. Anybody can say of a SHA-1 what
// they like, so where peers contradict each other over its size, what most say,
// at a tie the first, is shown and comes first among the sources, and the others
// are sources all the same: the content decides who is right. A tiger root
// counts only while all give the same.
func (r *row) settle() {
	r.res.Size = mostSay(r.offers)
	r.res.Sources = make([]Source, 0, len(r.offers)) // earlier copies stay as they are
	r.res.Hops, r.reach = 255, 0
	for _, o := range r.offers {
		if o.size == r.res.Size {
			r.res.Sources = append(r.res.Sources, o.source)
			r.res.Hops = min(r.res.Hops, o.source.Hops)
			r.reach += o.source.reach()
		}
	}
	for _, o := range r.offers {
		if o.size != r.res.Size {
			r.res.Sources = append(r.res.Sources, o.source)
		}
	}
	told := root(r.offers)
	r.res.URN.Tiger, r.res.URN.HasTiger = told.Tiger, told.HasTiger
}

// root returns the tiger root that all offers tell, if they do.
func root(offers []offer) protocol.URN {
	told := offers[0].urn
	for _, o := range offers {
		if !o.urn.HasTiger || o.urn.Tiger != told.Tiger {
			return protocol.URN{}
		}
	}
	return told
}

// mostSay returns the size that most offers give, the first of them at a tie.
func mostSay(offers []offer) uint64 {
	count := make(map[uint64]int, 1)
	for _, o := range offers {
		count[o.size]++
	}
	best := offers[0].size
	for _, o := range offers {
		if count[o.size] > count[best] {
			best = o.size
		}
	}
	return best
}
