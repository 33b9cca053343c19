package overlay

import (
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
	if q.Servent != n.cfg.ID {
		n.servers.put(n.now, route{id: q.Servent, link: l.id, hops: h.Hops})
	}
	switch {
	case r.link != self && h.Size > protocol.MaxRelayedHit:
		return n.dropped(h.Kind, DropTooLarge, out)
	case r.link != self:
		return n.back(r.link, l, h, m, out)
	case n.ownQuery(&h.ID) == nil:
		return n.dropped(h.Kind, DropEnded, out)
	}
	return append(out, Action{Op: OpHit, ID: h.ID, Link: l.id, Msg: m.Msg, Hops: h.Hops})
}

// onLocalHits answers a query with the node's own files.
func (n *Node) onLocalHits(ev LocalHits, out []Action) []Action {
	r := n.queries.find(&ev.ID)
	if r == nil || len(ev.Files) == 0 {
		return out
	}
	l := n.byID[r.link]
	if l == nil {
		return n.dropped(protocol.KindQueryHit, DropNoRoute, out)
	}
	// One more than the way back, and never over what others take.
	ttl := min(r.hops+2, HardTTL)
	files := ev.Files[:min(len(ev.Files), n.cfg.MaxHits)]
	for len(files) > 0 {
		hit, took := n.hit(l, files)
		files = files[took:]
		h := protocol.Header{ID: ev.ID, Kind: protocol.KindQueryHit, TTL: ttl}
		out = n.sendNew(l, h, hit, out)
	}
	return out
}

// hit makes one QueryHit of as many of files as belong in it.
func (n *Node) hit(l *link, files []protocol.FileRecord) (protocol.QueryHit, int) {
	hit := protocol.QueryHit{Addr: n.addrFor(l), Speed: hitSpeed, Servent: n.cfg.ID}
	for took := range files {
		size := len(hit.Records)
		hit.Records = files[took].Record().Append(hit.Records)
		if took > 0 && len(hit.Records) > maxHitSize {
			hit.Records = hit.Records[:size]
			break
		}
		if hit.Count++; hit.Count == maxHitRecords {
			break
		}
	}
	flags := protocol.HitFlags(0)
	if hit.Addr.Port() == 0 {
		flags |= protocol.HitPush
	}
	hit.Trailer = protocol.QHD{Vendor: VendorCode, Flags: flags}.Append(nil)
	return hit, int(hit.Count)
}

// hitSpeed fills the field that once named a modem's kbit/s; nobody trusts it.
const hitSpeed = 1000
