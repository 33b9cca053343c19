package overlay

import (
	"net/netip"

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
	n.countHits(&h.ID, q)
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
	own.hits += int(q.Count)
	return append(out, Action{Op: OpHit, ID: own.id, Link: l.id, Msg: m.Msg, Hops: h.Hops})
}

// onLocalHits answers a query with the node's own files.
func (n *Node) onLocalHits(ev LocalHits, out []Action) []Action {
	if len(ev.Files) == 0 {
		return out
	}
	ev.Files = ev.Files[:min(len(ev.Files), n.cfg.MaxHits)]
	if d := n.dynamic(&ev.ID); d != nil {
		d.policy.Found(len(ev.Files))
	}
	ok, out := n.offer(ev, out)
	if ok {
		return out
	}
	return n.sendHits(ev, out)
}

// sendHits sends hits the way that their query came.
func (n *Node) sendHits(ev LocalHits, out []Action) []Action {
	r := n.queries.find(&ev.ID)
	if r == nil {
		return out
	}
	l := n.byID[r.link]
	if l == nil {
		return n.dropped(protocol.KindQueryHit, DropNoRoute, out)
	}
	// One more than the way back, and never over what others take.
	ttl := min(r.hops+2, HardTTL)
	for files := ev.Files; len(files) > 0; {
		hit, took := n.hit(n.addrFor(l), files, maxHitSize, nil)
		files = files[took:]
		h := protocol.Header{ID: ev.ID, Kind: protocol.KindQueryHit, TTL: ttl}
		out = n.sendNew(l, h, hit, out)
	}
	return out
}

// HitFor returns a QueryHit of as many of files as belong in it, and how many
// those are, for who browses them.
func (n *Node) HitFor(id protocol.GUID, files []protocol.FileRecord) (msg []byte, used int) {
	if len(files) == 0 {
		return nil, 0
	}
	hit, used := n.hit(n.udpAddr(), files, maxHitSize, nil)
	return protocol.AppendMessage(nil, protocol.Header{ID: id, Kind: protocol.KindQueryHit, TTL: 1}, hit), used
}

// hit makes one QueryHit of as many of files as belong in it: about size bytes of
// records. It brings back the token of a searcher that gave one.
func (n *Node) hit(a netip.AddrPort, files []protocol.FileRecord, size int, token []byte) (protocol.QueryHit, int) {
	hit := protocol.QueryHit{Addr: a, Speed: hitSpeed, Servent: n.cfg.ID}
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
	hit.Trailer = n.trailer(token)
	return hit, int(hit.Count)
}

// trailer says of this node what a searcher must know to get its files.
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
