package model

// Ring is a flood that is begun again with a larger TTL until it has found
// enough: Lv, Cao, Cohen, Li, Shenker: Search and replication in unstructured
// peer-to-peer networks (ICS 2002), section 4. One of a single round is
// Gnutella's flooding.
type Ring struct {
	First int // TTL of the first round
	Add   int // to the TTL for each round after it; 0: there is none
	Most  int // no round has a TTL over this
	Want  int // hits that are enough; 0 counts as 1
}

// Flood is the ring of one round.
func Flood(ttl int) Ring { return Ring{First: ttl, Most: ttl} }

// Ring searches by rounds. Every round sends all its messages again: peers drop
// what they have seen in that round only. The searcher waits until a round has
// come as far as its TTL; it cannot know that there is nobody left to reach.
// Hops of the first hit are its distance.
func (b *Blind) Ring(p Ring, from int32, look Look) Found {
	f := b.begin(from)
	b.front = append(b.front[:0], from)
	sent, hop := int64(0), 0 // of the round: what the one before sent, and more
	for ttl := min(p.First, p.Most); ttl > 0; ttl += p.Add {
		for ; hop < ttl && len(b.front) > 0; hop++ {
			sent += b.pass(&f, hop, look)
		}
		f.Messages += sent
		f.Last += ttl
		if f.Hits >= max(1, p.Want) || p.Add <= 0 || ttl+p.Add > p.Most {
			break
		}
	}
	return f
}

// pass sends the query on from the peers at one distance to those at the next,
// and returns how many copies that takes.
func (b *Blind) pass(f *Found, hop int, look Look) (sent int64) {
	b.next = b.next[:0]
	for _, v := range b.front {
		sent += int64(b.g.Degree(int(v)))
		if hop > 0 {
			sent-- // nothing goes back to where it came from
		}
		for _, w := range b.g.Neighbours(int(v)) {
			if b.arrive(f, w, hop+1, look) {
				b.next = append(b.next, w)
			}
		}
	}
	b.front, b.next = b.next, b.front
	return sent
}
