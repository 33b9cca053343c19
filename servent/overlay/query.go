package overlay

import (
	"slices"
	"time"

	"github.com/seed282dab8e/servent/protocol"
	"github.com/seed282dab8e/servent/search"
	"github.com/seed282dab8e/servent/supernode"
)

// ownQuery is a search of the user's that goes on.
type ownQuery struct {
	id    protocol.GUID // as the user knows it
	wire  protocol.GUID // as others do
	ttl   uint8         // 0: each link's default
	hits  tally         // files that the user has got
	until time.Duration
	query protocol.Query
}

// onQuery floods a query: it is relayed once, to every link but the one it
// came from, while its TTL lasts, and looked up in the node's own files.
func (n *Node) onQuery(l *link, h protocol.Header, m Received, out []Action) []Action {
	r := n.queries.find(&h.ID)
	if r != nil && !n.goesFurther(l, r, &h) {
		return n.duplicate(l, &h, out)
	}
	q, err := protocol.ParseQuery(m.Msg[protocol.HeaderSize:])
	if err != nil {
		return n.malformed(l, h.Kind, out)
	}
	n.hashes = search.AppendHashes(n.hashes[:0], q.Text)
	if r != nil { // X-Ext-Probes: a dynamic querier asks again with a higher TTL
		r.ttl = h.TTL
		return n.relayQuery(l, &h, m, toFlats|toSupernodes, out)
	}
	n.queries.add(n.now, route{id: h.ID, link: l.id, ttl: h.TTL, hops: h.Hops})
	if own := n.mayHold(&q) && n.mayHelp(&q); own || n.mayList(&q) {
		n.noteWish(l, &h, &q)
		n.stats.Searches++
		out = append(out, Action{Op: OpSearch, Own: own, Link: l.id, ID: h.ID, Msg: m.Msg[protocol.HeaderSize:], Limit: n.hitLimit(q.Flags)})
	}
	if n.role != RoleSupernode || l.peer.Role != RoleLeaf {
		return n.relayQuery(l, &h, m, toLeaves|toFlats|toSupernodes, out)
	}
	out = n.relayQuery(l, &h, m, toLeaves|toFlats, out)
	return n.askFor(l, &h, m, out)
}

// audience is to whom a query goes.
type audience uint8

const (
	toLeaves audience = 1 << iota
	toFlats
	toSupernodes
)

func audienceOf(r Role) audience {
	switch r {
	case RoleLeaf:
		return toLeaves
	case RoleFlat:
		return toFlats
	}
	return toSupernodes
}

// goesFurther says whether a query that is known is to be relayed for the first time,
// or further: a dynamic querier asks again with a higher TTL (X-Ext-Probes). Of
// several who ask for one leaf each may be the first to probe a supernode; another's
// question that goes on must not end there.
func (n *Node) goesFurther(l *link, r *route, h *protocol.Header) bool {
	probed := n.role == RoleSupernode && l.peer.Role == RoleSupernode && r.link != self && r.ttl <= 1
	return h.TTL > r.ttl && (r.link == l.id || probed)
}

// relayQuery sends a received query on. Leaves and their supernode are one, so they
// get it even at the end of its way. n.hashes holds its words' hashes.
func (n *Node) relayQuery(from *link, h *protocol.Header, m Received, whom audience, out []Action) []Action {
	if h.TTL <= 1 {
		whom &= toLeaves
	}
	switch {
	case n.role == RoleLeaf || whom&^toLeaves == 0 && n.leaves == 0:
		return out
	case h.Size > protocol.MaxRelayedQuery:
		return n.dropped(h.Kind, DropTooLarge, out)
	}
	for _, l := range n.links {
		role := audienceOf(l.peer.Role)
		if l == from || whom&role == 0 || l.held() || !n.relies(l) {
			continue
		}
		ttl := min(max(1, h.TTL-1), n.ttlFor(l))
		if role == toLeaves {
			ttl = 1
		}
		if !n.takes(l, h, ttl, m) {
			n.stats.Drops[DropNotWanted]++
			continue
		}
		out = n.send(l, m.Msg, ttl, h.Hops+1, out)
	}
	return out
}

// takes says whether l wants a query that would reach it with ttl: it may
// have set a hop limit (BEAR/4), and on the last hop its route table decides
// (docs/protocol.md 10). Flat nodes flood to each other whatever they share.
func (n *Node) takes(l *link, h *protocol.Header, ttl uint8, m Received) bool {
	if h.Hops+1 >= l.hopsFlow && l.hopsFlow < 255 {
		return false
	}
	if l.peer.Role == RoleFlat || l.peer.Role == RoleSupernode && ttl > 1 {
		return true
	}
	table := l.table.Table()
	if table == nil {
		return l.peer.Role == RoleSupernode
	}
	q, err := protocol.ParseQuery(m.Msg[protocol.HeaderSize:])
	return err == nil && matches(table, n.hashes, &q)
}

// matches says whether a route table holds every word, or one of the URNs.
func matches(t *protocol.RouteTable, words []uint32, q *protocol.Query) bool {
	all := len(words) > 0
	for _, w := range words {
		if !t.Has(w) {
			all = false
			break
		}
	}
	if all || len(q.Ext) == 0 {
		return all
	}
	for u := range q.URNs() {
		if u.HasSHA1 && t.Has(protocol.WordHash(u.SHA1URN())) {
			return true
		}
	}
	return false
}

// mayHold says whether the node's own files might match.
func (n *Node) mayHold(q *protocol.Query) bool {
	return n.shared.Table != nil && matches(n.shared.Table, n.hashes, q)
}

// mayHelp says whether a searcher could get a file of ours: of two that cannot
// be connected to, neither can, unless they meet half way.
func (n *Node) mayHelp(q *protocol.Query) bool {
	return !n.firewalled() || !(q.Unreachable() || q.Flags.Has(protocol.FlagFirewalled) && !n.cfg.HalfWay)
}

func (n *Node) hitLimit(f protocol.QueryFlags) int {
	if most := int(f.MaxHits()); most > 0 {
		return min(most, n.cfg.MaxHits)
	}
	return n.cfg.MaxHits
}

func (n *Node) onUserQuery(ev UserQuery, out []Action) []Action {
	if len(n.own) >= maxUserQueries {
		n.endOwn(0) // the eldest
	}
	q := ownQuery{
		id:    ev.ID,
		ttl:   min(ev.TTL, HardTTL),
		hits:  tally{},
		until: n.now + n.cfg.QueryLife,
		query: protocol.Query{Flags: protocol.FlagMarker | protocol.FlagGGEPH, Text: []byte(ev.Text)},
	}
	for _, u := range ev.URNs {
		if len(q.query.Ext) > 0 {
			q.query.Ext = append(q.query.Ext, 0x1c)
		}
		q.query.Ext = append(q.query.Ext, u.SHA1URN()...)
	}
	n.extend(&q, ev.Filter)
	n.own = append(n.own, q)
	n.queries.put(n.now, route{id: q.wire, link: self, ttl: HardTTL})
	n.arm(q.until)
	n.hashes = search.AppendHashes(n.hashes[:0], q.query.Text)
	if n.mayList(&q.query) {
		out = n.searchLists(&q, out)
	}
	for _, l := range n.links {
		out = n.sendOwn(l, &n.own[len(n.own)-1], out)
	}
	return n.beginOwn(&q, out)
}

// beginOwn begins the dynamic query for a search of the user's, on a supernode.
func (n *Node) beginOwn(q *ownQuery, out []Action) []Action {
	if !n.asksDynamically(q) {
		return out
	}
	h := protocol.Header{ID: q.wire, Kind: protocol.KindQuery, TTL: 1}
	d := &dynamic{id: q.wire, from: self, msg: protocol.AppendMessage(nil, h, q.query), query: q.query}
	d.hashes = search.AppendHashes(nil, q.query.Text)
	return n.begin(d, supernode.OwnTarget, out)
}

// asksDynamically says whether a search of the user's is a dynamic query: on a
// supernode, unless the user has said how far it shall go.
func (n *Node) asksDynamically(q *ownQuery) bool { return n.role == RoleSupernode && q.ttl == 0 }

// extend completes a search with how its hits can come: over UDP, over IPv6, or not
// at all without a push; and with what is wanted beside the words. A query that
// would grow too long to be relayed stays without.
func (n *Node) extend(q *ownQuery, filter string) {
	q.wire = q.id
	if n.firewalled() {
		q.query.Flags |= protocol.FlagFirewalled
	}
	var items []protocol.GGEP
	wire, oob := n.wireID(q.id)
	if oob {
		items = append(items, protocol.NewGGEP(protocol.GGEPToken, nil))
	}
	if n.Addr6().IsValid() {
		items = append(items, protocol.NewGGEP(protocol.GGEPWants6, nil))
	}
	if n.cfg.HalfWay && n.firewalled() {
		items = append(items, protocol.NewGGEP(protocol.GGEPMeet, nil))
	}
	if (q.addItems(slices.Concat(items, filterItem(filter))) || q.addItems(items)) && oob {
		q.wire = wire
		q.query.Flags |= protocol.FlagOOB
	}
}

// addItems puts extensions into a query, unless it would grow too long with them.
func (q *ownQuery) addItems(items []protocol.GGEP) bool {
	ext := protocol.AppendGGEP(slices.Clone(q.query.Ext), items...)
	full := protocol.Query{Text: q.query.Text, Ext: ext}
	if len(items) == 0 || len(full.Append(nil)) > protocol.MaxRelayedQuery {
		return false
	}
	q.query.Ext = ext
	return true
}

func filterItem(filter string) []protocol.GGEP {
	if filter == "" {
		return nil
	}
	return []protocol.GGEP{protocol.NewGGEP(protocol.GGEPFilter, []byte(filter))}
}

// sendOwn sends a search of the user's on l: with the TTL that was asked for,
// but to others than our own kind no more than they relay.
func (n *Node) sendOwn(l *link, q *ownQuery, out []Action) []Action {
	ttl := n.freshTTL(l)
	if q.ttl > 0 {
		ttl = min(q.ttl, n.ttlFor(l))
	}
	if l.peer.Role == RoleSupernode && n.asksDynamically(q) {
		return out
	}
	if l.hopsFlow == 0 || l.peer.Role == RoleLeaf && !n.leafMayHold(l, &q.query) {
		return out
	}
	return n.sendNew(l, protocol.Header{ID: q.wire, Kind: protocol.KindQuery, TTL: ttl}, q.query, out)
}

// leafMayHold says whether a leaf's files might match a search of this node's own.
func (n *Node) leafMayHold(l *link, q *protocol.Query) bool {
	table := l.table.Table()
	if table == nil {
		return false
	}
	n.hashes = search.AppendHashes(n.hashes[:0], q.Text)
	return matches(table, n.hashes, q)
}

func (n *Node) onUserQueryEnd(ev UserQueryEnd) {
	for i := range n.own {
		if n.own[i].id == ev.ID {
			n.endOwn(i)
			return
		}
	}
}

// endOwn ends one of the user's searches, and what is asked for it.
func (n *Node) endOwn(i int) {
	wire := n.own[i].wire
	n.own = slices.Delete(n.own, i, i+1)
	n.endDynamic(func(d *dynamic) bool { return d.id == wire })
}

// ownQuery returns the user's search that has that id on the wire.
func (n *Node) ownQuery(id *protocol.GUID) *ownQuery {
	for i := range n.own {
		if n.own[i].wire == *id {
			return &n.own[i]
		}
	}
	return nil
}

func (n *Node) endQueries() {
	for i := 0; i < len(n.own); {
		if n.own[i].until <= n.now {
			n.endOwn(i)
			continue
		}
		n.arm(n.own[i].until)
		i++
	}
}
