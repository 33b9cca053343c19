package overlay

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/seed282dab8e/servent/nat"
	"github.com/seed282dab8e/servent/protocol"
)

const (
	// VendorCode is ours in hits and vendor messages.
	VendorCode = "SRVT"
	// maxHitSize bounds a QueryHit of this node's own; with more files it
	// sends several.
	maxHitSize    = 4 << 10
	maxHitRecords = 32
)

// onHit routes a hit back to who asked, and remembers where its servent is for
// a later Push.
func (n *Node) onHit(l *link, h protocol.Header, m Received, out []Action) []Action {
	q, err := protocol.ParseQueryHit(m.Msg[protocol.HeaderSize:])
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	r := n.queries.find(&h.ID)
	if r == nil {
		return n.dropped(h.Kind, DropNoRoute, out)
	}
	if q.Servent == n.cfg.ID && r.link == self { // of a supernode that holds our list
		return n.dropped(h.Kind, DropOwn, out)
	}
	if n.forged(l, q.Servent) {
		return n.dropped(h.Kind, DropForged, out)
	}
	n.count(&h.ID, func(t tally) { t.addHit(q) })
	if q.Servent != n.cfg.ID {
		n.servers.put(n.now, route{id: q.Servent, link: l.id, hops: h.Hops})
	}
	switch {
	case r.link != self && h.Size > protocol.MaxRelayedHit:
		return n.dropped(h.Kind, DropTooLarge, out)
	case r.link != self:
		return n.back(r.link, l, h, m, out)
	}
	own := n.ownQuery(&h.ID)
	if own == nil {
		return n.dropped(h.Kind, DropEnded, out)
	}
	own.hits.addHit(q)
	return append(out, Action{Op: OpHit, ID: own.id, Link: l.id, Msg: m.Msg, Hops: h.Hops})
}

// forged says whether a leaf answers in the name of id, which is another's: not all
// leaves say their own.
func (n *Node) forged(l *link, id protocol.GUID) bool {
	if l.peer.Role != RoleLeaf {
		return false
	}
	if l.peer.GUID != (protocol.GUID{}) {
		return id != l.peer.GUID
	}
	other := n.linkTo(id)
	return other != nil || id == n.cfg.ID
}

// onLocalHits answers a query with the node's own files, and those of its leaves.
func (n *Node) onLocalHits(ev LocalHits, out []Action) []Action {
	r := n.queries.find(&ev.ID)
	if r == nil {
		return out
	}
	ev = n.choose(ev, r.link)
	if ev.count() == 0 {
		return out
	}
	n.count(&ev.ID, func(t tally) { t.addLocal(n, ev) })
	ok, out := n.offer(ev, out)
	if ok {
		return out
	}
	return n.sendHits(ev, out)
}

// choose leaves what is sent to who asks on link from: not its own files, nothing
// that it could not get, and no more than there may be. Nobody else is asked for
// the files of a leaf that has gone.
func (n *Node) choose(ev LocalHits, from LinkID) LocalHits {
	if from == self || ev.Firewalled && n.firewalled() {
		ev.Files = nil
	}
	ev.Leaves = slices.DeleteFunc(ev.Leaves, func(f LeafFiles) bool {
		l := n.byID[f.Link]
		return l == nil || !l.listed() || f.Link == from || ev.Firewalled && l.leafFirewalled()
	})
	return ev.first(n.cfg.MaxHits)
}

// first returns what there is up to a number of files.
func (ev LocalHits) first(most int) LocalHits {
	ev.Files = ev.Files[:min(len(ev.Files), most)]
	most -= len(ev.Files)
	leaves := make([]LeafFiles, 0, len(ev.Leaves))
	for _, f := range ev.Leaves {
		f.Files = f.Files[:min(len(f.Files), most)]
		most -= len(f.Files)
		leaves = append(leaves, f)
	}
	ev.Leaves = leaves
	return ev
}

// count is how many files there are.
func (ev LocalHits) count() int {
	files := len(ev.Files)
	for _, f := range ev.Leaves {
		files += len(f.Files)
	}
	return files
}

// sendHits sends hits the way that their query came, or to the user.
func (n *Node) sendHits(ev LocalHits, out []Action) []Action {
	r := n.queries.find(&ev.ID)
	if r == nil {
		return out
	}
	// One more than the way back, and never over what others take.
	h := protocol.Header{ID: ev.ID, Kind: protocol.KindQueryHit, TTL: min(r.hops+2, HardTTL)}
	l := n.byID[r.link]
	if l == nil && r.link != self {
		return n.dropped(protocol.KindQueryHit, DropNoRoute, out)
	}
	own := n.ownQuery(&ev.ID)
	for hit := range n.hits(ev, l, maxHitSize, nil) {
		switch {
		case l != nil:
			out = n.sendNew(l, h, hit, out)
		case own != nil:
			own.hits.addHit(hit)
			out = append(out, Action{Op: OpHit, ID: own.id, Msg: protocol.AppendMessage(nil, h, hit)})
		}
	}
	return out
}

// hits yields the messages that files go in: the node's own to l, nil for a
// stranger, and those of each leaf in the leaf's name, where Pushes find it.
func (n *Node) hits(ev LocalHits, l *link, size int, token []byte) iter.Seq[protocol.QueryHit] {
	return func(yield func(protocol.QueryHit) bool) {
		if !yieldHits(n.sender(l, token), ev.Files, size, yield) {
			return
		}
		for _, f := range ev.Leaves {
			leaf := n.byID[f.Link]
			if leaf == nil || !leaf.listed() {
				continue
			}
			n.servers.put(n.now, route{id: leaf.peer.GUID, link: leaf.id})
			if !yieldHits(leaf.sender(token), f.Files, size, yield) {
				return
			}
		}
	}
}

func yieldHits(s sender, files []protocol.FileRecord, size int, yield func(protocol.QueryHit) bool) bool {
	for len(files) > 0 {
		hit, took := s.hit(files, size)
		if files = files[took:]; !yield(hit) {
			return false
		}
	}
	return true
}

// HitFor returns a QueryHit of as many of files as belong in it, and how many
// those are, for who browses them.
func (n *Node) HitFor(id protocol.GUID, files []protocol.FileRecord) (msg []byte, used int) {
	if len(files) == 0 {
		return nil, 0
	}
	hit, used := n.sender(nil, nil).hit(files, maxHitSize)
	return protocol.AppendMessage(nil, protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 1}, hit), used
}

// sender is whose files a hit tells of.
type sender struct {
	addr    netip.AddrPort
	servent protocol.GUID
	trailer []byte
}

// sender is this node, to the peer of l or to a stranger.
func (n *Node) sender(l *link, token []byte) sender {
	addr := n.addrTold(nat.TCP)
	if l != nil {
		addr = n.addrFor(l)
	}
	return sender{addr, n.cfg.ID, n.trailer(token)}
}

// hit makes one QueryHit of as many of files as belong in it: about size bytes of
// records.
func (s sender) hit(files []protocol.FileRecord, size int) (protocol.QueryHit, int) {
	hit := protocol.QueryHit{Addr: s.addr, Speed: hitSpeed, Servent: s.servent, Trailer: s.trailer}
	for took := range files {
		before := len(hit.Records)
		hit.Records = files[took].Record().Append(hit.Records)
		if took > 0 && len(hit.Records) > size {
			hit.Records = hit.Records[:before]
			break
		}
		if hit.Count++; hit.Count == maxHitRecords {
			break
		}
	}
	return hit, int(hit.Count)
}

// trailer says of this node what a searcher must know to get its files. It brings
// back the token of a searcher that gave one.
func (n *Node) trailer(token []byte) []byte {
	q := protocol.QHD{Vendor: VendorCode}
	items := n.ownItems()
	if n.firewalled() {
		q.Flags |= protocol.HitPush
		items = append(items, protocol.HostItems(protocol.GGEPProxies, n.Proxies())...)
	}
	if n.cfg.Browsable {
		items = append(items, protocol.NewGGEP(protocol.GGEPBrowse, nil))
	}
	if len(token) > 0 {
		items = append(items, protocol.NewGGEP(protocol.GGEPToken, token))
	}
	if len(items) > 0 {
		q.Flags |= protocol.HitGGEP
		q.Private = protocol.AppendGGEP(nil, items...)
	}
	return q.Append(nil)
}

// hitSpeed fills the field that once named a modem's kbit/s; nobody trusts it.
const hitSpeed = 1000
