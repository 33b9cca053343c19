package supernode

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Numbers of dynamic querying (docs/protocol.md 12).
const (
	// LeafTarget and OwnTarget are how many hits are enough: a leaf has three
	// supernodes. hashShare is the part of them for a question by hash, whose hits
	// are all alike.
	LeafTarget, OwnTarget = 50, 150
	hashShare             = 10
	// probes is how many neighbours are asked at first, to learn how frequent hits
	// are, and maxHolders how many of those whose tables have all words.
	probes, maxHolders = 3, 10
	// probeTTL reaches the neighbours of who is asked without knowing.
	probeTTL = 2
	// hopWait is how long an answer may take for each hop of the question's TTL.
	hopWait = 2400 * time.Millisecond
	// maxHorizon is how many supernodes a question should reach at most.
	maxHorizon = 200_000
	// defaultDegree and maxTTL are for neighbours that do not say better.
	defaultDegree, maxTTL = 32, 4
)

// Neighbour is another supernode as a question sees it.
type Neighbour struct {
	ID     uint32 // chosen by the caller, not used twice
	Degree int    // links that it has; 0: not known
	MaxTTL uint8  // that it takes; 0: not known
	Holds  bool   // its route table, with those of its leaves, has what is looked for
	Within bool   // it has told its table, and leads to none but other neighbours
	Again  bool   // it takes the question again where that goes further (X-Ext-Probes)
}

// Ask says to send the question to a neighbour.
type Ask struct {
	ID  uint32
	TTL uint8
}

// Querying is one dynamic query: it asks a few neighbours, sees how much comes, and
// then one after the other, no further than it must (Fisk, "Gnutella Dynamic Query
// Protocol v0.1"). It belongs to one caller.
type Querying struct {
	target, hits int
	asked        map[uint32]uint8 // with which TTL
	hosts        int              // supernodes that were reached, in theory
	probed       bool
	next         time.Duration
}

// NewQuerying begins a question that wants target hits.
func NewQuerying(target int, byHash bool) *Querying {
	if byHash {
		target = max(1, target/hashShare)
	}
	return &Querying{target: target, asked: map[uint32]uint8{}}
}

// Found notes hits that have come, from this supernode's own leaves as well.
func (q *Querying) Found(n int) { q.hits += n }

// Kept is what a leaf says that it has of them after its own filters: what has come
// until now counts for so many.
func (q *Querying) Kept(n int) { q.hits = max(0, n) }

// Hits is how many have come.
func (q *Querying) Hits() int { return q.hits }

// Next says whom to ask now and when to call it again, 0 for never: there is enough,
// the horizon was reached, or nobody is left, unless there are new neighbours. now
// may have any origin.
func (q *Querying) Next(now time.Duration, rnd *rand.Rand, neighbours []Neighbour) (ask []Ask, again time.Duration) {
	switch {
	case q.hits >= q.target || q.hosts >= maxHorizon:
		return nil, 0
	case now < q.next:
		return nil, q.next
	case !q.probed:
		ask = q.probe(rnd, neighbours)
	default:
		ask = q.one(rnd, neighbours)
	}
	if len(ask) == 0 {
		return nil, 0
	}
	q.next = now + q.wait(ask)
	return ask, q.next
}

// probe asks those that know of hits, and else a few at random.
func (q *Querying) probe(rnd *rand.Rand, neighbours []Neighbour) (ask []Ask) {
	shuffled := slices.Clone(neighbours)
	rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, n := range shuffled {
		if n.Holds && len(ask) < maxHolders {
			ask = append(ask, q.ask(n, 1))
		}
	}
	for _, n := range shuffled {
		if !n.Holds && !n.Within && len(ask) < probes {
			ask = append(ask, q.ask(n, probeTTL))
		}
	}
	q.probed = len(ask) > 0
	return ask
}

// one asks one more neighbour, as far as its share of what is missing is to be
// expected: one that was not asked, and when there is none, one that was asked for
// itself and its leaves alone.
func (q *Querying) one(rnd *rand.Rand, neighbours []Neighbour) []Ask {
	var left, again []Neighbour
	for _, n := range neighbours {
		switch ttl := q.asked[n.ID]; {
		case n.Within:
		case ttl == 0:
			left = append(left, n)
		case ttl == 1 && n.Again && n.MaxTTL != 1:
			again = append(again, n)
		}
	}
	if len(left) == 0 {
		left = again
	}
	if len(left) == 0 {
		return nil
	}
	n := left[rnd.IntN(len(left))]
	return []Ask{q.ask(n, max(q.asked[n.ID]+1, q.ttlFor(n, len(left))))}
}

// ttlFor is the smallest TTL with which n should bring its share: the hosts that
// have what is missing, if hits are as frequent there as up to now, shared between
// those that are left.
func (q *Querying) ttlFor(n Neighbour, left int) uint8 {
	need := (q.target - q.hits) * max(1, q.hosts) / max(1, q.hits) / left
	ttl := uint8(1)
	for ttl < maxTTL && Horizon(degree(n), ttl) < need {
		ttl++
	}
	return ttl
}

// ask notes that n is asked.
func (q *Querying) ask(n Neighbour, ttl uint8) Ask {
	if n.MaxTTL > 0 {
		ttl = min(ttl, n.MaxTTL)
	}
	q.hosts += Horizon(degree(n), ttl) - Horizon(degree(n), q.asked[n.ID])
	q.asked[n.ID] = ttl
	return Ask{n.ID, ttl}
}

// wait is how long what comes of ask may take. Rare files are looked for faster.
func (q *Querying) wait(ask []Ask) time.Duration {
	var ttl uint8
	for _, a := range ask {
		ttl = max(ttl, a.TTL)
	}
	wait := time.Duration(ttl) * hopWait
	if q.hosts >= rareHosts && q.hits < rareHits {
		wait -= min(wait/2, time.Duration(len(q.asked))*rareHaste)
	}
	return wait
}

const (
	rareHosts, rareHits = 3000, 10
	rareHaste           = 100 * time.Millisecond
)

func degree(n Neighbour) int {
	if n.Degree <= 0 {
		return defaultDegree
	}
	return min(n.Degree, maxDegree)
}

// maxDegree keeps who claims more from ending the question.
const maxDegree = 200

// Horizon is how many supernodes a question reaches by one of degree d with a TTL,
// if no two ways meet.
func Horizon(d int, ttl uint8) int {
	hosts, ring := 0, 1
	for range ttl {
		hosts += ring
		ring *= max(1, d-1)
		if hosts >= maxHorizon {
			return maxHorizon
		}
	}
	return hosts
}
