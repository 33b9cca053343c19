package overlay

import (
	"net/netip"
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
)

// wish is that of a query for hits over UDP, until they are found.
type wish struct {
	id     protocol.GUID
	to     netip.AddrPort
	secure bool // version 3: every hit brings back a token
}

// offer is hits that wait until the searcher wants them.
type offer struct {
	wish
	hits  LocalHits
	size  int
	told  bool          // of them, with LIME/12; before that it proves its address
	until time.Duration // then hits nobody was told of go back over TCP
}

const (
	maxWishes     = 256
	maxOffers     = 64
	maxOfferBytes = 512 << 10
	proofTime     = 5 * time.Second
	offerTime     = 30 * time.Second
	oobHops       = 2    // nearer searchers get their hits over TCP
	maxUDPHit     = 1200 // bytes of records in a hit over UDP: one packet
)

// noteWish remembers that hits of a query shall go over UDP.
func (n *Node) noteWish(l *link, h *protocol.Header, q *protocol.Query) {
	if !n.cfg.UDP || h.Hops < oobHops || !q.Flags.Has(protocol.FlagOOB) {
		return
	}
	to := protocol.FullAddr(h.ID.Addr(), q.Ext)
	if !n.maySend(to, l.peer.Addr.Addr().IsLoopback()) {
		n.stats.Drops[DropUDPStranger]++ // the hits go back the way that the query came
		return
	}
	_, secure := protocol.FindGGEP(q.Ext, protocol.GGEPToken)
	u := n.udp()
	if len(u.wishes) >= maxWishes {
		u.wishes = u.wishes[1:]
	}
	u.wishes = append(u.wishes, wish{h.ID, to, secure})
}

// offer tries to have hits go over UDP; false where they must go over TCP.
func (n *Node) offer(ev LocalHits, out []Action) (bool, []Action) {
	if n.dgrams == nil {
		return false, out
	}
	u := n.udp()
	i := slices.IndexFunc(u.wishes, func(w wish) bool { return w.id == ev.ID })
	if i < 0 {
		return false, out
	}
	o := offer{wish: u.wishes[i], hits: ev, size: sizeOf(ev), until: n.now + proofTime}
	u.wishes = slices.Delete(u.wishes, i, i+1)
	held := 0
	for j := range u.offers {
		held += u.offers[j].size
	}
	if len(u.offers) >= maxOffers || held+o.size > maxOfferBytes {
		n.stats.Drops[DropUDPHeld]++
		return false, out
	}
	proven := n.proven(o.to)
	if c := u.contacts.at(n.now, o.to); !proven && !c.mayAsk(n.now) {
		n.stats.Drops[DropUDPUnproven]++
		return false, out
	}
	u.offers = append(u.offers, o)
	n.arm(o.until)
	if proven {
		return true, n.proveOffers(o.to, out)
	}
	return true, n.ask(o.to, forProof, n.newID(), proofPing, out)
}

// sizeOf is about what hits take while they wait.
func sizeOf(ev LocalHits) int {
	size := 0
	add := func(files []protocol.FileRecord) {
		for i := range files {
			size += 256 + len(files[i].Name) + len(files[i].Path)
		}
	}
	add(ev.Files)
	for _, f := range ev.Leaves {
		add(f.Files)
	}
	return size
}

// proveOffers tells a searcher who has proven its address what waits for it.
func (n *Node) proveOffers(to netip.AddrPort, out []Action) []Action {
	u := n.udp()
	for i := range u.offers {
		o := &u.offers[i]
		if o.to != to || o.told {
			continue
		}
		o.told, o.until = true, n.now+offerTime
		v := protocol.NewHitsReady(uint8(min(o.hits.count(), 255)), n.udpIn.state == ReachYes)
		if !o.secure {
			v.Version = 2
		}
		h := protocol.Header{ID: o.id, Kind: protocol.KindVendor, TTL: 1}
		out = n.emit(to, protocol.AppendMessage(nil, h, v), out)
	}
	return out
}

// onHitsWanted sends a searcher the hits that it wants, each with its token.
func (n *Node) onHitsWanted(from netip.AddrPort, h protocol.Header, v protocol.Vendor, out []Action) []Action {
	want, token, err := v.HitsWanted()
	if err != nil {
		return n.dropped(h.Kind, DropMalformed, out)
	}
	u := n.udp()
	i := slices.IndexFunc(u.offers, func(o offer) bool { return o.id == h.ID && o.to == from && o.told })
	switch {
	case i < 0:
		return n.dropped(h.Kind, DropUDPUnasked, out)
	case u.offers[i].secure && len(token) == 0:
		return n.dropped(h.Kind, DropOOBToken, out)
	case !n.proven(from):
		return n.dropped(h.Kind, DropUDPUnproven, out)
	}
	hits := u.offers[i].hits.first(int(want))
	u.offers = slices.Delete(u.offers, i, i+1)
	for hit := range n.hits(hits, nil, maxUDPHit, token) {
		head := protocol.Header{ID: h.ID, Kind: protocol.KindQueryHit, TTL: 1}
		out = n.emit(from, protocol.AppendMessage(nil, head, hit), out)
	}
	return out
}

// endOffers has hits go over TCP whose searcher has not proven its address, and
// forgets those that nobody wants.
func (n *Node) endOffers(out []Action) []Action {
	if n.dgrams == nil {
		return out
	}
	u := n.dgrams
	for i := 0; i < len(u.offers); {
		o := u.offers[i]
		if o.until > n.now {
			n.arm(o.until)
			i++
			continue
		}
		u.offers = slices.Delete(u.offers, i, i+1)
		if o.told {
			n.stats.Drops[DropOOBUnwanted]++
			continue
		}
		out = n.sendHits(o.hits, out)
	}
	return out
}
